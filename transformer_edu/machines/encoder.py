"""Encoders: layers in a row, in which every token sees every other one."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.attention import Attended
from transformer_edu.layers.encoder_layer import EncoderLayer
from transformer_edu.layers.feed_forward import FeedForward
from transformer_edu.layers.pre_norm_layer import PreNormEncoderLayer
from transformer_edu.normalization.layer_norm import LayerNorm


class Encoder(nn.Module):
    """Pass tokens through post-norm layers, one after the other; each layer ends normalized, and so does the stack.

        X ← layer_L(… layer_2(layer_1(X)))

    Cost: layers times that of EncoderLayer.
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
        built = (EncoderLayer(dim, heads=heads, hidden=hidden, eps=eps, network=network) for _ in range(layers))
        self.layers = nn.ModuleList(built)

    def forward(
        self, tokens: Float[Tensor, "*batch token dim"], *, allowed: Bool[Tensor, "*#batch #token #token"] | None = None
    ) -> Attended:
        """Return the last layer's tokens and the weights of all layers, "*batch layer head token token"."""
        return _through(self.layers, tokens, allowed)

    def fused(
        self,
        tokens: Float[Tensor, "*batch token dim"],
        *,
        allowed: Bool[Tensor, "*#batch #token #token"] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the same tokens without the weights, with torch's fused kernels."""
        for layer in self.layers:
            tokens = layer.fused(tokens, allowed=allowed, causal=causal)
        return tokens


class PreNormEncoder(nn.Module):
    """Pass tokens through pre-norm layers, then normalize: nothing else bounds the sum of all that the layers added.

        X ← LN(layer_L(… layer_2(layer_1(X))))

    Without the last normalization the tokens leave with the size that the residual stream has grown to.

    Cost: layers times that of PreNormEncoderLayer, and one layer normalization.
    Source: [xiong2020layer] section 3.1.
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
        built = (PreNormEncoderLayer(dim, heads=heads, hidden=hidden, eps=eps, network=network) for _ in range(layers))
        self.layers = nn.ModuleList(built)
        self.norm = LayerNorm(dim, eps=eps)

    def forward(
        self, tokens: Float[Tensor, "*batch token dim"], *, allowed: Bool[Tensor, "*#batch #token #token"] | None = None
    ) -> Attended:
        """Return the normalized tokens and the weights of all layers, "*batch layer head token token"."""
        outputs, weights = _through(self.layers, tokens, allowed)
        return Attended(self.norm(outputs), weights)

    def fused(
        self,
        tokens: Float[Tensor, "*batch token dim"],
        *,
        allowed: Bool[Tensor, "*#batch #token #token"] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the same tokens without the weights, with torch's fused kernels."""
        for layer in self.layers:
            tokens = layer.fused(tokens, allowed=allowed, causal=causal)
        return self.norm.fused(tokens)


def _through(layers: nn.ModuleList, tokens: Tensor, allowed: Tensor | None) -> Attended:
    weights = []
    for layer in layers:
        tokens, seen = layer(tokens, allowed=allowed)
        weights.append(seen)
    return Attended(tokens, torch.stack(weights, dim=-4))
