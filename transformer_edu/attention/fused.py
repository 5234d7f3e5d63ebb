"""The same attention in one fused kernel, for when nobody wants to see the weights."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from transformer_edu.attention.causal import causal as causal_rule
from transformer_edu.attention.check_shapes import check_shapes
from transformer_edu.attention.mask import mask_from
from transformer_edu.softmax import check_allowed, widen


def fused_attention(
    queries: Float[Tensor, "*batch query head_dim"],
    keys: Float[Tensor, "*batch key head_dim"],
    values: Float[Tensor, "*batch key value_dim"],
    *,
    allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
    causal: bool = False,
    scale: float | None = None,
    bias: Float[Tensor, "*#batch #query #key"] | None = None,
) -> Float[Tensor, "*batch query value_dim"]:
    """Compute the outputs of scaled_dot_product_attention without ever building the table of weights.

        O = softmax(Q Kᵀ / √head_dim + B) V,   block by block, with an online softmax

    causal: block what comes after the query, in the kernel itself; together with `allowed`, a key must pass both.
    On a CPU torch takes its fused kernel only for four axes with numbers side by side in memory, and only if
    value_dim = head_dim; otherwise it builds the table without saying so. So leading axes are folded here.
    A query without an allowed key first looks everywhere, then its output is set to 0: no device makes NaN of that.

    bias: is handed to the kernel as a table that is added; half precision is widened for it, as the kernel would round
    the table.

    Cost: query · key · (head_dim + value_dim) multiply-adds; O(query + key) memory, and mask and bias as numbers, as
    large as they are: a mask for all heads is kept once, a bias once a head. `causal` with either of them is a mask.
    Raises: ValueError if the axes of keys, values or mask do not fit.
    Source: [dao2022flashattention] algorithm 1, in torch's F.scaled_dot_product_attention.
    """
    check_shapes(queries, keys, values)
    query, key = queries.shape[-2], keys.shape[-2]
    if allowed is not None:
        check_allowed(allowed, fits=(*queries.shape[:-1], key))
    if causal and (allowed is not None or bias is not None):
        before = mask_from(causal_rule, queries=query, keys=key, device=queries.device)
        allowed, causal = before if allowed is None else allowed & before, False
    lost = None if allowed is None else ~allowed.any(dim=-1, keepdim=True)
    table = None if allowed is None else allowed | lost
    inputs = (queries, keys, values)
    if bias is not None:
        inputs = tuple(widen(tensor) for tensor in inputs)
        table = _added(bias.to(inputs[0].dtype), table)
    table = None if table is None else _fold(_stretched(table, (*queries.shape[:-1], key)))
    folded = [_fold(tensor) for tensor in inputs]
    outputs = functional.scaled_dot_product_attention(*folded, attn_mask=table, is_causal=causal, scale=scale)
    outputs = outputs.reshape(*queries.shape[:-1], values.shape[-1]).to(values.dtype)
    return outputs if lost is None else outputs.masked_fill(lost, 0.0)


def _added(bias: Tensor, allowed: Tensor | None) -> Tensor:
    """Return a table that is added to the scores: the bias, and −∞ where nothing is allowed."""
    return bias if allowed is None else torch.where(allowed, bias, -torch.inf)


def _stretched(table: Tensor, scores: tuple[int, ...]) -> Tensor:
    """Stretch a table no further than folding asks for: what is alike for all heads or queries stays there once."""
    table.expand(scores)  # refuses what does not fit; a view
    sizes = (*(1 for _ in scores), *table.shape)[-len(scores) :]
    batch = scores[:-3] if any(size != 1 for size in sizes[:-3]) else sizes[:-3]
    return table.expand(*batch, *sizes[-3:-1], scores[-1])


def _fold(tensor: Tensor) -> Tensor:
    """Give a tensor four axes: all but the last three become one, missing ones get size 1."""
    four = tensor.reshape(math.prod(tensor.shape[:-3]), *(1, 1, *tensor.shape)[-3:])
    return four if four.stride(-1) == 1 else four.contiguous()
