"""Habits of heads on readings whose answers are known, and the spread of scores computed anew."""

import math
from types import SimpleNamespace

import pytest
import torch

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.layers import Layer, PreNorm, SelfAttention, Sublayer
from transformer_edu.minilm import MiniLM, Reading
from transformer_edu.studies import real_heads

TOKENS = 5


def reading_of(*maps: torch.Tensor) -> Reading:
    """Make a reading of one layer with one head a map."""
    words = ["[CLS]", *"abc", "[SEP]"]
    return Reading(words, torch.zeros(2, TOKENS, 4), torch.stack(maps)[None])


def without_weights(layers: list) -> MiniLM:
    """Make an encoder of these layers alone."""
    minilm = MiniLM.__new__(MiniLM)
    torch.nn.Module.__init__(minilm)
    minilm.layers = layers
    return minilm


EVEN = torch.full((TOKENS, TOKENS), 1 / TOKENS)
OWN = torch.eye(TOKENS)
BEFORE = torch.cat([OWN[:1], OWN[:-1]])  # each token looks at the one before; the first at itself
LAST = torch.zeros(TOKENS, TOKENS).index_fill(1, torch.tensor([TOKENS - 1]), 1.0)


def test_habits_of_heads_that_one_can_read_off():
    habits = real_heads.habits_of(reading_of(EVEN, OWN, BEFORE, LAST))
    expected = {
        "entropy": [math.log(5), 0, 0, 0],
        "distance": [(10 + 7 + 6 + 7 + 10) / 25, 0, 4 / 5, 2],
        "previous": [1 / 5, 0, 1, 0],
        "next": [1 / 5, 0, 0, 1 / 4],
        "first": [1 / 5, 1 / 5, 2 / 5, 0],
        "last": [1 / 5, 1 / 5, 0, 1],
    }
    for name, numbers in expected.items():
        assert getattr(habits, name)[0].tolist() == pytest.approx(numbers, abs=1e-6), name


def test_each_sentence_counts_alike(monkeypatch):
    readings = {"one": reading_of(OWN), "two": reading_of(LAST)}
    monkeypatch.setattr(real_heads, "read", lambda minilm, text: readings[text])
    habits = real_heads.head_habits(without_weights([]), ["one", "two"])
    assert habits.last.tolist() == [[pytest.approx((1 / 5 + 1) / 2)]] and habits.distance.tolist() == [[1.0]]


def test_score_spread_is_the_deviation_within_a_row(monkeypatch, generator):
    attention = MultiHeadAttention(6, heads=2)
    minilm = without_weights([Layer(Sublayer(SelfAttention(attention), PreNorm(torch.nn.Identity())))] * 2)
    hidden = torch.randn(3, 4, 6, generator=generator)
    monkeypatch.setattr(
        real_heads, "read", lambda minilm, text: SimpleNamespace(hidden_states=hidden * (2 if text == "b" else 1))
    )
    found = real_heads.score_spread(minilm, ["a", "b"])
    expected = torch.zeros(2, 2)
    with torch.no_grad():
        for factor in (1, 2):
            for layer in range(2):
                queries, keys = attention.query(hidden[layer] * factor), attention.key(hidden[layer] * factor)
                for head in range(2):
                    part = slice(3 * head, 3 * head + 3)
                    scores = queries[:, part] @ keys[:, part].T / math.sqrt(3)
                    expected[layer, head] += sum(float(row.std()) for row in scores) / 4 / 2
    torch.testing.assert_close(found, expected)
