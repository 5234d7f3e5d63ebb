"""What layers and whole models cost: multiply-adds and bytes, term by term."""

from typing import NamedTuple

from transformer_edu.costs.attention import attention_cost


class LayerCost(NamedTuple):
    """Counts for one forward pass of one layer (or of several: then the sums) over one batch."""

    projections: int  # multiply-adds of the matrices around attention
    pairs: int  # multiply-adds of scores and mixing: the part that grows with query · key
    feed_forward: int  # multiply-adds of the two matrices of the feed-forward network
    exponentials: int  # of the softmax, on top of the multiply-adds
    parameters: int  # numbers: matrices, biases, gains
    table_bytes: int  # the weights of all heads: what the fused path never stores

    @property
    def multiply_adds(self) -> int:
        """Sum up the multiply-adds; flop counters count each of them twice."""
        return self.projections + self.pairs + self.feed_forward

    def times(self, count: int) -> "LayerCost":
        """Return what so many of these layers cost."""
        return LayerCost(*(count * number for number in self))


class ModelCost(NamedTuple):
    """What an encoder-decoder costs for one batch: its two stacks, and the scores of all words."""

    encoder: LayerCost
    decoder: LayerCost
    logits: int
    parameters: int

    @property
    def multiply_adds(self) -> int:
        """Sum up the multiply-adds of both stacks and of the logits; looking words up costs none."""
        return self.encoder.multiply_adds + self.decoder.multiply_adds + self.logits


def layer_cost(
    *, tokens: int, dim: int, hidden: int, heads: int, batch: int = 1, bytes_per_number: int = 4
) -> LayerCost:
    """Count what an encoder layer costs (pre-norm or post-norm: the same).

        projections    4 n dim²
        pairs          2 n² dim
        feed-forward   2 n dim hidden           8 n dim² if hidden = 4 dim
        parameters     4 dim² + 2 dim hidden + 9 dim + hidden

    With hidden = 4 dim: attention and feed-forward network cost the same at n = 2 dim, and the quadratic term alone
    outweighs everything else only from n = 6 dim on. Residual sums and normalizations need O(n dim), not counted.

    Cost: O(1).
    Raises: ValueError if a count is below 1, or if heads does not divide dim.
    Source: [vaswani2017attention] table 1, with the constants that O(·) hides.
    """
    _check_count("layer_cost", "hidden", hidden)
    own = attention_cost(
        queries=tokens, keys=tokens, dim=dim, heads=heads, batch=batch, bytes_per_number=bytes_per_number
    )
    return LayerCost(
        projections=own.projections,
        pairs=own.scores + own.mixing,
        feed_forward=2 * batch * tokens * dim * hidden,
        exponentials=own.exponentials,
        parameters=4 * dim**2 + 2 * dim * hidden + 9 * dim + hidden,
        table_bytes=own.table_bytes,
    )


def decoder_layer_cost(
    *, targets: int, sources: int, dim: int, hidden: int, heads: int, batch: int = 1, bytes_per_number: int = 4
) -> LayerCost:
    """Count what a decoder layer costs: an encoder layer over the target, and attention to the source.

        projections    (6 m + 2 n) dim²          m targets, n sources
        pairs          2 m (m + n) dim
        feed-forward   2 m dim hidden
        parameters     8 dim² + 2 dim hidden + 15 dim + hidden

    Cost: O(1).
    Raises: ValueError if a count is below 1, or if heads does not divide dim.
    Source: [vaswani2017attention] section 3.1.
    """
    own = layer_cost(
        tokens=targets, dim=dim, hidden=hidden, heads=heads, batch=batch, bytes_per_number=bytes_per_number
    )
    across = attention_cost(
        queries=targets, keys=sources, dim=dim, heads=heads, batch=batch, bytes_per_number=bytes_per_number
    )
    return LayerCost(
        projections=own.projections + across.projections,
        pairs=own.pairs + across.scores + across.mixing,
        feed_forward=own.feed_forward,
        exponentials=own.exponentials + across.exponentials,
        parameters=own.parameters + 4 * dim**2 + 6 * dim,
        table_bytes=own.table_bytes + across.table_bytes,
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
    batch: int = 1,
    bytes_per_number: int = 4,
) -> ModelCost:
    """Count what EncoderDecoder costs with teacher forcing.

        layers · (encoder layer + decoder layer) + m vocab_out dim
        parameters    layers · (12 dim² + 4 dim hidden + 24 dim + 2 hidden) + (vocab_in + vocab_out) dim

    Cost: O(1).
    Raises: ValueError if a count is below 1, or if heads does not divide dim.
    Source: [vaswani2017attention] section 3.
    """
    for name, count in {"vocab_in": vocab_in, "vocab_out": vocab_out, "layers": layers}.items():
        _check_count("model_cost", name, count)
    encoder = layer_cost(
        tokens=sources, dim=dim, hidden=hidden, heads=heads, batch=batch, bytes_per_number=bytes_per_number
    ).times(layers)
    decoder = decoder_layer_cost(
        targets=targets,
        sources=sources,
        dim=dim,
        hidden=hidden,
        heads=heads,
        batch=batch,
        bytes_per_number=bytes_per_number,
    ).times(layers)
    embeddings = (vocab_in + vocab_out) * dim
    return ModelCost(
        encoder=encoder,
        decoder=decoder,
        logits=batch * targets * vocab_out * dim,
        parameters=encoder.parameters + decoder.parameters + embeddings,
    )


def _check_count(function: str, name: str, count: int) -> None:
    if count < 1:
        raise ValueError(f"{function} needs {name} >= 1 (it is a count), got {name}={count}.")
