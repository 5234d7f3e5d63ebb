"""The first mode: an encoder alone reads a text and gives every token a vector that knows its context (BERT)."""

from einops import rearrange
from jaxtyping import Int
from torch import Tensor, nn

from transformer_edu.attention import Attended
from transformer_edu.machines.embedding import Embedding
from transformer_edu.machines.encoder import Encoder
from transformer_edu.machines.shift import PAD
from transformer_edu.normalization.layer_norm import LayerNorm
from transformer_edu.positions import LearnedPositions


class EncoderOnly(nn.Module):
    """Read a text as a whole: every token sees every other one, before and behind it.

        X = Encoder(LN(E[x] + P))

    Made like BERT: learned positions, a normalization in front of the first layer, post-norm layers with GELU. BERT
    adds a third vector, which says to which of two texts a token belongs; for one text it is part of P.
    Such a model writes nothing: it has no order in which to write. A small head behind it labels tokens or texts.

    positions: the longest text. Filler has the number 0 and is masked here; its own outputs mean nothing.

    Cost: layers times layer_cost.
    Raises: ValueError if a text is longer than the table of positions.
    Source: [devlin2019bert] section 3.
    """

    def __init__(
        self, vocab: int, *, dim: int, heads: int, hidden: int, layers: int, positions: int, eps: float = 1e-12
    ):
        super().__init__()
        self.embedding = Embedding(vocab, dim)
        self.positions = LearnedPositions(positions, dim)
        self.norm = LayerNorm(dim, eps=eps)
        self.encoder = Encoder(dim, layers=layers, heads=heads, hidden=hidden, eps=eps)

    def forward(self, token_ids: Int[Tensor, "batch token"]) -> Attended:
        """Return a vector a token, and the weights of all layers, "batch layer head token token"."""
        tokens = self.norm(self.embedding(token_ids) + self.positions(token_ids.shape[-1]))
        return self.encoder(tokens, allowed=rearrange(token_ids != PAD, "batch token -> batch 1 token"))
