"""Soft and hard attention: mix all values, or take one of them."""

from typing import NamedTuple

import torch
from einops import einsum, rearrange
from jaxtyping import Float, Int
from torch import Tensor

from transformer_edu.attention.attended import Attended
from transformer_edu.softmax import sample, widen


class Chosen(NamedTuple):
    """The value that each query took, which key that was, and the logarithm of how likely it was."""

    outputs: Float[Tensor, "*batch query value_dim"]
    keys: Int[Tensor, "*batch query"]
    log_probabilities: Float[Tensor, "*batch query"]


def soft_attention(
    weights: Float[Tensor, "*batch query key"], values: Float[Tensor, "*batch key value_dim"]
) -> Attended:
    """Mix the values of all keys, each with its weight.

        oᵢ = Σⱼ wᵢⱼ vⱼ

    The weights come from any score function and any rule where to look: the softmax of all scores, or local_weights.
    Scores, weights and values all get a gradient.

    Cost: query · key · value_dim multiply-adds.
    Source: [xu2015show] section 4.2; [bahdanau2015neural] eq. 5.
    """
    outputs = einsum(widen(weights), widen(values), "... query key, ... key value_dim -> ... query value_dim")
    return Attended(outputs.to(values.dtype), weights)


def hard_attention(
    weights: Float[Tensor, "*batch query key"],
    values: Float[Tensor, "*batch key value_dim"],
    *,
    generator: torch.Generator,
) -> Chosen:
    """Take the value of one key, drawn as often as its weight says.

        jᵢ ~ wᵢ / Σⱼ wᵢⱼ,   oᵢ = v at key jᵢ

    In the mean over many draws that is the output of soft attention (if the weights sum to 1). A draw cannot be
    differentiated: the outputs send a gradient to the values that were taken and none to the weights. Weights learn
    from the log_probabilities, see score_function_loss. Hard says *how* a query reads, not *where*: it may look at the
    whole sequence or at a window.

    Cost: O(key + log key) for each query to draw; one value is read, not all.
    Raises: ValueError if a row has no positive weight, or a negative one: there would be nothing to draw.
    Source: [xu2015show] section 4.1; [mnih2014recurrent].
    """
    keys = rearrange(sample(weights, count=1, generator=generator), "... query 1 -> ... query")
    taken = keys[..., None].expand(*keys.shape, values.shape[-1])
    wide = widen(weights)
    share = wide.gather(-1, keys[..., None]) / wide.sum(dim=-1, keepdim=True)
    return Chosen(values.gather(-2, taken), keys, rearrange(share.log(), "... query 1 -> ... query").to(weights.dtype))
