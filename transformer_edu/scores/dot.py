"""Dot-product scores, as they are and divided by the root of the width."""

from einops import einsum
from jaxtyping import Float
from torch import Tensor

from transformer_edu.softmax import widen


def dot_scores(
    queries: Float[Tensor, "*batch query head_dim"], keys: Float[Tensor, "*batch key head_dim"]
) -> Float[Tensor, "*batch query key"]:
    """Score each pair by its dot product: large if the two point the same way, and if they are long.

        sᵢⱼ = qᵢ · kⱼ

    It has nothing to learn by itself; what makes queries and keys has. Both must have the same width. In attention one
    calls it *multiplicative*, together with general_scores.

    Cost: query · key · head_dim multiply-adds, one matrix product; O(query · key) memory.
    Source: [luong2015effective] section 3.1, "dot".
    """
    scores = einsum(widen(queries), widen(keys), "... query head_dim, ... key head_dim -> ... query key")
    return scores.to(queries.dtype)


def scaled_dot_scores(
    queries: Float[Tensor, "*batch query head_dim"], keys: Float[Tensor, "*batch key head_dim"]
) -> Float[Tensor, "*batch query key"]:
    """Score each pair by its dot product, divided by the root of the width.

        sᵢⱼ = qᵢ · kⱼ / √head_dim

    For independent entries of variance 1 the scores have variance 1 at every width (see dot_product_variance). The root
    is that of head_dim, the number of products in one sum; the number of keys has no part in it.

    Cost: query · key · head_dim multiply-adds, one matrix product; O(query · key) memory.
    Source: [vaswani2017attention] eq. 1.
    """
    return (dot_scores(widen(queries), widen(keys)) * queries.shape[-1] ** -0.5).to(queries.dtype)
