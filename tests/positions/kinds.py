"""Every kind of positions as an object, with random parameters, for tests that try them all."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from transformer_edu.positions import (
    AddLearned,
    AddSinusoidal,
    AddSinusoidal2d,
    Alibi,
    GridBias,
    LearnedPositions,
    Positions,
    Rotary,
    ShawKeys,
    ShawValues,
    T5Bias,
    TransformerXLBias,
    count_places,
    rotary_halves_at,
    t5_buckets,
    t5_causal_buckets,
)

DIM, HEADS, SHARED = 24, 6, 3  # what is turned or added is as wide as it must be: head_dim is 4
ROWS = 50


class Kind(NamedTuple):
    """How to make the object, the scale it wants, whether only distances count, and how many numbers a place has."""

    make: Callable[[], Positions]
    scale: float | None = None
    is_relative: bool = True
    axes: int = 1


def shaw():
    return Positions(bias=ShawKeys(DIM // HEADS, clip=2), mix=ShawValues(DIM // HEADS, clip=3))


IN_LAYERS = {
    "none": Kind(Positions),
    "rotary": Kind(lambda: Positions(turn=Rotary())),
    "rotary in halves": Kind(lambda: Positions(turn=Rotary(turned=rotary_halves_at, base=50.0))),
    "ALiBi": Kind(lambda: Positions(bias=Alibi(HEADS))),
    "Shaw": Kind(shaw),
    "T5": Kind(lambda: Positions(bias=T5Bias(HEADS, sort=t5_buckets, buckets=8, farthest=6)), scale=1.0),
    "causal T5": Kind(lambda: Positions(bias=T5Bias(HEADS, sort=t5_causal_buckets, buckets=6)), scale=1.0),
    "Transformer-XL": Kind(lambda: Positions(bias=TransformerXLBias(DIM, heads=HEADS))),
    "rotary and ALiBi": Kind(lambda: Positions(turn=Rotary(), bias=Alibi(HEADS))),
    "sinusoidal entering": Kind(lambda: Positions(enter=AddSinusoidal()), is_relative=False),
    "learned entering": Kind(lambda: Positions(enter=AddLearned(LearnedPositions(ROWS, DIM))), is_relative=False),
    "2-D sines entering": Kind(lambda: Positions(enter=AddSinusoidal2d()), is_relative=False, axes=2),
    "grid bias": Kind(lambda: Positions(bias=GridBias(4, 5, heads=HEADS)), axes=2),
}
AT_THE_START = {
    "sinusoidal": Kind(lambda: Positions(place=AddSinusoidal()), is_relative=False),
    "learned": Kind(lambda: Positions(place=AddLearned(LearnedPositions(ROWS, DIM))), is_relative=False),
    "2-D sines": Kind(lambda: Positions(place=AddSinusoidal2d()), is_relative=False, axes=2),
}
KINDS = IN_LAYERS | AT_THE_START


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def draw_parameters(module, *, seed=100, dtype=torch.float64):
    """Draw every parameter of a module anew, so that none is 0 by chance of its start."""
    module = module.to(dtype)
    for number, parameter in enumerate(module.parameters()):
        parameter.data = draw(*parameter.shape, seed=seed + number, dtype=dtype) / 2
    return module


def some_places(kind: Kind, count: int, *, shift: int = 0) -> Tensor:
    """Return places of so many tokens in a row, or of the first places of a grid with five columns."""
    counted = count_places(torch.zeros(count, 1))
    return counted + shift if kind.axes == 1 else torch.stack([counted // 5 + shift, counted % 5 + shift], dim=-1)
