"""Additive scores: a small network with one hidden layer says how well a query and a key match."""

from einops import einsum, rearrange
from jaxtyping import Float
from torch import Tensor

from transformer_edu.softmax import widen


def additive_scores(
    queries: Float[Tensor, "*batch query query_dim"],
    keys: Float[Tensor, "*batch key key_dim"],
    query_weight: Float[Tensor, "query_dim hidden"],
    key_weight: Float[Tensor, "key_dim hidden"],
    vector: Float[Tensor, "hidden"],
    *,
    bias: Float[Tensor, "hidden"] | None = None,
) -> Float[Tensor, "*batch query key"]:
    """Score each pair with a network of one hidden layer; queries and keys may have different widths.

        sᵢⱼ = v · tanh(qᵢ W + kⱼ U + b)

    No score is larger than Σ |v|. Without a bias the score is odd: change the sign of both vectors, and the score
    changes its sign too; so it cannot call a pair alike and its mirror image, (-q, -k), as well. The paper leaves all
    biases out "to increase readability" (appendix A.2.1), so it does not say whether there was one.

    A decoder asks once a step about the same keys. Then project the keys once and call additive_scores_of_projected.

    Cost: (query · query_dim + key · key_dim) · hidden multiply-adds for the projections, then query · key · hidden and
        as many tanh; O(query · key · hidden) memory, hidden times that of a dot product.
    Source: [bahdanau2015neural] appendix A.1.2.
    """
    projected = widen(keys) @ widen(key_weight)
    projected = projected if bias is None else projected + bias
    return additive_scores_of_projected(queries, projected, query_weight, vector)


def additive_scores_of_projected(
    queries: Float[Tensor, "*batch query query_dim"],
    projected_keys: Float[Tensor, "*batch key hidden"],
    query_weight: Float[Tensor, "query_dim hidden"],
    vector: Float[Tensor, "hidden"],
) -> Float[Tensor, "*batch query key"]:
    """Score queries against keys that are projected already: the part of additive_scores that changes in each step.

        sᵢⱼ = v · tanh(qᵢ W + uⱼ),   uⱼ = kⱼ U (+ b), computed once for a whole sentence

    Cost: query · query_dim · hidden multiply-adds, then query · key · hidden and as many tanh; O(query · key · hidden)
        memory.
    Source: [bahdanau2015neural] appendix A.1.2: Uₐ hⱼ does not depend on i, so it is computed in advance.
    """
    asked = rearrange(widen(queries) @ widen(query_weight), "... query hidden -> ... query 1 hidden")
    offered = rearrange(widen(projected_keys), "... key hidden -> ... 1 key hidden")
    scores = einsum((asked + offered).tanh(), widen(vector), "... query key hidden, hidden -> ... query key")
    return scores.to(queries.dtype)
