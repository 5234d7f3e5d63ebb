"""Read a sequence from both ends, so that every place knows what comes before it and what comes after."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.recurrent.lstm import LSTM
from transformer_edu.recurrent.scan import Scanned


class BidirectionalLSTM(nn.Module):
    """Hold two LSTMs: one reads from left to right, one from right to left.

        hⱼ = [→hⱼ ; ←hⱼ]

    The state that it returns is that of the reader from right to left, after the first token: the last thing it has
    seen is the beginning.

    Cost: twice that of an LSTM; the two readers could run at the same time.
    Source: [schuster1997bidirectional]; as an encoder [bahdanau2015neural] section 3.2.
    """

    def __init__(self, dim: int, *, state_dim: int, generator: torch.Generator | None = None):
        super().__init__()
        self.ahead = LSTM(dim, state_dim=state_dim, generator=generator)
        self.back = LSTM(dim, state_dim=state_dim, generator=generator)

    def forward(
        self, tokens: Float[Tensor, "*batch token dim"], *, real: Bool[Tensor, "*batch token"] | None = None
    ) -> Scanned:
        """Return for each token what both readers know there, side by side; padding is skipped by both."""
        ahead, _ = self.ahead(tokens, real=real)
        back, state = self.back(tokens.flip(-2), real=None if real is None else real.flip(-1))
        return Scanned(torch.cat([ahead, back.flip(-2)], dim=-1), state)
