"""What should a position code do? Wishes, as numbers."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Requirements(NamedTuple):
    """How well a code keeps the wishes: positions told apart, their smallest gap, the longest and shortest code."""

    told_apart: Int[Tensor, ""]
    smallest_gap: Float[Tensor, ""]
    longest: Float[Tensor, ""]
    shortest: Float[Tensor, ""]


def requirements(codes: Float[Tensor, "token dim"], *, tolerance: float = 1e-3) -> Requirements:
    """Measure codes of positions: are they different, and do they stay as long as each other?

        gap(p) = min over q ≠ p of ‖PE[p] − PE[q]‖,   told apart: the positions with gap(p) > tolerance

    A position counts as told apart if no other code lies within `tolerance` of its own. Two positions with one code
    are lost both. How much a code drowns the token, the second wish, is told by the longest code, and by token_kept.
    The third, that a code does not depend on the length of the text, is a matter of the signature: a function of p that
    does not ask for the length. The fourth, that the same distance looks the same everywhere, is not measured here.

    Cost: O(token² · dim) time, O(token²) memory.
    Raises: ValueError for fewer than two positions.
    Source: a convention of this book.
    """
    if len(codes) < 2:
        raise ValueError(f"requirements needs two positions (it compares them), got codes.shape={tuple(codes.shape)}.")
    wide = codes.double()
    apart = torch.cdist(wide, wide, compute_mode="donot_use_mm_for_euclid_dist")
    gaps = apart.fill_diagonal_(float("inf")).min(dim=-1).values
    norms = wide.norm(dim=-1)
    return Requirements((gaps > tolerance).sum(), gaps.min(), norms.max(), norms.min())


def token_kept(tokens: Float[Tensor, "token dim"], codes: Float[Tensor, "token dim"]) -> Float[Tensor, "token"]:
    """Say how much of a token is left once the code of its position is added: 1 = its direction is untouched.

        cos(xₚ, xₚ + PE[p])

    A code far longer than the tokens drowns them: then the sum points where the code points, whatever the word was.

    Cost: O(token · dim).
    Source: a convention of this book.
    """
    return torch.cosine_similarity(tokens, tokens + codes, dim=-1)
