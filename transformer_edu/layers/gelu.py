"""GELU: the bend that most Transformers have, ReLU with its corner rounded off."""

import math

import torch
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


class Gelu(nn.Module):
    """Be the bend of a feed-forward network: gelu, in both its forms.

    Cost: that of gelu; torch's kernel keeps one number for the gradient.
    Source: [hendrycks2016gelu] section 2.
    """

    def forward(self, inputs: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        """Bend each number."""
        return gelu(inputs)

    def fused(self, inputs: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        """Do the same in one kernel of torch."""
        return functional.gelu(inputs)
