"""Transformer-XL's relative positions: the product of sums, multiplied out and made relative term by term."""

import torch
from einops import einsum, rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.positions.check_heads import check_heads
from transformer_edu.positions.distances import distances, skew
from transformer_edu.positions.places import distances_between
from transformer_edu.positions.sinusoidal import sinusoidal_at
from transformer_edu.softmax import widen


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


def transformer_xl_bias_at(
    queries: Float[Tensor, "*batch query head_dim"],
    keys: Float[Tensor, "*batch key head_dim"],
    distance_keys: Float[Tensor, "*#batch distance head_dim"],
    rows: Int[Tensor, "*#batch query key"],
    content_bias: Float[Tensor, "*#batch head_dim"],
    distance_bias: Float[Tensor, "*#batch head_dim"],
) -> Float[Tensor, "*batch query key"]:
    """Return what three of the four terms add to the scaled product of queries and keys, for any distances.

        bᵢⱼ = ((qᵢ + v)·W^R R[row(i, j)] + u·kⱼ) / √head_dim

    rows: which row of distance_keys holds the distance of a pair. Distances in a row need no rows, but a skew; that is
    transformer_xl_scores, with the first term included.

    Cost: query · distance · head_dim multiply-adds; O(query · (key + distance)) memory.
    Source: [dai2019transformerxl] section 3.3.
    """
    by_distance = einsum(
        queries + distance_bias[..., None, :],
        distance_keys,
        "... query head_dim, ... distance head_dim -> ... query distance",
    )
    placed = by_distance.gather(-1, rows.expand(*queries.shape[:-1], keys.shape[-2]))
    wanted = einsum(keys, content_bias, "... key head_dim, ... head_dim -> ... key")
    return (placed + rearrange(wanted, "... key -> ... 1 key")) / queries.shape[-1] ** 0.5


class TransformerXLBias(nn.Module):
    """Be the `bias` of Positions: hold u, v and the projection W^R of sinusoidal codes to keys of distances.

    The paper learns u and v for all layers together and W^R for each: give each layer an object, or all of them one.

    Cost: that of transformer_xl_bias_at; distance · dim² multiply-adds more at each call, since each distance that
    occurs is projected anew (in a cached step, too), and query · key numbers sorted; dim² + 2 dim parameters.
    Raises: ValueError if heads does not divide dim, if dim is odd, or if the queries have another number of heads.
    Source: [dai2019transformerxl] section 3.3; u and v start at 0.
    """

    reads_rows = False
    divides_by_root = True

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        if heads < 1 or dim % heads or dim % 2:
            raise ValueError(
                f"TransformerXLBias needs heads that divide an even dim={dim} (waves come in pairs), got heads={heads}."
            )
        self.distance = nn.Linear(dim, dim, bias=False)
        self.content_bias, self.distance_bias = (nn.Parameter(torch.zeros(heads, dim // heads)) for _ in range(2))

    def forward(
        self,
        queries: Float[Tensor, "*batch head query head_dim"],
        keys: Float[Tensor, "*batch head key head_dim"],
        query_places: Int[Tensor, "*#batch query"],
        key_places: Int[Tensor, "*#batch key"],
    ) -> Float[Tensor, "*batch head query key"]:
        """Return what is added to the scaled product of each pair: each distance that occurs is projected once."""
        check_heads("TransformerXLBias", queries, heads=len(self.content_bias))
        dtype = widen(queries).dtype
        every, rows = torch.unique(-distances_between(query_places, key_places), return_inverse=True)
        codes = sinusoidal_at(every.to(dtype), dim=self.distance.in_features)
        distance_keys = rearrange(
            codes @ self.distance.weight.to(dtype).mT,
            "distance (head head_dim) -> head distance head_dim",
            head=len(self.content_bias),
        )
        learned = (self.content_bias.to(dtype), self.distance_bias.to(dtype))
        rows = rearrange(rows, "... query key -> ... 1 query key")
        return transformer_xl_bias_at(queries.to(dtype), keys.to(dtype), distance_keys, rows, *learned)
