"""Rotary positions: turn queries and keys by their position, so that their product sees the distance."""

from collections.abc import Callable

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

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
    return rotary_at(vectors, _counted(vectors, first), base=base)


def rotary_at(
    vectors: Float[Tensor, "*batch token head_dim"], places: Int[Tensor, "*#batch token"], *, base: float = 10000.0
) -> Float[Tensor, "*batch token head_dim"]:
    """Turn neighboring features of queries or keys that stand at any places, each by its place · ωᵢ: see rotary.

    Cost: O(token · head_dim).
    Raises: ValueError if head_dim is odd, or base <= 0.
    Source: [su2024roformer] eq. 34.
    """
    _check_pairs("rotary", vectors)
    cos, sin = _turns(vectors, places, base)
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
    return rotary_halves_at(vectors, _counted(vectors, first), base=base)


def rotary_halves_at(
    vectors: Float[Tensor, "*batch token head_dim"], places: Int[Tensor, "*#batch token"], *, base: float = 10000.0
) -> Float[Tensor, "*batch token head_dim"]:
    """Turn features half a head apart of queries or keys that stand at any places: see rotary_halves.

    Cost: O(token · head_dim).
    Raises: ValueError if head_dim is odd, or base <= 0.
    Source: [black2022gptneox], and Llama in Hugging Face's code.
    """
    _check_pairs("rotary_halves", vectors)
    partners = rearrange(vectors, "... token (two pair) -> ... token (pair two)", two=2)  # side by side
    turned = rotary_at(partners, places, base=base)
    return rearrange(turned, "... token (pair two) -> ... token (two pair)", two=2)


class Rotary(nn.Module):
    """Be the `turn` of Positions: queries and keys are turned by their places, in each layer and head alike.

    turned: which features are partners, rotary_at or rotary_halves_at; a checkpoint asks for its own.

    Cost: O(token · head_dim); nothing is learned.
    Raises: ValueError if head_dim is odd, or base <= 0.
    Source: [su2024roformer] section 3.4.
    """

    reads_rows = False

    def __init__(self, *, base: float = 10000.0, turned: Callable[..., Tensor] = rotary_at):
        super().__init__()
        self.base, self.turned = base, turned

    def forward(
        self, vectors: Float[Tensor, "*batch head token head_dim"], places: Int[Tensor, "*#batch token"]
    ) -> Float[Tensor, "*batch head token head_dim"]:
        """Return the vectors, turned."""
        return self.turned(vectors, rearrange(places, "... token -> ... 1 token"), base=self.base)


def _counted(vectors: Tensor, first: int) -> Tensor:
    return torch.arange(first, first + vectors.shape[-2], device=vectors.device)


def _check_pairs(function: str, vectors: Tensor) -> None:
    head_dim = vectors.shape[-1]
    if head_dim < 2 or head_dim % 2:
        raise ValueError(f"{function} needs an even head_dim (features turn in pairs), got head_dim={head_dim}.")


def _turns(vectors: Tensor, places: Tensor, base: float) -> tuple[Tensor, Tensor]:
    """Return cosine and sine of position · ω, in the type that the turn is computed in."""
    angles = places.double()[..., None] * frequencies(vectors.shape[-1], base=base, device=vectors.device)
    wide = widen(vectors).dtype
    return angles.cos().to(wide), angles.sin().to(wide)
