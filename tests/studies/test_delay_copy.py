"""Delayed copy: the stream, the cut in training, and the committed runs."""

import pytest
import torch

from transformer_edu.data import seeded
from transformer_edu.studies import measured
from transformer_edu.studies.delay_copy import TOKENS, DelayCopier, accuracy_of, delayed_stream, train_delay_copy


@pytest.mark.parametrize("delay", [0, 1, 5, TOKENS - 1])
def test_the_answer_is_the_symbol_some_steps_ago(delay):
    stream = delayed_stream(3, delay=delay, generator=seeded(0))
    assert stream.symbols.shape == (3, TOKENS) and stream.answers.shape == (3, TOKENS - delay)
    for step in range(delay, TOKENS):
        assert torch.equal(stream.answers[:, step - delay], stream.symbols[:, step - delay])
    assert set(stream.symbols.unique().tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("delay", [-1, TOKENS, 100])
def test_a_delay_beyond_the_stream_is_refused(delay):
    with pytest.raises(ValueError, match=rf"^delayed_stream needs 0 <= delay < 24 \(.*\), got delay={delay}\.$"):
        delayed_stream(3, delay=delay, generator=seeded(0))


def test_a_cut_changes_gradients_and_no_output():
    model, symbols = DelayCopier(generator=seeded(1)), delayed_stream(2, delay=4, generator=seeded(0)).symbols
    whole, cut = (model(symbols, every=every) for every in (TOKENS, 3))
    torch.testing.assert_close(whole, cut)
    weight = model.network.state_weight
    one, other = (torch.autograd.grad(logits.square().sum(), weight)[0] for logits in (whole, cut))
    assert (one - other).abs().max() > 1e-3


def test_accuracy_counts_answers_of_the_right_step():
    class Echo(DelayCopier):
        def forward(self, symbols, *, every):
            return torch.nn.functional.one_hot(symbols.roll(2, dims=1), 4).float()

    stream = delayed_stream(5, delay=2, generator=seeded(3))
    assert accuracy_of(Echo(generator=seeded(0)), stream, delay=2) == 1
    other = delayed_stream(5, delay=3, generator=seeded(3))
    assert accuracy_of(Echo(generator=seeded(0)), other, delay=3) < 0.6


def test_runs_with_the_same_seed_differ_by_the_cut_alone():
    same = [train_delay_copy(delay=1, every=2, seed=3, updates=2, look=1) for _ in range(2)]
    assert same[0] == same[1]
    assert train_delay_copy(delay=1, every=1, seed=3, updates=2, look=1).accuracies != same[0].accuracies


def test_a_frozen_lstm_stays_as_it_was():
    # With the read-out alone, the cut has nothing to cut: all runs are the same.
    runs = [train_delay_copy(delay=2, every=every, seed=0, updates=3, look=1, frozen=True) for every in (1, TOKENS)]
    assert runs[0] == runs[1]


@pytest.mark.usefixtures("unchecked")
def test_one_step_more_or_less_decides():
    short, enough = (train_delay_copy(delay=1, every=every, seed=0, updates=60, look=60) for every in (1, 2))
    assert enough.accuracies[-1] > 0.95 > 0.7 > short.accuracies[-1]


def last(**settings):
    return [run["accuracies"][-1] for run in measured("delay_copy").where(**settings)]


def test_what_the_chapter_says_of_the_committed_runs():
    for delay in (1, 2, 4, 8):
        echo = last(delay=delay, frozen=True)
        assert len(echo) == 3 and min(echo) > 0.35
        assert min(last(delay=delay, frozen=False, every=TOKENS)) > 0.95
        for every in (1, delay):
            found = last(delay=delay, frozen=False, every=every)
            assert max(found) < 0.65
            if delay > 1:
                assert max(found) < min(echo)
    for delay in (1, 2, 4):
        assert min(last(delay=delay, frozen=False, every=delay + 1)) > 0.95
    assert max(last(delay=8, frozen=False, every=9)) < min(last(delay=8, frozen=True))
    assert max(last(delay=8, frozen=False, every=16)) < 0.8


@pytest.mark.usefixtures("unchecked")
def test_a_committed_run_can_be_repeated():
    # The first 50 of 700 updates: the rate is constant, so they are the same run.
    committed = measured("delay_copy").where(delay=2, every=3, frozen=False, seed=1)[0]
    again = train_delay_copy(delay=2, every=3, seed=1, updates=50)
    assert committed["updates"][:2] == again.updates
    assert again.accuracies == pytest.approx(committed["accuracies"][:2], abs=0.02)
