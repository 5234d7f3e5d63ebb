"""Keys and values that were projected before: what a memory looks like to the heads."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Projected(NamedTuple):
    """A memory as the heads see it. Project it once, look at it with as many queries as you like."""

    keys: Float[Tensor, "*batch head key head_dim"]
    values: Float[Tensor, "*batch head key head_dim"]
