"""Two recurrent networks that translate through a needle's eye: all of the source has to fit into one state."""

import torch
from jaxtyping import Int
from torch import Tensor, nn

from transformer_edu.machines import PAD, Decoded, Step
from transformer_edu.recurrent.lstm import LSTM, LSTMState
from transformer_edu.recurrent.teacher_forcing import teacher_forced
from transformer_edu.recurrent.weights import uniform_weight


class FixedVectorEncoderDecoder(nn.Module):
    """Read the source into the last state of an LSTM, and write from there without looking back.

        (h, c)_j = LSTM((h, c)_{j-1}, x_j),   s_0 = (h, c)_n
        s_i = LSTM(s_{i-1}, y_{i-1}),   logits_i = s_i W + b

    However long the source, the decoder gets 2 · dim numbers. The paper feeds the source backwards, which brings its
    beginning closer to the beginning of the target; here it is read as it stands, or reversed by whoever calls. Sources
    are padded with id 0.

    Cost: source + target steps, one after the other; the state takes O(dim) memory, whatever the length.
    Source: [sutskever2014sequence] section 2, with one layer.
    """

    def __init__(self, vocab_in: int, vocab_out: int, *, dim: int, generator: torch.Generator | None = None):
        super().__init__()
        self.source_embedding = uniform_weight(vocab_in, dim, fan=1, generator=generator)
        self.target_embedding = uniform_weight(vocab_out, dim, fan=1, generator=generator)
        self.encoder = LSTM(dim, state_dim=dim, generator=generator)
        self.decoder = LSTM(dim, state_dim=dim, generator=generator)
        self.output_weight = uniform_weight(dim, vocab_out, fan=dim, generator=generator)
        self.output_bias = nn.Parameter(torch.zeros(vocab_out))

    def forward(self, sources: Int[Tensor, "batch source"], targets_in: Int[Tensor, "batch target"]) -> Decoded:
        """Score a known target with teacher forcing; there are no weights."""
        return teacher_forced(self.step, targets_in, self.start(sources))

    def start(self, sources: Int[Tensor, "batch source"]) -> LSTMState:
        """Read the sources; nothing but the last state stays."""
        return self.encoder(self.source_embedding[sources], real=sources != PAD).state

    def step(self, tokens: Int[Tensor, "batch"], state: LSTMState) -> Step:
        """Read the token before, write the next one."""
        state = self.decoder.step(self.target_embedding[tokens], state)
        return Step(state.hidden @ self.output_weight + self.output_bias, None, state)
