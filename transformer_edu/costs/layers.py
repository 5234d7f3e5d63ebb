"""What layers and whole models cost: multiply-adds and bytes, term by term."""

from transformer_edu.costs.attention import attention_cost
from transformer_edu.costs.cost import Cost, check_counts, parameter_counts


def feed_forward_cost(*, tokens: int, dim: int, hidden: int, batch: int = 1, bytes_per_number: int = 4) -> Cost:
    """Count what a feed-forward network costs.

        feed_forward   2 n dim hidden           8 n dim² if hidden = 4 dim
        parameters     2 dim hidden + dim + hidden

    Cost: O(1).
    Raises: ValueError if a count is below 1.
    Source: [vaswani2017attention] section 3.3.
    """
    counts = {"tokens": tokens, "dim": dim, "hidden": hidden, "batch": batch, "bytes_per_number": bytes_per_number}
    check_counts("feed_forward_cost", counts)
    parameters = parameter_counts(2 * dim * hidden + dim + hidden, bytes_per_number=bytes_per_number)
    return Cost({"feed_forward": 2 * batch * tokens * dim * hidden}, {"steps": 1, **parameters})


def layer_cost(
    *,
    tokens: int,
    dim: int,
    hidden: int,
    heads: int,
    key_value_heads: int | None = None,
    batch: int = 1,
    bytes_per_number: int = 4,
) -> Cost:
    """Count what an encoder layer costs (pre-norm or post-norm: the same).

        projections    4 n dim²
        pairs          2 n² dim                 scores and mixing
        feed_forward   2 n dim hidden           8 n dim² if hidden = 4 dim
        parameters     4 dim² + 2 dim hidden + 9 dim + hidden

    With hidden = 4 dim: attention and feed-forward network cost the same at n = 2 dim, and the quadratic term alone
    outweighs everything else only from n = 6 dim on. Residual sums and normalizations need O(n dim), not counted.
    Fewer key_value_heads make projections and parameters smaller than these.

    Cost: O(1).
    Raises: ValueError if a count is below 1, or if heads does not divide dim or key_value_heads heads.
    Source: [vaswani2017attention] table 1, with the constants that O(·) hides.
    """
    size = {"dim": dim, "batch": batch, "bytes_per_number": bytes_per_number}
    return (
        attention_cost(queries=tokens, keys=tokens, heads=heads, key_value_heads=key_value_heads, **size)
        + feed_forward_cost(tokens=tokens, hidden=hidden, **size)
        + _around(dim, heads, key_value_heads, bytes_per_number, norms=2)
    )


def decoder_layer_cost(
    *,
    targets: int,
    sources: int,
    dim: int,
    hidden: int,
    heads: int,
    key_value_heads: int | None = None,
    batch: int = 1,
    bytes_per_number: int = 4,
) -> Cost:
    """Count what a decoder layer costs: an encoder layer over the target, and attention to the source.

        projections    (6 m + 2 n) dim²          m targets, n sources
        pairs          2 m (m + n) dim
        feed_forward   2 m dim hidden
        parameters     8 dim² + 2 dim hidden + 15 dim + hidden

    Cost: O(1).
    Raises: ValueError if a count is below 1, or if heads does not divide dim or key_value_heads heads.
    Source: [vaswani2017attention] section 3.1.
    """
    size = {"dim": dim, "heads": heads, "batch": batch, "bytes_per_number": bytes_per_number}
    size["key_value_heads"] = key_value_heads
    return (
        layer_cost(tokens=targets, hidden=hidden, **size)
        + attention_cost(queries=targets, keys=sources, **size)
        + _around(dim, heads, key_value_heads, bytes_per_number, norms=1)
    )


def model_cost(
    *,
    vocab_in: int,
    vocab_out: int,
    sources: int,
    targets: int,
    dim: int,
    hidden: int,
    heads: int,
    layers: int,
    key_value_heads: int | None = None,
    batch: int = 1,
    bytes_per_number: int = 4,
) -> Cost:
    """Count what EncoderDecoder costs with teacher forcing. Looking words up costs no multiply-add.

        layers · (encoder layer + decoder layer) + m vocab_out dim
        parameters    layers · (12 dim² + 4 dim hidden + 24 dim + 2 hidden) + (vocab_in + vocab_out) dim

    Cost: O(1).
    Raises: ValueError if a count is below 1, or if heads does not divide dim or key_value_heads heads.
    Source: [vaswani2017attention] section 3.
    """
    check_counts("model_cost", {"vocab_in": vocab_in, "vocab_out": vocab_out, "layers": layers})
    size = {"dim": dim, "hidden": hidden, "heads": heads, "batch": batch, "bytes_per_number": bytes_per_number}
    size["key_value_heads"] = key_value_heads
    tables = parameter_counts((vocab_in + vocab_out) * dim, bytes_per_number=bytes_per_number)
    encoder, decoder = layer_cost(tokens=sources, **size), decoder_layer_cost(targets=targets, sources=sources, **size)
    return layers * (encoder + decoder) + Cost({"logits": batch * targets * vocab_out * dim}, tables)


def _around(dim: int, heads: int, key_value_heads: int | None, bytes_per_number: int, *, norms: int) -> Cost:
    """Count the biases of an attention's four projections, and gains and biases of normalizations."""
    narrow = dim // heads * (heads if key_value_heads is None else key_value_heads)
    return Cost(counts=parameter_counts((2 + 2 * norms) * dim + 2 * narrow, bytes_per_number=bytes_per_number))
