"""The whole machine: an encoder reads the source, a decoder writes the target."""

import torch
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_edu.layers import NOTHING, Given
from transformer_edu.machines.decoded import Decoded, DecoderState, Step, following_places, mean_weights
from transformer_edu.machines.decoder import Decoder
from transformer_edu.machines.embedding import Embedding
from transformer_edu.machines.encoder import Encoder
from transformer_edu.machines.shift import PAD
from transformer_edu.positions import Positions


class EncoderDecoder(nn.Module):
    """Read a source, write a target: p(y | x) = Πₜ p(yₜ | y₁ … yₜ₋₁, x).

        memory = Encoder(E_in[x] + PE)
        logits = Decoder(E_out[shifted y] + PE, memory) E_outᵀ

    The output weights are tied to the target's embedding. `positions` places the tokens in front of both stacks; what
    the layers know about places is theirs. Filler has the number 0: the model masks it in the source itself; at the end
    of a target the causal mask does. Filler in front would be counted: then give `places` of the target and
    `source_places` that do not count it (see count_real). `transformer` builds the first Transformer of this kind.

    Cost: see model_cost.
    Source: [vaswani2017attention] section 3.
    """

    def __init__(
        self,
        source_embedding: Embedding,
        target_embedding: Embedding,
        encoder: Encoder,
        decoder: Decoder,
        *,
        positions: Positions,
    ):
        super().__init__()
        self.source_embedding = source_embedding
        self.target_embedding = target_embedding
        self.encoder = encoder
        self.decoder = decoder
        self.positions = positions

    def forward(
        self, sources: Int[Tensor, "batch source"], targets_in: Int[Tensor, "batch target"], given: Given = NOTHING
    ) -> Decoded:
        """Score all targets at once (teacher forcing).

        The weights are the mean over the heads of the last layer's second part that shows some: the first looks at the
        target itself. With Given(fused=True), for training, what the other parts have to show (a loss of experts) is
        still there. The source, and what may be looked at in it, are the machine's own: it replaces what is given.
        """
        allowed, places = _real(sources), given.source_places
        entered = self.positions.place(self.source_embedding(sources), places)
        memory, source_seen = self.encoder(entered, Given(places, allowed, fused=given.fused))
        tokens = self.positions.place(self.target_embedding(targets_in), given.places)
        outputs, seen = self.decoder(tokens, given._replace(source=memory, source_allowed=allowed))
        return Decoded(self.target_embedding.logits(outputs), mean_weights(seen, part=1), seen, source_seen)

    def fused(
        self, sources: Int[Tensor, "batch source"], targets_in: Int[Tensor, "batch target"], given: Given = NOTHING
    ) -> Float[Tensor, "batch target vocab"]:
        """Return the same logits without the weights, with torch's fused kernels: for training."""
        return self(sources, targets_in, given._replace(fused=True)).logits

    def start(self, sources: Int[Tensor, "batch source"], given: Given = NOTHING) -> DecoderState:
        """Read the sources once; project the memory to every layer's keys and values once."""
        allowed, places = _real(sources), given.source_places
        entered = self.positions.place(self.source_embedding(sources), places)
        memory = self.encoder.fused(entered, Given(places, allowed))
        first = torch.zeros(len(sources), dtype=torch.long, device=sources.device)
        told = given._replace(source=memory, source_allowed=allowed)
        return DecoderState(first, self.decoder.start(told), sources != PAD)

    def step(self, tokens: Int[Tensor, "batch"], state: DecoderState) -> Step:
        """Write one token behind those of the state; return the logits of the next one."""
        token_ids = rearrange(tokens, "batch -> batch 1")
        places = following_places(state, token_ids)
        given = Given(places, source_allowed=rearrange(state.source_allowed, "batch source -> batch 1 source"))
        entered = self.positions.place(self.target_embedding(token_ids), places)
        outputs, seen, layers = self.decoder.extend(entered, given, state.layers)
        logits, looked = self.target_embedding.logits(outputs), mean_weights(seen, part=1)
        later = DecoderState(state.next_places + 1, layers, state.source_allowed)
        return Step(logits[:, 0], None if looked is None else looked[:, 0], later, seen)


def _real(sources: Tensor) -> Bool[Tensor, "batch 1 source"]:
    return rearrange(sources != PAD, "batch source -> batch 1 source")
