"""What recurrence and attention cost: work, steps in a row, the way between two tokens."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.costs import attention_cost, recurrent_cost
from transformer_edu.recurrent import LSTM, RNN


def counted(network, tokens):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(tokens)
    return counter.get_total_flops() // 2  # it counts multiplications and additions


def attention(tokens, *, dim):
    return attention_cost(queries=tokens, keys=tokens, dim=dim, heads=1)


@pytest.mark.parametrize(("length", "dim"), [(2, 5), (7, 4), (12, 3)])
def test_the_work_is_what_torch_counts(length, dim):
    tokens = torch.zeros(length, dim)
    assert recurrent_cost(tokens=length, dim=dim).multiply_adds == counted(RNN(dim, state_dim=dim), tokens)
    assert recurrent_cost(tokens=length, dim=dim, gates=4).multiply_adds == counted(LSTM(dim, state_dim=dim), tokens)
    expected = counted(MultiHeadAttention(dim, heads=1, bias=False), tokens)
    assert attention(length, dim=dim).multiply_adds == expected


def test_steps_and_paths():
    for length, steps, path in ((100, 100, 99), (1, 1, 0)):
        cost = recurrent_cost(tokens=length, dim=8)
        assert (cost.steps, cost.path) == (steps, path)
        cost = attention(length, dim=8)
        assert (cost.steps, cost.path) == (1, min(1, path))


def test_attention_is_less_work_than_an_lstm_below_twice_the_width():
    # 4 n d² + 2 n² d = 8 n d² at n = 2 d.
    def work(tokens):
        lstm = recurrent_cost(tokens=tokens, dim=16, gates=4)
        return attention(tokens, dim=16).multiply_adds, lstm.multiply_adds

    same, less = work(32), work(31)
    assert same[0] == same[1] and less[0] < less[1]


@pytest.mark.parametrize("name", ["tokens", "dim", "gates"])
def test_counts_are_positive(name):
    with pytest.raises(ValueError, match=rf"^recurrent_cost needs {name} >= 1 \(it is a count\), got {name}=0\.$"):
        recurrent_cost(**{"tokens": 3, "dim": 2, "gates": 1} | {name: 0})
