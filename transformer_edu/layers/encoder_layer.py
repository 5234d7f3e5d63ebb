"""The layer of an encoder: tokens look at each other, then each works alone."""

from collections.abc import Callable

from torch import nn

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.layers.feed_forward import FeedForward
from transformer_edu.layers.layer import Layer
from transformer_edu.layers.post_norm import PostNorm
from transformer_edu.layers.self_attention import SelfAttention
from transformer_edu.layers.sublayer import Sublayer
from transformer_edu.layers.token_network import TokenNetwork
from transformer_edu.normalization import LayerNorm
from transformer_edu.positions import Positions


def encoder_layer(
    dim: int,
    *,
    heads: int,
    hidden: int,
    residual: Callable[[nn.Module], nn.Module] = PostNorm,
    bend: nn.Module | None = None,
    positions: Positions | None = None,
    eps: float = 1e-5,
) -> Layer:
    """Build a layer of self-attention and a feed-forward network, each with a residual order and a norm of its own.

        x ← x + attention(x),   x ← x + network(x),   normalized behind each sum (PostNorm) or in front of it (PreNorm)

    Each part *adds* to the token (the residual connection). As it stands this is the layer of the first Transformer and
    of BERT; with residual=PreNorm it is that of GPT-2, which under a causal mask makes a decoder without a source.
    There is no dropout. What it returns is a Layer of two Sublayers like any other: to build another kind, write it
    down from parts as here.

    residual: called with one norm; an order that needs more brings it along, as lambda norm: Order(norm, more).
    bend: see FeedForward. positions: what the attention knows about places; layers that get one object share it.

    Cost: 4 · token · dim² + 2 · token² · dim + 2 · token · dim · hidden multiply-adds for a pass.
    Raises: ValueError if heads does not divide dim.
    Source: [vaswani2017attention] section 3.1; [xiong2020layer] figure 1.
    """
    attention = MultiHeadAttention(dim, heads=heads, positions=positions)
    network = FeedForward(dim, hidden=hidden, bend=bend)
    return Layer(
        Sublayer(SelfAttention(attention), residual(LayerNorm(dim, eps=eps))),
        Sublayer(TokenNetwork(network), residual(LayerNorm(dim, eps=eps))),
    )
