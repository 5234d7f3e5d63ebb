"""Learning to find one of sixteen with four score functions, and the committed runs."""

import pytest
import torch
from torch import nn

from transformer_edu.data import draw_noisy_keys
from transformer_edu.scores import scaled_dot_scores
from transformer_edu.studies import measured
from transformer_edu.studies.additive_or_dot import SCORES, score_items, train_scores

WIDTHS, RATES, SEEDS = (16, 128, 1024), (0.0003, 0.001, 0.003, 0.01, 0.03), (0, 1, 2)


def test_every_setting_is_there_with_three_seeds_and_none_is_left_out():
    runs = measured("additive_or_dot").runs
    found = {(run["score"], run["hidden"], run["learning_rate"], run["seed"]) for run in runs}
    wanted = {(s, h, r, seed) for s in SCORES for h in WIDTHS for r in RATES for seed in SEEDS}
    assert found == wanted and len(runs) == len(wanted)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("score", SCORES)
def test_a_committed_run_can_be_repeated(score):
    (run,) = measured("additive_or_dot").where(score=score, hidden=16, learning_rate=0.01, seed=1)
    again = train_scores(score, hidden=16, learning_rate=0.01, seed=1)
    assert again.accuracy == pytest.approx(run["accuracy"], abs=0.02)
    assert again.loss == pytest.approx(run["loss"], abs=0.02)


def test_without_a_bias_additive_is_right_for_half_of_the_examples_at_most():
    # An odd score that is highest for the right key is lowest for it when all vectors change their signs, so a vector
    # and its mirror image are never both found.
    for run in measured("additive_or_dot").where(score="additive"):
        assert run["accuracy"] + run["mirrored"] <= 1
    for score in ("dot", "scaled dot"):
        assert all(run["accuracy"] == run["mirrored"] for run in measured("additive_or_dot").where(score=score))


def test_what_the_chapter_says_about_width_1024_holds_for_every_seed():
    def found(score, rate):
        return [
            run["accuracy"] for run in measured("additive_or_dot").where(score=score, hidden=1024, learning_rate=rate)
        ]

    assert min(found("dot", 0.001)) > 0.9  # no collapse at its best rate
    for rate in (0.0003, 0.03):  # but a narrower range of rates
        assert min(found("scaled dot", rate)) > max(found("dot", rate)) + 0.2
    assert min(found("additive with bias", 0.003)) > max(max(found("scaled dot", rate)) for rate in RATES)
    assert max(found("additive with bias", 0.001)) < 0.8  # at one rate for all, additive would look bad


def test_scores_are_those_of_the_package():
    examples = draw_noisy_keys(5, generator=torch.Generator().manual_seed(0))
    learned = [nn.Parameter(torch.randn(16, 8, generator=torch.Generator().manual_seed(seed))) for seed in (1, 2)]
    expected = scaled_dot_scores(examples.queries[:, None] @ learned[0], examples.items @ learned[1])
    torch.testing.assert_close(score_items("scaled dot", examples, learned), expected)


def test_an_unknown_score_is_refused():
    with pytest.raises(ValueError, match=r"^train_scores needs one of dot, .*, got score='cosine'\.$"):
        train_scores("cosine", hidden=4, learning_rate=0.1, seed=0)
