"""The position-wise feed-forward network: the same small network for each token, with no look at the others."""

import math

import torch
from einops import einsum
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from transformer_edu.softmax import widen


def gelu(inputs: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Pass large inputs, block very negative ones, and bend smoothly in between.

        gelu(x) = x Φ(x) = x/2 · (1 + erf(x / √2)),   Φ = cumulative distribution of the normal

    This is the exact form, as in BERT. GPT-2 uses an approximation with tanh, which differs by up to 5e-4:
    a checkpoint wants the form that it was trained with. Half precision is computed in float32: where 1 + erf is
    nearly 0, rounding in between would leave few digits.

    Cost: one error function for each number.
    Source: [hendrycks2016gelu] section 2.
    """
    wide = widen(inputs)
    return (wide * (1 + torch.erf(wide / math.sqrt(2))) / 2).to(inputs.dtype)


def feed_forward(
    tokens: Float[Tensor, "*batch dim"],
    expand: Float[Tensor, "hidden dim"],
    expand_bias: Float[Tensor, "hidden"],
    contract: Float[Tensor, "dim hidden"],
    contract_bias: Float[Tensor, "dim"],
) -> Float[Tensor, "*batch dim"]:
    """Widen each token, bend it, and narrow it again.

        y = W₂ gelu(W₁ x + b₁) + b₂

    W₁ is `expand`, W₂ is `contract`. Attention moves information between tokens; this network works on
    one token at a time. The matrices have the layout of `nn.Linear`: (outputs, inputs).

    Cost: 2 · token · dim · hidden multiply-adds; memory O(token · hidden).
    Source: [vaswani2017attention] eq. 2, with GELU in the place of ReLU as in [devlin2019bert] appendix A.2.
    """
    hidden = gelu(einsum(tokens, expand, "... dim, hidden dim -> ... hidden") + expand_bias)
    return einsum(hidden, contract, "... hidden, dim hidden -> ... dim") + contract_bias


class FeedForward(nn.Module):
    """Hold the two matrices of a feed-forward network; `hidden` is usually 4 · dim."""

    def __init__(self, dim: int, *, hidden: int):
        super().__init__()
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)

    def forward(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Widen each token, bend it, and narrow it again."""
        return feed_forward(tokens, self.expand.weight, self.expand.bias, self.contract.weight, self.contract.bias)

    def fused(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Do the same with torch's kernels."""
        return self.contract(functional.gelu(self.expand(tokens)))
