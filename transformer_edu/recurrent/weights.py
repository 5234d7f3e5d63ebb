"""Where the learned numbers of a recurrent network start."""

import torch
from torch import nn


def uniform_weight(*shape: int, fan: int, generator: torch.Generator | None = None) -> nn.Parameter:
    """Draw a weight uniformly between -1/√fan and 1/√fan, as nn.RNN and nn.LSTM do with fan = state_dim.

        W ~ U(-1/√fan, 1/√fan)

    The numbers are drawn on the generator's device and moved to torch's default device, so that a GPU starts at the
    same place as a CPU.

    Cost: O(size) time and memory.
    Raises: ValueError if fan < 1.
    Source: a convention of this book, that of torch's recurrent layers.
    """
    if fan < 1:
        raise ValueError(f"uniform_weight needs fan >= 1 (it counts the numbers of a sum), got fan={fan}.")
    place = "cpu" if generator is None else generator.device
    drawn = (torch.rand(*shape, generator=generator, device=place) * 2 - 1) * fan**-0.5
    return nn.Parameter(drawn.to(torch.get_default_device()))
