"""Which earlier steps does a loss reach when the gradient is cut every k steps?"""

from typing import TypedDict

from torch import Tensor

from transformer_edu.data import random_vectors, seeded
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Heatmap, Readout, Series, Sweep
from transformer_edu.recurrent import LSTM, each_to_each, truncated

DIM, STEPS = 8, 12


class ReachedBy(TypedDict):
    """What `reached_by` returns."""

    steps: Words
    table: Shown["token token", ".2f"]
    whole: Shown["token", ".3f"]
    cut: Shown["token", ".3f"]
    back: Shown[".0f"]
    missed: Shown[".0f"]
    longest: Shown[".0f"]


def reached_by(*, every: int, step: int) -> ReachedBy:
    """Measure how much a loss at each step depends on each input, with the gradient cut every `every` steps.

    Steps are counted from 1. The table holds ‖∂ h_t / ∂ x_t'‖ of an untrained LSTM, divided by that of t' = t.
    """
    tokens = random_vectors(STEPS, DIM, generator=seeded(2)).double()
    network = LSTM(DIM, state_dim=DIM, forget_bias=3.0, generator=seeded(3)).double()
    cut, whole = (shares(network, tokens, every=length) for length in (every, STEPS))
    whole = whole[step - 1]
    ours = cut[step - 1]
    steps = [str(place + 1) for place in range(STEPS)]
    return {
        "steps": steps,
        "table": cut,
        "whole": whole,
        "cut": ours,
        "back": (ours > 0).sum() - 1,
        "missed": step - (ours > 0).sum(),
        "longest": (cut > 0).sum(dim=-1).max() - 1,
    }


def shares(network: LSTM, tokens: Tensor, *, every: int) -> Tensor:
    """Return the norms of all Jacobians, each row divided by its entry on the diagonal."""
    reached = each_to_each(lambda read: truncated(network, read, every=every).outputs, tokens)
    return reached / reached.diagonal()[:, None]


truncated_steps = Explorer(
    id="truncated-steps",
    title="Truncated back-propagation: which earlier steps does a loss reach?",
    compute=reached_by,
    params=[
        Param(name="every", label="k: cut the gradient every … steps", values=tuple(range(1, STEPS + 1)), start=8),
        Param(name="step", label="t: the step of the loss", values=tuple(range(1, STEPS + 1)), start=7),
    ],
    panels=[
        Heatmap(
            title="Row t, column t′: how much the loss at t depends on the input at t′ (diagonal = 1)",
            array="table",
            rows="steps",
            columns="steps",
            row_label="step of the loss",
            column_label="step of the input",
            mark=("step",),
            height=320,
        ),
        Bars(
            title="The loss at step t: what the whole gradient sees, and what is left after the cut",
            series=[Series("whole", "without a cut", "key"), Series("cut", "cut every k", "query")],
            labels="steps",
            domain=(0, 1.2),
            height=230,
        ),
        Sweep(
            title="Steps back, over k: the best-placed loss of all, and the one at step t",
            over="every",
            domain=(0, STEPS),
            height=230,
            wide=True,
            series=[Series("longest", "the best-placed loss", "value"), Series("back", "the loss at t", "query")],
        ),
    ],
    readouts=[
        Readout("back", "steps back that this loss reaches"),
        Readout("missed", "earlier steps that it misses"),
        Readout("longest", "steps back at best"),
    ],
    prediction=Prediction(
        question="the gradient is cut every 4 steps. How many steps back does the best-placed loss reach?",
        answers=("3", "4", "8"),
        right=0,
        because="Pieces of 4 steps: their last step reaches the other three. All other losses of the piece reach less, "
        "and the first one of each piece reaches nothing before itself.",
    ),
    code="from transformer_edu.explorers.recurrent.truncated_steps import reached_by\n\n"
    'reached_by(every={every}, step={step})["cut"]',
    alt="Cut every {every} steps, the loss at step {step} reaches {back} steps back and misses {missed}.",
    note="An untrained LSTM of width 8 on 12 random tokens; norms of Jacobians by automatic differentiation, each row "
    "divided by its entry on the diagonal. What comes out of the forward pass is the same for every k.",
)
