"""Measured scatter against its closed form; a baseline takes out what was added to all rewards."""

import pytest
import torch

from transformer_edu.explorers.scores.hard_gradient import COUNTS, LIFTS, REWARDS, SCORES, estimated


@pytest.mark.parametrize("lift", LIFTS)
@pytest.mark.parametrize("draws", COUNTS[::3])
def test_the_scatter_follows_the_theory(draws, lift):
    answer = estimated(draws=draws, lift=lift)
    for name in ("without", "with", "best"):
        assert float(answer[f"{name}_error"]) == pytest.approx(float(answer[f"{name}_theory"]), rel=0.25)
    assert answer["best_theory"] <= answer["with_theory"] <= answer["without_theory"]


def test_lifting_all_rewards_changes_neither_the_gradient_nor_the_estimates_with_a_baseline():
    low, high = estimated(draws=20, lift=0.0), estimated(draws=20, lift=10.0)
    for name in ("exact", "with_error", "with_theory", "best_error"):
        torch.testing.assert_close(low[name], high[name])
    assert high["without_theory"] > 10 * low["without_theory"]
    assert float(high["times"]) > 100


def test_the_exact_gradient_is_autograds():
    scores = torch.tensor(SCORES, dtype=torch.float64, requires_grad=True)
    (torch.softmax(scores, 0) * torch.tensor(REWARDS)).sum().backward()
    torch.testing.assert_close(estimated(draws=1, lift=0.0)["exact"], scores.grad)


def test_four_times_the_draws_halve_the_error():
    few, many = (float(estimated(draws=draws, lift=1.0)["with_theory"]) for draws in (5, 20))
    assert few / many == pytest.approx(2)
