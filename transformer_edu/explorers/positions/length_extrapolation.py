"""Trained on short sequences, tested on longer ones: which positions hold?"""

from typing import TypedDict

import torch

from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Lines, Readout, Series
from transformer_edu.studies import measured

KINDS = ("none", "sinusoidal", "learned", "Shaw", "T5", "Transformer-XL", "rotary", "ALiBi")
TASKS = ("copy", "reverse", "sort")
SEEDS = 3


def results(task: str, kind: str, measure: str) -> torch.Tensor:
    """Return the measured shares of one kind, one row a seed."""
    runs = measured("length_extrapolation").where(task=task, kind=kind)
    return torch.tensor([run[measure] for run in runs])


MEASURES, AT = ("tokens_right", "answers_right"), (8, 16, 32)
OF_A_KIND = (
    dict.fromkeys(MEASURES, Shown["length", ".3f"])
    | {f"{measure}_{seed}": Shown["length", ".3f"] for measure in MEASURES for seed in range(SEEDS)}
    | {f"at_{length}": Shown[".2f"] for length in AT}
)
Extrapolation = TypedDict(
    "Extrapolation",
    {f"{side}_{name}": shown for side in ("kind", "other") for name, shown in OF_A_KIND.items()}
    | {"lengths": Shown["length", "d"], "chance": Shown["length", ".3f"]},
)


def extrapolation(*, task: str, kind: str, other: str) -> Extrapolation:
    """Set two kinds of positions beside each other: three seeds and their median, over the length."""
    lengths = measured("length_extrapolation").runs[0]["lengths"]
    answer = {"lengths": torch.tensor(lengths, dtype=torch.float32), "chance": torch.full((len(lengths),), 1 / 16)}
    for side, chosen in (("kind", kind), ("other", other)):
        for measure in MEASURES:
            shares = results(task, chosen, measure)
            answer[f"{side}_{measure}"] = shares.median(dim=0).values
            answer |= {f"{side}_{measure}_{seed}": shares[seed] for seed in range(SEEDS)}
        for length in AT:
            answer[f"{side}_at_{length}"] = answer[f"{side}_tokens_right"][lengths.index(length)]
    return answer


def lines(measure: str, title: str, *, chance: bool) -> Lines:
    """Draw both kinds: thin seeds behind their median."""
    series = [
        Series(f"{side}_{measure}_{seed}", "", role, thin=True)
        for side, role in (("kind", "query"), ("other", "key"))
        for seed in range(SEEDS)
    ]
    series += [Series(f"kind_{measure}", "this kind", "query"), Series(f"other_{measure}", "the other", "key")]
    if chance:
        series.append(Series("chance", "chance", "value", dash=True))
    return Lines(title=title, x="lengths", series=series, domain=(0, 1), x_label="length of the sequence", height=260)


length_extrapolation = Explorer(
    id="length-extrapolation",
    title="Trained on lengths 1 to 8: what happens beyond?",
    compute=extrapolation,
    params=[
        Param(name="task", label="task", values=TASKS, start="copy", choice=True),
        Param(name="kind", label="positions (blue)", values=KINDS, start="sinusoidal", choice=True),
        Param(name="other", label="beside them (rust)", values=KINDS, start="ALiBi", choice=True),
    ],
    panels=[
        lines("tokens_right", "Share of right tokens, each predicted from the right beginning", chance=True),
        lines("answers_right", "Share of answers without any mistake", chance=False),
    ],
    readouts=[Readout(f"kind_at_{n}", f"right tokens at length {n}", then=f"other_at_{n}") for n in AT],
    prediction=Prediction(
        question="sinusoidal codes exist for every position. A model trained on lengths up to 8 copies sequences of 16",
        answers=("as well as those of 8", "a little worse", "with most tokens wrong"),
        right=2,
        because="A code that exists is not a code that was trained. The layers have never seen these positions, nor "
        "had to fetch a letter from so far back.",
    ),
    code="from transformer_edu.studies import measured\n\n"
    'runs = measured("length_extrapolation").where(task={task}, kind={kind})\n'
    '[run["tokens_right"] for run in runs][0]',
    alt="{task}: share of right tokens with {kind} positions at lengths 8, 16 and 32: {kind_at_8}, {kind_at_16}, "
    "{kind_at_32}; with {other}: {other_at_8}, {other_at_16}, {other_at_32}.",
    note="A decoder of two layers, width 64, four heads, trained for 800 steps of 32 sequences with each of three "
    "seeds (thin lines; the thick one is their median, point by point). Read-outs: medians, blue → rust. Chance: one "
    "of 16 symbols.",
)
