"""The whole machine: an encoder reads the source, a decoder writes the target."""

import math
from typing import NamedTuple

from einops import rearrange, reduce
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_edu.layers.cache import Cache, empty_cache
from transformer_edu.layers.relu_feed_forward import ReluFeedForward
from transformer_edu.machines.decoded import Decoded, Step
from transformer_edu.machines.decoder import Decoder
from transformer_edu.machines.embedding import Embedding
from transformer_edu.machines.encoder import Encoder
from transformer_edu.machines.shift import PAD
from transformer_edu.positions import sinusoidal


class DecoderState(NamedTuple):
    """What a decoder remembers between two tokens: keys and values of its own tokens, and of the source."""

    written: Cache
    source: Cache
    source_allowed: Bool[Tensor, "batch source"]


class EncoderDecoder(nn.Module):
    """Read a source, write a target: p(y | x) = Πₜ p(yₜ | y₁ … yₜ₋₁, x).

        memory = Encoder(√dim · E_in[x] + PE)
        logits = Decoder(√dim · E_out[shifted y] + PE, memory) E_outᵀ

    Post-norm layers, ReLU, sinusoidal positions, output weights tied to the target's embedding: the first Transformer,
    without its dropout. Two vocabularies, so two tables (the paper shares one among three places). Filler has the
    number 0: the model masks it in the source itself; at the end of a target the causal mask does.

    Cost: see model_cost.
    Source: [vaswani2017attention] section 3.
    """

    def __init__(self, vocab_in: int, vocab_out: int, *, dim: int, heads: int, hidden: int, layers: int):
        super().__init__()
        self.source_embedding = Embedding(vocab_in, dim)
        self.target_embedding = Embedding(vocab_out, dim)
        self.encoder = Encoder(dim, layers=layers, heads=heads, hidden=hidden, network=ReluFeedForward)
        self.decoder = Decoder(dim, layers=layers, heads=heads, hidden=hidden, network=ReluFeedForward)

    def forward(self, sources: Int[Tensor, "batch source"], targets_in: Int[Tensor, "batch target"]) -> Decoded:
        """Score all targets at once (teacher forcing). The weights are the mean over the last layer's heads."""
        allowed = _real(sources)
        memory = self.encoder(_enter(self.source_embedding, sources), allowed=allowed).outputs
        tokens = _enter(self.target_embedding, targets_in)
        outputs, _, weights = self.decoder(tokens, memory, source_allowed=allowed)
        seen = reduce(weights[:, -1], "batch head target source -> batch target source", "mean")
        return Decoded(self.target_embedding.logits(outputs), seen)

    def fused(
        self, sources: Int[Tensor, "batch source"], targets_in: Int[Tensor, "batch target"]
    ) -> Float[Tensor, "batch target vocab"]:
        """Return the same logits without the weights, with torch's fused kernels: for training."""
        allowed = _real(sources)
        memory = self.encoder.fused(_enter(self.source_embedding, sources), allowed=allowed)
        tokens = _enter(self.target_embedding, targets_in)
        return self.target_embedding.logits(self.decoder.fused(tokens, memory, source_allowed=allowed))

    def start(self, sources: Int[Tensor, "batch source"]) -> DecoderState:
        """Read the sources once; project the memory to every layer's keys and values once."""
        allowed = _real(sources)
        memory = self.encoder.fused(_enter(self.source_embedding, sources), allowed=allowed)
        source = self.decoder.remember(memory)
        return DecoderState(empty_cache(source), source, sources != PAD)

    def step(self, tokens: Int[Tensor, "batch"], state: DecoderState) -> Step:
        """Write one token behind those of the state; return the logits of the next one."""
        written, source, real = state
        entered = _enter(self.target_embedding, rearrange(tokens, "batch -> batch 1"), first=written.length)
        allowed = rearrange(real, "batch source -> batch 1 source")
        outputs, weights, written = self.decoder.extend(entered, written, source, source_allowed=allowed)
        logits = self.target_embedding.logits(rearrange(outputs, "batch 1 dim -> batch dim"))
        seen = reduce(weights, "batch head 1 source -> batch source", "mean")
        return Step(logits, seen, DecoderState(written, source, real))


def _real(sources: Tensor) -> Bool[Tensor, "batch 1 source"]:
    return rearrange(sources != PAD, "batch source -> batch 1 source")


def _enter(embedding: Embedding, token_ids: Tensor, *, first: int = 0) -> Float[Tensor, "batch token dim"]:
    tokens = embedding(token_ids)
    length, dim = tokens.shape[-2:]
    positions = sinusoidal(length, dim, first=first, device=tokens.device, dtype=tokens.dtype)
    return math.sqrt(dim) * tokens + positions
