"""General scores: a dot product with a learned matrix in between."""

from jaxtyping import Float
from torch import Tensor

from transformer_edu.scores.dot import dot_scores
from transformer_edu.softmax import widen


def general_scores(
    queries: Float[Tensor, "*batch query query_dim"],
    keys: Float[Tensor, "*batch key key_dim"],
    weight: Float[Tensor, "query_dim key_dim"],
) -> Float[Tensor, "*batch query key"]:
    """Translate the query into the language of the keys with a matrix, then take the dot product.

        sᵢⱼ = qᵢ W kⱼᵀ

    With W = I these are dot_scores. Queries and keys may differ in width. A head that projects both, (q A) · (k B), is
    the same with W = A Bᵀ; in a narrow head that W has low rank.

    Cost: query · query_dim · key_dim + query · key · key_dim multiply-adds; O(query · key) memory.
    Source: [luong2015effective] section 3.1, "general".
    """
    return dot_scores(widen(queries) @ widen(weight), widen(keys)).to(queries.dtype)
