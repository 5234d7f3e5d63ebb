"""Masks, their reach and their shares, each counted by hand."""

import pytest
import torch

from transformer_edu.explorers.attention.mask_patterns import MASKS, TOKENS, masks


@pytest.mark.parametrize(
    ("kind", "window", "pairs"),
    [
        ("none", 3, 100),
        ("causal", 3, 55),
        ("window", 1, 10),
        ("window", 3, 10 + 2 * (9 + 8)),
        ("causal window", 3, 10 + 9 + 8),
        ("padding", 3, 70),
    ],
)
def test_allowed_pairs_are_those_that_one_counts(kind, window, pairs):
    answer = masks(kind=kind, window=window, layers=1)
    assert int(answer["allowed_pairs"]) == int(answer["seen"].sum()) == pairs


def test_a_causal_window_reaches_one_window_farther_with_each_layer():
    for layers in range(1, 7):
        answer = masks(kind="causal window", window=3, layers=layers)
        expected = [min(i, 2 * layers) + 1 for i in range(TOKENS)]
        assert answer["reaching"].tolist() == expected
        assert float(answer["reached_share"]) == pytest.approx(sum(expected) / 100)
        assert int(answer["reached_pairs"]) == sum(expected)


def test_filler_is_reached_by_nothing_and_reaches_only_itself():
    reached = masks(kind="padding", window=3, layers=6)["reached"]
    assert torch.equal(reached[:, 7:], torch.cat([torch.zeros(7, 3), torch.eye(3)]))


@pytest.mark.parametrize("kind", MASKS)
def test_weights_follow_the_mask(kind):
    answer = masks(kind=kind, window=2, layers=1)
    assert (answer["weights"][answer["allowed"] == 0] == 0).all()
    torch.testing.assert_close(answer["weights"].sum(-1), torch.ones(TOKENS))
    assert (answer["entropy"] <= answer["seen"].log() + 1e-5).all()
    assert torch.equal(answer["reached"], answer["allowed"].maximum(torch.eye(TOKENS)))
