"""What it costs to write one more token: with a key/value cache, and without one."""

from transformer_edu.costs.attention import attention_cost
from transformer_edu.costs.cost import Cost, check_counts, parameter_counts
from transformer_edu.costs.layers import decoder_layer_cost, feed_forward_cost, layer_cost


def cached_step_cost(
    *,
    written: int,
    sources: int = 0,
    dim: int,
    hidden: int,
    heads: int,
    layers: int,
    vocab: int,
    key_value_heads: int | None = None,
    batch: int = 1,
    bytes_per_number: int = 4,
) -> Cost:
    """Count one step behind `written` tokens whose keys and values are kept: only the new token is computed.

        decoder-only (sources = 0)   layers · (4 dim² + 2 (written + 1) dim + 2 dim hidden) + vocab dim
        with a source                layers · (2 dim² + 2 sources dim) more
        cache                        layers · 2 (written + 1 + sources) dim numbers

    A step reads the parameters (parameter_bytes: the layers and the table of the logits) and the whole cache
    (cache_bytes) to compute very little: it waits for memory, not for arithmetic. That is why a batch of texts is
    written in hardly more time than one, until the caches outweigh the parameters. With a source, parameter_bytes
    also counts the W^K and W^V that the source met before the first step; a step does not read those.
    key_value_heads: fewer of them make the cache narrower by the same factor.

    Cost: O(1).
    Raises: ValueError if a count is below 1 (written and sources may be 0), if heads does not divide dim, or
    key_value_heads heads.
    Source: [shazeer2019fast] section 2.4.
    """
    _check("cached_step_cost", written, sources, layers, vocab)
    size = {"dim": dim, "batch": batch, "bytes_per_number": bytes_per_number}
    look = {"queries": 1, "heads": heads, "key_value_heads": key_value_heads, **size}
    layer = attention_cost(keys=written + 1, kept=written, **look) + feed_forward_cost(tokens=1, hidden=hidden, **size)
    if sources:
        layer += attention_cost(keys=sources, kept=sources, **look)
    narrow = dim // heads * (heads if key_value_heads is None else key_value_heads)
    cache = 2 * batch * (written + 1 + sources) * narrow * bytes_per_number
    biases_and_gains = (10 * dim + 4 * narrow) if sources else (6 * dim + 2 * narrow)
    around = parameter_counts(biases_and_gains, bytes_per_number=bytes_per_number)
    return layers * (layer + Cost(counts={"cache_bytes": cache, **around})) + _logits(vocab=vocab, **size)


def uncached_step_cost(
    *,
    written: int,
    sources: int = 0,
    dim: int,
    hidden: int,
    heads: int,
    layers: int,
    vocab: int,
    key_value_heads: int | None = None,
    batch: int = 1,
    bytes_per_number: int = 4,
) -> Cost:
    """Count one step behind `written` tokens if nothing is kept but the encoder's memory: all tokens pass again.

        layers · (layer over written + 1 tokens, and source attention with its projections) + vocab dim

    Only the last token's logits are computed. Writing m tokens so costs O(m² dim² + m³ dim), with a cache
    O(m dim² + m² dim).

    Cost: O(1).
    Raises: ValueError if a count is below 1 (written and sources may be 0), if heads does not divide dim, or
    key_value_heads heads.
    Source: [shazeer2019fast] section 2.4, without what it is about.
    """
    _check("uncached_step_cost", written, sources, layers, vocab)
    size = {"dim": dim, "batch": batch, "bytes_per_number": bytes_per_number}
    widths = {"hidden": hidden, "heads": heads, "key_value_heads": key_value_heads, **size}
    layer = (
        decoder_layer_cost(targets=written + 1, sources=sources, **widths)
        if sources
        else layer_cost(tokens=written + 1, **widths)
    )
    return layers * layer + Cost(counts={"cache_bytes": 0}) + _logits(vocab=vocab, **size)


def _logits(*, vocab: int, dim: int, batch: int, bytes_per_number: int) -> Cost:
    """Count the logits of one token a sequence."""
    return Cost({"logits": batch * vocab * dim}, parameter_counts(vocab * dim, bytes_per_number=bytes_per_number))


def _check(function: str, written: int, sources: int, layers: int, vocab: int) -> None:
    check_counts(function, {"written": written, "sources": sources}, least=0)
    check_counts(function, {"layers": layers, "vocab": vocab})
