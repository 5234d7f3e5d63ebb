"""GNMT: deep stacks of LSTMs with residual connections, and one attention that feeds every layer of the decoder."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_edu.machines import PAD, Decoded, Step
from transformer_edu.recurrent.additive_attention import AdditiveAttention, Source
from transformer_edu.recurrent.bidirectional import BidirectionalLSTM
from transformer_edu.recurrent.lstm import LSTM, LSTMState
from transformer_edu.recurrent.teacher_forcing import teacher_forced
from transformer_edu.recurrent.weights import uniform_weight


class StackState(NamedTuple):
    """The states of all decoder layers, from the bottom up, and the source that the decoder keeps looking at."""

    hidden: Float[Tensor, "batch layer dim"]
    cell: Float[Tensor, "batch layer dim"]
    source: Source


class GNMTEncoder(nn.Module):
    """Hold a stack whose bottom layer reads in both directions; from the third layer on, each adds to its input.

        x¹ = [→h ; ←h],   x² = LSTM₂(x¹),   xˡ = LSTMₗ(xˡ⁻¹) + xˡ⁻¹   for l ≥ 3

    Layer 2 cannot add: its input is twice as wide as its output. The upper layers read in one direction only, so that
    layer l + 1 may start as soon as layer l has read one token: on one machine a layer, they run at the same time.

    Cost: layers times that of an LSTM; 2 · token + layers - 2 steps in a row if each layer has its own machine: layer 2
        waits until the bottom layer has read backwards, the others overlap.
    Raises: ValueError for fewer than two layers.
    Source: [wu2016google] sections 3.1 and 3.2, figure 1.
    """

    def __init__(self, dim: int, *, layers: int, generator: torch.Generator | None = None):
        super().__init__()
        if layers < 2:
            raise ValueError(
                f"GNMTEncoder needs layers >= 2 (the second one brings the width back to dim), got layers={layers}."
            )
        self.bottom = BidirectionalLSTM(dim, state_dim=dim, generator=generator)
        widths = [2 * dim] + [dim] * (layers - 2)
        self.upper = nn.ModuleList(LSTM(width, state_dim=dim, generator=generator) for width in widths)

    def forward(
        self, tokens: Float[Tensor, "batch token dim"], *, real: Bool[Tensor, "batch token"] | None = None
    ) -> Float[Tensor, "batch token dim"]:
        """Return what the top layer says about each token."""
        second, *rest = self.upper
        tokens = second(self.bottom(tokens, real=real).outputs, real=real).outputs
        for layer in rest:
            tokens = layer(tokens, real=real).outputs + tokens
        return tokens


class GNMT(nn.Module):
    """Translate as GNMT does: deep stacks on both sides, and a look at the source before each token is written.

        a_i = additive attention of h¹_{i-1}, the bottom decoder layer at the last step, to the encoder's top
        x⁰ = y_{i-1},   xˡ = LSTMₗ([xˡ⁻¹ ; a_i]) (+ xˡ⁻¹ for l ≥ 3),   logits_i = xᴸ W + b

    The query comes from the *bottom* layer, so that the look need not wait for the stack. The paper has 8 layers on
    either side, of width 1024, and dropout; its beam scores are in `decoding`. Sources are padded with id 0.

    Cost: source + target steps times layers, of which the layers overlap on several machines; O(source · target · dim)
    for the looks.
    Raises: ValueError for fewer than two layers.
    Source: [wu2016google] section 3, figure 1.
    """

    def __init__(
        self, vocab_in: int, vocab_out: int, *, dim: int, layers: int, generator: torch.Generator | None = None
    ):
        super().__init__()
        self.source_embedding = uniform_weight(vocab_in, dim, fan=1, generator=generator)
        self.target_embedding = uniform_weight(vocab_out, dim, fan=1, generator=generator)
        self.encoder = GNMTEncoder(dim, layers=layers, generator=generator)
        self.attention = AdditiveAttention(dim, source_dim=dim, hidden=dim, generator=generator)
        self.decoder = nn.ModuleList(LSTM(2 * dim, state_dim=dim, generator=generator) for _ in range(layers))
        self.output_weight = uniform_weight(dim, vocab_out, fan=dim, generator=generator)
        self.output_bias = nn.Parameter(torch.zeros(vocab_out))

    def forward(self, sources: Int[Tensor, "batch source"], targets_in: Int[Tensor, "batch target"]) -> Decoded:
        """Score a known target with teacher forcing."""
        return teacher_forced(self.step, targets_in, self.start(sources))

    def start(self, sources: Int[Tensor, "batch source"]) -> StackState:
        """Read the sources; the decoder starts from zeros."""
        real = sources != PAD
        top = self.encoder(self.source_embedding[sources], real=real)
        zeros = top.new_zeros(len(sources), len(self.decoder), top.shape[-1])
        return StackState(zeros, zeros, self.attention.read(top, real))

    def step(self, tokens: Int[Tensor, "batch"], state: StackState) -> Step:
        """Look with the bottom layer's last state, then go up the stack."""
        context, weights = self.attention(state.hidden[:, 0], state.source)
        below, states = self.target_embedding[tokens], []
        for level, layer in enumerate(self.decoder):
            before = LSTMState(state.hidden[:, level], state.cell[:, level])
            states.append(layer.step(torch.cat([below, context], dim=-1), before))
            below = states[-1].hidden + below if level >= 2 else states[-1].hidden
        hidden, cell = (torch.stack(tensors, dim=1) for tensors in zip(*states, strict=True))
        return Step(below @ self.output_weight + self.output_bias, weights, StackState(hidden, cell, state.source))
