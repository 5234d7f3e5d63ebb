"""Location scores: the query alone says at which places it looks, whatever stands there."""

from jaxtyping import Float
from torch import Tensor

from transformer_edu.softmax import widen


def location_scores(
    queries: Float[Tensor, "*batch query query_dim"],
    keys: Float[Tensor, "*batch key key_dim"],
    weight: Float[Tensor, "query_dim longest"],
) -> Float[Tensor, "*batch query key"]:
    """Score places, not contents: column j of the matrix belongs to place j.

        sᵢⱼ = (qᵢ W)ⱼ

    Of the keys only their number is used, so no gradient reaches them through the scores. The matrix has as many
    columns as the longest sequence has keys; for a shorter one the first columns are taken.

    Cost: query · query_dim · key multiply-adds; O(query · key) memory.
    Raises: ValueError if there are more keys than the matrix has places.
    Source: [luong2015effective] eq. 8.
    """
    places, wanted = weight.shape[-1], keys.shape[-2]
    if wanted > places:
        raise ValueError(
            f"location_scores needs a column for each place (the matrix has {places}, and place {places} onwards would "
            f"have no score), got keys={wanted}."
        )
    return (widen(queries) @ widen(weight[:, :wanted])).to(queries.dtype)
