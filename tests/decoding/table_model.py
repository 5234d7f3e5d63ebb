"""A model whose every probability stands in a table: what a search must find can be worked out by brute force."""

from itertools import product
from typing import NamedTuple

import torch

from transformer_edu.machines import END, START, Step

VOCAB, SOURCE, ROWS = 5, 3, 997


class Memory(NamedTuple):
    """What was read, nested on purpose, and a fingerprint of everything that was written."""

    read: tuple[torch.Tensor, None]
    print: torch.Tensor


class TableModel:
    """Score the next token by a random row that depends on the source and on every token so far, in their order."""

    def __init__(self, seed=0, *, spread=1.0, attention=True, dtype=torch.float64):
        generator = torch.Generator().manual_seed(seed)
        self.table = (spread * torch.randn(ROWS, VOCAB, generator=generator, dtype=torch.float64)).to(dtype)
        self.looks = torch.randn(ROWS, SOURCE, generator=generator, dtype=torch.float64).mul(2).softmax(-1).to(dtype)
        self.attention = attention
        self.steps = 0

    def start(self, sources):
        return Memory((sources, None), sources.sum(dim=1))

    def step(self, tokens, state):
        self.steps += 1
        row = (7 * state.print + 31 * tokens + 1) % ROWS
        weights = self.looks.to(tokens.device)[row] if self.attention else None
        return Step(self.table.to(tokens.device)[row], weights, Memory(state.read, row))


def all_sequences(model, sources, *, longest):
    """Return every sequence that ends within `longest` tokens: its tokens, log P and coverage; no search involved."""
    going_on = [token for token in range(VOCAB) if token != END]
    bodies = [body for length in range(longest) for body in product(going_on, repeat=length)]
    return [score_of(model, sources, [*body, END]) for body in bodies]


def score_of(model, sources, tokens):
    """Walk along one sequence."""
    state, last, total, coverage = model.start(sources), torch.tensor([START]), 0.0, 0.0
    for token in tokens:
        logits, weights, state = model.step(last, state)[:3]
        total, coverage = total + logits.log_softmax(-1)[0, token], coverage + weights[0]
        last = torch.tensor([token])
    return tokens, total, coverage
