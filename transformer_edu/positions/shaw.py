"""Shaw's relative positions: a learned vector for each distance, added to the key and to the value."""

import torch
from einops import einsum, rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.positions.distances import distances, skew
from transformer_edu.positions.places import distances_between
from transformer_edu.softmax import widen


def clipped(
    distances: Int[Tensor, "*pair"],
    *,
    vectors: Float[Tensor, "distance head_dim"],
) -> Int[Tensor, "*pair"]:
    """Find the row of a table of 2k + 1 vectors that belongs to each distance; beyond k all share the last one.

        row(j − i) = clip(j − i, −k, k) + k

    Cost: O(pair).
    Raises: ValueError if the table has an even number of rows: it holds −k … k, and 0 among them.
    Source: [shaw2018self] section 3.2.
    """
    if len(vectors) % 2 == 0:
        raise ValueError(
            f"clipped needs 2k + 1 vectors (for the distances −k … k), got vectors.shape={tuple(vectors.shape)}."
        )
    farthest = len(vectors) // 2
    return distances.clamp(-farthest, farthest) + farthest


def shaw_scores(
    queries: Float[Tensor, "*batch query head_dim"],
    keys: Float[Tensor, "*batch key head_dim"],
    key_vectors: Float[Tensor, "distance head_dim"],
    *,
    first: int = 0,
) -> Float[Tensor, "*batch query key"]:
    """Score each key together with the vector of its distance: the formula, word by word.

        eᵢⱼ = qᵢ · (kⱼ + a^K[clip(j − i)]) / √head_dim

    The vector depends on the distance only, so the same pattern is recognized at every place. Beyond ±k distances look
    alike, which is what lets the scores continue past the training length. shaw_bias computes the second term without
    the table of query × key × head_dim numbers that is built here.

    Cost: O(query · key · head_dim) time and memory.
    Raises: ValueError if the number of vectors is even.
    Source: [shaw2018self] eq. 4.
    """
    apart = distances(queries.shape[-2], keys.shape[-2], first=first, device=queries.device)
    placed = keys[..., None, :, :] + key_vectors[clipped(apart, vectors=key_vectors)]
    scores = einsum(queries, placed, "... query head_dim, ... query key head_dim -> ... query key")
    return scores / queries.shape[-1] ** 0.5


def shaw_bias(
    queries: Float[Tensor, "*batch query head_dim"],
    key_vectors: Float[Tensor, "distance head_dim"],
    *,
    keys: int,
    first: int = 0,
) -> Float[Tensor, "*batch query key"]:
    """Return what the distance vectors add to the scores, before the division by √head_dim.

        bᵢⱼ = qᵢ · a^K[clip(j − i)],   so that shaw_scores = (Q Kᵀ + b) / √head_dim

    A bias that the query has a say in. Each query meets each distance once (query + keys − 1 of them), and a skew
    brings the products to their places.

    Cost: query · (query + keys) · head_dim multiply-adds; O(query · (query + keys)) memory, no table of vectors.
    Raises: ValueError if the number of vectors is even.
    Source: [shaw2018self] eq. 5; the skew is that of [huang2019music] section 3.4.
    """
    count = queries.shape[-2]
    every = distances(1, count + keys - 1, first=first + count - 1, device=queries.device)[0]
    by_distance = key_vectors[clipped(every, vectors=key_vectors)]
    return skew(einsum(queries, by_distance, "... query head_dim, distance head_dim -> ... query distance"))


def shaw_bias_at(
    queries: Float[Tensor, "*batch query head_dim"],
    key_vectors: Float[Tensor, "distance head_dim"],
    distances: Int[Tensor, "*#batch query key"],
) -> Float[Tensor, "*batch query key"]:
    """Return the same for any distances: each query meets each of the 2k + 1 vectors once, and looks its products up.

        bᵢⱼ = qᵢ · a^K[clip(distances[i, j])]

    Distances that do not grow by one from key to key (filler, segments) cannot be skewed.

    Cost: query · (2k + 1) · head_dim multiply-adds; O(query · (key + 2k + 1)) memory.
    Raises: ValueError if the number of vectors is even.
    Source: [shaw2018self] eq. 5.
    """
    products = einsum(queries, key_vectors, "... query head_dim, distance head_dim -> ... query distance")
    rows = clipped(distances, vectors=key_vectors)
    return products.gather(-1, rows.expand(*queries.shape[:-1], rows.shape[-1]))


def shaw_mix(
    weights: Float[Tensor, "*batch query key"],
    values: Float[Tensor, "*batch key value_dim"],
    value_vectors: Float[Tensor, "distance value_dim"],
    *,
    first: int = 0,
) -> Float[Tensor, "*batch query value_dim"]:
    """Mix the values, each together with the vector of its distance: the output says from how far it was fetched.

        oᵢ = Σⱼ pᵢⱼ (vⱼ + a^V[clip(j − i)])

    Cost: O(query · key · value_dim) time; the second term first adds up the weights of each distance and needs
    query · distance · value_dim multiply-adds and no table of vectors.
    Raises: ValueError if the number of vectors is even.
    Source: [shaw2018self] eq. 3.
    """
    apart = distances(weights.shape[-2], weights.shape[-1], first=first, device=weights.device)
    return weights @ values + shaw_mix_at(weights, value_vectors, apart)


def shaw_mix_at(
    weights: Float[Tensor, "*batch query key"],
    value_vectors: Float[Tensor, "distance value_dim"],
    distances: Int[Tensor, "*#batch query key"],
) -> Float[Tensor, "*batch query value_dim"]:
    """Return what the distances alone add to the mixed values, for any distances.

        Σⱼ pᵢⱼ a^V[clip(distances[i, j])]

    Cost: O(query · key), and query · (2k + 1) · value_dim multiply-adds; no table of vectors.
    Raises: ValueError if the number of vectors is even.
    Source: [shaw2018self] eq. 3, its second term.
    """
    rows = clipped(distances, vectors=value_vectors).expand(weights.shape)
    by_distance = weights.new_zeros(*weights.shape[:-1], len(value_vectors)).scatter_add(-1, rows, weights)
    return by_distance @ value_vectors


class ShawKeys(nn.Module):
    """Be the `bias` of Positions: each key is seen together with the vector of its distance, clipped at `clip`.

    Cost: that of shaw_bias_at; (2 clip + 1) · head_dim parameters, shared by the heads.
    Raises: ValueError if clip < 0 or head_dim < 1, or if the queries have another head_dim.
    Source: [shaw2018self] eq. 4, divided by √head_dim here.
    """

    reads_rows = False
    divides_by_root = True

    def __init__(self, head_dim: int, *, clip: int, generator: torch.Generator | None = None):
        super().__init__()
        self.vectors = _vectors("ShawKeys", head_dim, clip, generator)

    def forward(
        self,
        queries: Float[Tensor, "*batch head query head_dim"],
        keys: Tensor,
        query_places: Int[Tensor, "*#batch query"],
        key_places: Int[Tensor, "*#batch key"],
    ) -> Float[Tensor, "*batch head query key"]:
        """Return what the vectors of distances add to the score of each pair."""
        if queries.shape[-1] != self.vectors.shape[1]:
            raise ValueError(
                f"ShawKeys needs queries of head_dim={self.vectors.shape[1]} (its vectors are as wide), got "
                f"queries.shape={tuple(queries.shape)}."
            )
        apart = rearrange(distances_between(query_places, key_places), "... query key -> ... 1 query key")
        return shaw_bias_at(widen(queries), self.vectors.to(widen(queries).dtype), apart) / queries.shape[-1] ** 0.5


class ShawValues(nn.Module):
    """Be the `mix` of Positions: each value is fetched together with the vector of its distance, clipped at `clip`.

    Cost: that of shaw_mix_at; (2 clip + 1) · head_dim parameters, shared by the heads.
    Raises: ValueError if clip < 0 or head_dim < 1.
    Source: [shaw2018self] eq. 3.
    """

    reads_rows = False

    def __init__(self, head_dim: int, *, clip: int, generator: torch.Generator | None = None):
        super().__init__()
        self.vectors = _vectors("ShawValues", head_dim, clip, generator)

    def forward(
        self,
        weights: Float[Tensor, "*batch head query key"],
        query_places: Int[Tensor, "*#batch query"],
        key_places: Int[Tensor, "*#batch key"],
    ) -> Float[Tensor, "*batch head query head_dim"]:
        """Return what the vectors of distances add to the mixed values."""
        apart = rearrange(distances_between(query_places, key_places), "... query key -> ... 1 query key")
        return shaw_mix_at(weights, self.vectors.to(weights.dtype), apart)


def _vectors(module: str, head_dim: int, clip: int, generator: torch.Generator | None) -> nn.Parameter:
    if clip < 0 or head_dim < 1:
        raise ValueError(f"{module} needs clip >= 0 and head_dim >= 1 (they count), got {clip=}, {head_dim=}.")
    return nn.Parameter(0.02 * torch.randn(2 * clip + 1, head_dim, generator=generator))
