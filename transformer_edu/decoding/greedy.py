"""Greedy decoding: always write the most probable next token."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from transformer_edu.decoding.model import Transducer
from transformer_edu.machines import END, PAD, START
from transformer_edu.softmax import log_softmax


class Written(NamedTuple):
    """What was written: tokens up to the end mark, then PAD; log P of each sequence, its end mark included; and the
    weights on the source at each step (None for a model without attention; those behind the end mark mean nothing)."""

    tokens: Int[Tensor, "batch target"]
    log_probabilities: Float[Tensor, "batch"]
    weights: Float[Tensor, "batch target source"] | None


@torch.no_grad()
def greedy(model: Transducer, sources: Int[Tensor, "batch source"], *, longest: int) -> Written:
    """Write one sequence for each source, token by token, at most `longest` tokens with the end mark.

        y_t = argmax_y P(y | y_1 … y_{t-1}, x)

    No step is taken back: a first token that looks best can lead to a sequence that is not the most probable one.

    Cost: `longest` steps of the model at most, one after the other.
    Raises: ValueError if longest is below 1.
    Source: [sutskever2014sequence] section 3.2, with a beam of width 1.
    """
    if longest < 1:
        raise ValueError(f"greedy needs longest >= 1 (something has to be written), got longest={longest}.")
    state, last = model.start(sources), torch.full_like(sources[:, :1].sum(dim=1), START)
    open_, total, written, looks = torch.ones_like(last, dtype=torch.bool), 0.0, [], []
    for _ in range(longest):
        logits, weights, state = model.step(last, state)[:3]
        log_probability, last = log_softmax(logits).max(dim=-1)
        total = total + log_probability.where(open_, torch.zeros_like(log_probability))
        last = last.where(open_, torch.full_like(last, PAD))
        open_ = open_ & (last != END)
        written.append(last)
        looks.append(weights)
        if not open_.any():
            break
    weights = None if looks[0] is None else torch.stack(looks, dim=1)
    return Written(torch.stack(written, dim=1), total, weights)
