"""The third idea, and why it fails: one wave. Bounded, and equally fine everywhere, but it comes back."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from transformer_edu.positions.integer import integer_positions


def single_sine(
    length: int, dim: int, *, wavelength: float, first: int = 0, device: torch.device | str | None = None
) -> Float[Tensor, "token dim"]:
    """Return one sine of the position in each feature.

        PE[p, i] = sin(2π p / wavelength)

    A counter-example. Two positions one wavelength apart have the same code, and so have two that lie at equal
    distances before and after a crest. A long wavelength repeats late but makes neighbors almost equal: one wave
    cannot do both. Many waves can, see sinusoidal.

    Cost: O(length · dim).
    Raises: ValueError if length or dim is below 1, or if wavelength <= 0.
    Source: a convention of this book.
    """
    if not wavelength > 0:
        raise ValueError(f"single_sine needs wavelength > 0 (a wave has a length), got wavelength={wavelength}.")
    return (2 * math.pi / wavelength * integer_positions(length, dim, first=first, device=device)).sin()
