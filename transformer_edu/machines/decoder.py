"""Decoders: layers in a row that look back at the target, and across at the source."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.attention import causal, mask_from
from transformer_edu.layers.cache import Cache, Extended, stack_caches
from transformer_edu.layers.decoder_layer import AttendedTwice, DecoderLayer
from transformer_edu.layers.feed_forward import FeedForward


class Decoder(nn.Module):
    """Pass target tokens through post-norm decoder layers; every layer looks at the same memory.

        X ← layer_L(… layer_1(X, memory) …, memory),   token i sees target tokens j ≤ i and all of the source

    The causal mask is drawn here: a decoder without it is never wanted. It also hides filler at the end of a target
    from every real token, so that targets need no padding mask; sources do (`source_allowed`).

    Cost: layers times that of DecoderLayer.
    Source: [vaswani2017attention] section 3.1.
    """

    def __init__(
        self,
        dim: int,
        *,
        layers: int,
        heads: int,
        hidden: int,
        eps: float = 1e-5,
        network: type[nn.Module] = FeedForward,
    ):
        super().__init__()
        built = (DecoderLayer(dim, heads=heads, hidden=hidden, eps=eps, network=network) for _ in range(layers))
        self.layers = nn.ModuleList(built)

    def forward(
        self,
        tokens: Float[Tensor, "*batch target dim"],
        memory: Float[Tensor, "*batch source dim"],
        *,
        source_allowed: Bool[Tensor, "*#batch #target #source"] | None = None,
    ) -> AttendedTwice:
        """Return the last layer's tokens and both weights of all layers, "*batch layer head target …"."""
        count, weights, source_weights = tokens.shape[-2], [], []
        allowed = mask_from(causal, queries=count, keys=count, device=tokens.device)
        for layer in self.layers:
            tokens, own, across = layer(tokens, memory, allowed=allowed, source_allowed=source_allowed)
            weights.append(own)
            source_weights.append(across)
        return AttendedTwice(tokens, torch.stack(weights, dim=-4), torch.stack(source_weights, dim=-4))

    def fused(
        self,
        tokens: Float[Tensor, "*batch target dim"],
        memory: Float[Tensor, "*batch source dim"],
        *,
        source_allowed: Bool[Tensor, "*#batch #target #source"] | None = None,
    ) -> Float[Tensor, "*batch target dim"]:
        """Return the same tokens without the weights, with torch's fused kernels."""
        for layer in self.layers:
            tokens = layer.fused(tokens, memory, source_allowed=source_allowed, causal=True)
        return tokens

    def remember(self, memory: Float[Tensor, "batch source dim"]) -> Cache:
        """Project the memory to keys and values for every layer: once for a whole target."""
        return stack_caches([Cache(*layer.source_attention.project(memory)) for layer in self.layers])

    def extend(
        self,
        tokens: Float[Tensor, "batch token dim"],
        cache: Cache,
        source: Cache,
        *,
        source_allowed: Bool[Tensor, "#batch #token source"] | None = None,
    ) -> Extended:
        """Return the outputs of tokens that continue a target, and the last layer's weights over the source."""
        allowed, caches, weights = allowed_after(cache.length, tokens), [], None
        for index, layer in enumerate(self.layers):
            own, across = cache.layer(index), source.layer(index)
            tokens, weights, grown = layer.extend(tokens, own, across, allowed=allowed, source_allowed=source_allowed)
            caches.append(grown)
        return Extended(tokens, weights, stack_caches(caches))


def allowed_after(start: int, tokens: Float[Tensor, "*batch token dim"]) -> Bool[Tensor, "token key"]:
    """Draw the causal mask of tokens that continue a sequence of `start` tokens: query i stands at start + i.

        allowed(i, j) = j ≤ start + i

    Cost: O(token · key).
    Source: [vaswani2017attention] section 3.2.3, continued.
    """
    count = tokens.shape[-2]
    return mask_from(lambda i, j: causal(i + start, j), queries=count, keys=start + count, device=tokens.device)
