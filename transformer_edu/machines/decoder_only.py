"""The second mode: a decoder without a source writes on (GPT). Its layers are encoder layers with a causal mask."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.layers import NOTHING, Given, places_of_each
from transformer_edu.machines.decoded import Decoded, DecoderState, following_places, mean_weights
from transformer_edu.machines.decoder import Decoder
from transformer_edu.machines.embedding import Embedding
from transformer_edu.positions import Positions


class Continued(NamedTuple):
    """Logits behind each of the new tokens, the state in which the next ones are read, and what the layers show."""

    logits: Float[Tensor, "batch token vocab"]
    state: DecoderState
    seen: tuple[Any, ...] = ()


class DecoderOnly(nn.Module):
    """Write a text on: p(x) = Πₜ p(xₜ | x₁ … xₜ₋₁).

        logits = Decoder(E[x] + P) Eᵀ,   token i sees tokens j ≤ i

    There is no source, so there is no attention to one: what is left of a decoder layer is an encoder layer under a
    causal mask. A source, if there is one, stands in front of the target in the same text. The output is tied to the
    embedding. `positions` places the tokens in front of the first layer; what the layers know about places is theirs.
    `gpt2` builds such a model. Filler at the end needs no mask: no real token looks ahead. Filler in front does, and
    places that do not count it: Given(places=…, allowed=…), where `allowed` covers all tokens so far.

    Cost: that of the decoder, and token · vocab · dim multiply-adds for the logits.
    Source: [radford2019language] section 2.3.
    """

    def __init__(self, embedding: Embedding, decoder: Decoder, *, positions: Positions):
        super().__init__()
        self.embedding = embedding
        self.positions = positions
        self.decoder = decoder

    def forward(self, token_ids: Int[Tensor, "batch token"], given: Given = NOTHING) -> Decoded:
        """Score the next token behind each token.

        The weights are the mean over the heads of the last layer's first part that shows some (see mean_weights).
        With Given(fused=True), for training, what the other parts have to show (a loss of experts) is still there.
        """
        outputs, seen = self.decoder(self.positions.place(self.embedding(token_ids), given.places), given)
        return Decoded(self.embedding.logits(outputs), mean_weights(seen), seen)

    def fused(
        self, token_ids: Int[Tensor, "batch token"], given: Given = NOTHING
    ) -> Float[Tensor, "batch token vocab"]:
        """Return the same logits without the weights, with torch's fused kernels: for training."""
        tokens = self.positions.place(self.embedding(token_ids), given.places)
        return self.embedding.logits(self.decoder.fused(tokens, given))

    def start(self, batch: int) -> DecoderState:
        """Return the state of so many texts of which nothing has been read."""
        first = torch.zeros(batch, dtype=torch.long, device=self.embedding.table.device)
        return DecoderState(first, self.decoder.start())

    def extend(self, token_ids: Int[Tensor, "batch token"], state: DecoderState, given: Given = NOTHING) -> Continued:
        """Read more tokens behind those of the state: a whole prompt at once, or the token that was written last."""
        tokens = self.embedding(token_ids)
        places = places_of_each(given.places, tokens)
        places = following_places(state, token_ids) if places is None else places
        tokens = self.positions.place(tokens, places)
        outputs, seen, layers = self.decoder.extend(tokens, given._replace(places=places), state.layers)
        return Continued(self.embedding.logits(outputs), DecoderState(places[:, -1] + 1, layers), seen)
