"""Sixteen random items, each with a random value, and a query that is one of them, disturbed by noise: which one?

The right answer is that item's value. It is the smallest task in which a score has something to find.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

ITEMS, WIDTH, VALUE_DIM, NOISE = 16, 16, 8, 0.5


class NoisyKeys(NamedTuple):
    """Queries, the items to choose from with their values, and the places of the right ones."""

    queries: Float[Tensor, "batch width"]
    items: Float[Tensor, "batch key width"]
    values: Float[Tensor, "batch key value_dim"]
    places: Int[Tensor, "batch"]


def draw_noisy_keys(count: int, *, generator: torch.Generator) -> NoisyKeys:
    """Draw examples; the noise is half as large as the items."""
    items = torch.randn(count, ITEMS, WIDTH, generator=generator)
    values = torch.randn(count, ITEMS, VALUE_DIM, generator=generator)
    places = torch.randint(0, ITEMS, (count,), generator=generator)
    queries = items[torch.arange(count), places] + NOISE * torch.randn(count, WIDTH, generator=generator)
    return NoisyKeys(queries, items, values, places)
