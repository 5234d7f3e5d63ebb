"""What do we feed the mechanisms? Small data, real and synthetic, the same on every machine."""

from transformer_edu.data.date_spelling import spell
from transformer_edu.data.dates import (
    Dates,
    date_batch,
    days_of,
    decode_answers,
    encode_answers,
    encode_spellings,
    exact_match,
)
from transformer_edu.data.noisy_keys import NoisyKeys, draw_noisy_keys
from transformer_edu.data.random_vectors import ENTRIES, random_vectors, seeded
from transformer_edu.data.sequences import Sequences, draw_sequences

__all__ = [
    "ENTRIES",
    "Dates",
    "NoisyKeys",
    "Sequences",
    "date_batch",
    "days_of",
    "decode_answers",
    "draw_noisy_keys",
    "draw_sequences",
    "encode_answers",
    "encode_spellings",
    "exact_match",
    "random_vectors",
    "seeded",
    "spell",
]
