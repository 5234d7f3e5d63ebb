"""Where does each head of the trained Transformer look in the spelling, while it writes a date?"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from transformer_edu.data.dates import TARGET_LENGTH, decode_answers, encode_spellings
from transformer_edu.decoding import greedy
from transformer_edu.machines import EncoderDecoder, shift_right


class Look(NamedTuple):
    """What was written, character by character and the end mark, and the weights on the spelling's characters."""

    written: list[str]
    weights: Float[Tensor, "layer head target source"]


def heads_on_date(model: EncoderDecoder, spelling: str) -> Look:
    """Write a date greedily, then read off every head's attention to the source in one pass over what was written.

    Row t shows where the model looked when it chose character t. (The model itself returns the mean over the heads of
    its last layer; here a hook on the decoder catches all of them.)
    """
    sources = encode_spellings([spelling])
    tokens = greedy(model, sources, longest=TARGET_LENGTH + 1).tokens
    caught: list[Tensor] = []
    hook = model.decoder.register_forward_hook(lambda _, __, answer: caught.append(answer.source_weights))
    with torch.no_grad():
        model(sources, shift_right(tokens))
    hook.remove()
    ended = [*decode_answers(tokens)[0], "end"]
    return Look(ended[: tokens.shape[1]], caught[0][0])
