"""Where learning starts: random numbers of a size that keeps signals of a size, from a generator of one's own."""

import torch
from torch import nn

from transformer_edu.machines.embedding import Embedding
from transformer_edu.normalization.layer_norm import LayerNorm
from transformer_edu.positions import GridBias, LearnedPositions, ShawKeys, ShawValues, T5Bias, TransformerXLBias


def initialize(model: nn.Module, *, generator: torch.Generator) -> None:
    """Draw the weights of a model afresh, as far as its modules are of this package or linear.

        matrices     uniform in ±√(6 / (inputs + outputs))     so that a layer keeps the variance, there and back
        embeddings   normal with standard deviation 1/√dim; learned positions of every kind 0.02
        biases 0, gains 1; u and v of Transformer-XL 0

    Parameters of other modules (nn.Embedding, nn.Conv1d, …) are left as they are. The same generator gives the same
    model on every device, if it has none of those.

    Cost: O(parameters).
    Source: [glorot2010understanding] eq. 16; embeddings as in the code published with [vaswani2017attention].
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            outputs, inputs = module.weight.shape
            bound = (6 / (inputs + outputs)) ** 0.5
            drawn = torch.rand(outputs, inputs, generator=generator, device=generator.device)
            module.weight.data.copy_(bound * (2 * drawn - 1))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, Embedding):
            _draw(module.table, module.table.shape[-1] ** -0.5, generator)
        elif isinstance(module, LearnedPositions | T5Bias | GridBias):
            _draw(module.table, 0.02, generator)
        elif isinstance(module, ShawKeys | ShawValues):
            _draw(module.vectors, 0.02, generator)
        elif isinstance(module, TransformerXLBias):  # its projection is linear
            nn.init.zeros_(module.content_bias)
            nn.init.zeros_(module.distance_bias)
        elif isinstance(module, LayerNorm):
            nn.init.ones_(module.gain)
            nn.init.zeros_(module.bias)


def _draw(parameter: nn.Parameter, deviation: float, generator: torch.Generator) -> None:
    """Draw normal numbers where the generator is, and bring them to the parameter."""
    drawn = torch.randn(*parameter.shape, generator=generator, device=generator.device)
    parameter.data.copy_(drawn * deviation)
