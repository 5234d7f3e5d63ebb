"""Heads that look at a place relative to the query, as sharply as one likes: content has no say."""

from typing import NamedTuple

import torch
from einops import einsum, rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from transformer_edu.attention.attended import Attended
from transformer_edu.attention.convolution_heads import ConvolutionHeads
from transformer_edu.attention.scaled_dot_product import scaled_dot_product_attention


class SoftOffsets(NamedTuple):
    """Queries and keys of three numbers each, made of positions alone."""

    queries: Float[Tensor, "head query 3"]
    keys: Float[Tensor, "key 3"]


def soft_offsets(
    offsets: Int[Tensor, "head 2"], *, height: int, width: int, sharpness: float, border: int = 0
) -> SoftOffsets:
    """Make queries and keys whose dot product is largest at one offset from the query's own pixel.

        q_Δ(i) = α (2 (i + Δ), -1),   k(j) = (j, ‖j‖²),   q·k = -α ‖j - i - Δ‖² + α ‖i + Δ‖²

    i and j are (row, column). Softmax does not see the last term, so head Δ's weights fall off like a Gaussian around
    the pixel at Δ: α = 0 looks everywhere alike, α → ∞ looks at that pixel alone. Three numbers a head suffice.
    border: how many rows and columns of keys lie around the image on each side, where zeros are put.

    Cost: O(head · pixel).
    Raises: ValueError if sharpness < 0 or border < 0.
    Source: [cordonnier2020relationship] eq. 9, the quadratic encoding, written as one dot product.
    """
    if sharpness < 0 or border < 0:
        raise ValueError(
            f"soft_offsets needs sharpness >= 0 and border >= 0 (a fall-off, and a count), got {sharpness=}, {border=}."
        )
    rows, columns = (torch.arange(-border, size + border, device=offsets.device) for size in (height, width))
    places = torch.cartesian_prod(rows, columns).to(torch.get_default_dtype())
    own = torch.cartesian_prod(*(torch.arange(size, device=offsets.device) for size in (height, width)))
    wanted = (own + offsets[:, None]).to(places.dtype)
    keys = torch.cat([places, places.square().sum(-1, keepdim=True)], dim=-1)
    queries = sharpness * torch.cat([2 * wanted, -torch.ones_like(wanted[..., :1])], dim=-1)
    return SoftOffsets(queries, keys)


def convolve_with_soft_heads(
    image: Float[Tensor, "*batch channel height width"], heads: ConvolutionHeads, *, sharpness: float
) -> Attended:
    """Convolve an image by heads that look at their offset more or less sharply.

        Y = Σ_Δ softmax(Q_Δ Kᵀ) X V_Δ O_Δ

    Around the image lie zeros, as many as the largest offset needs: tokens that can be looked at and that do not ask.
    The sharper, the closer to the convolution. Returns the new image, and the weights "*batch head query key".

    Cost: head · pixel² · (3 + value_dim) multiply-adds.
    Raises: ValueError if sharpness < 0.
    Source: [cordonnier2020relationship] theorem 1 and lemma 2; zeros around the image as in the remark on padding.
    """
    height, width = image.shape[-2:]
    border = int(heads.offsets.abs().max())
    queries, keys = soft_offsets(heads.offsets, height=height, width=width, sharpness=sharpness, border=border)
    padded = functional.pad(image, (border,) * 4)
    pixels = rearrange(padded, "... channel height width -> ... (height width) channel")
    values = einsum(pixels, heads.value_weights, "... pixel channel, head channel dim -> ... head pixel dim")
    stretched = (tensor.to(values).expand(*values.shape[:-2], -1, -1) for tensor in (queries, keys))
    outputs, weights = scaled_dot_product_attention(*stretched, values, scale=1.0)
    mixed = einsum(outputs, heads.output_weights, "... head pixel dim, head dim out -> ... out pixel")
    return Attended(rearrange(mixed, "... out (height width) -> ... out height width", height=height), weights)
