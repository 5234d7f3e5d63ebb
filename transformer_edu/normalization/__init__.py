"""How are the numbers of a token kept in bounds?"""

from transformer_edu.normalization.layer_norm import LayerNorm, layer_norm

__all__ = [
    "LayerNorm",
    "layer_norm",
]
