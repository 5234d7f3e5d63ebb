"""Three machines for one task: built, read out and loaded here, so that all pages do it alike.

    transformer     encoder and decoder, one layer on each side, width 64, 4 heads
    recurrent       bidirectional LSTM, additive attention, LSTM, width 64
    fixed vector    LSTM, one state, LSTM, width 96: no attention; about as many numbers as the recurrent one

How they learn is the study `dates`.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.data.dates import (
    SOURCE_VOCAB,
    TARGET_LENGTH,
    TARGET_VOCAB,
    Dates,
    date_batch,
    decode_answers,
    encode_spellings,
)
from transformer_edu.decoding import greedy
from transformer_edu.machines import EncoderDecoder, shift_right, transformer
from transformer_edu.recurrent import FixedVectorEncoderDecoder, RecurrentEncoderDecoder
from transformer_edu.studies import measured_weights
from transformer_edu.training import initialize

Kind = Literal["transformer", "recurrent", "fixed vector"]


def date_model(kind: Kind, *, seed: int) -> nn.Module:
    """Build an untrained model; the same seed gives the same numbers.

    Raises: ValueError for a kind that there is not.
    """
    generator = torch.Generator().manual_seed(seed)
    if kind == "transformer":
        with torch.random.fork_rng(devices=[]):  # torch's own modules draw from the shared randomness
            model = transformer(SOURCE_VOCAB, TARGET_VOCAB, dim=64, heads=4, hidden=256, layers=1)
        initialize(model, generator=generator)
        return model
    if kind == "recurrent":
        return RecurrentEncoderDecoder(SOURCE_VOCAB, TARGET_VOCAB, dim=64, generator=generator)
    if kind == "fixed vector":
        return FixedVectorEncoderDecoder(SOURCE_VOCAB, TARGET_VOCAB, dim=96, generator=generator)
    raise ValueError(f"date_model needs one of 'transformer', 'recurrent', 'fixed vector' as kind, got kind={kind!r}.")


def held_out_dates(count: int = 1000) -> Dates:
    """Return the test set: spellings of days that no training batch contains.

    The same count gives the same set; another count gives other spellings, not the first ones of a larger set.
    """
    return date_batch(count, generator=torch.Generator().manual_seed(77), part="held out")


def write_dates(model: nn.Module, spellings: Sequence[str]) -> list[str]:
    """Write the date behind each spelling, greedily, at most one token longer than a date."""
    return decode_answers(greedy(model, encode_spellings(spellings), longest=TARGET_LENGTH + 1).tokens)


def load_date_model(kind: Literal["transformer", "recurrent"]) -> nn.Module:
    """Return a model with the weights that the study `dates` found (seed 0).

    Raises: ValueError for a kind without committed weights.
    """
    model = date_model(kind, seed=0)
    model.load_state_dict(measured_weights(f"dates_{kind.replace(' ', '_')}"))
    return model.eval().requires_grad_(False)


class Look(NamedTuple):
    """What was written, character by character and the end mark, and the weights on the spelling's characters."""

    written: list[str]
    weights: Float[Tensor, "layer head target source"]


def heads_on_date(model: EncoderDecoder, spelling: str) -> Look:
    """Write a date greedily, then read off every head's attention to the source in one pass over what was written.

    Row t shows where the model looked when it chose character t. (The model's own weights are the mean over the heads
    of its last layer; what its layers have seen holds all of them.)
    """
    sources = encode_spellings([spelling])
    tokens = greedy(model, sources, longest=TARGET_LENGTH + 1).tokens
    with torch.no_grad():
        seen = model(sources, shift_right(tokens)).seen
    ended = [*decode_answers(tokens)[0], "end"]
    return Look(ended[: tokens.shape[1]], torch.cat([layer[1] for layer in seen]))
