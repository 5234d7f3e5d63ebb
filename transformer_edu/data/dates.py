"""Rewrite a date as people write it, "the third of May, 2019", as a machine wants it: 2019-05-03.

A sequence-to-sequence task whose two sides differ in length, order and alphabet, whose right answer is known, and which
is small enough for a processor. Years run from 1950 to 2049. The grammar of the spellings stands in `date_spelling`.

A tenth of all *days* is held out: a date of the test set never occurs in training, in no spelling.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from transformer_edu.data.date_spelling import spell
from transformer_edu.machines import END, PAD

SOURCE_ALPHABET = " ',-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TARGET_ALPHABET = "-0123456789"
SOURCE_VOCAB, TARGET_VOCAB = 3 + len(SOURCE_ALPHABET), 3 + len(TARGET_ALPHABET)
TARGET_LENGTH = len("2019-05-03") + 1  # and END

FIRST_DAY, LAST_DAY = date(1950, 1, 1), date(2049, 12, 31)
Part = Literal["training", "held out"]


class Dates(NamedTuple):
    """Spellings and the dates that they mean, as text and as ids: rows end with END (targets only), then PAD."""

    sources: Int[Tensor, "batch source"]
    targets: Int[Tensor, "batch target"]
    spellings: list[str]
    answers: list[str]


def days_of(part: Part) -> Int[Tensor, "day"]:
    """Return the days of a part, as ordinals of `datetime.date`: nine tenths for training, the others held out."""
    first, last = FIRST_DAY.toordinal(), LAST_DAY.toordinal()
    days = first + torch.randperm(last - first + 1, generator=torch.Generator().manual_seed(0))
    cut = len(days) // 10
    return days[:cut] if part == "held out" else days[cut:]


def date_batch(
    count: int, *, generator: torch.Generator, part: Part = "training", days: Int[Tensor, "day"] | None = None
) -> Dates:
    """Draw days of a part and a spelling for each. Hand over `days = days_of(part)` to look them up once only.

    Raises: ValueError if count is negative.
    """
    if count < 0:
        raise ValueError(f"date_batch needs count >= 0 (it is a number of examples), got count={count}.")
    days = days_of(part) if days is None else days
    drawn = days[torch.randint(len(days), (count,), generator=generator)].tolist()
    numbers = torch.randint(2**31, (count,), generator=generator).tolist()
    drawn = [date.fromordinal(day) for day in drawn]
    spellings = [spell(day, number) for day, number in zip(drawn, numbers, strict=True)]
    answers = [day.isoformat() for day in drawn]
    return Dates(encode_spellings(spellings), encode_answers(answers), spellings, answers)


def encode_spellings(spellings: Sequence[str]) -> Int[Tensor, "batch source"]:
    """Turn spellings into rows of ids, filled up with PAD.

    Raises: ValueError for a character outside the alphabet.
    """
    return _rows([[_id(mark, SOURCE_ALPHABET) for mark in text] for text in spellings])


def encode_answers(answers: Sequence[str]) -> Int[Tensor, "batch target"]:
    """Turn dates into rows of ids, each with END behind it.

    Raises: ValueError for a character outside the alphabet.
    """
    return _rows([[*(_id(mark, TARGET_ALPHABET) for mark in text), END] for text in answers])


def decode_answers(targets: Int[Tensor, "batch target"]) -> list[str]:
    """Turn rows of ids into text, up to the first END; PAD and START are written as the signs ␀ and ␂."""
    signs = ["␀", "␂", "", *TARGET_ALPHABET]
    return ["".join(signs[i] for i in (row[: row.index(END)] if END in row else row)) for row in targets.tolist()]


def exact_match(guesses: Sequence[str], answers: Sequence[str]) -> float:
    """Return the share of guesses that are right in every character.

    Raises: ValueError unless there is one guess for each answer, and an answer at all.
    """
    if not answers or len(guesses) != len(answers):
        raise ValueError(
            f"exact_match needs one guess for each of {len(answers)} answers (and one answer at least), "
            f"got len(guesses)={len(guesses)}."
        )
    return sum(guess == answer for guess, answer in zip(guesses, answers, strict=True)) / len(answers)


def _id(mark: str, alphabet: str) -> int:
    index = alphabet.find(mark)
    if index < 0:
        raise ValueError(f"encoding needs characters of the alphabet ({alphabet!r}), got {mark=}.")
    return 3 + index


def _rows(rows: list[list[int]]) -> Int[Tensor, "batch place"]:
    longest = max(map(len, rows), default=0)
    filled = [row + [PAD] * (longest - len(row)) for row in rows]
    return torch.tensor(filled, dtype=torch.long).reshape(len(rows), longest)
