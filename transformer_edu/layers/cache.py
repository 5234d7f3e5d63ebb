"""The key/value cache: what a token says about itself is computed once, when it is written.

MultiHeadAttention.project computes it, for a new token and, once for a whole target, for the source.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from transformer_edu.attention import Attended, MultiHeadAttention, Projected


class Cache(NamedTuple):
    """Keys and values of the tokens so far: of one layer, or of a stack of layers (layer behind batch)."""

    keys: Float[Tensor, "batch *layer head key head_dim"]
    values: Float[Tensor, "batch *layer head key head_dim"]

    @property
    def length(self) -> int:
        """Count the tokens that are remembered: the position of the next one."""
        return self.keys.shape[-2]

    def layer(self, index: int) -> "Cache":
        """Return the part of one layer of a stack."""
        return Cache(self.keys[:, index], self.values[:, index])


class Extended(NamedTuple):
    """Outputs of the new tokens, where each head looked, and the cache that now holds the new tokens too."""

    outputs: Float[Tensor, "batch token dim"]
    weights: Float[Tensor, "batch head token key"]
    cache: Cache


def extend_cache(cache: Cache, new: Projected) -> Cache:
    """Put new keys and values behind the old ones.

        K ← [K; k],   V ← [V; v]

    The old cache stays as it is: a beam search lets several hypotheses go on from it.

    Cost: O(key · dim) copied; a server that writes one hypothesis would allocate once and write in place.
    Raises: ValueError if the two belong to batches of different sizes.
    Source: [shazeer2019fast] section 2.4.
    """
    if cache.keys.shape[0] != new.keys.shape[0]:
        raise ValueError(
            f"extend_cache needs a cache of the same batch as the new tokens (each sequence has its own keys, "
            f"new.batch={new.keys.shape[0]}), got cache.batch={cache.keys.shape[0]}."
        )
    return Cache(*(torch.cat([old, added], dim=-2) for old, added in zip(cache, new, strict=True)))


def attend_cached(
    attention: MultiHeadAttention,
    tokens: Float[Tensor, "batch query dim"],
    cache: Cache,
    *,
    allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
) -> Attended:
    """Let tokens look at keys and values that are there already: only the queries are projected.

        Y = Concat(headₕ) W^O,   headₕ = Attention(X Wₕ^Q, Kₕ, Vₕ)

    Cost: 2 · query · dim² + 2 · query · key · dim multiply-adds.
    Raises: ValueError if the cache belongs to a batch of another size.
    Source: [shazeer2019fast] section 2.4.
    """
    if cache.keys.shape[0] != tokens.shape[0]:
        raise ValueError(
            f"attend_cached needs a cache of the same batch as the tokens (each sequence has its own keys, "
            f"tokens.batch={tokens.shape[0]}), got cache.batch={cache.keys.shape[0]}."
        )
    return attention(tokens, Projected(*cache), allowed=allowed)


def stack_caches(caches: Sequence[Cache]) -> Cache:
    """Lay the caches of all layers on each other, with the batch still in front.

    Cost: O(layer · key · dim) copied.
    Source: a convention of this book: a search over hypotheses reorders every tensor along its first axis.
    """
    return Cache(*(torch.stack(tensors, dim=1) for tensors in zip(*caches, strict=True)))


def empty_cache(memory: Cache) -> Cache:
    """Return a cache that remembers nothing yet, with the batch, layers, heads and type of another one.

    Cost: none.
    Source: a convention of this book.
    """
    return Cache(memory.keys[..., :0, :], memory.values[..., :0, :])
