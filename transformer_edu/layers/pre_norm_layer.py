"""Layers that normalize before each part: the residual stream itself is never normalized."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.attention import Attended, MultiHeadAttention
from transformer_edu.layers.cache import Cache, Extended, attend_cached, extend_cache
from transformer_edu.layers.decoder_layer import AttendedTwice
from transformer_edu.layers.feed_forward import FeedForward
from transformer_edu.normalization.layer_norm import LayerNorm


class PreNormEncoderLayer(nn.Module):
    """Let the tokens look at each other, then change each one by itself; each part reads a normalized copy.

        x ← x + attention(LN(x))
        x ← x + feed_forward(LN(x))

    From the last layer back to the first runs a path of additions alone, on which the gradient passes unchanged: deep
    stacks train without warm-up. The price: nothing bounds the sum, so that it grows from layer to layer, and after the
    last layer *one more* normalization is due. The stack has it, not the layer (see PreNormEncoder).
    The parts have the names of EncoderLayer's: the same weights, in another order.

    Cost: that of EncoderLayer.
    Source: [xiong2020layer] figure 1 (b).
    """

    def __init__(self, dim: int, *, heads: int, hidden: int, eps: float = 1e-5, network: type[nn.Module] = FeedForward):
        super().__init__()
        self.attention = MultiHeadAttention(dim, heads=heads)
        self.attention_norm = LayerNorm(dim, eps=eps)
        self.feed_forward = network(dim, hidden=hidden)
        self.feed_forward_norm = LayerNorm(dim, eps=eps)

    def forward(
        self, tokens: Float[Tensor, "*batch token dim"], *, allowed: Bool[Tensor, "*#batch #token #token"] | None = None
    ) -> Attended:
        """Return the new tokens and, for each head, the weights with which its queries looked at the keys."""
        looked, weights = self.attention(self.attention_norm(tokens), allowed=allowed)
        tokens = tokens + looked
        return Attended(tokens + self.feed_forward(self.feed_forward_norm(tokens)), weights)

    def fused(
        self,
        tokens: Float[Tensor, "*batch token dim"],
        *,
        allowed: Bool[Tensor, "*#batch #token #token"] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the same new tokens without the weights, with torch's fused kernels."""
        tokens = tokens + self.attention.fused(self.attention_norm.fused(tokens), allowed=allowed, causal=causal)
        return tokens + self.feed_forward.fused(self.feed_forward_norm.fused(tokens))

    def extend(
        self, tokens: Float[Tensor, "batch token dim"], cache: Cache, *, allowed: Bool[Tensor, "token key"]
    ) -> Extended:
        """Return the outputs of tokens that continue a sequence whose earlier keys and values are in the cache."""
        normalized = self.attention_norm(tokens)
        cache = extend_cache(cache, self.attention.project(normalized))
        looked, weights = attend_cached(self.attention, normalized, cache, allowed=allowed)
        tokens = tokens + looked
        return Extended(tokens + self.feed_forward(self.feed_forward_norm(tokens)), weights, cache)


class PreNormDecoderLayer(nn.Module):
    """Let the target look at itself, then at the source, then change each token; each part reads a normalized copy.

        x ← x + attention(LN(x))
        x ← x + source_attention(LN(x), memory)
        x ← x + feed_forward(LN(x))

    The memory is not normalized here: the encoder's final normalization has done it.

    Cost: that of DecoderLayer.
    Source: [xiong2020layer] section 3.1, with the decoder's parts of [vaswani2017attention].
    """

    def __init__(self, dim: int, *, heads: int, hidden: int, eps: float = 1e-5, network: type[nn.Module] = FeedForward):
        super().__init__()
        self.attention = MultiHeadAttention(dim, heads=heads)
        self.attention_norm = LayerNorm(dim, eps=eps)
        self.source_attention = MultiHeadAttention(dim, heads=heads)
        self.source_norm = LayerNorm(dim, eps=eps)
        self.feed_forward = network(dim, hidden=hidden)
        self.feed_forward_norm = LayerNorm(dim, eps=eps)

    def forward(
        self,
        tokens: Float[Tensor, "*batch target dim"],
        memory: Float[Tensor, "*batch source dim"],
        *,
        allowed: Bool[Tensor, "*#batch #target #target"] | None = None,
        source_allowed: Bool[Tensor, "*#batch #target #source"] | None = None,
    ) -> AttendedTwice:
        """Return the new tokens and where each head looked: in the target, and in the source."""
        looked, weights = self.attention(self.attention_norm(tokens), allowed=allowed)
        tokens = tokens + looked
        looked, source_weights = self.source_attention(self.source_norm(tokens), memory, allowed=source_allowed)
        tokens = tokens + looked
        tokens = tokens + self.feed_forward(self.feed_forward_norm(tokens))
        return AttendedTwice(tokens, weights, source_weights)

    def fused(
        self,
        tokens: Float[Tensor, "*batch target dim"],
        memory: Float[Tensor, "*batch source dim"],
        *,
        allowed: Bool[Tensor, "*#batch #target #target"] | None = None,
        source_allowed: Bool[Tensor, "*#batch #target #source"] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "*batch target dim"]:
        """Return the same new tokens without the weights, with torch's fused kernels."""
        tokens = tokens + self.attention.fused(self.attention_norm.fused(tokens), allowed=allowed, causal=causal)
        looked = self.source_attention.fused(self.source_norm.fused(tokens), memory, allowed=source_allowed)
        tokens = tokens + looked
        return tokens + self.feed_forward.fused(self.feed_forward_norm.fused(tokens))
