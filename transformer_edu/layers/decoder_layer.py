"""The layer of a decoder with a source: tokens look at each other, then at the source, then each works alone."""

from collections.abc import Callable

from torch import nn

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.layers.feed_forward import FeedForward
from transformer_edu.layers.layer import Layer
from transformer_edu.layers.post_norm import PostNorm
from transformer_edu.layers.self_attention import SelfAttention
from transformer_edu.layers.source_attention import SourceAttention
from transformer_edu.layers.sublayer import Sublayer
from transformer_edu.layers.token_network import TokenNetwork
from transformer_edu.normalization import LayerNorm
from transformer_edu.positions import Positions


def decoder_layer(
    dim: int,
    *,
    heads: int,
    hidden: int,
    residual: Callable[[nn.Module], nn.Module] = PostNorm,
    bend: nn.Module | None = None,
    positions: Positions | None = None,
    source_positions: Positions | None = None,
    eps: float = 1e-5,
) -> Layer:
    """Build a layer of self-attention, attention to the source and a feed-forward network, like encoder_layer.

        x ← x + attention(x)                    each token sees itself and those before it
        x ← x + source_attention(x, source)     queries from the target, keys and values from the source
        x ← x + network(x)

    The causal mask comes from outside, as `causal` in what the layer is given: without it the target sees its own
    future. The source is not normalized here: the encoder has done it.

    bend, positions: as for encoder_layer. source_positions: what the attention to the source knows about places.

    Cost: (6 · target + 2 · source) · dim² + 2 · target · (target + source) · dim + 2 · target · dim · hidden.
    Raises: ValueError if heads does not divide dim.
    Source: [vaswani2017attention] section 3.1; [xiong2020layer] section 3.1.
    """
    attention = MultiHeadAttention(dim, heads=heads, positions=positions)
    source_attention = MultiHeadAttention(dim, heads=heads, positions=source_positions)
    network = FeedForward(dim, hidden=hidden, bend=bend)
    return Layer(
        Sublayer(SelfAttention(attention), residual(LayerNorm(dim, eps=eps))),
        Sublayer(SourceAttention(source_attention), residual(LayerNorm(dim, eps=eps))),
        Sublayer(TokenNetwork(network), residual(LayerNorm(dim, eps=eps))),
    )
