"""Does an additive score beat a dot product in wide heads? The committed results of an experiment, run by run."""

from typing import TypedDict

import torch

from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Lines, Readout, Series
from transformer_edu.studies import measured
from transformer_edu.studies.additive_or_dot import SCORES

WIDTHS = (16, 128, 1024)
ROLES = ("key", "query", "output", "value")
SEEDS = (0, 1, 2)
NUMBERED = list(enumerate(SCORES))


class Compared(TypedDict):
    """What `compared` returns."""

    rates: Shown["rate", ".4f"]
    middle_0: Shown["rate", ".3f"]
    best_0: Shown[".3f"]
    middle_1: Shown["rate", ".3f"]
    best_1: Shown[".3f"]
    middle_2: Shown["rate", ".3f"]
    best_2: Shown[".3f"]
    middle_3: Shown["rate", ".3f"]
    best_3: Shown[".3f"]
    seed_0: Shown["rate", ".3f"]
    seed_1: Shown["rate", ".3f"]
    seed_2: Shown["rate", ".3f"]


def compared(*, hidden: int, measure: str, score: str = SCORES[-1]) -> Compared:
    """Look up what the runs of one width found at each rate: the middle seed of every score, all three of one score."""
    results = measured("additive_or_dot")
    rates = sorted({run["learning_rate"] for run in results.runs})
    answer = {"rates": torch.tensor(rates)}
    for number, name in NUMBERED:
        runs = [results.where(score=name, hidden=hidden, learning_rate=rate) for rate in rates]
        table = torch.tensor([[run[measure] for run in three] for three in runs])
        middle = table.median(dim=-1).values
        answer |= {f"middle_{number}": middle, f"best_{number}": middle.min() if measure == "loss" else middle.max()}
        if name == score:
            answer |= {f"seed_{seed}": table[:, seed].clone() for seed in SEEDS}
    return answer


additive_or_dot = Explorer(
    id="additive-or-dot",
    title="Which score function finds the right one of sixteen?",
    compute=compared,
    params=[
        Param(name="hidden", label="width in which query and keys are compared", values=WIDTHS, start=16),
        Param(
            name="measure",
            label="measured on fresh examples",
            values=("accuracy", "loss"),
            labels=("share of right answers", "loss"),
            start="accuracy",
            choice=True,
        ),
        Param(name="score", label="seed by seed (lower picture)", values=SCORES, start=SCORES[-1], choice=True),
    ],
    panels=[
        Lines(
            title="Share of right answers after 300 steps, or the loss if chosen (middle of three seeds)",
            x="rates",
            x_label="learning rate (logarithmic)",
            x_log=True,
            domain=(0, 1.1),
            height=300,
            wide=True,
            series=[Series(f"middle_{i}", score, role) for (i, score), role in zip(NUMBERED, ROLES, strict=True)],
        ),
        Lines(
            title="The three seeds of the function that you choose",
            x="rates",
            x_label="learning rate (logarithmic)",
            x_log=True,
            domain=(0, 1.1),
            height=200,
            wide=True,
            series=[Series(f"seed_{seed}", f"seed {seed}", "query", thin=True) for seed in SEEDS],
        ),
    ],
    readouts=[Readout(f"best_{i}", f"{score}, at its best rate") for i, score in NUMBERED],
    prediction=Prediction(
        question="additive scores of width 1024 are learned twice, with and without a bias inside the tanh. Without it "
        "they are right, at their best rate,",
        answers=("about as often", "a little less often", "for half of the examples at most"),
        right=2,
        because="Without a bias the score changes its sign when query and key do. What finds the right item for some "
        "vectors finds the worst one for their mirror images, and both are equally frequent here.",
    ),
    code="import torch\n"
    "from transformer_edu.studies import measured\n\n"
    'runs = measured("additive_or_dot").where(score={score}, hidden={hidden})\n'
    "rates = sorted({run['learning_rate'] for run in runs})\n"
    "three = [[run[{measure}] for run in runs if run['learning_rate'] == rate] for rate in rates]\n"
    "torch.tensor(three).median(dim=-1).values",
    alt="Width {hidden}, measured: {measure}. At their best learning rates dot, scaled dot, additive without and "
    "additive with a bias reach {best_0}, {best_1}, {best_2} and {best_3}. Below, the three seeds of {score}.",
    note="Committed results of studies/additive_or_dot.py: every function at every width and rate with three "
    "seeds, none left out. “Additive” is without a bias. Chance is 1/16 = 0.06; a blind mean has the loss 15/16 = "
    "0.94. A loss above 1.1 leaves the picture.",
)
