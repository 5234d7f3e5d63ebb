"""Codes that fail, and the wishes that they break."""

import math

import pytest
import torch

from transformer_edu.positions import (
    integer_positions,
    requirements,
    sigmoid_positions,
    single_sine,
    sinusoidal,
    token_kept,
)

LENGTH, DIM = 100, 32


def tokens_of(count, *, dim=DIM, seed=0):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


# (a) From the definition


def test_values_by_hand():
    assert integer_positions(3, 2, first=5).tolist() == [[5, 5], [6, 6], [7, 7]]
    torch.testing.assert_close(
        sigmoid_positions(2, 3, first=-1), torch.tensor([[1 / (1 + math.e)] * 3, [0.5] * 3]), rtol=1e-6, atol=0
    )
    quarter = single_sine(5, 1, wavelength=4.0)[:, 0]
    torch.testing.assert_close(quarter, torch.tensor([0.0, 1.0, 0.0, -1.0, 0.0]), rtol=0, atol=1e-6)


def test_requirements_against_a_loop():
    codes = tokens_of(9, dim=3)
    codes[4] = codes[7]
    codes[2] = codes[8] + 1e-5
    gaps = [min((a - b).norm().item() for j, b in enumerate(codes) if j != i) for i, a in enumerate(codes)]
    found = requirements(codes)
    assert found.told_apart == sum(gap > 1e-3 for gap in gaps) == 5
    assert requirements(codes, tolerance=1e-7).told_apart == 7
    assert found.smallest_gap == 0
    norms = [code.norm().item() for code in codes]
    assert found.longest.item() == pytest.approx(max(norms)) and found.shortest.item() == pytest.approx(min(norms))


# (b) Properties: each counter-example breaks the wish that it is an example for, and sinusoidal breaks none


def test_integers_are_all_different_and_drown_the_token():
    codes = integer_positions(LENGTH, DIM)
    found = requirements(codes)
    assert found.told_apart == LENGTH and found.longest == pytest.approx(99 * DIM**0.5) and found.shortest == 0
    assert token_kept(tokens_of(LENGTH), codes)[20:].abs().mean() < 0.2
    two = tokens_of(2) + codes[50]  # two words at one place: nearly the same direction
    assert torch.cosine_similarity(two[0], two[1], dim=0) > 0.99


def test_sigmoids_are_bounded_and_run_together():
    codes = sigmoid_positions(LENGTH, 1)
    assert len(codes[:, 0].unique()) == 18  # in float32 all from position 17 on are 1
    assert codes[16] < 1 and (codes[17:] == 1).all()
    assert requirements(codes).told_apart == 7
    assert requirements(sigmoid_positions(LENGTH, DIM)).longest <= DIM**0.5


def test_one_sine_comes_back():
    codes = single_sine(LENGTH, DIM, wavelength=20.0)
    torch.testing.assert_close(codes[3], codes[23], rtol=0, atol=1e-5)  # a wavelength later
    torch.testing.assert_close(codes[3], codes[7], rtol=0, atol=1e-5)  # on the other side of the crest at 5
    assert requirements(codes).told_apart == 0
    slow = requirements(single_sine(LENGTH, 1, wavelength=4.0 * LENGTH))
    assert slow.told_apart == LENGTH - 4 and slow.smallest_gap < 5e-4  # never back, but at the crest too fine


def test_sinusoidal_keeps_all_wishes():
    found = requirements(sinusoidal(LENGTH, DIM))
    assert found.told_apart == LENGTH and found.smallest_gap > 0.5
    assert found.longest == pytest.approx(4.0) and found.shortest == pytest.approx(4.0)
    assert token_kept(tokens_of(LENGTH), sinusoidal(LENGTH, DIM)).min() > 0.5


# (c) Bad input and edges


@pytest.mark.parametrize("code", [integer_positions, sigmoid_positions])
def test_bad_sizes(code):
    with pytest.raises(
        ValueError, match=r"^integer_positions needs length and dim >= 1 \(.*\), got length=0, dim=4\.$"
    ):
        code(0, 4)
    with pytest.raises(ValueError, match=r"got length=4, dim=0\.$"):
        code(4, 0)


def test_other_bad_input(device):
    with pytest.raises(ValueError, match=r"^single_sine needs wavelength > 0 \(.*\), got wavelength=0\.0\.$"):
        single_sine(3, 2, wavelength=0.0)
    with pytest.raises(ValueError, match=r"^requirements needs two positions \(.*\), got codes\.shape=\(1, 4\)\.$"):
        requirements(torch.zeros(1, 4))
    assert requirements(torch.ones(2, 3, dtype=torch.float16, device=device)).told_apart == 0
    assert integer_positions(1, 1, device=device).tolist() == [[0.0]]


# (d) Gradients


def test_gradients():
    codes = tokens_of(4, dim=3).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda c: token_kept(tokens_of(4, dim=3, seed=1).double(), c), codes)
    assert not integer_positions(3, 2).requires_grad


# (e) The claim in miniature


def test_a_token_survives_a_sinusoid_and_not_an_integer():
    tokens = tokens_of(LENGTH, dim=256)
    drowned = token_kept(tokens, integer_positions(LENGTH, 256)).mean()
    kept = token_kept(tokens, sinusoidal(LENGTH, 256)).mean()
    assert drowned < 0.1 and kept == pytest.approx(0.81, abs=0.01)
