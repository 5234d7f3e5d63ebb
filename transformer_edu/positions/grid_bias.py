"""Relative positions on a grid: one learned number for each head and each step down and to the right."""

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor


def grid_steps(height: int, width: int, *, device: torch.device | str | None = None) -> Int[Tensor, "query key"]:
    """Number the step from each place of a grid to each other one. Places are counted row by row.

        step = (y_i − y_j + height − 1) · (2 width − 1) + (x_i − x_j + width − 1)

    There are (2 height − 1)(2 width − 1) steps. Two pairs with the same step down and to the right get the same number.

    Cost: O((height · width)²).
    Raises: ValueError if a side is below 1.
    Source: [liu2021swin] section 3.2; the numbers are those of its code (query minus key).
    """
    if height < 1 or width < 1:
        raise ValueError(f"grid_steps needs sides >= 1 (they count), got height={height}, width={width}.")
    place = torch.arange(height * width, device=device)
    y, x = place // width, place % width
    down, right = y[:, None] - y + height - 1, x[:, None] - x + width - 1
    return down * (2 * width - 1) + right


def grid_bias(table: Float[Tensor, "step head"], steps: Int[Tensor, "query key"]) -> Float[Tensor, "head query key"]:
    """Look up what each head adds to the scaled score of each pair of places.

        eᵢⱼ = qᵢ · kⱼ / √head_dim + B[step(i, j), head]

    Swin divides by √head_dim, unlike T5. A table belongs to one size of grid; for another it has to be interpolated.

    Cost: O(head · query · key) memory; (2 height − 1)(2 width − 1) · head parameters.
    Source: [liu2021swin] eq. 4.
    """
    return rearrange(table[steps], "query key head -> head query key")
