"""Run a decoder over a target that is known: it reads the right tokens, whatever it would have written itself."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from transformer_edu.machines import Decoded, Step


def teacher_forced(step: Callable[[Tensor, Any], Step], targets_in: Int[Tensor, "batch target"], state: Any) -> Decoded:
    """Feed the right token at each step; collect the logits of the next one.

        log p(y | x) = Σ_t log p(y_t | y_1 … y_{t-1}, x)

    targets_in is the target shifted right: START, then all tokens but the last.

    Cost: target steps of the decoder, one after the other, because the state of each is needed by the next.
    Raises: ValueError if there is no target token.
    Source: [williams1989learning].
    """
    if targets_in.shape[1] == 0:
        raise ValueError(
            f"teacher_forced needs one target token at least (START), got targets_in.shape={tuple(targets_in.shape)}."
        )
    logits, weights = [], []
    for token in targets_in.unbind(1):
        one = step(token, state)
        state = one.state
        logits.append(one.logits)
        weights.append(one.weights)
    looked = None if weights[0] is None else torch.stack(weights, dim=1)
    return Decoded(torch.stack(logits, dim=1), looked)
