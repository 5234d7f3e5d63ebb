"""The second idea, and why it fails: squeeze the position into the interval from 0 to 1."""

import torch
from jaxtyping import Float
from torch import Tensor

from transformer_edu.positions.integer import integer_positions


def sigmoid_positions(
    length: int, dim: int, *, first: int = 0, device: torch.device | str | None = None
) -> Float[Tensor, "token dim"]:
    """Return the logistic function of the position in each feature.

        PE[p, i] = 1 / (1 + e⁻ᵖ)

    A counter-example. The code is bounded, but the gap between neighbors shrinks like e⁻ᵖ: in float32, position 17 and
    all that follow have the same code, the number 1. What is squeezed has to be told apart again.

    Cost: O(length · dim).
    Raises: ValueError if length or dim is below 1.
    Source: a convention of this book.
    """
    return integer_positions(length, dim, first=first, device=device).sigmoid()
