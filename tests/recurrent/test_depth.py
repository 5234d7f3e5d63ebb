"""The longest chain of operations that wait for each other."""

import pytest
import torch

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.recurrent import LSTM, RNN, longest_chain


def chain(network, length):
    outputs = network(torch.zeros(length, 4, requires_grad=True))
    return longest_chain(outputs.outputs)


def test_by_hand():
    number = torch.ones(3, requires_grad=True)
    assert longest_chain(number * 2) == 1
    assert longest_chain((number * 2 + 1).exp()) == 3
    short, long = number * 2, ((number + 1) * 3).exp()
    assert longest_chain(short + long) == 4
    assert longest_chain((short + long).sum() + short.sum()) == 6  # shared parts are not counted twice


@pytest.mark.parametrize("network", [RNN(4, state_dim=4), LSTM(4, state_dim=4)], ids=["rnn", "lstm"])
def test_a_recurrent_chain_grows_by_the_same_number_with_each_token(network):
    lengths = [chain(network, length) for length in (5, 6, 7, 60)]
    assert lengths[1] - lengths[0] == lengths[2] - lengths[1] > 2
    assert lengths[3] == lengths[0] + 55 * (lengths[1] - lengths[0])


def test_the_chain_of_attention_does_not_grow():
    attention = MultiHeadAttention(4, heads=2)
    assert chain(attention, 2) == chain(attention, 7) == chain(attention, 300)


def test_a_long_chain_needs_no_recursion():
    number = torch.ones(1, requires_grad=True)
    result = number
    for _ in range(3000):
        result = result + 1
    assert longest_chain(result) == 3000


def test_a_result_without_a_graph_is_refused():
    with pytest.raises(ValueError, match=r"^longest_chain needs a result with a graph .*, got grad_fn=None\.$"):
        longest_chain(torch.ones(2))
