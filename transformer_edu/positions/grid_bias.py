"""Relative positions on a grid: one learned number for each head and each step down and to the right."""

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.positions.check_heads import check_heads
from transformer_edu.positions.places import grid_places
from transformer_edu.softmax import widen


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
    places = grid_places(height, width, device=device)
    return grid_steps_at(places, places, height=height, width=width)


def grid_steps_at(
    query_places: Int[Tensor, "*#batch query 2"], key_places: Int[Tensor, "*#batch key 2"], *, height: int, width: int
) -> Int[Tensor, "*#batch query key"]:
    """Number the step from queries at any places (y, x) of a grid to keys at any others: see grid_steps.

    Cost: O(query · key).
    Raises: ValueError if two places lie farther apart than a grid of this size is high or wide.
    Source: [liu2021swin] section 3.2.
    """
    for name, places in (("query_places", query_places), ("key_places", key_places)):
        if places.ndim < 2 or places.shape[-1] != 2:
            raise ValueError(
                f"grid_steps_at needs two numbers for each place (its row and its column), got {name}.shape="
                f"{tuple(places.shape)}."
            )
    sides = torch.tensor([height, width], device=query_places.device)
    steps = query_places[..., :, None, :] - key_places[..., None, :, :] + sides - 1
    if ((steps < 0) | (steps > 2 * sides - 2)).any():
        raise ValueError(
            f"grid_steps_at needs places within one grid of height={height} and width={width} (the table has no other "
            f"steps), got a step of {_farthest(steps - sides + 1)}."
        )
    return steps[..., 0] * (2 * width - 1) + steps[..., 1]


def grid_bias(
    table: Float[Tensor, "step head"], steps: Int[Tensor, "*batch query key"]
) -> Float[Tensor, "*batch head query key"]:
    """Look up what each head adds to the scaled score of each pair of places.

        eᵢⱼ = qᵢ · kⱼ / √head_dim + B[step(i, j), head]

    Swin divides by √head_dim, unlike T5. A table belongs to one size of grid; for another it has to be interpolated.

    Cost: O(head · query · key) memory; (2 height − 1)(2 width − 1) · head parameters.
    Source: [liu2021swin] eq. 4.
    """
    return rearrange(table[steps], "... query key head -> ... head query key")


class GridBias(nn.Module):
    """Be the `bias` of Positions: a learned number for each head and each step on a grid of one size.

    Cost: O(head · query · key) memory; (2 height − 1)(2 width − 1) · head parameters.
    Raises: ValueError if a side is below 1, if places do not lie in one grid of this size, or if the queries have
        another number of heads.
    Source: [liu2021swin] eq. 4; the deviation 0.02 of the start is its code's.
    """

    reads_rows = True

    def __init__(self, height: int, width: int, *, heads: int, generator: torch.Generator | None = None):
        super().__init__()
        if height < 1 or width < 1:
            raise ValueError(f"GridBias needs sides >= 1 (they count), got height={height}, width={width}.")
        self.height, self.width = height, width
        steps = (2 * height - 1) * (2 * width - 1)
        self.table = nn.Parameter(0.02 * torch.randn(steps, heads, generator=generator))

    def forward(
        self,
        queries: Tensor,
        keys: Tensor,
        query_places: Int[Tensor, "*#batch query 2"],
        key_places: Int[Tensor, "*#batch key 2"],
    ) -> Float[Tensor, "*#batch head query key"]:
        """Return what each head adds to the score of each pair."""
        steps = grid_steps_at(query_places, key_places, height=self.height, width=self.width)
        check_heads("GridBias", queries, heads=self.table.shape[1])
        return grid_bias(widen(self.table), steps)


def _farthest(steps: Tensor) -> tuple[int, ...]:
    """Return the longest step, down and to the right."""
    return tuple(steps.flatten(0, -2)[steps.abs().sum(-1).argmax()].tolist())
