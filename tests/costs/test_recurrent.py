"""What recurrence and attention cost: work, steps in a row, the way between two tokens."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.costs import attention_bill, recurrent_bill
from transformer_edu.recurrent import LSTM, RNN


def counted(network, tokens):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(tokens)
    return counter.get_total_flops() // 2  # it counts multiplications and additions


@pytest.mark.parametrize(("length", "dim"), [(2, 5), (7, 4), (12, 3)])
def test_the_work_is_what_torch_counts(length, dim):
    tokens = torch.zeros(length, dim)
    assert recurrent_bill(length, dim=dim).work == counted(RNN(dim, state_dim=dim), tokens)
    assert recurrent_bill(length, dim=dim, gates=4).work == counted(LSTM(dim, state_dim=dim), tokens)
    assert attention_bill(length, dim=dim).work == counted(MultiHeadAttention(dim, heads=1, bias=False), tokens)


def test_steps_and_paths():
    assert recurrent_bill(100, dim=8)[1:] == (100, 99) and attention_bill(100, dim=8)[1:] == (1, 1)
    assert recurrent_bill(1, dim=8)[1:] == (1, 0) and attention_bill(1, dim=8)[1:] == (1, 0)


def test_attention_is_less_work_than_an_lstm_below_twice_the_width():
    # 4 n d² + 2 n² d = 8 n d² at n = 2 d.
    dim = 16
    assert attention_bill(2 * dim, dim=dim).work == recurrent_bill(2 * dim, dim=dim, gates=4).work
    assert attention_bill(2 * dim - 1, dim=dim).work < recurrent_bill(2 * dim - 1, dim=dim, gates=4).work


def test_counts_are_positive():
    with pytest.raises(ValueError, match=r"^recurrent_bill needs counts >= 1 .*got tokens=3, dim=2, gates=0\.$"):
        recurrent_bill(3, dim=2, gates=0)
    with pytest.raises(ValueError, match=r"^attention_bill needs counts >= 1 .*got tokens=-1, dim=2\.$"):
        attention_bill(-1, dim=2)
