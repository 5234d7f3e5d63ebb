"""How fast does the first Transformer learn? Its learning rate, step by step."""

from typing import TypedDict

import torch

from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Lines, Readout, Series, Sweep
from transformer_edu.training import noam_rate

STEPS = (1, 2, 5, 10, 20, 50, *range(100, 20_100, 100))
PAPER = {"dim": 512, "warmup": 4000}
RATES = [Series("rates", "this schedule", "query"), Series("paper", "the paper's (512, 4000)", "key", dash=True)]


class Schedule(TypedDict):
    """What `schedule` returns."""

    steps: Shown["step", "d"]
    rates: Shown["step", ".3s"]
    paper: Shown["step", ".3s"]
    peak: Shown[".3s"]
    first: Shown[".3s"]
    at_100: Shown[".3s"]
    last: Shown[".3s"]
    paper_peak: Shown[".3s"]


def schedule(*, dim: int, warmup: int) -> Schedule:
    """Compute the rate of the first 20 000 steps, and that of the paper's base model beside it."""
    return {
        "steps": torch.tensor(STEPS),
        "rates": torch.tensor([noam_rate(step, dim=dim, warmup=warmup) for step in STEPS]),
        "paper": torch.tensor([noam_rate(step, **PAPER) for step in STEPS]),
        "peak": torch.tensor(noam_rate(warmup, dim=dim, warmup=warmup)),
        "first": torch.tensor(noam_rate(1, dim=dim, warmup=warmup)),
        "at_100": torch.tensor(noam_rate(100, dim=dim, warmup=warmup)),
        "last": torch.tensor(noam_rate(STEPS[-1], dim=dim, warmup=warmup)),
        "paper_peak": torch.tensor(noam_rate(PAPER["warmup"], **PAPER)),
    }


noam_schedule = Explorer(
    id="noam-schedule",
    title="First up, then down: how large a step, and when?",
    compute=schedule,
    params=[
        Param(name="warmup", label="warm-up steps w", values=(1000, 2000, 4000, 8000, 16000), start=2000),
        Param(name="dim", label="width of a token d", values=(128, 256, 512, 1024, 2048), start=512),
    ],
    panels=[
        Lines(title="Learning rate", x="steps", x_label="step", domain=(0, 0.003), height=240, series=RATES),
        Lines(
            title="The same with logarithms: two straight lines",
            x="steps",
            x_label="step",
            x_log=True,
            y_log=True,
            domain=(1e-8, 1e-2),
            height=240,
            series=RATES,
        ),
        Sweep(
            title="Highest rate, over the warm-up",
            over="warmup",
            x_log=True,
            domain=(0, 0.003),
            wide=True,
            height=200,
            series=[Series("peak", "highest rate", "query"), Series("last", "rate at step 20 000", "value")],
        ),
    ],
    readouts=[
        Readout("peak", "highest rate, at step w"),
        Readout("first", "rate at step 1"),
        Readout("at_100", "rate at step 100"),
        Readout("last", "rate at step 20 000"),
    ],
    prediction=Prediction(
        question="the warm-up goes from 2000 to 8000 steps. At step 20 000 the rate is",
        answers=("four times smaller", "half as large", "the same"),
        right=2,
        because="Behind the warm-up the rate is 1/√(d · step): the warm-up is forgotten. It changes the way up, and "
        "the peak, 1/√(d · w), which is half as high for four times the warm-up.",
    ),
    code="from transformer_edu.training import noam_rate\n\nnoam_rate({warmup}, dim={dim}, warmup={warmup})",
    alt="Learning rate of a model of width {dim} with {warmup} warm-up steps: it rises to {peak}, and is {last} at "
    "step 20 000.",
    note="A formula, nothing is trained here. Whether a warm-up is needed depends on where the normalization stands; "
    "that is a question of Part II.",
)
