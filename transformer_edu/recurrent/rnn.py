"""The plain recurrent network: one matrix for the token, one for the memory of all tokens before it."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.recurrent.scan import Scanned, scan
from transformer_edu.recurrent.weights import uniform_weight


class RNNState(NamedTuple):
    """All that a plain recurrent network remembers: one vector."""

    hidden: Float[Tensor, "*batch state_dim"]


def rnn_cell(
    token: Float[Tensor, "*batch dim"],
    state: RNNState,
    input_weight: Float[Tensor, "dim state_dim"],
    state_weight: Float[Tensor, "state_dim state_dim"],
    bias: Float[Tensor, "state_dim"],
) -> RNNState:
    """Mix the token into the memory.

        h_t = tanh(x_t W + h_{t-1} U + b)

    The Jacobian of one step is diag(1 - h_t²) Uᵀ. What token 1 leaves in h_T has passed T - 1 of them: their product
    shrinks or grows like rᵀ for some number r, exponentially in T.

    Cost: (dim + state_dim) · state_dim multiply-adds.
    Source: [elman1990finding]; torch's nn.RNN has two biases, whose sum is b.
    """
    return RNNState(torch.tanh(token @ input_weight + state.hidden @ state_weight + bias))


class RNN(nn.Module):
    """Hold the three weights of a plain recurrent network, and read sequences with it.

    Cost: token · (dim + state_dim) · state_dim multiply-adds, in `token` steps one after the other.
    Source: [elman1990finding].
    """

    def __init__(self, dim: int, *, state_dim: int, generator: torch.Generator | None = None):
        super().__init__()
        self.input_weight = uniform_weight(dim, state_dim, fan=state_dim, generator=generator)
        self.state_weight = uniform_weight(state_dim, state_dim, fan=state_dim, generator=generator)
        self.bias = uniform_weight(state_dim, fan=state_dim, generator=generator)

    def forward(
        self,
        tokens: Float[Tensor, "*batch token dim"],
        state: RNNState | None = None,
        *,
        real: Bool[Tensor, "*batch token"] | None = None,
    ) -> Scanned:
        """Return the hidden state after each token and the last state; without a state it starts from zeros."""
        return scan(self.step, tokens, self.start(*tokens.shape[:-2]) if state is None else state, real=real)

    def start(self, *batch: int) -> RNNState:
        """Return the state before the first token: zeros."""
        return RNNState(self.state_weight.new_zeros(*batch, len(self.state_weight)))

    def step(self, token: Float[Tensor, "*batch dim"], state: RNNState) -> RNNState:
        """Read one token."""
        return rnn_cell(token, state, self.input_weight, self.state_weight, self.bias)
