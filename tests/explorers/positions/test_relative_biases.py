"""Biases are constant along diagonals; ALiBi's first head keeps its reach, and a constant tail does not."""

import pytest
import torch

from transformer_edu.explorers.positions.relative_biases import KINDS, LENGTHS, bias_of, biases


@pytest.mark.parametrize("kind", KINDS)
def test_relative_means_constant_along_diagonals(kind):
    bias = bias_of(kind, 16)
    for back in range(15):
        line = bias.diagonal(-back, -2, -1)
        torch.testing.assert_close(line, line[:, :1].expand_as(line))


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_causal_and_sum_to_one(kind):
    answer = biases(kind=kind, head=3, length=16)
    assert (answer["weights"].triu(1) == 0).all() and (answer["bias"].triu(1) == 0).all()
    torch.testing.assert_close(answer["weights"].sum(-1), torch.ones(16))
    by_hand = sum(float(answer["weights"][15, j]) * (15 - j) for j in range(16))
    assert float(answer["reach"]) == pytest.approx(by_hand, rel=1e-4)
    assert float(answer["even"]) == 7.5


def test_the_first_head_of_alibi_keeps_its_reach():
    near = [float(biases(kind="ALiBi", head=1, length=length)["reach"]) for length in LENGTHS]
    far = [float(biases(kind="ALiBi", head=4, length=length)["reach"]) for length in LENGTHS]
    assert 1.05 < near[-1] / near[2] < 1.15 and near[-1] < 4  # from 16 to 32 tokens
    assert far[-1] > 3 * far[1] and far[-1] < 15.5


def test_shaw_is_constant_beyond_its_clip_and_t5_in_steps():
    shaw, t5 = biases(kind="Shaw", head=2, length=32)["head_2"], biases(kind="T5", head=2, length=32)["head_2"]
    assert shaw[4:].unique().numel() == 1 and shaw[:5].unique().numel() == 5
    assert t5[:8].unique().numel() == 8 and 3 < t5[8:].unique().numel() <= 8
