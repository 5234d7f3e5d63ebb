"""Copy, reverse, sort: three tasks on sequences of symbols, made to any length.

A text is the sequence, a mark, the answer, and an end:

    b d a c  |  b d a c  end        copy
    b d a c  |  c a d b  end        reverse
    b d a c  |  a b c d  end        sort

A model reads it from left to right and predicts each next token from the mark on. Nothing but the length has to grow to
make the task harder, so it shows what a model makes of lengths that it was not trained on.
"""

from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

SYMBOLS, MARK, END = 16, 16, 17
VOCABULARY = 18
TASKS = ("copy", "reverse", "sort")


class Sequences(NamedTuple):
    """The tokens of each text but the last, and the token that follows each of the last `length + 1` of them."""

    tokens: Int[Tensor, "batch token"]
    answers: Int[Tensor, "batch answer"]


def draw_sequences(task: str, *, length: int, count: int, generator: torch.Generator) -> Sequences:
    """Draw random sequences of one length, each symbol independent of the others; symbols may repeat.

    `tokens` holds 2 · length + 1 tokens, and `answers` the length + 1 tokens (the answer and the end) that follow the
    mark and the answer's own tokens.

    Raises: ValueError for another task or length < 1.
    """
    if task not in TASKS:
        raise ValueError(f"draw_sequences needs a task among {', '.join(TASKS)}, got task={task!r}.")
    if length < 1:
        raise ValueError(f"draw_sequences needs length >= 1 (it counts symbols), got length={length}.")
    symbols = torch.randint(0, SYMBOLS, (count, length), generator=generator, device=generator.device)
    answer = {"copy": symbols, "reverse": symbols.flip(-1), "sort": symbols.sort(dim=-1).values}[task]
    mark, end = (symbols.new_full((count, 1), token) for token in (MARK, END))
    return Sequences(torch.cat([symbols, mark, answer], dim=-1), torch.cat([answer, end], dim=-1))
