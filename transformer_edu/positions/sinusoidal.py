"""A position as many clock hands, from fast to slow: the code of the first Transformer."""

import torch
from einops import rearrange
from jaxtyping import Float, Int, Real
from torch import Tensor, nn

from transformer_edu.positions.frequencies import frequencies
from transformer_edu.softmax import widen


def sinusoidal(
    length: int,
    dim: int,
    *,
    base: float = 10000.0,
    first: int = 0,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Float[Tensor, "token dim"]:
    """Return the codes of `length` positions in a row, sine and cosine by turns.

        PE[p, 2i] = sin(p ωᵢ),   PE[p, 2i + 1] = cos(p ωᵢ),   ωᵢ = base^(−2i / dim)

    Each pair of features is the hand of a clock that turns by ωᵢ a step. So p + k is p turned by a fixed matrix,
    PE[p + k] = Rₖ PE[p]; the dot product of two codes depends on their distance only, Σᵢ cos((p − q) ωᵢ); and every
    code has the norm √(dim/2). Nothing is learned, and any position has a code.

    first: the position of the first row. Tokens that continue a sequence (key/value cache) start where it stopped.
    The paper prints sine and cosine by turns, as here; its authors' code concatenates them: see sinusoidal_halves.

    Cost: O(length · dim).
    Raises: ValueError if length < 1, dim is odd or below 2, or base <= 0.
    Source: [vaswani2017attention] section 3.5.
    """
    angles = _angles(length, dim, base=base, first=first)
    codes = rearrange([angles.sin(), angles.cos()], "wave token pair -> token (pair wave)")
    return codes.to(device=device or torch.get_default_device(), dtype=dtype or torch.get_default_dtype())


def sinusoidal_halves(
    length: int,
    dim: int,
    *,
    base: float = 10000.0,
    first: int = 0,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Float[Tensor, "token dim"]:
    """Return the same codes in another order of features: first all sines, then all cosines.

        PE[p, i] = sin(p ωᵢ),   PE[p, dim/2 + i] = cos(p ωᵢ)

    A model that learns its own first layer does not care, so both are right. A checkpoint cares: its weights were
    trained for one order. Marian and the authors' tensor2tensor use this one. (Both also stretch the frequencies a
    little: their slowest is exactly 1/base. Hugging Face's Marian does not, and has the numbers of this formula.)

    Cost: O(length · dim).
    Raises: ValueError if length < 1, dim is odd or below 2, or base <= 0.
    Source: [junczys2018marian]; the order of the code published with [vaswani2017attention].
    """
    angles = _angles(length, dim, base=base, first=first)
    codes = rearrange([angles.sin(), angles.cos()], "wave token pair -> token (wave pair)")
    return codes.to(device=device or torch.get_default_device(), dtype=dtype or torch.get_default_dtype())


def sinusoidal_at(
    positions: Real[Tensor, "*position"], *, dim: int, base: float = 10000.0
) -> Float[Tensor, "*position dim"]:
    """Return the codes of any positions: negative ones, fractions, distances between tokens.

        PE[p, 2i] = sin(p ωᵢ),   PE[p, 2i + 1] = cos(p ωᵢ)

    Positions that are whole numbers give codes in torch's default type, others codes in their own type.

    Cost: O(position · dim).
    Raises: ValueError if dim is odd or below 2, or if base <= 0.
    Source: [vaswani2017attention] section 3.5.
    """
    angles = positions.double()[..., None] * frequencies(dim, base=base, device=positions.device)
    codes = rearrange([angles.sin(), angles.cos()], "wave ... pair -> ... (pair wave)")
    return codes.to(positions.dtype if positions.is_floating_point() else torch.get_default_dtype())


class AddSinusoidal(nn.Module):
    """Be the `place` of Positions, or the `enter`: each token gets the sinusoidal code of its place.

        x ← x + PE[p]

    Cost: O(token · dim); nothing is learned.
    Raises: ValueError if dim is odd, or base <= 0.
    Source: [vaswani2017attention] section 3.5.
    """

    reads_rows = False

    def __init__(self, *, base: float = 10000.0):
        super().__init__()
        self.base = base

    def forward(
        self, tokens: Float[Tensor, "*batch token dim"], places: Int[Tensor, "*#batch token"]
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the tokens with the codes of their places added."""
        wide = widen(tokens)
        return (wide + sinusoidal_at(places.to(wide.dtype), dim=tokens.shape[-1], base=self.base)).to(tokens.dtype)


def _angles(length: int, dim: int, *, base: float, first: int) -> Float[Tensor, "token feature_pair"]:
    if length < 1:
        raise ValueError(f"sinusoidal needs length >= 1 (it counts positions), got length={length}.")
    positions = torch.arange(first, first + length, dtype=torch.float64, device="cpu")
    return positions[:, None] * frequencies(dim, base=base, device="cpu")
