"""The first Transformer: post-norm layers with ReLU, sinusoidal positions, tied output weights."""

import math

from transformer_edu.layers import Relu, decoder_layer, encoder_layer
from transformer_edu.machines.decoder import Decoder
from transformer_edu.machines.embedding import Embedding
from transformer_edu.machines.encoder import Encoder
from transformer_edu.machines.encoder_decoder import EncoderDecoder
from transformer_edu.positions import AddSinusoidal, Positions


def transformer(vocab_in: int, vocab_out: int, *, dim: int, heads: int, hidden: int, layers: int) -> EncoderDecoder:
    """Build an encoder-decoder like the first Transformer, without its dropout.

        memory = Encoder(√dim · E_in[x] + PE)
        logits = Decoder(√dim · E_out[shifted y] + PE, memory) E_outᵀ

    There are two vocabularies, so two tables (the paper shares one among three places).

    Cost: see model_cost.
    Raises: ValueError if heads does not divide dim.
    Source: [vaswani2017attention] section 3.
    """
    sizes = {"heads": heads, "hidden": hidden, "bend": Relu()}
    return EncoderDecoder(
        Embedding(vocab_in, dim, scale=math.sqrt(dim)),
        Embedding(vocab_out, dim, scale=math.sqrt(dim)),
        Encoder([encoder_layer(dim, **sizes) for _ in range(layers)], norm=None),
        Decoder([decoder_layer(dim, **sizes) for _ in range(layers)], norm=None),
        positions=Positions(place=AddSinusoidal()),
    )
