"""Layer normalization against torch's own, by hand, at its edges, and the invariances of its paper."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from transformer_edu.normalization import LayerNorm, layer_norm


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


# (a) Oracles


@pytest.mark.parametrize("eps", [1e-12, 1e-5, 0.3])
@pytest.mark.parametrize("shape", [(7,), (5, 7), (2, 3, 5, 7)])
def test_it_is_what_torch_computes(shape, eps):
    tokens, gain, bias = draw(*shape) * 2 + 1, draw(7, seed=1), draw(7, seed=2)
    torch.testing.assert_close(
        layer_norm(tokens, gain, bias, eps=eps),
        functional.layer_norm(tokens, (7,), gain, bias, eps),
        rtol=1e-12,
        atol=1e-12,
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_it_is_what_torch_computes_in_less_precision(dtype):
    tokens, gain, bias = draw(5, 384, dtype=dtype) + 3, draw(384, seed=1, dtype=dtype), draw(384, seed=2, dtype=dtype)
    ours = layer_norm(tokens, gain, bias, eps=1e-5)
    assert ours.dtype == dtype
    # The statistics of half precision are computed in float32: what is left is one rounding of the result.
    torch.testing.assert_close(
        ours, functional.layer_norm(tokens, (384,), gain, bias, 1e-5), rtol=1.3 * torch.finfo(dtype).eps, atol=1e-5
    )


def test_the_module_is_torchs_module():
    ours, theirs = LayerNorm(7, eps=0.01).double(), nn.LayerNorm(7, eps=0.01, dtype=torch.float64)
    tokens = draw(5, 7)
    torch.testing.assert_close(ours(tokens), theirs(tokens))  # as they start
    ours.load_state_dict({"gain": draw(7, seed=1), "bias": draw(7, seed=2)})
    theirs.load_state_dict({"weight": draw(7, seed=1), "bias": draw(7, seed=2)})
    torch.testing.assert_close(ours(tokens), theirs(tokens))
    assert LayerNorm(7).eps == nn.LayerNorm(7).eps


def test_by_hand():
    # mean 3, deviations -2 0 2, variance 8/3
    ours = layer_norm(
        torch.tensor([1.0, 3.0, 5.0]), torch.tensor([1.0, 1.0, 10.0]), torch.tensor([0.0, 7.0, 0.0]), eps=1e-12
    )
    torch.testing.assert_close(ours, torch.tensor([-1.2247449, 7.0, 12.247449]))


# (b) Properties


def test_each_token_gets_mean_0_and_biased_variance_1():
    normalized = layer_norm(draw(5, 7) * 4 - 2, torch.ones(7).double(), torch.zeros(7).double(), eps=1e-12)
    torch.testing.assert_close(normalized.mean(-1), torch.zeros(5).double())
    torch.testing.assert_close(normalized.var(-1, unbiased=False), torch.ones(5).double())


def test_a_token_does_not_see_the_others():
    tokens, gain, bias = draw(5, 7), draw(7, seed=1), draw(7, seed=2)
    changed = tokens.clone()
    changed[3] = 1000 * draw(7, seed=3)
    same = layer_norm(tokens, gain, bias) == layer_norm(changed, gain, bias)
    assert same.all(dim=-1).tolist() == [True, True, True, False, True]


# (c) Bad input and edges


@pytest.mark.parametrize("eps", [0.0, -1e-5, float("nan")])
def test_eps_must_be_positive(eps):
    with pytest.raises(ValueError, match=rf"^layer_norm needs eps > 0 \(.*\), got eps={eps}\.$"):
        layer_norm(draw(5, 7), draw(7), draw(7), eps=eps)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_equal_features_give_the_bias(dtype):
    # In float16, 1e-12 is 0: without wider statistics this would be 0/0.
    bias = draw(7, dtype=dtype)
    ours = layer_norm(torch.full((5, 7), 3.0, dtype=dtype), draw(7, seed=1, dtype=dtype), bias, eps=1e-12)
    torch.testing.assert_close(ours, bias.expand(5, 7), rtol=0, atol=0)


def test_large_half_precision_does_not_overflow():
    tokens = torch.tensor([[-60000.0, 60000.0, 0.0]], dtype=torch.float16)  # their squares do not fit into float16
    ours = layer_norm(tokens, torch.ones(3).half(), torch.zeros(3).half())
    torch.testing.assert_close(ours, torch.tensor([[-1.2247, 1.2247, 0.0]]).half())


def test_one_feature_and_no_token():
    assert layer_norm(draw(5, 1), draw(1, seed=1), torch.full((1,), 2.0).double()).tolist() == [[2.0]] * 5
    assert layer_norm(draw(0, 5, 7), draw(7), draw(7)).shape == (0, 5, 7)


# (d) Gradients


@pytest.mark.parametrize("eps", [1e-12, 1e-5, 0.3])
def test_gradients(eps):
    inputs = [draw(3, 5).requires_grad_(), draw(5, seed=1).requires_grad_(), draw(5, seed=2).requires_grad_()]
    assert torch.autograd.gradcheck(lambda tokens, gain, bias: layer_norm(tokens, gain, bias, eps=eps), inputs)


def test_no_gradient_along_a_shift_or_a_stretch_of_the_token():
    tokens = draw(5, 7).requires_grad_()
    normalized = layer_norm(tokens, torch.ones(7).double(), torch.zeros(7).double(), eps=1e-12)
    (gradient,) = torch.autograd.grad((normalized * draw(5, 7, seed=3)).sum(), tokens)
    nothing = torch.zeros(5).double()
    torch.testing.assert_close(gradient.sum(-1), nothing, rtol=0, atol=1e-9)
    torch.testing.assert_close((gradient * normalized.detach()).sum(-1), nothing, rtol=0, atol=1e-9)


# (e) The paper's claim in miniature


def test_the_layer_before_may_be_scaled_and_shifted_as_a_whole():
    # Ba et al., section 5.1: the result does not change if all weights of the layer before are multiplied by
    # one number and the same vector is added to each of its rows; batch normalization allows only the first.
    inputs, matrix, shift = draw(5, 3), draw(7, 3, seed=1), draw(3, seed=2)
    gain, bias = draw(7, seed=3), draw(7, seed=4)
    before = layer_norm(inputs @ matrix.T, gain, bias, eps=1e-12)
    after = layer_norm(inputs @ (20 * matrix + shift).T, gain, bias, eps=1e-12)
    torch.testing.assert_close(after, before, rtol=0, atol=1e-9)
