"""Teacher forcing: the model writes each token with the true tokens before it, all positions at once."""

import torch
from jaxtyping import Int
from torch import Tensor

PAD, START, END = 0, 1, 2  # filler behind the end of a short sequence; before the first token; behind the last


def shift_right(targets: Int[Tensor, "*batch target"], *, start: int = START) -> Int[Tensor, "*batch target"]:
    """Move a target one place to the right: what the decoder reads while it learns to write the target.

        targets      y₁  y₂  …  yₘ
        shifted      start  y₁  …  yₘ₋₁

    At position t the decoder reads y₁ … y_{t-1} and is asked for y_t. Without the shift the causal mask would let it
    read the answer: the loss falls to 0, and nothing is learned. In training the history is always the true one; in use
    it is the model's own, errors included.

    Cost: O(target).
    Source: [vaswani2017attention] section 3.1; the name is that of [williams1989learning].
    """
    first = torch.full_like(targets[..., :1], start)
    return torch.cat([first, targets[..., :-1]], dim=-1)
