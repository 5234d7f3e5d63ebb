"""A convolution made of heads: one head for each place under the kernel."""

from typing import NamedTuple

import torch
from einops import einsum, rearrange
from jaxtyping import Float, Int
from torch import Tensor

from transformer_edu.attention.mask import mask_from
from transformer_edu.attention.rule import Allowed, Index, Rule
from transformer_edu.attention.scaled_dot_product import scaled_dot_product_attention


class ConvolutionHeads(NamedTuple):
    """For each head: how far it looks (rows, columns), its value matrix, and its part of the output matrix."""

    offsets: Int[Tensor, "head 2"]
    value_weights: Float[Tensor, "head channel value_dim"]
    output_weights: Float[Tensor, "head value_dim out_channel"]


def kernel_offsets(height: int, width: int) -> Int[Tensor, "head 2"]:
    """List the places under a kernel, counted from its center: (-1, -1), (-1, 0), … (1, 1) for 3 × 3.

    Cost: O(height · width).
    Raises: ValueError if a size is not odd.
    Source: [cordonnier2020relationship] theorem 1, the shifts Δ_K.
    """
    if height < 1 or width < 1 or not height % 2 or not width % 2:
        raise ValueError(f"kernel_offsets needs odd sizes (the kernel has a center), got size={(height, width)}.")
    rows, columns = torch.arange(height) - height // 2, torch.arange(width) - width // 2
    return torch.cartesian_prod(rows, columns).reshape(-1, 2)


def at_offset(rows: int, columns: int, *, width: int) -> Rule:
    """Allow the one pixel that lies so many rows below and columns to the right of the query's own.

        allowed(i, j) = (row(j) - row(i) = rows) ∧ (column(j) - column(i) = columns),   row(i) = ⌊i / width⌋

    Pixels are counted line by line. A pixel outside the image does not exist: such a query may look at nothing.

    Cost: O(1) for each pair.
    Raises: ValueError if width < 1.
    Source: [cordonnier2020relationship] lemma 1, the one-hot attention of a head.
    """
    if width < 1:
        raise ValueError(f"at_offset needs width >= 1 (the pixels of one line), got width={width}.")

    def there(query_index: Index, key_index: Index) -> Allowed:
        below, right = key_index // width - query_index // width, key_index % width - query_index % width
        return (below == rows) & (right == columns)

    return there


def convolution_heads(
    kernel: Float[Tensor, "out_channel channel kernel_height kernel_width"], *, value_dim: int | None = None
) -> ConvolutionHeads:
    """Turn a convolution's kernel into heads, one for each of its K² places.

        head Δ looks at the pixel at offset Δ, and V_Δ O_Δ = K_Δᵀ   (channel × out_channel)

    Either V or O is the identity, filled up with zeros: V where channels fit into a head, O otherwise.

    Cost: none worth counting.
    Raises: ValueError if value_dim < min(channel, out_channel), or if a kernel size is not odd.
    Source: [cordonnier2020relationship] theorem 1, which gives all heads one output matrix and min(D_h, D_out)
        channels; the narrower of the two sides suffices.
    """
    out_channels, channels, *size = kernel.shape
    value_dim = min(channels, out_channels) if value_dim is None else value_dim
    if value_dim < min(channels, out_channels):
        raise ValueError(
            f"convolution_heads needs value_dim >= {min(channels, out_channels)} (a head passes on its pixel's "
            f"{channels} channels, or the {out_channels} that become of them), got value_dim={value_dim}."
        )
    products = rearrange(kernel, "out channel height width -> (height width) channel out")
    through = torch.eye(value_dim, dtype=kernel.dtype, device=kernel.device).expand(len(products), -1, -1)
    if channels <= value_dim:
        filled = torch.nn.functional.pad(products, (0, 0, 0, value_dim - channels))
        return ConvolutionHeads(kernel_offsets(*size).to(kernel.device), through[:, :channels], filled)
    filled = torch.nn.functional.pad(products, (0, value_dim - out_channels))
    return ConvolutionHeads(kernel_offsets(*size).to(kernel.device), filled, through[..., :out_channels])


def convolve_with_heads(
    image: Float[Tensor, "*batch channel height width"], heads: ConvolutionHeads
) -> Float[Tensor, "*batch out_channel height width"]:
    """Convolve an image by attention: every pixel is a token, and each head looks at one neighbor.

        Y = Σ_Δ A_Δ X V_Δ O_Δ,   A_Δ[i, j] = 1 where pixel j lies at offset Δ from pixel i, else 0

    Queries and keys are zeros, so content has no say: the masks decide alone. A head that looks beyond the border finds
    no allowed key and gets zeros, which is a convolution's zero padding.

    Cost: head · pixel² · (1 + value_dim) multiply-adds, where a convolution needs head · pixel · channel · out_channel.
    Source: [cordonnier2020relationship] theorem 1.
    """
    height, width = image.shape[-2:]
    pixels = rearrange(image, "... channel height width -> ... (height width) channel")
    rules = [at_offset(*offset, width=width) for offset in heads.offsets.tolist()]
    sizes = {"queries": height * width, "keys": height * width, "device": image.device}
    allowed = torch.stack([mask_from(rule, **sizes) for rule in rules])
    values = einsum(pixels, heads.value_weights, "... pixel channel, head channel dim -> ... head pixel dim")
    blind = torch.zeros_like(values[..., :1])
    outputs = scaled_dot_product_attention(blind, blind, values, allowed=allowed).outputs
    mixed = einsum(outputs, heads.output_weights, "... head pixel dim, head dim out -> ... out pixel")
    return rearrange(mixed, "... out (height width) -> ... out height width", height=height)
