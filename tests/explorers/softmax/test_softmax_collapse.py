"""Dividing more flattens the weights; not dividing lets them collapse as the head widens."""

import pytest
import torch

from transformer_edu.explorers.softmax.softmax_collapse import POWERS, WIDTHS, collapse


def test_a_larger_power_always_leaves_more_keys_in_use():
    used = [float(collapse(head_dim=64, power=power, keys=64)["divided_effective_keys"]) for power in POWERS]
    assert used == sorted(used) and used[0] < 4 and used[-1] > 60


def test_power_0_divides_by_nothing():
    answer = collapse(head_dim=32, power=0.0, keys=64)
    assert all(torch.equal(answer[f"divided_{name[10:]}"], answer[name]) for name in answer if "undivided" in name)


def test_width_1_is_the_same_at_every_power():
    first, second = (collapse(head_dim=1, power=power, keys=64) for power in (0.0, 1.0))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_undivided_a_wider_head_uses_fewer_keys_and_half_a_power_keeps_them():
    answers = [collapse(head_dim=width, power=0.5, keys=64) for width in WIDTHS]
    undivided = [float(answer["undivided_effective_keys"]) for answer in answers]
    assert undivided == sorted(undivided, reverse=True) and undivided[-1] < 1.2
    divided = [float(answer["divided_effective_keys"]) for answer in answers[3:]]
    assert max(divided) / min(divided) < 1.15


@pytest.mark.parametrize("keys", [16, 256])
def test_a_kernel_may_ask_for_other_numbers_of_keys(keys):
    weights = collapse(head_dim=8, power=0.5, keys=keys)["divided_weights"]
    assert weights.shape == (keys,) and weights.sum() == pytest.approx(1, abs=1e-5)
