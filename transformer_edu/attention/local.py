"""Local attention: each query looks at a window around one place, and the place may be learned.

Global or local says *where* a query may look; soft or hard (see hard.py) says *how* it reads. All four combinations
work: the weights of this file go to soft_attention or to hard_attention.
"""

from typing import NamedTuple

import torch
from einops import einsum, rearrange, repeat
from jaxtyping import Bool, Float, Int
from torch import Tensor

from transformer_edu.softmax import masked_softmax, widen


class Windows(NamedTuple):
    """For each query the tokens around its center, their positions, and which of them lie inside the sequence."""

    tokens: Float[Tensor, "*batch query window dim"]
    positions: Int[Tensor, "*batch query window"]
    allowed: Bool[Tensor, "*batch query window"]


def monotonic_centers(*, queries: int, device: torch.device | str | None = None) -> Float[Tensor, "query"]:
    """Let query t look around position t, as if both sequences ran side by side.

        pₜ = t

    Cost: O(query).
    Source: [luong2015effective] section 3.2, "local-m".
    """
    return torch.arange(queries, dtype=torch.get_default_dtype(), device=device)


def predicted_centers(
    queries: Float[Tensor, "*batch query query_dim"],
    weight: Float[Tensor, "query_dim hidden"],
    vector: Float[Tensor, "hidden"],
    lengths: Int[Tensor, "*batch"],
) -> Float[Tensor, "*batch query"]:
    """Let each query say around which place it looks: a real number between 0 and the length of its sequence.

        pₜ = S · sigmoid(v · tanh(qₜ W)),   S = length

    Cost: query · (query_dim + 1) · hidden multiply-adds.
    Source: [luong2015effective] eq. 9.
    """
    logits = einsum((widen(queries) @ widen(weight)).tanh(), widen(vector), "... query hidden, hidden -> ... query")
    return (rearrange(lengths, "... -> ... 1") * logits.sigmoid()).to(queries.dtype)


def local_weights(
    scores: Float[Tensor, "*batch query key"],
    centers: Float[Tensor, "*#batch query"],
    *,
    radius: int,
    allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
) -> Float[Tensor, "*batch query key"]:
    """Share one unit of weight among the keys of a window.

        wₜₛ = softmax over |s - pₜ| ≤ D of the scores,   D = radius

    With pₜ = t that is the paper's local-m, and for a whole pₜ the mask of sliding_window(D + 1). A window that sticks
    out at an end is cut there. The edge of the window does not feel a small move of pₜ, so pₜ gets no gradient; that
    is what gaussian_local_weights is for.

    Cost: O(query · key) for the table. A model that gathers its windows pays query · (2 D + 1), see windows_around.
    Raises: ValueError if radius < 1.
    Source: [luong2015effective] section 3.2, "local-m"; eq. 7 inside the window.
    """
    _check_radius("local_weights", radius)
    positions = torch.arange(scores.shape[-1], device=scores.device)
    inside = (positions - rearrange(centers, "... query -> ... query 1")).abs() <= radius
    return masked_softmax(scores, inside if allowed is None else inside & allowed)


def gaussian_local_weights(
    scores: Float[Tensor, "*batch query key"],
    centers: Float[Tensor, "*#batch query"],
    *,
    radius: int,
    allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
) -> Float[Tensor, "*batch query key"]:
    """Multiply the weights of the window with a bell curve around its center.

        wₜₛ = softmax over |s - pₜ| ≤ D of the scores · exp(-(s - pₜ)² / 2σ²),   σ = D/2

    The product is *not* divided by its sum: the weights add up to less than 1, and a window whose best key lies far
    from its center hands on a short output. The bell curve is what lets pₜ learn. At the edge of the window, 2σ away,
    it is e⁻² = 0.14; so weights still jump a little where a moving window takes in one key and drops another.

    Cost: as local_weights, and one exponential for each key.
    Raises: ValueError if radius < 1.
    Source: [luong2015effective] eq. 10, "local-p".
    """
    _check_radius("gaussian_local_weights", radius)
    positions = torch.arange(scores.shape[-1], device=scores.device)
    distances = positions - rearrange(widen(centers), "... query -> ... query 1")
    bell = (-2 * (distances / radius).square()).exp()  # 2σ² = D²/2
    weights = local_weights(widen(scores), widen(centers), radius=radius, allowed=allowed)
    return (weights * bell).to(scores.dtype)


def windows_around(
    tokens: Float[Tensor, "*batch key dim"], centers: Float[Tensor, "*batch query"], *, radius: int
) -> Windows:
    """Gather, for each query, the 2 D + 1 tokens around its center, so that no table of query × key is ever built.

        positions = floor(pₜ) - D … floor(pₜ) + D

    Score them with any score function, each query among its own window: `score(queries[..., :, None, :], tokens)` has
    the axes "*batch query 1 window". Places outside the sequence are filled with its ends and marked as not allowed,
    and so is a first one that is farther from pₜ than D: what is allowed are exactly the keys of local_weights.

    Cost: query · (2 D + 1) · dim numbers are copied; the sequence may be as long as it likes.
    Raises: ValueError if radius < 1.
    Source: [luong2015effective] section 3.2.
    """
    _check_radius("windows_around", radius)
    keys = tokens.shape[-2]
    offsets = torch.arange(-radius, radius + 1, device=tokens.device)
    places = rearrange(centers.detach().floor().long(), "... query -> ... query 1") + offsets
    near = (places - rearrange(centers, "... query -> ... query 1")).abs() <= radius
    positions = places.clamp(0, keys - 1)
    flat = repeat(positions, "... query window -> ... (query window) dim", dim=tokens.shape[-1])
    found = rearrange(tokens.gather(-2, flat), "... (query window) dim -> ... query window dim", query=places.shape[-2])
    return Windows(found, positions, near & (places == positions))


def _check_radius(function: str, radius: int) -> None:
    if radius < 1:
        raise ValueError(f"{function} needs radius >= 1 (the bell curve has the width D/2), got radius={radius}.")
