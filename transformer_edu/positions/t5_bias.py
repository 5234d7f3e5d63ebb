"""T5's relative positions: one learned number for each head and each bucket of distances."""

import math
from collections.abc import Callable

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.positions.check_heads import check_heads
from transformer_edu.positions.places import distances_between
from transformer_edu.softmax import widen


def t5_buckets(distances: Int[Tensor, "*pair"], *, buckets: int = 32, farthest: int = 128) -> Int[Tensor, "*pair"]:
    """Sort distances into buckets, for an encoder: half of them for keys before the query, half for keys behind it.

        bucket(j − i) = (buckets/2) · [j > i] + half(|j − i|)
        half(δ) = δ                                                           for δ < m,   m = buckets/4
                  m + ⌊ln(δ/m) / ln(farthest/m) · (buckets/2 − m)⌋            beyond, at most buckets/2 − 1

    Near distances have a bucket each; farther ones share, in steps that grow by a factor. Beyond `farthest` all share.

    Cost: O(pair).
    Raises: ValueError if buckets is no multiple of 4, or if farthest is not beyond the exact buckets.
    Source: [raffel2020exploring] section 2.1; the formula is that of its code.
    """
    _check("t5_buckets", buckets, 4, farthest)
    behind = (distances > 0).long() * (buckets // 2)
    return behind + _half(distances.abs(), buckets // 2, farthest)


def t5_causal_buckets(
    distances: Int[Tensor, "*pair"], *, buckets: int = 32, farthest: int = 128
) -> Int[Tensor, "*pair"]:
    """Sort distances into buckets, for a decoder: all buckets are for keys before the query.

        bucket(j − i) = half(max(i − j, 0)),   half as in t5_buckets, with m = buckets/2 and all `buckets`

    Keys behind the query share bucket 0 with the query itself: the causal mask blocks them anyway.

    Cost: O(pair).
    Raises: ValueError if buckets is odd or below 2, or if farthest is not beyond the exact buckets.
    Source: [raffel2020exploring] section 2.1; the formula is that of its code.
    """
    _check("t5_causal_buckets", buckets, 2, farthest)
    return _half((-distances).clamp(min=0), buckets, farthest)


def t5_bias(
    table: Float[Tensor, "bucket head"], buckets: Int[Tensor, "*batch query key"]
) -> Float[Tensor, "*batch head query key"]:
    """Look up what each head adds to the score of each pair.

        eᵢⱼ = qᵢ · kⱼ + b[bucket(j − i), head]

    T5 does not divide by √head_dim: its authors put the root into the start of the weights. The bias is added to the
    bare product; with another scale in front the same table means something else. One table serves all layers.

    Cost: O(head · query · key) memory; bucket · head parameters.
    Source: [raffel2020exploring] section 2.1.
    """
    return rearrange(table[buckets], "... query key head -> ... head query key")


class T5Bias(nn.Module):
    """Be the `bias` of Positions: a learned number for each head and bucket. The attention needs scale=1 with it.

    Nobody checks the scale: with 1/√head_dim it runs, too, and is not T5.

    sort: t5_buckets where both sides are seen, t5_causal_buckets in a decoder.

    Cost: O(head · query · key) memory; buckets · heads parameters, for all layers that share the object.
    Raises: ValueError if the buckets cannot be halved as `sort` does, or if the queries have another number of heads.
    Source: [raffel2020exploring] section 2.1.
    """

    reads_rows = False

    def __init__(
        self,
        heads: int,
        *,
        sort: Callable[..., Tensor],
        buckets: int = 32,
        farthest: int = 128,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        sort(torch.zeros(1, dtype=torch.long), buckets=buckets, farthest=farthest)
        self.sort, self.farthest = sort, farthest
        self.table = nn.Parameter(0.02 * torch.randn(buckets, heads, generator=generator))

    def forward(
        self,
        queries: Tensor,
        keys: Tensor,
        query_places: Int[Tensor, "*#batch query"],
        key_places: Int[Tensor, "*#batch key"],
    ) -> Float[Tensor, "*#batch head query key"]:
        """Return what each head adds to the score of each pair."""
        check_heads("T5Bias", queries, heads=self.table.shape[1])
        apart = distances_between(query_places, key_places)
        return t5_bias(widen(self.table), self.sort(apart, buckets=len(self.table), farthest=self.farthest))


def _half(apart: Int[Tensor, "*pair"], buckets: int, farthest: int) -> Int[Tensor, "*pair"]:
    """Put distances >= 0 into buckets; in float32, as T5 does, so that borders fall alike."""
    exact = buckets // 2
    growth = torch.log(apart.clamp(min=1).float() / exact) / math.log(farthest / exact)
    shared = (exact + (growth * (buckets - exact)).long()).clamp(max=buckets - 1)
    return torch.where(apart < exact, apart, shared)


def _check(function: str, buckets: int, multiple: int, farthest: int) -> None:
    if buckets < multiple or buckets % multiple:
        raise ValueError(
            f"{function} needs buckets that {multiple} divides (halves of them are exact), got buckets={buckets}."
        )
    exact = buckets // multiple
    if farthest <= exact:
        raise ValueError(f"{function} needs farthest > {exact} (nearer ones are exact), got farthest={farthest}.")
