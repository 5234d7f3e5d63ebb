"""Length penalty and coverage penalty change which finished translation is best."""

import math

import pytest
import torch

from transformer_edu.explorers.recurrent.beam_scores import COVERAGE, scored

ALPHAS = [i / 10 for i in range(11)]


def best(alpha, beta):
    answer = scored(alpha=alpha, beta=beta)
    return answer["names"][int(answer["best"]) - 1]


def test_the_story_of_the_card():
    assert best(0.0, 0.0) == "short"
    assert [best(alpha, 0.0) for alpha in ALPHAS] == ["short"] * 6 + ["repeats"] * 5
    assert {best(alpha, 0.1) for alpha in ALPHAS} == {"whole"}


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (0.6, 0.2), (1.0, 0.4)])
def test_the_scores_are_the_formula(alpha, beta):
    answer = scored(alpha=alpha, beta=beta)
    for i, text in enumerate(answer["translations"]):
        tokens = len(text.split()) + 1
        left_out = beta * sum(math.log(min(share, 1.0)) for share in COVERAGE[i])
        expected = float(answer["log_probabilities"][i]) / ((5 + tokens) / 6) ** alpha + left_out
        assert float(answer["scores"][i]) == pytest.approx(expected, rel=1e-5)
        assert answer[f"score_{i}"] == answer["scores"][i] and answer["lengths"][i] == tokens


def test_each_written_token_has_one_unit_of_looks_and_the_repeater_looks_twice():
    coverage = torch.tensor(COVERAGE)
    assert (coverage > 0).all() and (coverage.sum(dim=-1) <= scored(alpha=0.0, beta=0.0)["lengths"]).all()
    assert (coverage[3] >= 2).sum() == 3 and (coverage[:3] <= 1).all()
