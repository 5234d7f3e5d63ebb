"""Layer normalization: every token gets mean 0 and variance 1, then a learned gain and bias."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from transformer_edu.softmax import widen


def layer_norm(
    tokens: Float[Tensor, "*batch dim"],
    gain: Float[Tensor, "dim"],
    bias: Float[Tensor, "dim"],
    *,
    eps: float = 1e-5,
) -> Float[Tensor, "*batch dim"]:
    """Normalize each token on its own, over its features.

        y = g ⊙ (x - μ) / √(σ² + ε) + b,   μ = mean(x),   σ² = mean((x - μ)²)

    The variance is the biased one: it divides by dim, not by dim - 1. ε keeps a token whose features
    are all equal from dividing zero by zero. No other token takes part, so neither the length of the
    text nor the batch changes the result. Half precision is computed in float32 and rounded at the end.

    Cost: O(token · dim) time and memory.
    Raises: ValueError if eps is not positive.
    Source: [ba2016layernorm] eqs. 3 and 4.
    """
    if not eps > 0:
        raise ValueError(f"layer_norm needs eps > 0 (equal features would divide zero by zero), got eps={eps}.")
    wide = widen(tokens)
    centered = wide - wide.mean(dim=-1, keepdim=True)
    variance = centered.square().mean(dim=-1, keepdim=True)
    normalized = centered / torch.sqrt(variance + eps)
    return (gain * normalized + bias).to(tokens.dtype)


class LayerNorm(nn.Module):
    """Hold the gain and the bias of a layer normalization; at the start they change nothing (1 and 0)."""

    def __init__(self, dim: int, *, eps: float = 1e-5):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.eps = eps

    def forward(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Normalize each token over its features."""
        return layer_norm(tokens, self.gain, self.bias, eps=self.eps)

    def fused(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Do the same in one kernel of torch: faster, and nothing but two numbers a token is kept for the gradient."""
        return functional.layer_norm(tokens, self.gain.shape, self.gain, self.bias, self.eps)
