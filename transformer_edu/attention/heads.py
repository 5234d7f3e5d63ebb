"""Cut tokens into heads, and join the heads again."""

from einops import rearrange, repeat
from jaxtyping import Bool, Float
from torch import Tensor


def split_heads(
    tokens: Float[Tensor, "*batch token dim"], *, heads: int
) -> Float[Tensor, "*batch head token head_dim"]:
    """Give each head its own part of every token.

        head h gets the numbers h · head_dim … (h + 1) · head_dim - 1 of each token

    The numbers of a token are cut, not the sequence: every head sees every token. A reshape to (heads, token, head_dim)
    alone would have the right shape and the wrong numbers; the axes must be split first and exchanged then.

    Cost: none, it is a view.
    Raises: ValueError if heads does not divide dim.
    Source: [vaswani2017attention] section 3.2.2.
    """
    dim = tokens.shape[-1]
    if heads < 1 or dim % heads:
        raise ValueError(f"split_heads needs heads that divide dim={dim} (all heads are alike), got heads={heads}.")
    return rearrange(tokens, "... token (head head_dim) -> ... head token head_dim", head=heads)


def merge_heads(outputs: Float[Tensor, "*batch head token head_dim"]) -> Float[Tensor, "*batch token dim"]:
    """Lay the outputs of all heads side by side, token by token: the inverse of split_heads.

        Concat(head₁, …, headₕ)

    Cost: O(token · dim) time and memory.
    Source: [vaswani2017attention] section 3.2.2.
    """
    return rearrange(outputs, "... head token head_dim -> ... token (head head_dim)")


def repeat_heads(
    vectors: Float[Tensor, "*batch key_head key head_dim"], *, heads: int
) -> Float[Tensor, "*batch head key head_dim"]:
    """Let several query heads in a row share the keys (or values) of one: head h gets those of ⌊h · key_heads / heads⌋.

    With as many as there are, nothing changes. One for all is multi-query attention, something in between
    grouped-query attention.

    Cost: O(heads · key · head_dim) copied, if key_heads < heads; what is kept (a cache) stays small.
    Raises: ValueError if key_heads does not divide heads.
    Source: [ainslie2023gqa] section 2.2; [shazeer2019fast] section 3.
    """
    key_heads = vectors.shape[-3]
    if not key_heads or heads % key_heads:
        raise ValueError(
            f"repeat_heads needs key heads that divide heads={heads} (each serves as many), got {key_heads=}."
        )
    if key_heads == heads:
        return vectors
    return repeat(vectors, "... key_head key head_dim -> ... (key_head group) key head_dim", group=heads // key_heads)


def share_among_heads(
    allowed: Bool[Tensor, "*batch query key"] | None,
) -> Bool[Tensor, "*batch 1 query key"] | None:
    """Give a mask an axis of size 1 for the heads, so that all of them get the same mask. None stays None.

    Cost: none, it is a view.
    Source: a convention of this book.
    """
    return None if allowed is None else rearrange(allowed, "... query key -> ... 1 query key")
