"""The decoder layer of the first Transformer: the target looks at itself, then at the source, then works alone."""

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.layers.cache import Cache, Extended, attend_cached, extend_cache
from transformer_edu.layers.feed_forward import FeedForward
from transformer_edu.normalization.layer_norm import LayerNorm


class AttendedTwice(NamedTuple):
    """New target tokens, and where they looked: among themselves, and in the source (one table a head)."""

    outputs: Float[Tensor, "*batch target dim"]
    weights: Float[Tensor, "*batch target target"]
    source_weights: Float[Tensor, "*batch target source"]


class DecoderLayer(nn.Module):
    """Let the target look at itself, then at the source, then change each token by itself.

        x ← LN(x + attention(x))                      each token sees itself and those before it
        x ← LN(x + source_attention(x, memory))       queries from the target, keys and values from the source
        x ← LN(x + feed_forward(x))

    The second part is encoder-decoder attention: `memory` is what the encoder made of the source. It has no notion of
    order of its own: rows of the memory in another order change nothing. The causal mask comes from the caller, in
    `allowed`: without it the target sees its own future. Post-norm, no dropout; `network` as in EncoderLayer.

    Cost: (6 · target + 2 · source) · dim² + 2 · target · (target + source) · dim + 2 · target · dim · hidden.
    Source: [vaswani2017attention] section 3.1.
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
        looked, weights = self.attention(tokens, allowed=allowed)
        tokens = self.attention_norm(tokens + looked)
        looked, source_weights = self.source_attention(tokens, memory, allowed=source_allowed)
        tokens = self.source_norm(tokens + looked)
        tokens = self.feed_forward_norm(tokens + self.feed_forward(tokens))
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
        tokens = self.attention_norm.fused(tokens + self.attention.fused(tokens, allowed=allowed, causal=causal))
        looked = self.source_attention.fused(tokens, memory, allowed=source_allowed)
        tokens = self.source_norm.fused(tokens + looked)
        return self.feed_forward_norm.fused(tokens + self.feed_forward.fused(tokens))

    def extend(
        self,
        tokens: Float[Tensor, "batch token dim"],
        cache: Cache,
        source: Cache,
        *,
        allowed: Bool[Tensor, "token key"],
        source_allowed: Bool[Tensor, "#batch #token source"] | None = None,
    ) -> Extended:
        """Return the outputs of tokens that continue a target; `source` holds the memory's keys and values."""
        cache = extend_cache(cache, self.attention.project(tokens))
        looked = attend_cached(self.attention, tokens, cache, allowed=allowed).outputs
        tokens = self.attention_norm(tokens + looked)
        looked, weights = attend_cached(self.source_attention, tokens, source, allowed=source_allowed)
        tokens = self.source_norm(tokens + looked)
        return Extended(self.feed_forward_norm(tokens + self.feed_forward(tokens)), weights, cache)
