"""The feed-forward network against torch's layers, the exact GELU, and what makes it position-wise."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from transformer_edu.layers import FeedForward, feed_forward, gelu


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def parameters(*, dim=3, hidden=7, dtype=torch.float64):
    shapes = ((hidden, dim), (hidden,), (dim, hidden), (dim,))
    return [draw(*shape, seed=seed, dtype=dtype) for seed, shape in enumerate(shapes, start=1)]


# (a) Oracles


@pytest.mark.parametrize(
    "dtype, tolerance",
    [(torch.float64, 1e-14), (torch.float32, 1e-6), (torch.bfloat16, 2**-7), (torch.float16, 2**-10)],
)
def test_gelu_is_the_exact_one(dtype, tolerance):
    inputs = torch.linspace(-6, 6, 241, dtype=torch.float64).to(dtype)
    ours = gelu(inputs)
    assert ours.dtype == dtype
    theirs = functional.gelu(inputs, approximate="none")
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=min(tolerance, 1e-6))  # one rounding of the result


@pytest.mark.parametrize("batch", [(), (5,), (2, 5), (2, 4, 5)])
def test_it_is_two_linear_layers_with_gelu_between(batch):
    tokens, (expand, expand_bias, contract, contract_bias) = draw(*batch, 3), parameters()
    theirs = functional.linear(functional.gelu(functional.linear(tokens, expand, expand_bias)), contract, contract_bias)
    torch.testing.assert_close(feed_forward(tokens, expand, expand_bias, contract, contract_bias), theirs)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.bfloat16, 0.05), (torch.float16, 0.01)])
def test_the_module_is_torchs_layers_in_a_row(dtype, tolerance):
    ours, theirs = FeedForward(3, hidden=7), nn.Sequential(nn.Linear(3, 7), nn.GELU(), nn.Linear(7, 3))
    theirs.load_state_dict(dict(zip(theirs.state_dict(), parameters(dtype=torch.float32), strict=True)))
    ours.expand, ours.contract = theirs[0], theirs[2]
    tokens = draw(2, 5, 3, dtype=dtype)
    outputs = ours.to(dtype)(tokens)
    assert outputs.dtype == dtype
    torch.testing.assert_close(outputs, theirs.to(dtype)(tokens), rtol=tolerance, atol=tolerance)


def test_the_parts_of_the_module_have_the_names_and_shapes_of_the_formula():
    shapes = {name: tuple(part.shape) for name, part in FeedForward(3, hidden=7).named_parameters()}
    assert shapes == {
        "expand.weight": (7, 3),
        "expand.bias": (7,),
        "contract.weight": (3, 7),
        "contract.bias": (3,),
    }


# (b) Properties


def test_it_is_a_convolution_of_width_1():
    tokens, (expand, expand_bias, contract, contract_bias) = draw(2, 5, 3), parameters()
    hidden = functional.gelu(functional.conv1d(tokens.mT, expand[..., None], expand_bias))
    theirs = functional.conv1d(hidden, contract[..., None], contract_bias).mT
    torch.testing.assert_close(feed_forward(tokens, expand, expand_bias, contract, contract_bias), theirs)


def test_a_token_does_not_see_the_others():
    tokens = draw(5, 3)
    changed = tokens.clone()
    changed[2] += 100
    difference = feed_forward(tokens, *parameters()) - feed_forward(changed, *parameters())
    assert (difference.abs().amax(-1) > 1e-12).tolist() == [False, False, True, False, False]


def test_gelu_at_known_points():
    inputs = draw(50) * 3
    torch.testing.assert_close(gelu(inputs) - gelu(-inputs), inputs)  # from Φ(x) + Φ(-x) = 1
    assert gelu(torch.zeros(1)).item() == 0
    assert gelu(torch.tensor([40.0, -40.0])).tolist() == [40, 0]
    lowest = gelu(torch.linspace(-2, 0, 20001, dtype=torch.float64)).min()
    torch.testing.assert_close(lowest.item(), -0.16997, rtol=0, atol=1e-5)


def test_without_the_bend_in_the_middle_two_matrices_would_be_one():
    # Far out to the right GELU is the identity: with a large first bias the network is one linear map.
    tokens, (expand, expand_bias, contract, contract_bias) = draw(5, 3), parameters()
    linear = (tokens @ expand.T + expand_bias + 100) @ contract.T + contract_bias
    torch.testing.assert_close(feed_forward(tokens, expand, expand_bias + 100, contract, contract_bias), linear)


# (c) Edges


def test_no_token_and_one_of_everything():
    assert feed_forward(draw(0, 5, 3), *parameters()).shape == (0, 5, 3)
    assert feed_forward(draw(2, 0, 3), *parameters()).shape == (2, 0, 3)
    assert feed_forward(draw(1, 1), *parameters(dim=1, hidden=1)).shape == (1, 1)


def test_matrices_the_wrong_way_round_are_refused():
    expand, expand_bias, contract, contract_bias = parameters()
    with pytest.raises(TypeError, match="feed_forward"):
        feed_forward(draw(5, 3), contract, expand_bias, expand, contract_bias)


# (d) Gradients


def test_gradients():
    inputs = [tensor.requires_grad_() for tensor in (draw(2, 3), *parameters(hidden=4))]
    assert torch.autograd.gradcheck(feed_forward, inputs)


def test_the_gradient_of_one_token_stays_with_it():
    tokens = draw(5, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(feed_forward(tokens, *parameters())[2].sum(), tokens)
    assert (gradient.abs().amax(-1) > 0).tolist() == [False, False, True, False, False]


# (e) The papers' claims in miniature


def test_gelu_is_the_mean_of_a_random_gate():
    # Hendrycks and Gimpel, section 2: let x pass with probability Φ(x), else nothing; the mean of that is GELU.
    generator = torch.Generator().manual_seed(0)
    inputs = torch.tensor([-1.5, -0.5, 0.5, 1.5])
    passed = torch.randn(200_000, 4, generator=generator) < inputs
    torch.testing.assert_close((inputs * passed).mean(0), gelu(inputs), rtol=0, atol=5 * 1.5 * 0.5 / math.sqrt(200_000))


def test_the_approximation_of_gpt_2_differs_by_up_to_5e_4():
    inputs = torch.linspace(-6, 6, 20001, dtype=torch.float64)
    difference = (gelu(inputs) - functional.gelu(inputs, approximate="tanh")).abs().max().item()
    assert 4e-4 < difference < 5e-4
