"""What does averaging destroy? Several questions asked by one head, or by many."""

from typing import TypedDict

import torch

from transformer_edu.data import seeded
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Heatmap, Readout, Series, Sweep, Tokens
from transformer_edu.studies.two_lookups import lookup_heads, read_out_accuracy

LETTERS = "ABCD"


class HeadsCompared(TypedDict):
    """What `heads_compared` returns."""

    tokens: Words
    heads: Words
    symbols: Words
    exchanged_symbols: Words
    weights: Shown["head token", ".2f"]
    outputs: Shown["feature", ".2f"]
    exchanged_outputs: Shown["feature", ".2f"]
    difference: Shown[".2f"]
    accuracy: Shown[".3f"]
    chance: Shown[".2f"]


def heads_compared(*, heads: int, lookups: int) -> HeadsCompared:
    """Look up the symbols at the first positions with some heads; then exchange the first two symbols."""
    symbols = torch.tensor([0, 2, 3, 1, 0, 2, 1, 3])
    exchanged = symbols[[1, 0, 2, 3, 4, 5, 6, 7]]
    before = lookup_heads(symbols, heads=heads, lookups=lookups)
    after = lookup_heads(exchanged, heads=heads, lookups=lookups)
    return {
        "tokens": [f"{LETTERS[s]}{i + 1}" for i, s in enumerate(symbols.tolist())],
        "heads": [f"head {i + 1}" for i in range(heads)],
        "symbols": [LETTERS[s] for s in symbols],
        "exchanged_symbols": [LETTERS[s] for s in exchanged],
        "weights": before.weights,
        "outputs": before.outputs,
        "exchanged_outputs": after.outputs,
        "difference": (before.outputs - after.outputs).norm(),
        "accuracy": torch.tensor(read_out_accuracy(heads=heads, lookups=lookups, generator=seeded(4))),
        "chance": torch.tensor(0.25),
    }


one_head_or_many = Explorer(
    id="one-head-or-many",
    title="One head or many: what does averaging destroy?",
    compute=heads_compared,
    params=[
        Param(name="heads", label="heads (all together carry 16 numbers)", values=(1, 2, 4, 8), start=1),
        Param(name="lookups", label="symbols asked for, from position 1 on", values=(1, 2, 3, 4), start=2),
    ],
    panels=[
        Tokens(
            title="The eight tokens, and the same with the first two exchanged",
            rows=[Series("symbols", "as they are", "query"), Series("exchanged_symbols", "exchanged", "key")],
        ),
        Heatmap(
            title="Where each head looks",
            array="weights",
            rows="heads",
            columns="tokens",
            row_label="head",
            column_label="token",
            height=200,
        ),
        Sweep(
            title="How often a linear read-out names the right symbol",
            over="heads",
            x_log=True,
            domain=(0, 1),
            height=220,
            series=[Series("accuracy", "accuracy", "query"), Series("chance", "chance", "key", dash=True)],
        ),
        Bars(
            title="All that the next layer gets: 16 numbers. Can it tell the two apart?",
            wide=True,
            height=170,
            series=[Series("outputs", "as they are", "query"), Series("exchanged_outputs", "exchanged", "key")],
        ),
    ],
    readouts=[
        Readout("difference", "distance between the two outputs"),
        Readout("accuracy", "accuracy of the read-out"),
        Readout("chance", "chance"),
    ],
    prediction=Prediction(
        question="one head looks at tokens 1 and 2, half and half. Their symbols change places. Its output",
        answers=("changes", "stays the same to the last digit"),
        right=1,
        because="½A + ½C is ½C + ½A: the average forgets who said what. Two heads keep the two answers in separate "
        "numbers.",
    ),
    code="import torch\n"
    "from transformer_edu.data import seeded\n"
    "from transformer_edu.studies.two_lookups import lookup_heads, read_out_accuracy\n\n"
    "lookup_heads(torch.tensor([0, 2, 3, 1, 0, 2, 1, 3]), heads={heads}, lookups={lookups})\n"
    "read_out_accuracy(heads={heads}, lookups={lookups}, generator=seeded(4))",
    alt="{heads} heads look up {lookups} symbols. Exchanging the first two symbols moves the output by {difference}; "
    "a linear read-out is right with share {accuracy}.",
    note="A symbol is a code of four numbers, one of which is 1; wide heads repeat it, narrow ones carry a part. The "
    "heads are built by hand, so nothing depends on training; the read-out is fitted by least squares on 2048 random "
    "examples and tested on 2048 fresh ones.",
)
