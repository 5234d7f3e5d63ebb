"""The first mode: an encoder alone reads a text and gives every token a vector that knows its context (BERT)."""

from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.layers import NOTHING, Given, Passed
from transformer_edu.machines.embedding import Embedding
from transformer_edu.machines.encoder import Encoder
from transformer_edu.machines.shift import PAD
from transformer_edu.positions import Positions


class EncoderOnly(nn.Module):
    """Read a text as a whole: every token sees every other one, before and behind it.

        X = Encoder(norm(E[x] + P))

    Such a model writes nothing: it has no order in which to write. A small head behind it labels tokens or texts.
    `positions` places the tokens in front of the first layer; what the layers know about places is theirs.
    norm: what stands in front of the first layer, as in BERT, or None. `bert` builds such a model.
    Filler has the number 0 and is masked here; its own outputs mean nothing. It stands behind the text: in front, or in
    between, it would be counted, and places that do not count it have to be given (see count_real).

    Cost: that of the encoder.
    Source: [devlin2019bert] section 3.
    """

    def __init__(self, embedding: Embedding, encoder: Encoder, *, positions: Positions, norm: nn.Module | None):
        super().__init__()
        self.embedding = embedding
        self.positions = positions
        self.norm = nn.Identity() if norm is None else norm
        self.encoder = encoder

    def forward(self, token_ids: Int[Tensor, "batch token"], given: Given = NOTHING) -> Passed:
        """Return a vector a token, and a tuple of what the layers have to show.

        places: where the tokens stand, or place and segment (of two texts, as BERT reads them) as two numbers, if the
        machine's positions read both. What is `allowed` besides: filler never is.
        """
        real = rearrange(token_ids != PAD, "batch token -> batch 1 token")
        allowed = real if given.allowed is None else given.allowed & real
        tokens = given.form(self.norm)(self.positions.place(self.embedding(token_ids), given.places))
        return self.encoder(tokens, given._replace(allowed=allowed))

    def fused(self, token_ids: Int[Tensor, "batch token"], given: Given = NOTHING) -> Float[Tensor, "batch token dim"]:
        """Return the same vectors alone, with torch's fused kernels: for training."""
        return self(token_ids, given._replace(fused=True)).outputs
