"""Keys and values that were projected before: what a memory looks like to the heads."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Projected(NamedTuple):
    """A memory as the heads see it. Project it once, look at it with as many queries as you like.

    Keys that places change (turned, or entered) are so already. A bias asks for places at each look: hand them in again
    as key_places, unless the keys stand at 0, 1, 2, …
    """

    keys: Float[Tensor, "*batch key_head key head_dim"]
    values: Float[Tensor, "*batch key_head key head_dim"]
