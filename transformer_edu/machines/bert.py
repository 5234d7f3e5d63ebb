"""A machine like BERT: an encoder alone, post-norm layers with GELU, learned positions."""

from transformer_edu.layers import encoder_layer
from transformer_edu.machines.embedding import Embedding
from transformer_edu.machines.encoder import Encoder
from transformer_edu.machines.encoder_only import EncoderOnly
from transformer_edu.normalization import LayerNorm
from transformer_edu.positions import AddLearned, LearnedPositions, Positions


def bert(
    vocab: int, *, dim: int, heads: int, hidden: int, layers: int, positions: int, eps: float = 1e-12
) -> EncoderOnly:
    """Build an encoder like BERT.

        X = Encoder(LN(E[x] + P))

    BERT adds a third vector, which says to which of two texts a token belongs; for one text it is part of P.

    positions: the longest text.

    Cost: layers times layer_cost for a pass.
    Raises: ValueError if heads does not divide dim, or later if a text is longer than the table of positions.
    Source: [devlin2019bert] section 3.
    """
    built = [encoder_layer(dim, heads=heads, hidden=hidden, eps=eps) for _ in range(layers)]
    return EncoderOnly(
        Embedding(vocab, dim),
        Encoder(built, norm=None),
        positions=Positions(place=AddLearned(LearnedPositions(positions, dim))),
        norm=LayerNorm(dim, eps=eps),
    )
