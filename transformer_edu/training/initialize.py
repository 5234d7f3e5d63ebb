"""Where learning starts: random numbers of a size that keeps signals of a size, from a generator of one's own."""

import torch
from torch import nn

from transformer_edu.machines.embedding import Embedding
from transformer_edu.normalization.layer_norm import LayerNorm
from transformer_edu.positions import LearnedPositions


def initialize(model: nn.Module, *, generator: torch.Generator) -> None:
    """Draw all weights of a model afresh.

        matrices     uniform in ±√(6 / (inputs + outputs))     so that a layer keeps the variance, there and back
        embeddings   normal with standard deviation 1/√dim; learned positions 0.02
        biases 0, gains 1

    Parameters of other kinds of modules are left as they are. The same generator gives the same model on every device.

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
        elif isinstance(module, Embedding | LearnedPositions):
            deviation = 0.02 if isinstance(module, LearnedPositions) else module.table.shape[-1] ** -0.5
            drawn = torch.randn(*module.table.shape, generator=generator, device=generator.device)
            module.table.data.copy_(drawn * deviation)
        elif isinstance(module, LayerNorm):
            nn.init.ones_(module.gain)
            nn.init.zeros_(module.bias)
