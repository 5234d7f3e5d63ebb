"""A cosine's weights against the bound that no keys can pass."""

import math

import pytest
import torch

from transformer_edu.explorers.scores.cosine_strength import COUNTS, STRENGTHS, WIDTHS, cosine_weights


@pytest.mark.parametrize("keys", COUNTS)
@pytest.mark.parametrize("strength", STRENGTHS)
def test_no_weight_passes_the_bound(strength, keys):
    for head_dim in WIDTHS:
        answer = cosine_weights(strength=strength, head_dim=head_dim, keys=keys)
        assert answer["right"] <= answer["bound"] + 1e-6
        assert answer["ratio"] <= answer["ratio_bound"] * (1 + 1e-5)
        assert answer["right"] >= answer["even"]
    opposite = torch.tensor([1.0] + (keys - 1) * [-1.0])
    assert float(answer["bound"]) == pytest.approx(torch.softmax(strength * opposite, 0)[0].item(), rel=1e-5)


def test_the_prediction_is_true():
    answer = cosine_weights(strength=1.0, head_dim=32, keys=64)
    assert 0.02 < float(answer["right"]) < 0.1
    assert float(answer["bound"]) == pytest.approx(math.e**2 / (math.e**2 + 63))
    assert float(cosine_weights(strength=16.0, head_dim=32, keys=64)["right"]) > 0.9


def test_a_stronger_cosine_prefers_the_right_key_more():
    found = [float(cosine_weights(strength=strength, head_dim=8, keys=16)["right"]) for strength in STRENGTHS]
    assert found == sorted(found)
