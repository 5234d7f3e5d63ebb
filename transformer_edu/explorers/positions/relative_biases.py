"""What do relative biases add to the scores, head by head, and what becomes of it in a longer text?"""

from typing import TypedDict

import torch

from transformer_edu.attention import causal, mask_from
from transformer_edu.data import random_vectors, seeded
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Heatmap, Lines, Readout, Series, Sweep
from transformer_edu.positions import (
    alibi_bias,
    alibi_slopes,
    distances,
    shaw_bias,
    t5_bias,
    t5_causal_buckets,
)
from transformer_edu.softmax import masked_softmax

HEADS, LENGTHS, CLIP = 4, (4, 8, 16, 24, 32), 4
KINDS = ("ALiBi", "T5", "Shaw")
CODES = (
    "alibi_bias(alibi_slopes(4), queries={length}, keys={length})",
    "t5_bias(random_vectors(16, 4, generator=seeded(2)), "
    "t5_causal_buckets(distances({length}, {length}), buckets=16, farthest=32))",
    "shaw_bias(random_vectors(4, 16, generator=seeded(3))[:, None].expand(-1, {length}, -1) / 4, "
    "random_vectors(9, 16, generator=seeded(4)), keys={length})",
)


def bias_of(kind: str, length: int) -> torch.Tensor:
    """Return what each of four heads adds to the scores of a text of this length."""
    if kind == "ALiBi":
        return alibi_bias(alibi_slopes(HEADS), queries=length, keys=length)
    if kind == "T5":
        buckets = t5_causal_buckets(distances(length, length), buckets=16, farthest=32)
        return t5_bias(random_vectors(16, HEADS, generator=seeded(2)), buckets)
    queries = random_vectors(HEADS, 16, generator=seeded(3))[:, None].expand(-1, length, -1) / 4
    return shaw_bias(queries, random_vectors(2 * CLIP + 1, 16, generator=seeded(4)), keys=length)


class Biases(TypedDict):
    """What `biases` returns."""

    positions: Words
    bias: Shown["query key", ".2f"]
    allowed: Shown["query key", "d"]
    weights: Shown["query key", ".3f"]
    reach: Shown[".2f"]
    even: Shown[".1f"]
    back: Shown["distance", "d"]
    head_1: Shown["distance", ".2f"]
    head_2: Shown["distance", ".2f"]
    head_3: Shown["distance", ".2f"]
    head_4: Shown["distance", ".2f"]


def biases(*, kind: str, head: int, length: int) -> Biases:
    """Show the bias of one head, and the weights if the contents of all tokens match alike."""
    bias = bias_of(kind, length)
    allowed = mask_from(causal, queries=length, keys=length)
    weights = masked_softmax(bias, allowed)
    back = -distances(length, length).float()
    reach = (weights * back * allowed).sum(-1)[:, -1]
    far = bias_of(kind, LENGTHS[-1])[:, -1].flip(-1)  # from the last query back, for all heads
    return {
        "positions": [str(p) for p in range(length)],
        "bias": bias[head - 1] * allowed,
        "allowed": allowed.float(),
        "weights": weights[head - 1],
        "reach": reach[head - 1],
        "even": torch.tensor((length - 1) / 2),
        "back": torch.arange(float(LENGTHS[-1])),
    } | {f"head_{h + 1}": far[h] for h in range(HEADS)}


relative_biases = Explorer(
    id="relative-biases",
    title="What does a relative bias add to the scores, and what becomes of it in a longer text?",
    compute=biases,
    params=[
        Param(
            name="kind",
            label="kind",
            values=KINDS,
            start="ALiBi",
            choice=True,
            codes=CODES,
            labels=("ALiBi: a penalty", "T5: 16 buckets up to 32, random table", "Shaw: clipped at 4, random vectors"),
        ),
        Param(name="head", label="head", values=(1, 2, 3, 4), start=2),
        Param(name="length", label="length of the text", values=LENGTHS, start=16),
    ],
    panels=[
        Heatmap(
            title="What this head adds to each score",
            array="bias",
            scale="signed",
            domain=(-4, 4),
            allowed="allowed",
            rows="positions",
            columns="positions",
            row_label="query",
            column_label="key",
            height=360,
        ),
        Heatmap(
            title="Weights, if all contents match alike",
            array="weights",
            allowed="allowed",
            rows="positions",
            columns="positions",
            row_label="query",
            column_label="key",
            height=360,
        ),
        Lines(
            title="The bias of all four heads over the distance back",
            x="back",
            domain=(-8, 4),
            x_label="tokens back",
            height=220,
            series=[
                Series(f"head_{h}", f"head {h}", role)
                for h, role in enumerate(("query", "key", "value", "output"), start=1)
            ],
        ),
        Sweep(
            title="How far back this head looks, on average, from the last token",
            over="length",
            domain=(0, 32),
            height=220,
            series=[Series("reach", "this head", "query"), Series("even", "all keys alike", "value", dash=True)],
        ),
    ],
    readouts=[
        Readout("reach", "mean distance looked back by the last token", "tokens"),
        Readout("even", "if it looked at all alike", "tokens"),
    ],
    prediction=Prediction(
        question="a text grows from 16 tokens to 32. The mean distance that ALiBi's head 1 looks back",
        answers=("doubles", "grows by about a tenth", "shrinks"),
        right=1,
        because="Its penalty grows by ¼ a token, so keys farther than a few times 4 tokens get almost nothing, however "
        "many there are. Head 4, whose slope is 1/256, sees nearly all keys alike and does grow.",
    ),
    code="from transformer_edu.positions import alibi_bias, alibi_slopes, distances, shaw_bias, t5_bias, "
    "t5_causal_buckets\n"
    "from transformer_edu.data import random_vectors, seeded\n\n"
    "({kind})[{head} - 1].tril()",
    alt="Bias of kind {kind}, head {head}, for a text of {length} tokens: the last token looks {reach} tokens back on "
    "average, if the contents match alike.",
    note="Four heads here: ALiBi's slopes are ¼, 1/16, 1/64, 1/256. The tables of T5 and Shaw are random numbers, so "
    "that only their form means something: T5 has steps that grow, Shaw a constant beyond 4 (for one fixed query a "
    "head; its bias is divided by √16). Causal attention; hatched keys come later. Lines of the third picture end "
    "at −8.",
)
