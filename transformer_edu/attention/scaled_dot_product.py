"""Scaled dot-product attention, with every step in sight."""

from einops import einsum
from jaxtyping import Bool, Float
from torch import Tensor

from transformer_edu.attention.attended import Attended
from transformer_edu.attention.check_shapes import check_shapes
from transformer_edu.softmax import masked_softmax, softmax, widen


def scaled_dot_product_attention(
    queries: Float[Tensor, "*batch query head_dim"],
    keys: Float[Tensor, "*batch key head_dim"],
    values: Float[Tensor, "*batch key value_dim"],
    *,
    allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
    scale: float | None = None,
    bias: Float[Tensor, "*#batch #query #key"] | None = None,
) -> Attended:
    """Let each query look at all keys, and give it the mean of their values, weighted by how well they match.

        O = softmax(Q Kᵀ / √head_dim + B) V

    The dot product says how well a query and a key match. The root keeps the spread of the scores the same for heads
    of any width (see dot_product_variance); the divisor is that of one head, neither √dim of the model nor √key.

    allowed: True = this query may look at this key, as in torch's function of the same name (nn.MultiheadAttention
    means the opposite). A query without an allowed key gets zeros. Blocked values must be finite too: 0 · ∞ is NaN.
    scale: takes the place of 1/√head_dim. bias: B, which positions add to the scaled scores; without one it is 0.
    Half precision is computed in float32 and rounded at the end.

    Cost: query · key · (head_dim + value_dim) multiply-adds; O(query · key) memory. fused_attention needs less memory.
    Raises: ValueError if the axes of keys, values or mask do not fit.
    Source: [vaswani2017attention] eq. 1.
    """
    check_shapes(queries, keys, values)
    scale = queries.shape[-1] ** -0.5 if scale is None else scale
    scores = scale * einsum(widen(queries), widen(keys), "... query head_dim, ... key head_dim -> ... query key")
    scores = scores if bias is None else scores + widen(bias).to(scores.dtype).expand_as(scores)
    weights = softmax(scores) if allowed is None else masked_softmax(scores, allowed)
    outputs = einsum(weights, widen(values), "... query key, ... key value_dim -> ... query value_dim")
    return Attended(outputs.to(values.dtype), weights.to(queries.dtype))
