"""Two recurrent networks that translate: one reads the source and looks back at all of it for each token it writes."""

from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor, nn

from transformer_edu.machines import PAD, Decoded, Step
from transformer_edu.recurrent.additive_attention import AdditiveAttention, Source
from transformer_edu.recurrent.bidirectional import BidirectionalLSTM
from transformer_edu.recurrent.lstm import LSTM, LSTMState
from transformer_edu.recurrent.teacher_forcing import teacher_forced
from transformer_edu.recurrent.weights import uniform_weight


class LookingState(NamedTuple):
    """What a decoder with attention remembers: its own state, and the source that it keeps looking at."""

    decoder: LSTMState
    source: Source


class RecurrentEncoderDecoder(nn.Module):
    """Read with a bidirectional LSTM, write with an LSTM that looks at the source before each token.

        h_j = [→h_j ; ←h_j],   c_i = Σ_j α_ij h_j   (α from s_{i-1}: see AdditiveAttention)
        s_i = LSTM(s_{i-1}, [y_{i-1} ; c_i]),   logits_i = [s_i ; c_i] W + b

    The paper has gated units where this has LSTMs, and before the logits a maxout layer that sees y_{i-1} as well. As
    there, the decoder starts
    from s_0 = tanh(←h_1 W_s): from what the backward reader knows when it has arrived at the first token. Sources are
    padded with id 0.

    Cost: source steps to read (both directions at the same time), then target steps to write; each looks at the whole
    source, so O(source · target · dim) time and memory for the looks.
    Source: [bahdanau2015neural] section 3 and appendix A.
    """

    def __init__(self, vocab_in: int, vocab_out: int, *, dim: int, generator: torch.Generator | None = None):
        super().__init__()
        self.source_embedding = uniform_weight(vocab_in, dim, fan=1, generator=generator)
        self.target_embedding = uniform_weight(vocab_out, dim, fan=1, generator=generator)
        self.encoder = BidirectionalLSTM(dim, state_dim=dim, generator=generator)
        self.first_weight = uniform_weight(dim, dim, fan=dim, generator=generator)
        self.attention = AdditiveAttention(dim, source_dim=2 * dim, hidden=dim, generator=generator)
        self.decoder = LSTM(dim + 2 * dim, state_dim=dim, generator=generator)
        self.output_weight = uniform_weight(3 * dim, vocab_out, fan=3 * dim, generator=generator)
        self.output_bias = nn.Parameter(torch.zeros(vocab_out))

    def forward(self, sources: Int[Tensor, "batch source"], targets_in: Int[Tensor, "batch target"]) -> Decoded:
        """Score a known target with teacher forcing."""
        return teacher_forced(self.step, targets_in, self.start(sources))

    def start(self, sources: Int[Tensor, "batch source"]) -> LookingState:
        """Read the sources."""
        real = sources != PAD
        states, back = self.encoder(self.source_embedding[sources], real=real)
        first = torch.tanh(back.hidden @ self.first_weight)
        return LookingState(LSTMState(first, torch.zeros_like(first)), self.attention.read(states, real))

    def step(self, tokens: Int[Tensor, "batch"], state: LookingState) -> Step:
        """Look, read the token before, write the next one."""
        context, weights = self.attention(state.decoder.hidden, state.source)
        fed = torch.cat([self.target_embedding[tokens], context], dim=-1)
        decoder = self.decoder.step(fed, state.decoder)
        shown = torch.cat([decoder.hidden, context], dim=-1)
        return Step(shown @ self.output_weight + self.output_bias, weights, LookingState(decoder, state.source))
