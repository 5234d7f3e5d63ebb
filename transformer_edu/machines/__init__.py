"""What is built of layers? An embedding, a stack or two, and the three modes of a Transformer."""

from transformer_edu.machines.decoded import Decoded, Step
from transformer_edu.machines.decoder import Decoder, allowed_after
from transformer_edu.machines.decoder_only import Continued, DecoderOnly
from transformer_edu.machines.embedding import Embedding, embed, unembed
from transformer_edu.machines.encoder import Encoder, PreNormEncoder
from transformer_edu.machines.encoder_decoder import DecoderState, EncoderDecoder
from transformer_edu.machines.encoder_only import EncoderOnly
from transformer_edu.machines.shift import END, PAD, START, shift_right

__all__ = [
    "END",
    "PAD",
    "START",
    "Continued",
    "Decoded",
    "Decoder",
    "DecoderOnly",
    "DecoderState",
    "Embedding",
    "Encoder",
    "EncoderDecoder",
    "EncoderOnly",
    "PreNormEncoder",
    "Step",
    "allowed_after",
    "embed",
    "shift_right",
    "unembed",
]
