"""Probabilities at a temperature against their closed form, and draws against the probabilities."""

import math

import pytest
import torch

from transformer_edu.explorers.softmax.temperature_sampling import LOGITS, TEMPERATURES, WORDS, sampling


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_probabilities_are_those_of_the_definition(temperature):
    answer = sampling(temperature=temperature, draws=10)
    powers = [math.exp((logit - max(LOGITS)) / temperature) for logit in LOGITS]
    expected = torch.tensor([power / sum(powers) for power in powers])
    torch.testing.assert_close(answer["probabilities"], expected, atol=1e-6, rtol=1e-5)
    spread = -sum(p * math.log(p) for p in expected.tolist() if p > 0)
    assert float(answer["entropy"]) == pytest.approx(spread, abs=1e-5)
    assert float(answer["effective_words"]) == pytest.approx(math.exp(spread), abs=1e-4)


def test_cold_takes_the_best_word_and_hot_takes_all():
    assert float(sampling(temperature=0.05, draws=10)["largest"]) == pytest.approx(1, abs=1e-4)
    assert float(sampling(temperature=10.0, draws=10)["effective_words"]) > 7.5
    used = [float(sampling(temperature=t, draws=10)["effective_words"]) for t in TEMPERATURES]
    assert used == sorted(used)


def test_shares_count_the_draws_and_approach_the_probabilities():
    few, many = (sampling(temperature=1.0, draws=draws) for draws in (10, 10000))
    assert few["words"] == list(WORDS)
    assert ((few["shares"] * 10).round() == few["shares"] * 10).all() and float(few["shares"].sum()) == pytest.approx(1)
    assert int(few["never_drawn"]) == int((few["shares"] == 0).sum()) >= 2
    assert float(many["apart"]) < 0.02 < float(few["apart"])
    assert float(many["apart"]) == pytest.approx(float((many["shares"] - many["probabilities"]).abs().sum()) / 2)
