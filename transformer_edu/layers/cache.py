"""The key/value cache: what a token says about itself is computed once, when it is written.

An attention's `project` computes it: for each new token, and once for a whole target for the source.
"""

from typing import NamedTuple

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from transformer_edu.positions import Places


class Cache(NamedTuple):
    """Keys and values of the tokens so far (or of a source), and where they stand; all with the batch axis first.

    Heads that share keys and values have one row of them: `key_head`. places: `batch key` or `batch key axis`, counted
    if nobody said them; None only in a cache that somebody made without them, which then stays so.
    """

    keys: Float[Tensor, "batch key_head key head_dim"]
    values: Float[Tensor, "batch key_head key head_dim"]
    places: Places | None = None


class SourceCache(NamedTuple):
    """Keys and values of a source, where they stand, and where the next token stands that looks at them."""

    keys: Float[Tensor, "batch key_head key head_dim"]
    values: Float[Tensor, "batch key_head key head_dim"]
    places: Places | None
    next_places: Int[Tensor, "batch *axis"]


def extend_cache(cache: Cache, new: Cache) -> Cache:
    """Put new keys and values, and the places where they stand, behind the old ones.

        K ← [K; k],   V ← [V; v],   p ← [p; p′]

    The old cache stays as it is: a beam search lets several hypotheses go on from it.

    Cost: O(key · dim) copied; a server that writes one hypothesis would allocate once and write in place.
    Raises: ValueError if the two belong to batches of different sizes, or if one of them alone has places.
    Source: [shazeer2019fast] section 2.4.
    """
    check_batch("extend_cache", "new", new.keys, cache)
    if (cache.places is None) != (new.places is None):
        missing = "cache" if cache.places is None else "new"
        raise ValueError(
            f"extend_cache needs places in both or in none (each key stands somewhere), got {missing}.places=None."
        )
    keys, values = (torch.cat([old, added], dim=-2) for old, added in zip(cache[:2], new[:2], strict=True))
    return Cache(keys, values, None if new.places is None else torch.cat([cache.places, new.places], dim=1))


def check_batch(function: str, name: str, tokens: Tensor, cache: Cache | SourceCache) -> None:
    """Refuse a cache of another batch than that of the tokens: one of size 1 would be stretched in silence.

    Cost: none, it looks at shapes only.
    Raises: ValueError.
    Source: a convention of this book.
    """
    if cache.keys.shape[0] != tokens.shape[0]:
        raise ValueError(
            f"{function} needs a cache of the same batch (each sequence has its own keys, "
            f"{name}.batch={tokens.shape[0]}), got cache.batch={cache.keys.shape[0]}."
        )


def places_of_each(places: Places | None, tokens: Float[Tensor, "batch token dim"]) -> Places | None:
    """Give every sequence of a batch its own places: a cache keeps them, and each hypothesis takes its own along.

    One row of places, `token` or `1 token`, is that of all, with one axis more if a place is several numbers. What
    comes back is always `batch token` or `batch token axis`; None stays None. Two axes are `batch token` if they fit.

    Cost: none, it is a view.
    Raises: ValueError if there is not one place for each token of each sequence.
    Source: a convention of this book.
    """
    if places is None:
        return None
    batch, count = tokens.shape[:2]
    rows = places if places.ndim > 1 else rearrange(places, "token -> 1 token")
    if rows.ndim == 2 and (rows.shape[1] != count or rows.shape[0] not in (1, batch)):
        rows = rearrange(rows, "token number -> 1 token number")
    if rows.ndim > 3 or rows.shape[1] != count or rows.shape[0] not in (1, batch):
        raise ValueError(
            f"places_of_each needs one place for each token, for all sequences or for each (batch={batch}, "
            f"tokens={count}), got places.shape={tuple(places.shape)}."
        )
    return rows if rows.shape[0] == batch else rows.expand(batch, *rows.shape[1:])


def count_on(next_places: Int[Tensor, "batch *axis"], tokens: int) -> Int[Tensor, "batch token"]:
    """Return where tokens stand that continue sequences, if nobody says it.

        p = next, next + 1, …   for each sequence

    Cost: O(batch · token).
    Raises: ValueError if a place is more than one number: which of them goes on has to be said.
    Source: a convention of this book.
    """
    if next_places.ndim > 1:
        raise ValueError(
            f"count_on needs places of one number each (of several, nobody knows which goes on: give the places), got "
            f"next_places.shape={tuple(next_places.shape)}."
        )
    return rearrange(next_places, "batch -> batch 1") + torch.arange(tokens, device=next_places.device)
