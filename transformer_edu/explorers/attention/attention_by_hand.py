"""Turn one query among four keys, and stretch it: what comes out?"""

import math
from typing import TypedDict

import torch

from transformer_edu.attention import scaled_dot_product_attention
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Plane, Readout, Series, Sweep
from transformer_edu.softmax import perplexity

KEYS = ((1.0, 0.3), (-0.4, 1.1), (-1.7, -1.0), (0.7, -0.8))
ANGLES = tuple(range(0, 360, 15))


class ByHand(TypedDict):
    """What `by_hand` returns."""

    keys: Words
    query: Shown["coordinate", ".2f"]
    key_vectors: Shown["key coordinate", ".2f"]
    output: Shown["coordinate", ".2f"]
    weights: Shown["key", ".3f"]
    effective_keys: Shown[".2f"]
    largest: Shown[".3f"]
    output_length: Shown[".2f"]
    weight_1: Shown[".3f"]
    weight_2: Shown[".3f"]
    weight_3: Shown[".3f"]
    weight_4: Shown[".3f"]


def by_hand(*, angle: int, length: float) -> ByHand:
    """Turn and stretch one query among four keys; each key is its own value."""
    keys = torch.tensor(KEYS)
    turned = math.radians(angle)
    query = length * torch.tensor([[math.cos(turned), math.sin(turned)]])
    outputs, weights = scaled_dot_product_attention(query, keys, keys)
    return {
        "keys": [f"key {i + 1}" for i in range(len(KEYS))],
        "query": query[0],
        "key_vectors": keys,
        "output": outputs[0],
        "weights": weights[0],
        "effective_keys": perplexity(weights[0]),
        "largest": weights.max(),
        "output_length": outputs.norm(),
    } | {f"weight_{i + 1}": weights[0, i] for i in range(len(KEYS))}


attention_by_hand = Explorer(
    id="attention-by-hand",
    title="Turn the query, stretch it: what comes out?",
    compute=by_hand,
    params=[
        Param(
            name="angle",
            label="direction of the query (degrees)",
            values=ANGLES,
            start=90,
            live=tuple(range(0, 360, 5)),
        ),
        Param(
            name="length",
            label="length of the query",
            values=(0.0, 0.5, 1.0, 2.0, 4.0, 8.0),
            start=1.0,
            live=tuple(i / 4 for i in range(65)),
        ),
    ],
    panels=[
        Plane(
            title="A query among four keys, and the output",
            extent=2.2,
            series=[
                Series("query", "query", "query"),
                Series("key_vectors", "key", "key"),
                Series("output", "output", "output"),
            ],
            weights="weights",
        ),
        Sweep(
            title="Weight of each key as the query turns",
            over="angle",
            domain=(0, 1),
            height=300,
            peaks=True,
            series=[Series(f"weight_{i}", f"key {i}", "key") for i in (1, 2, 3, 4)],
        ),
        Bars(
            title="The weights now", series=[Series("weights", "weight", "key")], labels="keys", height=110, wide=True
        ),
    ],
    readouts=[
        Readout("effective_keys", "effective keys", "of 4"),
        Readout("largest", "largest weight"),
        Readout("output_length", "length of the output"),
    ],
    prediction=Prediction(
        question="the query's length goes to 0. The output then is",
        answers=("the zero vector", "the mean of all keys", "the nearest key"),
        right=1,
        because="A query of length 0 gives every key the score 0, and equal scores share the weight equally: not “no "
        "attention” but “attention to all alike”.",
    ),
    code="import math, torch\n"
    "from transformer_edu.attention import scaled_dot_product_attention\n\n"
    f"keys = torch.tensor({[list(key) for key in KEYS]})\n"
    "turn = math.radians({angle})\n"
    "query = {length} * torch.tensor([[math.cos(turn), math.sin(turn)]])\n"
    "scaled_dot_product_attention(query, keys, keys)",
    alt="A query of length {length} at {angle} degrees among four keys; the largest weight is {largest}, and the "
    "output has length {output_length}.",
    note="Each key is its own value here, so the output is a weighted mean of the four rust arrows. The query's arrow "
    "leaves the picture when it is longer than 2.2. Score: q·k / √2.",
)
