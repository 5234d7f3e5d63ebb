"""What is built of layers? An embedding, a stack or two, and the three modes of a Transformer."""

from transformer_edu.machines.bert import bert
from transformer_edu.machines.decoded import Decoded, DecoderState, Step, following_places, mean_weights
from transformer_edu.machines.decoder import Decoder
from transformer_edu.machines.decoder_only import Continued, DecoderOnly
from transformer_edu.machines.embedding import Embedding, embed, unembed
from transformer_edu.machines.encoder import Encoder
from transformer_edu.machines.encoder_decoder import EncoderDecoder
from transformer_edu.machines.encoder_only import EncoderOnly
from transformer_edu.machines.gpt2 import gpt2
from transformer_edu.machines.shift import END, PAD, START, shift_right
from transformer_edu.machines.stack import Stack
from transformer_edu.machines.transformer import transformer

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
    "Stack",
    "Step",
    "bert",
    "embed",
    "following_places",
    "gpt2",
    "mean_weights",
    "shift_right",
    "transformer",
    "unembed",
]
