"""How strong must a cosine be until one key among many can stand out?"""

import math
from typing import TypedDict

import torch

from transformer_edu.data import random_vectors, seeded
from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Readout, Series, Sweep
from transformer_edu.scores import content_scores
from transformer_edu.softmax import perplexity, softmax

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
WIDTHS = (2, 8, 32, 128)
COUNTS = (4, 16, 64, 256)


class CosineWeights(TypedDict):
    """What `cosine_weights` returns."""

    right: Shown[".3f"]
    bound: Shown[".3f"]
    even: Shown[".3f"]
    ratio: Shown[".3s"]
    ratio_bound: Shown[".3s"]
    effective_keys: Shown[".3s"]


def cosine_weights(*, strength: float, head_dim: int, keys: int) -> CosineWeights:
    """Ask for the first of some random keys by its own direction; the bound is the best that any keys could do."""
    offered = random_vectors(keys, head_dim, generator=seeded(5))
    weights = softmax(content_scores(offered[:1], offered, strength=strength)[0])
    best = 1 / (1 + (keys - 1) * math.exp(-2 * strength))
    return {
        "right": weights[0],
        "bound": torch.tensor(best),
        "even": torch.tensor(1 / keys),
        "ratio": weights.max() / weights.min(),
        "ratio_bound": torch.tensor(math.exp(2 * strength)),
        "effective_keys": perplexity(weights),
    }


cosine_strength = Explorer(
    id="cosine-strength",
    title="How strong must a cosine be?",
    compute=cosine_weights,
    params=[
        Param(name="strength", label="strength β", values=STRENGTHS, start=4.0),
        Param(name="keys", label="keys to choose from", values=COUNTS, start=16),
        Param(name="head_dim", label="width of query and keys", values=WIDTHS, start=32),
    ],
    panels=[
        Sweep(
            title="Weight of the right key",
            over="strength",
            x_log=True,
            domain=(0, 1),
            height=240,
            series=[
                Series("right", "these keys", "query"),
                Series("bound", "upper bound", "key", dash=True),
                Series("even", "even share", "value", dash=True),
            ],
        ),
        Sweep(
            title="Largest weight divided by the smallest one",
            over="strength",
            x_log=True,
            y_log=True,
            domain=(1, 1e28),
            height=240,
            series=[
                Series("ratio", "these keys", "query"),
                Series("ratio_bound", "bound e²ᵝ", "key", dash=True),
            ],
        ),
    ],
    readouts=[
        Readout("right", "weight of the right key"),
        Readout("bound", "at most"),
        Readout("effective_keys", "effective keys, all weights taken together"),
    ],
    prediction=Prediction(
        question="64 keys, and the query is exactly one of them. With β = 1 the right key gets a weight of",
        answers=("nearly 1", "about one half", "a few hundredths"),
        right=2,
        because="A cosine lies between −1 and 1, so with β = 1 no weight is more than e² = 7.4 times another. "
        "Against 63 "
        "others that is little: at best 7.4 of 7.4 + 63.",
    ),
    code="from transformer_edu.scores import content_scores\n"
    "from transformer_edu.softmax import softmax\n"
    "from transformer_edu.data import random_vectors, seeded\n\n"
    "keys = random_vectors({keys}, {head_dim}, generator=seeded(5))\n"
    "softmax(content_scores(keys[:1], keys, strength={strength})[0])[0]",
    alt="A query in the direction of one of {keys} random keys, {head_dim} wide: with strength {strength} the right "
    "key gets the weight {right}; no keys could give it more than {bound}.",
    note="The query is the first key itself. The bound is that of keys that all point the opposite way. Random keys do "
    "not: most of their cosines are near 0.",
)
