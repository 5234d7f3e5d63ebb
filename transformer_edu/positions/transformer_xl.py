"""Transformer-XL's relative positions: the product of sums, multiplied out and made relative term by term."""

from einops import einsum
from jaxtyping import Float
from torch import Tensor

from transformer_edu.positions.distances import distances, skew
from transformer_edu.positions.sinusoidal import sinusoidal_at


def distance_sinusoids(
    queries: int, keys: int, *, dim: int, first: int = 0, base: float = 10000.0
) -> Float[Tensor, "distance dim"]:
    """Return the sinusoidal codes R of all distances that occur, in the order that transformer_xl_scores expects.

        row r holds the code of i − j = first + queries − 1 − r,   queries + keys − 1 rows

    The first row belongs to the key farthest before the last query. A projection W^R makes keys of them.

    Cost: O((query + key) · dim).
    Raises: ValueError if there are no queries or keys, dim is odd or below 2, or base <= 0.
    Source: [dai2019transformerxl] section 3.3 and appendix B.
    """
    count = len(distances(queries, keys, first=first))
    every = -distances(1, count + keys - 1, first=first + count - 1)[0]
    return sinusoidal_at(every, dim=dim, base=base)


def transformer_xl_scores(
    queries: Float[Tensor, "*batch query head_dim"],
    keys: Float[Tensor, "*batch key head_dim"],
    distance_keys: Float[Tensor, "*#batch distance head_dim"],
    content_bias: Float[Tensor, "*#batch head_dim"],
    distance_bias: Float[Tensor, "*#batch head_dim"],
) -> Float[Tensor, "*batch query key"]:
    """Score content against content, content against distance, and both against what every query asks alike.

        eᵢⱼ = (qᵢ·kⱼ + qᵢ·W^R Rᵢ₋ⱼ + u·kⱼ + v·W^R Rᵢ₋ⱼ) / √head_dim

    Write token + position for query and key, multiply out, and four terms come. Here the position of the key has become
    a distance in the two terms that hold it, and that of the query, which means nothing by itself, has become two
    learned vectors: u (content_bias: which keys are interesting anyway) and v (distance_bias: which distances are).

    distance_keys: W^R R of all distances, farthest before first: the rows of distance_sinusoids, projected.

    Cost: query · (2 key + query) · head_dim multiply-adds; O(query · (query + key)) memory.
    Raises: ValueError unless there are query + key − 1 distances.
    Source: [dai2019transformerxl] section 3.3; the skew is that of its appendix B.
    """
    query, key = queries.shape[-2], keys.shape[-2]
    if distance_keys.shape[-2] != query + key - 1:
        raise ValueError(
            f"transformer_xl_scores needs query + key − 1 = {query + key - 1} distances (each that occurs), got "
            f"distance_keys.shape={tuple(distance_keys.shape)}."
        )
    content = einsum(
        queries + content_bias[..., None, :], keys, "... query head_dim, ... key head_dim -> ... query key"
    )
    by_distance = einsum(
        queries + distance_bias[..., None, :],
        distance_keys,
        "... query head_dim, ... distance head_dim -> ... query distance",
    )
    return (content + skew(by_distance)) / queries.shape[-1] ** 0.5
