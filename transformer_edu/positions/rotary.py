"""Rotary positions: turn queries and keys by their position, so that their product sees the distance."""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from transformer_edu.positions.frequencies import frequencies
from transformer_edu.softmax import widen


def rotary(
    vectors: Float[Tensor, "*batch token head_dim"], *, first: int = 0, base: float = 10000.0
) -> Float[Tensor, "*batch token head_dim"]:
    """Turn neighboring features (2i, 2i + 1) of each query or key by position · ωᵢ.

        (x₂ᵢ, x₂ᵢ₊₁) → (x₂ᵢ cos pωᵢ − x₂ᵢ₊₁ sin pωᵢ,  x₂ᵢ sin pωᵢ + x₂ᵢ₊₁ cos pωᵢ),   ωᵢ = base^(−2i / head_dim)

    A product of two turned vectors depends on the difference of their turns, ⟨Rₚ q, Rₛ k⟩ = ⟨q, Rₛ₋ₚ k⟩: positions
    enter absolutely and come out relative. Turn queries and keys, in every layer and every head alike. Values are not
    turned: what a token hands over does not depend on where it stands. The norm stays.

    first: the position of the first vector; a cache keeps keys as they were turned.

    Cost: O(token · head_dim).
    Raises: ValueError if head_dim is odd, or base <= 0.
    Source: [su2024roformer] eq. 34, whose pairs these are; Meta's code for Llama has them too. GPT-NeoX, and Llama in
        Hugging Face's code, pair otherwise: rotary_halves.
    """
    cos, sin = _turns("rotary", vectors, first, base)
    even, odd = rearrange(widen(vectors), "... token (pair two) -> two ... token pair", two=2)
    turned = [even * cos - odd * sin, even * sin + odd * cos]
    return rearrange(turned, "two ... token pair -> ... token (pair two)").to(vectors.dtype)


def rotary_halves(
    vectors: Float[Tensor, "*batch token head_dim"], *, first: int = 0, base: float = 10000.0
) -> Float[Tensor, "*batch token head_dim"]:
    """Turn features that lie half a head apart, (i, i + head_dim/2): the same turns, other partners.

        (xᵢ, xᵢ₊ₕ) → (xᵢ cos pωᵢ − xᵢ₊ₕ sin pωᵢ,  xᵢ sin pωᵢ + xᵢ₊ₕ cos pωᵢ),   h = head_dim/2

    As good as rotary, and faster to write without strides. But not interchangeable: a checkpoint trained with one
    pairing and run with the other gives no error and wrong numbers.

    Cost: O(token · head_dim).
    Raises: ValueError if head_dim is odd, or base <= 0.
    Source: [su2024roformer]; the pairing is that of [black2022gptneox], and of Llama in Hugging Face's code.
    """
    cos, sin = _turns("rotary_halves", vectors, first, base)
    left, right = rearrange(widen(vectors), "... token (two pair) -> two ... token pair", two=2)
    turned = [left * cos - right * sin, left * sin + right * cos]
    return rearrange(turned, "two ... token pair -> ... token (two pair)").to(vectors.dtype)


def _turns(function: str, vectors: Tensor, first: int, base: float) -> tuple[Tensor, Tensor]:
    """Return cosine and sine of position · ω, in the type that the turn is computed in."""
    token, head_dim = vectors.shape[-2:]
    if head_dim < 2 or head_dim % 2:
        raise ValueError(f"{function} needs an even head_dim (features turn in pairs), got head_dim={head_dim}.")
    positions = torch.arange(first, first + token, dtype=torch.float64, device=vectors.device)
    angles = positions[:, None] * frequencies(head_dim, base=base, device=vectors.device)
    wide = widen(vectors).dtype
    return angles.cos().to(wide), angles.sin().to(wide)
