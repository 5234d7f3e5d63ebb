"""The second mode: a decoder without a source writes on (GPT). Its layers are encoder layers with a causal mask."""

from typing import NamedTuple

from einops import reduce
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.attention import causal, mask_from
from transformer_edu.layers.cache import Cache, stack_caches
from transformer_edu.machines.decoded import Decoded
from transformer_edu.machines.decoder import allowed_after
from transformer_edu.machines.embedding import Embedding
from transformer_edu.machines.encoder import PreNormEncoder
from transformer_edu.positions import LearnedPositions


class Continued(NamedTuple):
    """Logits behind each of the new tokens, and the cache that now holds them."""

    logits: Float[Tensor, "batch token vocab"]
    cache: Cache


class DecoderOnly(nn.Module):
    """Write a text on: p(x) = Πₜ p(xₜ | x₁ … xₜ₋₁).

        logits = LN(layer_L(… layer_1(E[x] + P))) Eᵀ,   token i sees tokens j ≤ i

    There is no source, so there is no attention to one: what is left of a decoder layer is an encoder layer under a
    causal mask. A source, if there is one, stands in front of the target in the same text. Made like GPT-2: learned
    positions, pre-norm layers with GELU and a final normalization, tied output, no √d. (GPT-2's GELU is the
    approximation with tanh; this is the exact one.)

    positions: the longest text. Filler at the end needs no mask: no real token looks ahead.

    Cost: layers times layer_cost, and token · vocab · dim multiply-adds for the logits.
    Raises: ValueError if a text is longer than the table of positions.
    Source: [radford2019language] section 2.3.
    """

    def __init__(
        self, vocab: int, *, dim: int, heads: int, hidden: int, layers: int, positions: int, eps: float = 1e-5
    ):
        super().__init__()
        self.heads = heads
        self.embedding = Embedding(vocab, dim)
        self.positions = LearnedPositions(positions, dim)
        self.stack = PreNormEncoder(dim, layers=layers, heads=heads, hidden=hidden, eps=eps)

    def forward(self, token_ids: Int[Tensor, "batch token"]) -> Decoded:
        """Score the next token behind each token. The weights are the mean over the last layer's heads."""
        count = token_ids.shape[-1]
        allowed = mask_from(causal, queries=count, keys=count, device=token_ids.device)
        outputs, weights = self.stack(self.embedding(token_ids) + self.positions(count), allowed=allowed)
        return Decoded(self.embedding.logits(outputs), reduce(weights[:, -1], "batch head i j -> batch i j", "mean"))

    def fused(self, token_ids: Int[Tensor, "batch token"]) -> Float[Tensor, "batch token vocab"]:
        """Return the same logits without the weights, with torch's fused kernels: for training."""
        tokens = self.embedding(token_ids) + self.positions(token_ids.shape[-1])
        return self.embedding.logits(self.stack.fused(tokens, causal=True))

    def start(self, batch: int) -> Cache:
        """Return the cache of so many texts of which nothing has been read."""
        table = self.embedding.table
        nothing = table.new_zeros(batch, len(self.stack.layers), self.heads, 0, table.shape[-1] // self.heads)
        return Cache(nothing, nothing)

    def extend(self, token_ids: Int[Tensor, "batch token"], cache: Cache) -> Continued:
        """Read more tokens behind those in the cache: a whole prompt at once, or the token that was written last."""
        tokens = self.embedding(token_ids) + self.positions(token_ids.shape[-1], first=cache.length)
        allowed, caches = allowed_after(cache.length, tokens), []
        for index, layer in enumerate(self.stack.layers):
            tokens, _, grown = layer.extend(tokens, cache.layer(index), allowed=allowed)
            caches.append(grown)
        return Continued(self.embedding.logits(self.stack.norm(tokens)), stack_caches(caches))
