"""ALiBi: a penalty that grows with the distance, at another rate in each head, and nothing learned."""

import torch
from einops import einsum
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.positions.check_heads import check_heads
from transformer_edu.positions.distances import distances
from transformer_edu.positions.places import distances_between
from transformer_edu.softmax import widen


def alibi_slopes(
    heads: int, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
) -> Float[Tensor, "head"]:
    """Return how fast each head's penalty grows: from near-sighted to far-sighted heads.

        mₕ = 2^(−8h / heads),   h = 1 … heads,   if heads is a power of two

    Otherwise take the slopes of the power of two below, then every second slope (the first, the third, …) of twice
    that power, until there are enough. Eight heads: ½, ¼, … 1/256.

    Cost: O(heads).
    Raises: ValueError if heads < 1.
    Source: [press2022train] section 3; for other counts, its code.
    """
    if heads < 1:
        raise ValueError(f"alibi_slopes needs heads >= 1 (it counts them), got heads={heads}.")
    below = 2 ** (heads.bit_length() - 1)
    slopes = _powers(below) + _powers(2 * below)[::2][: heads - below]
    return torch.tensor(slopes, dtype=dtype or torch.get_default_dtype(), device=device)


def alibi_bias(
    slopes: Float[Tensor, "head"], *, queries: int, keys: int, first: int = 0
) -> Float[Tensor, "head query key"]:
    """Return the penalty that is added to the scaled scores of each pair.

        bias[h, i, j] = −mₕ · |i − j|

    In a decoder only keys before the query count, and |i − j| = i − j, as the paper prints it. The two-sided form is
    what encoders use. Checkpoints may add +mₕ · j instead: under a causal mask that is the same to a softmax, since the
    two differ by mₕ · i, one number for the whole row.

    Cost: O(head · query · key) memory.
    Raises: ValueError if there are no queries or keys.
    Source: [press2022train] eq. in section 3.
    """
    return alibi_bias_at(slopes, distances(queries, keys, first=first, device=slopes.device))


def alibi_bias_at(
    slopes: Float[Tensor, "head"], distances: Int[Tensor, "*batch query key"]
) -> Float[Tensor, "*batch head query key"]:
    """Return the same penalty for any distances, such as those of a text behind filler.

        bias[h, i, j] = −mₕ · |distances[i, j]|

    Cost: O(head · query · key) memory.
    Source: [press2022train] eq. in section 3.
    """
    nearness = -distances.abs()
    return einsum(slopes, nearness.to(slopes.dtype), "head, ... query key -> ... head query key")


class Alibi(nn.Module):
    """Be the `bias` of Positions: the penalty by distance; nothing is learned.

    Cost: O(head · query · key) memory.
    Raises: ValueError if heads < 1, or if the queries have another number of heads.
    Source: [press2022train] section 3.
    """

    reads_rows = False

    def __init__(self, heads: int):
        super().__init__()
        alibi_slopes(heads)
        self.heads = heads

    def forward(
        self,
        queries: Tensor,
        keys: Tensor,
        query_places: Int[Tensor, "*#batch query"],
        key_places: Int[Tensor, "*#batch key"],
    ) -> Float[Tensor, "*#batch head query key"]:
        """Return the penalty of each pair, in each head."""
        check_heads("Alibi", queries, heads=self.heads)
        slopes = alibi_slopes(self.heads, device=queries.device, dtype=widen(queries).dtype)
        return alibi_bias_at(slopes, distances_between(query_places, key_places))


def _powers(heads: int) -> list[float]:
    return [2.0 ** (-8.0 * h / heads) for h in range(1, heads + 1)]
