"""Where may a query look? The whole sequence, a window, or a window with a bell curve that does not sum to 1."""

from typing import TypedDict

import torch

from transformer_edu.attention import gaussian_local_weights, local_weights
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Readout, Series, Sweep
from transformer_edu.softmax import softmax

SCORES = (0.2, 1.1, -0.4, 0.6, 2.0, 0.3, -0.8, 0.9, 0.1, 1.4, -0.2, 2.6, 0.4, -0.5, 0.7)
CENTERS = tuple(i / 2 for i in range(2 * len(SCORES) - 1))
RADII = (1, 2, 3, 4, 6, 8)


class Windowed(TypedDict):
    """What `windowed` returns."""

    places: Words
    everywhere: Shown["key", ".3f"]
    inside: Shown["key", ".3f"]
    bell: Shown["key", ".3f"]
    best: Shown[".3f"]
    best_inside: Shown[".3f"]
    left: Shown[".3f"]
    whole: Shown[".3f"]
    pull: Shown[".3f"]


def windowed(*, center: float, radius: int) -> Windowed:
    """Weigh the same scores globally, in a window, and in a window with a bell curve."""
    scores, centers = torch.tensor(SCORES), torch.tensor([center])
    inside = local_weights(scores[None], centers, radius=radius)[0]
    bell = gaussian_local_weights(scores[None], centers, radius=radius)[0]
    return {
        "places": [str(i) for i in range(len(SCORES))],
        "everywhere": softmax(scores),
        "inside": inside,
        "bell": bell,
        "best": bell[11].clone(),
        "best_inside": inside[11].clone(),
        "left": bell.sum(),
        "whole": inside.sum(),
        "pull": 4 * (11 - center) / radius**2 * bell[11],  # the derivative of the bell curve
    }


local_window = Explorer(
    id="local-window",
    title="Look everywhere, or around one place?",
    compute=windowed,
    params=[
        Param(name="center", label="center p of the window", values=CENTERS, start=3.0),
        Param(name="radius", label="radius D", values=RADII, start=2),
    ],
    panels=[
        Bars(
            title="The weights of 15 keys, from the same scores",
            labels="places",
            height=290,
            wide=True,
            domain=(0, 0.8),
            series=[
                Series("everywhere", "global: softmax over all", "query"),
                Series("inside", "local: softmax over the window", "value"),
                Series("bell", "local, times the bell curve", "output"),
            ],
        ),
        Sweep(
            title="Sum of the weights",
            over="center",
            domain=(0, 1.1),
            series=[Series("whole", "window", "value"), Series("left", "window and bell", "output")],
        ),
        Sweep(
            title="Weight of key 11, the best of all",
            over="center",
            domain=(0, 1),
            series=[Series("best_inside", "window", "value"), Series("best", "window and bell", "output")],
        ),
    ],
    readouts=[
        Readout("whole", "sum of the weights: window → with bell", then="left"),
        Readout("best", "weight of key 11, with bell"),
        Readout("pull", "its slope as the center moves"),
    ],
    prediction=Prediction(
        question="center 11, radius 4: the weights of the window are multiplied with the bell curve. Their sum then is",
        answers=("1, as always", "less than 1", "more than 1"),
        right=1,
        because="The softmax in the window sums to 1, and the bell curve makes every weight smaller except the one "
        "at the center. "
        "Luong et al. do not divide by the sum again.",
    ),
    code="import torch\n"
    "from transformer_edu.attention import gaussian_local_weights, local_weights\n\n"
    f"scores = torch.tensor([{list(SCORES)}])\n"
    "center = torch.tensor([{center}])\n"
    "(local_weights(scores, center, radius={radius}), gaussian_local_weights(scores, center, radius={radius}))",
    alt="15 keys and a window of radius {radius} around {center}: the weights in the window sum to {whole}, and to "
    "{left} "
    "when they are multiplied with the bell curve. Key 11, the best of all, gets {best}.",
    note="Scores are fixed numbers. The bell curve has the width σ = D/2. The slope is the derivative of key 11's "
    "weight with respect "
    "to the center: what training would use to move it. It is 0 where key 11 lies outside the window.",
)
