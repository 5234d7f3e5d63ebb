"""The matrix that moves a sinusoidal code: one step is the same turn everywhere."""

import torch
from jaxtyping import Float
from torch import Tensor

from transformer_edu.positions.frequencies import frequencies


def turn_matrix(
    offset: float | int,
    *,
    dim: int,
    base: float = 10000.0,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Float[Tensor, "dim dim"]:
    """Return the matrix R that takes every sinusoidal code to the code `offset` positions later.

        PE[p + k] = Rₖ PE[p],   Rₖ = diag(B₀, B₁, …),   Bᵢ = [[cos kωᵢ, sin kωᵢ], [−sin kωᵢ, cos kωᵢ]]

    R depends on the step k and not on the place p. So a layer that has learned R can look "k positions back" from
    anywhere. R is a rotation: Rₖ Rₖᵀ = I and Rₖ Rₘ = Rₖ₊ₘ. Rotary positions turn a row vector x by the same matrix,
    x Rₚ, that is, pair by pair in the mathematical sense.

    Cost: O(dim²) memory; the turn itself needs only 4 multiplications a pair.
    Raises: ValueError if dim is odd or below 2, or base <= 0.
    Source: [vaswani2017attention] section 3.5, where it is claimed in one sentence.
    """
    angles = offset * frequencies(dim, base=base, device=device)
    turn = torch.diag(angles.cos().repeat_interleave(2))
    even = torch.arange(0, dim, 2, device=device)
    turn[even, even + 1], turn[even + 1, even] = angles.sin(), -angles.sin()
    return turn.to(dtype or torch.get_default_dtype())
