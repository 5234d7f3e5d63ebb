"""Estimate a gradient from draws: how far do the estimates scatter, and what does a baseline change?"""

from typing import TypedDict

import torch

from transformer_edu.attention import (
    best_baseline,
    expected_reward_gradient,
    score_function_gradient,
    score_function_variance,
)
from transformer_edu.data import seeded
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Heatmap, Readout, Series, Sweep
from transformer_edu.softmax import sample, softmax

SCORES = (0.5, 0.0, -0.5, 1.0, 0.2)
REWARDS = (1.0, 0.0, 0.5, 0.2, 0.8)
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
LIFTS = (0.0, 1.0, 3.0, 10.0)
REPEATS = 100


class Estimated(TypedDict):
    """What `estimated` returns."""

    exact: Shown["key", ".3f"]
    keys: Words
    without_error: Shown[".2s"]
    without_theory: Shown[".2s"]
    with_error: Shown[".2s"]
    with_theory: Shown[".2s"]
    best_error: Shown[".2s"]
    best_theory: Shown[".2s"]
    rows: Shown["estimate key", ".2f"]
    kinds: Words
    length: Shown[".3f"]
    times: Shown[".3s"]


def estimated(*, draws: int, lift: float) -> Estimated:
    """Repeat the mean of so many draws a hundred times, with and without a baseline, beside the exact gradient."""
    weights = softmax(torch.tensor(SCORES, dtype=torch.float64))
    rewards = torch.tensor(REWARDS, dtype=torch.float64) + lift
    exact = expected_reward_gradient(weights, rewards)
    drawn = sample(weights.expand(REPEATS, -1), count=draws, generator=seeded(7))
    mean = (weights * rewards).sum(-1, keepdim=True)
    answer: dict[str, object] = {"exact": exact, "keys": [f"key {i + 1}" for i in range(len(SCORES))]}
    rows = [exact]
    baselines = {"without": torch.zeros_like(mean), "with": mean, "best": best_baseline(weights, rewards)}
    for name, baseline in baselines.items():
        rows_of = weights.expand(REPEATS, -1)
        estimates = score_function_gradient(rows_of, drawn, rewards[drawn], baseline=baseline).mean(dim=-2)
        measured = (estimates - exact).square().sum(-1).mean()
        theory = score_function_variance(weights, rewards, baseline=baseline) / draws
        answer |= {f"{name}_error": measured.sqrt(), f"{name}_theory": theory.sqrt()}
        rows.append(estimates[0])
    rows = torch.stack(rows[:3])
    return answer | {
        "rows": rows,
        "kinds": ["exact", "no baseline", "baseline"],
        "length": exact.norm(),
        "times": (answer["without_theory"] / answer["with_theory"]) ** 2,
    }


hard_gradient = Explorer(
    id="hard-gradient",
    title="A gradient from draws: how many does it take?",
    compute=estimated,
    params=[
        Param(name="draws", label="draws that one estimate averages", values=COUNTS, start=10),
        Param(name="lift", label="add this to every reward", values=LIFTS, start=0.0),
    ],
    panels=[
        Sweep(
            title="Typical distance of an estimate from the exact gradient",
            over="draws",
            x_log=True,
            y_log=True,
            domain=(0.003, 20),
            height=280,
            series=[
                Series("without_error", "no baseline", "key"),
                Series("without_theory", "theory", "key", dash=True),
                Series("with_error", "baseline: mean reward", "query"),
                Series("with_theory", "theory", "query", dash=True),
            ],
        ),
        Heatmap(
            title="The exact gradient, and one estimate of each kind",
            array="rows",
            scale="signed",
            domain=(-0.5, 0.5),
            rows="kinds",
            columns="keys",
            row_label="",
            column_label="key",
            height=210,
        ),
    ],
    readouts=[
        Readout("length", "length of the exact gradient"),
        Readout("without_error", "typical distance: no baseline → baseline", then="with_error"),
        Readout("times", "draws that the baseline saves, factor"),
    ],
    prediction=Prediction(
        question="you add 3 to all rewards. The exact gradient",
        answers=("becomes larger", "stays the same", "becomes noisy"),
        right=1,
        because="Only differences of rewards move the mean reward. But an estimate without a baseline multiplies its "
        "noise by "
        "the whole reward, so it scatters more; the baseline takes the 3 out again.",
    ),
    code="import torch\n"
    "from transformer_edu.attention import expected_reward_gradient, score_function_variance\n"
    "from transformer_edu.softmax import softmax\n\n"
    f"weights = softmax(torch.tensor({list(SCORES)}, dtype=torch.float64))\n"
    f"rewards = torch.tensor({list(REWARDS)}, dtype=torch.float64) + {{lift}}\n"
    "mean = (weights * rewards).sum(-1, keepdim=True)\n"
    "(expected_reward_gradient(weights, rewards),\n"
    " (score_function_variance(weights, rewards) / {draws}).sqrt(),\n"
    " (score_function_variance(weights, rewards, baseline=mean) / {draws}).sqrt())",
    alt="Estimates from {draws} draws, rewards lifted by {lift}: the exact gradient has length {length}; estimates "
    "miss it "
    "by {without_error} without a baseline and by {with_error} with the mean reward as baseline.",
    note="Solid: the root of the mean squared distance over a hundred repetitions, with the same draws at every "
    "lift. Dashed: √(Var / "
    "draws), from the closed form of score_function_variance. The baseline here is the exact mean reward; in "
    "training it "
    "is estimated.",
)
