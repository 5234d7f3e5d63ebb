"""The key/value cache: what a token says about itself is computed once, when it is written.

An attention's `project` computes it: for each new token, and once for a whole target for the source.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from transformer_edu.positions import Places


class Cache(NamedTuple):
    """Keys and values of the tokens so far (or of a source), and where they stand; all with the batch axis first.

    Heads that share keys and values have one row of them: `key_head`. places: as in Given; None if nobody asks.
    """

    keys: Float[Tensor, "batch key_head key head_dim"]
    values: Float[Tensor, "batch key_head key head_dim"]
    places: Places | None = None


def extend_cache(cache: Cache, new: Cache) -> Cache:
    """Put new keys and values, and the places where they stand, behind the old ones.

        K ← [K; k],   V ← [V; v],   p ← [p; p′]

    The old cache stays as it is: a beam search lets several hypotheses go on from it.

    Cost: O(key · dim) copied; a server that writes one hypothesis would allocate once and write in place.
    Raises: ValueError if the two belong to batches of different sizes.
    Source: [shazeer2019fast] section 2.4.
    """
    check_batch("extend_cache", "new", new.keys, cache)
    keys, values = (torch.cat([old, added], dim=-2) for old, added in zip(cache[:2], new[:2], strict=True))
    return Cache(keys, values, None if new.places is None else torch.cat([cache.places, new.places], dim=1))


def check_batch(function: str, name: str, tokens: Tensor, cache: Cache) -> None:
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

    One row of places is that of all; places that have a batch axis already, and None, stay as they are.

    Cost: none, it is a view.
    Source: a convention of this book.
    """
    return places if places is None or places.ndim > 1 else places.expand(tokens.shape[0], -1)
