"""GNMT's two corrections of log P, in closed form, and what each repairs."""

import pytest
import torch

from transformer_edu.decoding import coverage_penalty, length_penalty

# (a) Oracle: the closed form, with plain Python numbers


@pytest.mark.parametrize("alpha", [0.0, 0.2, 0.6, 1.0])
def test_the_length_penalty_in_closed_form(alpha):
    lengths = torch.tensor([[0, 1, 2], [7, 20, 400]])
    expected = [[(5 + n) ** alpha / 6**alpha for n in row] for row in lengths.tolist()]
    torch.testing.assert_close(length_penalty(lengths, alpha=alpha), torch.tensor(expected))


def test_the_coverage_penalty_in_closed_form():
    # Three target tokens look at four source tokens. Coverage: 1.5 (counts as 1), 0.5, 0.75, 0.25.
    weights = torch.tensor([[0.5, 0.25, 0.25, 0.0], [0.5, 0.25, 0.0, 0.25], [0.5, 0.0, 0.5, 0.0]])
    coverage = weights.sum(dim=0)
    expected = 0.2 * torch.tensor([0.5, 0.75, 0.25]).log().sum()
    torch.testing.assert_close(coverage_penalty(coverage, beta=0.2), expected)
    real = torch.tensor([True, True, True, False])
    expected = 0.2 * torch.tensor([0.5, 0.75]).log().sum()
    torch.testing.assert_close(coverage_penalty(coverage, beta=0.2, real=real), expected)


# (b) Properties and limits


def test_limits():
    lengths = torch.arange(1, 30)
    assert length_penalty(lengths, alpha=0.0).equal(torch.ones(29))
    torch.testing.assert_close(length_penalty(torch.tensor(1), alpha=0.7), torch.tensor(1.0))
    assert (length_penalty(lengths, alpha=0.6).diff() > 0).all()
    assert coverage_penalty(torch.tensor([1.0, 1.2, 3.0]), beta=0.4).item() == 0
    assert coverage_penalty(torch.tensor([0.1, 0.2]), beta=0.0).item() == 0


def test_no_look_at_all_is_finite_and_padding_costs_nothing():
    nothing = torch.zeros(2, 3)
    assert torch.isfinite(coverage_penalty(nothing, beta=1.0)).all()
    assert coverage_penalty(nothing, beta=1.0, real=torch.zeros(1, 3, dtype=torch.bool)).tolist() == [0, 0]


# (c) Bad input and edges


def test_bad_input():
    with pytest.raises(ValueError, match=r"^length_penalty needs alpha >= 0 \(.*\), got alpha=-0\.5\.$"):
        length_penalty(torch.tensor(3), alpha=-0.5)
    with pytest.raises(ValueError, match=r"^length_penalty needs lengths >= 0 \(.*\), got lengths=\[2, -1\]\.$"):
        length_penalty(torch.tensor([2, -1]), alpha=0.5)
    with pytest.raises(ValueError, match=r"^coverage_penalty needs beta >= 0 \(.*\), got beta=-1\.0\.$"):
        coverage_penalty(torch.ones(3), beta=-1.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_every_type_on_every_device(dtype, device):
    coverage = torch.tensor([[0.25, 2.0, 0.0], [1.0, 0.5, 1.0]], dtype=dtype, device=device)
    ours = coverage_penalty(coverage, beta=0.2)
    assert ours.dtype == dtype and ours.device == coverage.device and torch.isfinite(ours).all()
    lengths = torch.arange(3, device=device)
    assert length_penalty(lengths, alpha=0.6).device == lengths.device
    assert coverage_penalty(coverage[:0], beta=0.2).shape == length_penalty(lengths[:0], alpha=1.0).shape == (0,)


# (d) Gradients


def test_gradients():
    coverage = torch.tensor([[0.3, 0.6, 0.9]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda coverage: coverage_penalty(coverage, beta=0.3), coverage)
    full = torch.tensor([1.5, 2.0], requires_grad=True)
    assert torch.autograd.grad(coverage_penalty(full, beta=0.3), full)[0].tolist() == [0, 0]


# (e) The paper's claim in miniature


def test_the_penalty_lets_the_longer_of_two_equally_likely_texts_win():
    # Wu et al., section 7: without normalization "regular beam search will favor shorter results over longer ones".
    # Each token has probability 0.8 in the long text and 0.7 in the short one: token for token the long one is better.
    lengths = torch.tensor([6, 10])
    log_probabilities = lengths * torch.tensor([0.7, 0.8]).log()
    assert log_probabilities.argmax() == 0
    assert (log_probabilities / length_penalty(lengths, alpha=0.6)).argmax() == 1
