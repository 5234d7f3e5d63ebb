"""Long short-term memory: a memory that is added to, and gates that say what stays."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.recurrent.scan import Scanned, scan
from transformer_edu.recurrent.weights import uniform_weight


class LSTMState(NamedTuple):
    """What an LSTM remembers: the hidden state h that it shows, and the cell c that it keeps for itself."""

    hidden: Float[Tensor, "*batch state_dim"]
    cell: Float[Tensor, "*batch state_dim"]


def lstm_cell(
    token: Float[Tensor, "*batch dim"],
    state: LSTMState,
    input_weight: Float[Tensor, "dim gate"],
    state_weight: Float[Tensor, "state_dim gate"],
    bias: Float[Tensor, "gate"],
) -> LSTMState:
    """Forget a part of the memory, add something new, show a part of it.

        i, f, o = σ(x W + h U + b)      three gates between 0 and 1: input, forget, output
              g = tanh(x W + h U + b)   what could be added
             c' = f ⊙ c + i ⊙ g,   h' = o ⊙ tanh(c')

    Along the cell, the Jacobian of one step is diag(f): a gate that the network can hold near 1, and no matrix. The
    weights of the four parts stand side by side, gate = 4 · state_dim, in torch's order i, f, g, o.

    Cost: 4 · (dim + state_dim) · state_dim multiply-adds.
    Source: [hochreiter1997long], with the forget gate of [gers2000learning]; torch's nn.LSTM has two biases, their sum
    is b.
    """
    inward, forget, new, outward = (token @ input_weight + state.hidden @ state_weight + bias).chunk(4, dim=-1)
    cell = torch.sigmoid(forget) * state.cell + torch.sigmoid(inward) * torch.tanh(new)
    return LSTMState(torch.sigmoid(outward) * torch.tanh(cell), cell)


class LSTM(nn.Module):
    """Hold the weights of an LSTM, and read sequences with it.

    forget_bias is added to the bias of the forget gate at the start: 1 lets the memory live longer before anything is
    learned (0 is torch's start).

    Cost: 4 · token · (dim + state_dim) · state_dim multiply-adds, in `token` steps one after the other.
    Source: [hochreiter1997long]; the bias of the forget gate is that of [jozefowicz2015empirical].
    """

    def __init__(self, dim: int, *, state_dim: int, forget_bias: float = 1.0, generator: torch.Generator | None = None):
        super().__init__()
        self.input_weight = uniform_weight(dim, 4 * state_dim, fan=state_dim, generator=generator)
        self.state_weight = uniform_weight(state_dim, 4 * state_dim, fan=state_dim, generator=generator)
        self.bias = uniform_weight(4 * state_dim, fan=state_dim, generator=generator)
        with torch.no_grad():
            self.bias[state_dim : 2 * state_dim] += forget_bias

    def forward(
        self,
        tokens: Float[Tensor, "*batch token dim"],
        state: LSTMState | None = None,
        *,
        real: Bool[Tensor, "*batch token"] | None = None,
    ) -> Scanned:
        """Return the hidden state after each token and the last state; without a state it starts from zeros."""
        return scan(self.step, tokens, self.start(*tokens.shape[:-2]) if state is None else state, real=real)

    def start(self, *batch: int) -> LSTMState:
        """Return the state before the first token: zeros, twice."""
        zeros = self.state_weight.new_zeros(*batch, len(self.state_weight))
        return LSTMState(zeros, zeros)

    def step(self, token: Float[Tensor, "*batch dim"], state: LSTMState) -> LSTMState:
        """Read one token."""
        return lstm_cell(token, state, self.input_weight, self.state_weight, self.bias)
