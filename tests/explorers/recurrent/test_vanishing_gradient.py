"""The gradient to the first token: powers of a factor in recurrence, one over the length or a constant in attention."""

import pytest
import torch

from transformer_edu.explorers.recurrent.vanishing_gradient import FLOOR, LENGTHS, look, random_turn, what_arrives

START = {"gain": 1.0, "forget_bias": 1.0}


def firsts(name, **knobs):
    return [float(what_arrives(length=length, **(START | knobs))[f"first_{name}"]) for length in LENGTHS]


def test_the_prediction_and_the_order_at_fifty_tokens():
    answer = what_arrives(length=50, **START)
    assert answer["first_rnn"] < 1e-9
    assert answer["first_rnn"] < answer["first_lstm"] < answer["first_blind"] < answer["first_found"]


def test_even_attention_gives_each_token_its_share_and_a_find_is_kept():
    for length, share, found in zip(LENGTHS, firsts("blind"), firsts("found"), strict=True):
        assert share * length == pytest.approx(1, rel=0.15)
        assert found > 0.95


def test_a_larger_gain_and_a_more_open_forget_gate_let_more_through():
    gains = [what_arrives(length=50, **(START | {"gain": gain}))["first_rnn"] for gain in (0.5, 0.8, 1.0, 1.2, 1.5)]
    assert gains == sorted(gains)
    biases = [what_arrives(length=50, **(START | {"forget_bias": b}))["first_lstm"] for b in (0.0, 1.0, 2.0, 4.0)]
    assert biases == sorted(biases) and biases[0] < 1e-12 and biases[3] > 0.01


def test_too_large_a_gain_lets_a_change_grow():
    assert max(firsts("rnn", gain=2.0)) > 2


def test_random_turns_and_the_lead_of_the_first_token():
    turn = random_turn(3)
    torch.testing.assert_close(turn @ turn.T, torch.eye(16), atol=1e-5, rtol=0.0)
    tokens = torch.ones(4, 16).double()
    torch.testing.assert_close(look(2 * tokens, lead=0.0), 2 * tokens)


def test_each_token_is_listed():
    answer = what_arrives(length=5, **START)
    assert answer["token"].tolist() == [1, 2, 3, 4, 5] and answer["rnn"].shape == (5,)
    assert answer["rnn"][0] == answer["first_rnn"]


def test_the_smallest_share_is_a_floor_that_float32_can_hold():
    smallest = what_arrives(length=100, gain=0.5, forget_bias=0.0)["first_rnn"]
    assert float(smallest) == FLOOR and smallest.float() > 0
