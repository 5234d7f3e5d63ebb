"""The feed-forward network of the first Transformer against torch's layers, and what its corner does."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.layers.copied_weights import draw, randomize
from transformer_edu.layers import FeedForward, Gelu, Relu, feed_forward, relu


def parameters(*, dim=3, hidden=7):
    shapes = ((hidden, dim), (hidden,), (dim, hidden), (dim,))
    return [draw(*shape, seed=seed) for seed, shape in enumerate(shapes, start=1)]


def relu_feed_forward(*inputs):
    return feed_forward(*inputs, bend=relu)


# (a) Oracle


@pytest.mark.parametrize("batch", [(), (5,), (2, 5), (2, 4, 5)])
def test_it_is_two_linear_layers_with_relu_between(batch):
    tokens, (expand, expand_bias, contract, contract_bias) = draw(*batch, 3), parameters()
    theirs = functional.linear(functional.relu(functional.linear(tokens, expand, expand_bias)), contract, contract_bias)
    torch.testing.assert_close(relu_feed_forward(tokens, expand, expand_bias, contract, contract_bias), theirs)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.bfloat16, 0.05), (torch.float16, 0.01)])
def test_the_module_is_torchs_layers_in_a_row(dtype, tolerance, device):
    ours, theirs = FeedForward(3, hidden=7, bend=Relu()), nn.Sequential(nn.Linear(3, 7), nn.ReLU(), nn.Linear(7, 3))
    ours.expand, ours.contract = theirs[0], theirs[2]
    tokens = draw(2, 5, 3, dtype=dtype).to(device)
    outputs = ours.to(device, dtype)(tokens)
    assert outputs.dtype == dtype
    torch.testing.assert_close(outputs, theirs(tokens), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("bend", [Gelu, Relu])
def test_the_fused_path_is_the_transparent_one(bend, device):
    ours = randomize(FeedForward(3, hidden=7, bend=bend())).to(device)
    tokens = draw(2, 5, 3).to(device).requires_grad_()
    direction = draw(2, 5, 3, seed=1).to(device)
    both = [ours(tokens), ours.fused(tokens)]
    torch.testing.assert_close(*both)
    gradients = [
        torch.autograd.grad((outputs * direction).sum(), [tokens, *ours.parameters()], retain_graph=True)
        for outputs in both
    ]
    torch.testing.assert_close(*gradients)


# (b) Properties


def test_it_is_a_convolution_of_width_1():
    tokens, (expand, expand_bias, contract, contract_bias) = draw(2, 5, 3), parameters()
    hidden = functional.relu(functional.conv1d(tokens.mT, expand[..., None], expand_bias))
    theirs = functional.conv1d(hidden, contract[..., None], contract_bias).mT
    torch.testing.assert_close(relu_feed_forward(tokens, expand, expand_bias, contract, contract_bias), theirs)


def test_without_biases_twice_the_token_gives_twice_the_output():
    # ReLU has a corner at 0 and is linear on both sides. GELU bends, so it has no such law.
    tokens, (expand, expand_bias, contract, contract_bias) = draw(5, 3), parameters()
    weights = (expand, 0 * expand_bias, contract, 0 * contract_bias)
    torch.testing.assert_close(relu_feed_forward(2 * tokens, *weights), 2 * relu_feed_forward(tokens, *weights))
    assert (feed_forward(2 * tokens, *weights) - 2 * feed_forward(tokens, *weights)).abs().max() > 0.1


# (c) Edges


def test_no_token_and_one_of_everything():
    assert relu_feed_forward(draw(0, 5, 3), *parameters()).shape == (0, 5, 3)
    assert relu_feed_forward(draw(1, 1), *parameters(dim=1, hidden=1)).shape == (1, 1)


# (d) Gradients


def test_gradients():
    inputs = [tensor.requires_grad_() for tensor in (draw(2, 3), *parameters(hidden=4))]
    assert torch.autograd.gradcheck(relu_feed_forward, inputs)


def test_a_hidden_number_that_is_off_learns_nothing():
    tokens, (expand, expand_bias, contract, contract_bias) = draw(5, 3), parameters()
    expand.requires_grad_()
    bias = expand_bias + 100  # on for every token …
    bias[4] = -100.0  # … but this one, which is off for every token
    (gradient,) = torch.autograd.grad(relu_feed_forward(tokens, expand, bias, contract, contract_bias).sum(), expand)
    assert (gradient.abs().amax(-1) > 0).tolist() == [hidden != 4 for hidden in range(7)]


# (e) The claim in miniature


def test_far_from_the_corner_relu_and_gelu_are_one_function():
    # Hendrycks and Gimpel, figure 1: the two differ near 0 only.
    tokens, (expand, expand_bias, contract, contract_bias) = 1000 * draw(5, 3), parameters()
    weights = (expand, expand_bias, contract, contract_bias)
    far = (tokens @ expand.T + expand_bias).abs().amin()
    assert far > 9
    torch.testing.assert_close(relu_feed_forward(tokens, *weights), feed_forward(tokens, *weights))
