"""Places: the whole numbers that say where tokens stand, where that is not simply 0, 1, 2, …

A text in a row has one number a token: `*batch token`. Filler in front, a cache, or a segment that continues another
move the numbers. An image has two, row and column: `*batch token 2`; so has a text that tells its parts apart, place
and segment. Each mechanism says in `reads_rows` whether it reads one number or a row of them.
"""

from collections.abc import Sequence

import torch
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor

Places = Int[Tensor, "..."]


def count_places(tokens: Float[Tensor, "*batch token dim"]) -> Int[Tensor, "token"]:
    """Count tokens from 0: where they stand if nobody says otherwise.

        p = 0, 1, … token − 1

    Cost: O(token).
    Source: a convention of this book.
    """
    return torch.arange(tokens.shape[-2], device=tokens.device)


def count_real(real: Bool[Tensor, "*batch token"]) -> Int[Tensor, "*batch token"]:
    """Count the real tokens from 0, wherever the filler stands: in front, behind, or in between.

        pᵢ = max(0, real tokens up to i, itself included, − 1)

    So a text has the same places whether it was filled up on the left or on the right. Filler gets a place that exists
    (that of the real token before it, or 0), so that a table can be asked; what it holds means nothing, and no one may
    look at it.

    Cost: O(token).
    Source: a convention of this book, that of Hugging Face's position_ids behind filler.
    """
    return (real.long().cumsum(dim=-1) - 1).clamp(min=0)


def check_places(
    places: Places, *, tokens: int, in_rows: bool | None = None, batch: Sequence[int] | None = None
) -> None:
    """Refuse places that are not one a token.

    in_rows: whether a place is a row of numbers; either way if nobody says. batch: the other axes of the tokens, which
    those of the places must fit.

    Cost: none, it looks at shapes only.
    Raises: ValueError.
    Source: a convention of this book.
    """
    if in_rows is None:
        fits, told = tokens in places.shape[-2:], "one number each, or a row of numbers"
    else:
        axes, told = (places.shape[:-1], "a row of numbers each") if in_rows else (places.shape, "one number each")
        fits = axes[-1:] == (tokens,) and (batch is None or _fit(axes[:-1], batch))
    if not fits:
        raise ValueError(
            f"check_places needs one place for each of {tokens} tokens ({told}), got places.shape="
            f"{tuple(places.shape)}."
        )


def grid_places(height: int, width: int, *, device: torch.device | str | None = None) -> Int[Tensor, "token 2"]:
    """Return row and column of each place of a grid, row by row.

        p = (0, 0), (0, 1), … (height − 1, width − 1)

    Cost: O(height · width).
    Raises: ValueError if a side is below 1.
    Source: a convention of this book: (y, x), like the axes of an image.
    """
    if height < 1 or width < 1:
        raise ValueError(f"grid_places needs sides >= 1 (they count), got height={height}, width={width}.")
    return torch.cartesian_prod(*(torch.arange(side, device=device) for side in (height, width)))


def distances_between(
    query_places: Int[Tensor, "*#batch query"], key_places: Int[Tensor, "*#batch key"]
) -> Int[Tensor, "*#batch query key"]:
    """Return the signed distance from each query to each key, wherever they stand.

        distances[i, j] = p_j − p_i

    `distances` is the same for tokens that are counted in a row.

    Cost: O(query · key).
    Source: [shaw2018self] section 3.2, whose sign of j − i this is.
    """
    return rearrange(key_places, "... key -> ... 1 key") - rearrange(query_places, "... query -> ... query 1")


def _fit(axes: Sequence[int], batch: Sequence[int]) -> bool:
    """Say whether axes can be stretched to others, which do not grow by it."""
    missing = len(batch) - len(axes)
    return missing >= 0 and all(size in (1, full) for size, full in zip(axes, batch[missing:], strict=True))
