"""Where is a patch? Half of the code says in which row, half in which column."""

import torch
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor

from transformer_edu.positions.sinusoidal import sinusoidal


def sinusoidal_2d(
    height: int,
    width: int,
    dim: int,
    *,
    base: float = 10000.0,
    first: int = 0,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Float[Tensor, "height width dim"]:
    """Return the code of each place of a grid: first that of its row y, then that of its column x.

        PE[y, x] = (sinusoidal(y, dim/2), sinusoidal(x, dim/2))

    The product of two codes is then the sum of a part that sees the vertical distance and a part that sees the
    horizontal one. The order is (y, x), like the axes of an image, not (x, y). DETR counts from 1 (first = 1), and
    its code also stretches the positions of every image to 2π.

    Cost: O(height · width · dim).
    Raises: ValueError if dim is no multiple of 4 (sine and cosine for two axes), a side is below 1, or base <= 0.
    Source: [carion2020end] appendix A; [parmar2018image]. The order of features is that of DETR's code.
    """
    if dim < 4 or dim % 4:
        raise ValueError(f"sinusoidal_2d needs a dim that 4 divides (sine and cosine for two axes), got dim={dim}.")
    if height < 1 or width < 1:
        raise ValueError(f"sinusoidal_2d needs sides >= 1 (they count), got height={height}, width={width}.")
    rows = sinusoidal(height, dim // 2, base=base, first=first, device=device, dtype=dtype)
    columns = sinusoidal(width, dim // 2, base=base, first=first, device=device, dtype=dtype)
    rows = repeat(rows, "height half -> height width half", width=width)
    columns = repeat(columns, "width half -> height width half", height=height)
    return rearrange([rows, columns], "side height width half -> height width (side half)")
