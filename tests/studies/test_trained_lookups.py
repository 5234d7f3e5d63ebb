"""Two lookups, learned: what the committed runs say, and that a fresh run says the same."""

import pytest

from transformer_edu.studies import measured
from transformer_edu.studies.trained_lookups import SYMBOLS, TOKENS, Reader, draw, train_lookups

RUNS = measured("trained_lookups")


def test_one_head_learns_one_of_two_answers_and_two_heads_both():
    for run in RUNS.where(heads=1, feed_forward=False):
        one, other = sorted((run["first"], run["second"]), reverse=True)
        assert one > 0.9 and other < 0.5 and run["both"][-1] < 0.5
    for run in RUNS.where(heads=2, feed_forward=False):
        assert run["both"][-1] > 0.99


@pytest.mark.parametrize("heads", [1, 2])
def test_with_a_feed_forward_network_behind_it_one_head_suffices(heads):
    assert [run["seed"] for run in RUNS.where(heads=heads, feed_forward=True)] == [0, 1, 2]
    assert all(run["both"][-1] > 0.95 for run in RUNS.where(heads=heads, feed_forward=True))


def test_a_fresh_run_starts_as_the_committed_one():
    fresh = train_lookups(heads=2, feed_forward=False, seed=0, steps=60)
    assert fresh.steps == [30, 60]
    assert fresh.both == pytest.approx(RUNS.where(heads=2, feed_forward=False)[0]["both"][:2], abs=0.03)


def test_examples_and_logits_have_their_shapes(generator):
    symbols, places = draw(5, generator=generator)
    assert symbols.shape == (5, TOKENS) and places.shape == (5, 2)
    assert symbols.max() < SYMBOLS and places.max() < TOKENS
    reader = Reader(heads=2, hidden=0, generator=generator)
    assert reader(symbols, places).shape == (5, 2, SYMBOLS)
    assert (
        not reader(symbols, places.flip(1))
        .isclose(reader(symbols, places))
        .all(dim=(1, 2))[places[:, 0] != places[:, 1]]
        .any()
    )


def test_two_heads_have_no_more_to_learn_than_one(generator):
    counts = [
        sum(parameter.numel() for parameter in Reader(heads=heads, hidden=0, generator=generator).parameters())
        for heads in (1, 2)
    ]
    assert counts[0] == counts[1]
