"""Where is a patch? Half of the code says in which row, half in which column."""

import torch
from einops import rearrange
from jaxtyping import Float, Int, Real
from torch import Tensor, nn

from transformer_edu.positions.places import check_places, grid_places
from transformer_edu.positions.sinusoidal import sinusoidal_at
from transformer_edu.softmax import widen


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
    _check_dim("sinusoidal_2d", dim)
    if height < 1 or width < 1:
        raise ValueError(f"sinusoidal_2d needs sides >= 1 (they count), got height={height}, width={width}.")
    codes = sinusoidal_2d_at((first + grid_places(height, width, device="cpu")).double(), dim=dim, base=base)
    codes = codes.to(device=device or torch.get_default_device(), dtype=dtype or torch.get_default_dtype())
    return rearrange(codes, "(height width) dim -> height width dim", height=height)


def sinusoidal_2d_at(
    places: Real[Tensor, "*place 2"], *, dim: int, base: float = 10000.0
) -> Float[Tensor, "*place dim"]:
    """Return the codes of any places of a plane, (y, x) each.

        PE[y, x] = (sinusoidal(y, dim/2), sinusoidal(x, dim/2))

    Cost: O(place · dim).
    Raises: ValueError if dim is no multiple of 4, or if base <= 0.
    Source: [carion2020end] appendix A.
    """
    _check_dim("sinusoidal_2d_at", dim)
    if places.shape[-1:] != (2,):
        raise ValueError(
            f"sinusoidal_2d_at needs two numbers for each place (its row and its column), got places.shape="
            f"{tuple(places.shape)}."
        )
    return rearrange(sinusoidal_at(places, dim=dim // 2, base=base), "... side half -> ... (side half)")


class AddSinusoidal2d(nn.Module):
    """Be the `place` of Positions, or the `enter` as in DETR: each patch gets the code of its row and column.

        x ← x + PE[y, x]

    Cost: O(token · dim); nothing is learned.
    Raises: ValueError if dim is no multiple of 4, or if base <= 0.
    Source: [carion2020end] section 3.2, which adds it to queries and keys in each layer; [parmar2018image], once.
    """

    reads_rows = True

    def __init__(self, *, base: float = 10000.0):
        super().__init__()
        self.base = base

    def forward(
        self, tokens: Float[Tensor, "*batch token dim"], places: Int[Tensor, "*#batch token 2"]
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the tokens with the codes of their places added."""
        wide = widen(tokens)
        check_places(places[..., 0], tokens=tokens.shape[-2], in_rows=False)
        codes = sinusoidal_2d_at(places.to(wide.dtype), dim=tokens.shape[-1], base=self.base)
        return (wide + codes).to(tokens.dtype)


def _check_dim(function: str, dim: int) -> None:
    if dim < 4 or dim % 4:
        raise ValueError(f"{function} needs a dim that 4 divides (sine and cosine for two axes), got dim={dim}.")
