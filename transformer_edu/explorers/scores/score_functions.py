"""Turn and stretch a query among three keys: what do seven score functions make of angle and length?"""

import math
from typing import TypedDict

import torch
from jaxtyping import Float
from torch import Tensor

from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Lines, Plane, Readout, Series, Sweep
from transformer_edu.scores import (
    additive_scores,
    content_scores,
    dot_scores,
    general_scores,
    location_scores,
    scaled_dot_scores,
)
from transformer_edu.softmax import softmax

KEYS = ((0.46, 0.39), (0.0, 1.6), (-1.0, -0.5))
ANGLES = tuple(range(0, 360, 20))
LENGTHS = (1.0, 2.0, 4.0)
TURN = ((0.0, 1.0), (-1.0, 0.0))  # a quarter turn to the left
PLACES = ((1.0, -0.5, -0.5), (0.0, 0.87, -0.87))  # the first place lies at 0 degrees, the others at 120 and 240
RING = ((1.0, 0.7, 0.0, -0.7, -1.0, -0.7, 0.0, 0.7), (0.0, 0.7, 1.0, 0.7, 0.0, -0.7, -1.0, -0.7))
SCORES = {
    "dot": "dot_scores(query, keys)",
    "scaled dot": "scaled_dot_scores(query, keys)",
    "content (cosine, strength 3)": "content_scores(query, keys, strength=3.0)",
    "general (W turns by 90 degrees)": "general_scores(query, keys, turn)",
    "additive, with a bias": "additive_scores(query, keys, ring, ring, -torch.ones(8), bias=torch.ones(8))",
    "additive, without": "additive_scores(query, keys, ring, ring, -torch.ones(8))",
    "location": "location_scores(query, keys, places)",
}


def score(name: str, query: Float[Tensor, "query 2"], keys: Float[Tensor, "key 2"]) -> Float[Tensor, "query key"]:
    """Score with the function of this name; what others would learn is made by hand."""
    turn, places, ring = (torch.tensor(numbers, device=keys.device) for numbers in (TURN, PLACES, RING))
    minus, bias = -torch.ones(8, device=keys.device), torch.ones(8, device=keys.device)
    functions = {
        "dot": lambda: dot_scores(query, keys),
        "scaled dot": lambda: scaled_dot_scores(query, keys),
        "content (cosine, strength 3)": lambda: content_scores(query, keys, strength=3.0),
        "general (W turns by 90 degrees)": lambda: general_scores(query, keys, turn),
        "additive, with a bias": lambda: additive_scores(query, keys, ring, ring, minus, bias=bias),
        "additive, without": lambda: additive_scores(query, keys, ring, ring, minus),
        "location": lambda: location_scores(query, keys, places),
    }
    return functions[name]()


class ScoredKeys(TypedDict):
    """What `scored` returns."""

    names: Words
    query: Shown["coordinate", ".2f"]
    key_vectors: Shown["key coordinate", ".2f"]
    scores: Shown["key", ".2f"]
    weights: Shown["key", ".3f"]
    lengths: Shown["query", ".2f"]
    largest: Shown[".3f"]
    spread: Shown[".2f"]
    score_1: Shown[".2f"]
    score_2: Shown[".2f"]
    score_3: Shown[".2f"]
    longer_1: Shown["query", ".2f"]
    longer_2: Shown["query", ".2f"]
    longer_3: Shown["query", ".2f"]


def scored(*, function: str, angle: int, length: float) -> ScoredKeys:
    """Score three keys by one query, and by queries of other lengths in the same direction."""
    keys, turned = torch.tensor(KEYS), math.radians(angle)
    direction = torch.tensor([[math.cos(turned), math.sin(turned)]])
    lengths = torch.linspace(0.0, 4.0, 17)
    scores, longer = score(function, length * direction, keys)[0], score(function, lengths[:, None] * direction, keys)
    weights = softmax(scores)
    return (
        {
            "names": [f"key {i + 1}" for i in range(len(KEYS))],
            "query": length * direction[0],
            "key_vectors": keys,
            "scores": scores,
            "weights": weights,
            "lengths": lengths,
            "largest": weights.max(),
            "spread": scores.max() - scores.min(),
        }
        | {f"score_{i + 1}": scores[i] for i in range(len(KEYS))}
        | {f"longer_{i + 1}": longer[:, i].clone() for i in range(len(KEYS))}
    )


ROLES = ("query", "key", "value")
score_functions = Explorer(
    id="score-functions",
    title="Turn and stretch the query: what does each score function see?",
    compute=scored,
    params=[
        Param(
            name="function",
            label="score function",
            values=tuple(SCORES),
            codes=tuple(SCORES.values()),
            start="dot",
            choice=True,
        ),
        Param(name="angle", label="direction of the query (degrees)", values=ANGLES, start=180),
        Param(
            name="length",
            label="length of the query",
            values=LENGTHS,
            start=2.0,
            live=tuple(i / 4 for i in range(1, 17)),
        ),
    ],
    panels=[
        Plane(
            title="A query among three keys",
            extent=2.2,
            series=[Series("query", "query", "query"), Series("key_vectors", "key", "key")],
            weights="weights",
            height=260,
        ),
        Sweep(
            title="Score of each key as the query turns",
            over="angle",
            domain=(-8, 8),
            height=260,
            peaks=True,
            series=[Series(f"score_{i}", f"key {i}", role) for i, role in enumerate(ROLES, start=1)],
        ),
        Lines(
            title="Score of each key as the query gets longer, in this direction",
            x="lengths",
            x_label="length of the query",
            domain=(-8, 8),
            height=240,
            series=[Series(f"longer_{i}", f"key {i}", role) for i, role in enumerate(ROLES, start=1)],
        ),
        Bars(
            title="What softmax makes of the three scores", series=[Series("weights", "weight", "key")], labels="names"
        ),
    ],
    readouts=[
        Readout("score_1", "score of key 1"),
        Readout("score_2", "score of key 2"),
        Readout("score_3", "score of key 3"),
        Readout("largest", "largest weight"),
    ],
    prediction=Prediction(
        question="the query points exactly at key 1 (40 degrees), which is short; key 2 is long and lies 50 "
        "degrees off. With the dot product, which key gets the larger score?",
        answers=("key 1, it is hit exactly", "key 2, it is longer", "both the same"),
        right=1,
        because="A dot product is length times length times cosine. Key 2 is 2.7 times as long, and the cosine of 50 "
        "degrees takes away only a third of that. Choose content: there only the angle counts, and key 1 wins.",
    ),
    code="import math, torch\n"
    "from transformer_edu.scores import *\n\n"
    f"keys = torch.tensor({[list(key) for key in KEYS]})\n"
    "turned = math.radians({angle})\n"
    "query = {length} * torch.tensor([[math.cos(turned), math.sin(turned)]])\n"
    f"turn = torch.tensor({[list(row) for row in TURN]})\n"
    f"places = torch.tensor({[list(row) for row in PLACES]})\n"
    f"ring = torch.tensor({[list(row) for row in RING]})\n"
    "{function}",
    alt="A query of length {length} at {angle} degrees among three keys. The scores are {score_1}, {score_2} and "
    "{score_3}, the largest weight is {largest}. Score function: {function}.",
    note="What general, additive and location would learn is made by hand here. General: W turns the query by 90 "
    "degrees to the left. Additive: eight hidden units whose directions stand in a ring, each with the weight −1; "
    "with a bias "
    "of 1, or without. Location: place 1 lies at 0 degrees, the others at 120 and 240, wherever the keys are. Scores "
    "beyond ±8 leave the picture.",
)
