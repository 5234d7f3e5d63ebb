"""A machine like GPT-2: a decoder without a source, pre-norm layers with GELU, learned positions."""

from transformer_edu.layers import PreNorm, encoder_layer
from transformer_edu.machines.decoder import Decoder
from transformer_edu.machines.decoder_only import DecoderOnly
from transformer_edu.machines.embedding import Embedding
from transformer_edu.normalization import LayerNorm
from transformer_edu.positions import AddLearned, LearnedPositions, Positions


def gpt2(
    vocab: int, *, dim: int, heads: int, hidden: int, layers: int, positions: int, eps: float = 1e-5
) -> DecoderOnly:
    """Build a decoder like GPT-2: a final normalization, tied output, no factor √dim.

        logits = LN(layer_L(… layer_1(E[x] + P))) Eᵀ

    GPT-2's GELU is the approximation with tanh; this is the exact one.

    positions: the longest text.

    Cost: layers times layer_cost for a pass, and token · vocab · dim multiply-adds for the logits.
    Raises: ValueError if heads does not divide dim, or later if a text is longer than the table of positions.
    Source: [radford2019language] section 2.3.
    """
    built = [encoder_layer(dim, heads=heads, hidden=hidden, residual=PreNorm, eps=eps) for _ in range(layers)]
    return DecoderOnly(
        Embedding(vocab, dim),
        Decoder(built, norm=LayerNorm(dim, eps=eps)),
        positions=Positions(place=AddLearned(LearnedPositions(positions, dim))),
    )
