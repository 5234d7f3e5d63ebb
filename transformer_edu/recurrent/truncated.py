"""Truncated back-propagation through time: the network remembers on, the gradient stops every few steps."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from transformer_edu.recurrent.scan import Scanned


def detach_state(state: Any) -> Any:
    """Keep the numbers of a state and forget how they came about: all of its tensors, h and c alike.

        h ← stop_gradient(h),   c ← stop_gradient(c)

    Forget one of the two, and the gradient takes the other way.

    Cost: none, the numbers are shared.
    Source: [williams1990efficient].
    """
    return type(state)(*(tensor.detach() for tensor in state))


def truncated(
    network: Callable[..., Scanned],
    tokens: Float[Tensor, "*batch token dim"],
    state: Any = None,
    *,
    every: int,
) -> Scanned:
    """Read a sequence in pieces of `every` tokens; each piece starts from the last state, detached.

        ∂L_t / ∂x_{t'} = 0   where t' lies in an earlier piece than t

    What comes out is the same to the last digit; only gradients differ. A loss at place t (counted from 0) reaches back
    t mod `every` steps, so every - 1 at most: to learn that x_{t-D} matters at t needs every > D. Train piece by piece,
    with backward() after each, and the memory for gradients is O(every), whatever the length.

    Cost: that of the network.
    Raises: ValueError if every < 1.
    Source: [williams1990efficient], the variant in which pieces do not overlap.
    """
    if every < 1:
        raise ValueError(f"truncated needs every >= 1 (the number of tokens in a piece), got every={every}.")
    outputs = []
    for piece in tokens.split(every, dim=-2):
        read = network(piece, None if state is None else detach_state(state))
        state = read.state
        outputs.append(read.outputs)
    return Scanned(torch.cat(outputs, dim=-2), state)


def truncated_reach(length: int, *, every: int) -> Bool[Tensor, "token token"]:
    """Say which tokens (column) the gradient of a loss at each place (row) gets to.

        reached(t, t') = t' ≤ t  and  ⌊t' / every⌋ = ⌊t / every⌋

    Cost: O(length²).
    Raises: ValueError if every < 1.
    Source: [williams1990efficient].
    """
    if every < 1:
        raise ValueError(f"truncated_reach needs every >= 1 (the number of tokens in a piece), got every={every}.")
    place = torch.arange(length)
    piece = place // every
    return (piece[:, None] == piece[None, :]) & (place[None, :] <= place[:, None])
