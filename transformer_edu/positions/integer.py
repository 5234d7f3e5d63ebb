"""The first idea, and why it fails: write the number of the position into the vector."""

import torch
from jaxtyping import Float
from torch import Tensor


def integer_positions(
    length: int, dim: int, *, first: int = 0, device: torch.device | str | None = None
) -> Float[Tensor, "token dim"]:
    """Return the position itself in each feature.

        PE[p, i] = p

    A counter-example. All positions differ, but the code grows without bound: soon it is so much longer than the token
    that their sum says where, and no longer what.

    Cost: O(length · dim).
    Raises: ValueError if length or dim is below 1.
    Source: a convention of this book.
    """
    _check("integer_positions", length, dim)
    positions = torch.arange(first, first + length, device=device)
    return positions.to(torch.get_default_dtype())[:, None].repeat(1, dim)


def _check(function: str, length: int, dim: int) -> None:
    if length < 1 or dim < 1:
        raise ValueError(f"{function} needs length and dim >= 1 (they count), got length={length}, dim={dim}.")
