"""Which codes tell positions apart, and which ones leave something of the token?"""

from typing import TypedDict

import torch

from transformer_edu.data import random_vectors, seeded
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Pick, Prediction
from transformer_edu.explorers.panels import Heatmap, Readout, Series, Sweep
from transformer_edu.positions import (
    integer_positions,
    requirements,
    sigmoid_positions,
    single_sine,
    sinusoidal,
    token_kept,
)

POSITIONS = 16
KINDS = ("integer", "sigmoid", "one sine", "random table", "sinusoidal")
CODES = (
    "integer_positions(16, {dim})",
    "sigmoid_positions(16, {dim})",
    "single_sine(16, {dim}, wavelength=12.0)",
    "random_vectors(16, {dim}, generator=seeded(0))",
    "sinusoidal(16, {dim}, base={base})",
)


def codes_of(kind: str, dim: int, base: float) -> torch.Tensor:
    """Return the codes of 16 positions."""
    return {
        "integer": lambda: integer_positions(POSITIONS, dim),
        "sigmoid": lambda: sigmoid_positions(POSITIONS, dim),
        "one sine": lambda: single_sine(POSITIONS, dim, wavelength=12.0),
        "random table": lambda: random_vectors(POSITIONS, dim, generator=seeded(0)),
        "sinusoidal": lambda: sinusoidal(POSITIONS, dim, base=base),
    }[kind]()


class CompareCodes(TypedDict):
    """What `compare_codes` returns."""

    positions: Words
    features: Words
    codes: Shown["position feature", ".2f"]
    similarity: Shown["position position", ".2f"]
    gaps: Shown["position", ".4f"]
    told_apart: Shown["d"]
    smallest_gap: Shown[".4f"]
    longest: Shown[".2f"]
    kept: Shown[".3f"]
    untouched: Shown[".1f"]


def compare_codes(*, kind: str, dim: int, base: float) -> CompareCodes:
    """Compare the codes of 16 positions with each other, and with the tokens that they are added to."""
    codes = codes_of(kind, dim, base)
    found = requirements(codes)
    products = codes @ codes.T
    apart = torch.cdist(codes, codes, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(float("inf"))
    tokens = random_vectors(2000, dim, generator=seeded(1))
    return {
        "positions": [str(p) for p in range(POSITIONS)],
        "features": [str(i) for i in range(dim)],
        "codes": codes / codes.abs().max(),
        "similarity": products / products.abs().max(),
        "gaps": apart.min(dim=-1).values,
        "told_apart": found.told_apart,
        "smallest_gap": found.smallest_gap,
        "longest": found.longest,
        "kept": token_kept(tokens, codes.repeat(125, 1)).mean(),
        "untouched": torch.tensor(1.0),
    }


position_codes = Explorer(
    id="position-codes",
    title="Can this code tell 16 positions apart?",
    compute=compare_codes,
    params=[
        Param(
            name="kind",
            label="code",
            values=KINDS,
            start="integer",
            choice=True,
            codes=CODES,
            labels=(
                "the position itself",
                "its sigmoid",
                "one sine, wavelength 12",
                "a table, as drawn",
                "sinusoidal: many waves",
            ),
        ),
        Param(name="dim", label="width dim", values=(2, 4, 8, 16, 32), start=16, live=(2, 4, 8, 16, 32, 64, 128)),
        Param(name="base", label="base (sinusoidal only)", values=(2.0, 10.0, 100.0, 10000.0), start=10000.0),
    ],
    picks=[Pick(name="position", label="look at position", of="positions", start=2)],
    panels=[
        Heatmap(
            title="Products of all codes with each other, divided by the largest",
            array="similarity",
            scale="signed",
            domain=(-1, 1),
            rows="positions",
            columns="positions",
            row_label="position",
            column_label="position",
            mark=["position"],
            height=320,
        ),
        Heatmap(
            title="The codes, divided by the largest",
            array="codes",
            scale="signed",
            domain=(-1, 1),
            rows="positions",
            columns="features",
            row_label="position",
            column_label="feature",
            height=220,
        ),
        Sweep(
            title="What is left of a token's direction: mean cosine of token and token + code",
            over="dim",
            x_log=True,
            domain=(0, 1),
            height=180,
            wide=True,
            series=[Series("kept", "kept", "query"), Series("untouched", "untouched", "value", dash=True)],
        ),
    ],
    readouts=[
        Readout("told_apart", "positions told apart", "of 16"),
        Readout("smallest_gap", "smallest gap between two codes"),
        Readout("gaps", "from this position to the nearest other code", pick="position"),
        Readout("longest", "longest code"),
        Readout("kept", "left of a token"),
    ],
    prediction=Prediction(
        question="positions are squeezed by a sigmoid into ½ … 1. Two codes closer than 0.001 count as one. How many "
        "of 16 are told apart?",
        answers=("all 16", "about 12", "fewer than 10"),
        right=2,
        because="The gap between neighbors shrinks like e⁻ᵖ. Width helps a little, since the same number stands in "
        "every feature, but from position 17 on all codes are exactly alike in float32. Squeezing is not coding.",
    ),
    code="from transformer_edu.positions import integer_positions, requirements, sigmoid_positions, single_sine, "
    "sinusoidal\n"
    "from transformer_edu.data import random_vectors, seeded\n\n"
    "codes = {kind}\n"
    "requirements(codes)[:3]",
    alt="Codes of kind {kind}, width {dim}: {told_apart} of 16 positions are told apart; the smallest gap is "
    "{smallest_gap}, the longest code {longest}; {kept} of a token's direction is left.",
    note="Told apart: no other code within 0.001. Tokens are random, each feature with variance 1. The table is "
    "random and not trained.",
)
