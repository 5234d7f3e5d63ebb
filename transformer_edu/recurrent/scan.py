"""Read a sequence one token after the other: the loop that no recurrent network gets around."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class Scanned(NamedTuple):
    """The hidden state after each token, and the whole state after the last one."""

    outputs: Float[Tensor, "*batch token state_dim"]
    state: Any


def scan(
    cell: Callable[[Tensor, Any], Any],
    tokens: Float[Tensor, "*batch token dim"],
    state: Any,
    *,
    real: Bool[Tensor, "*batch token"] | None = None,
) -> Scanned:
    """Apply a cell to one token after the other, each time with the state that the last token left behind.

        state_t = cell(x_t, state_{t-1}),   t = 1 … T

    Step t needs the result of step t - 1, so T tokens take T steps in a row, whatever the machine. The state is a
    NamedTuple whose first entry is the hidden state h, the one that is shown to the outside.

    real: False marks padding. A padded token leaves the state as it was, so the last output is that of the last real
    token, and a sequence with padding in front (one that was flipped) starts fresh behind it.

    Cost: token times the cell, one after the other; O(token · state_dim) memory, and that of all steps for gradients.
    Raises: ValueError if there is no token.
    Source: [elman1990finding].
    """
    if tokens.shape[-2] == 0:
        raise ValueError(
            f"scan needs one token at least (it returns the last state), got tokens.shape={tuple(tokens.shape)}."
        )
    outputs = []
    for place, token in enumerate(tokens.unbind(-2)):
        after = cell(token, state)
        state = after if real is None else _where(real[..., place, None], after, state)
        outputs.append(state[0])
    return Scanned(torch.stack(outputs, dim=-2), state)


def _where(real: Tensor, after: Any, before: Any) -> Any:
    return type(after)(*(torch.where(real, new, old) for new, old in zip(after, before, strict=True)))
