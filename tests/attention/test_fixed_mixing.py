"""Mixing with weights that do not look at the tokens, beside attention, whose weights are computed from them."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from transformer_edu.attention import Attended, convolution_mixing, fixed_mixing, parameter_free_attention

BATCH, QUERIES, TOKENS, DIM, WINDOW = 2, 5, 7, 4, 3


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


# (a) Oracle


def test_a_dense_mixing_is_torchs_linear_layer_over_the_tokens():
    tokens, layer = draw(BATCH, TOKENS, DIM), nn.Linear(TOKENS, QUERIES, bias=False).double()
    outputs, weights = fixed_mixing(tokens, layer.weight)
    torch.testing.assert_close(outputs, layer(tokens.mT).mT)
    assert weights.shape == (BATCH, QUERIES, TOKENS)
    torch.testing.assert_close(weights @ tokens, outputs)


@pytest.mark.parametrize("window", [1, 3, 5, 9, 15])
def test_a_convolution_is_torchs(window):
    tokens, kernel = draw(BATCH, TOKENS, DIM), draw(window, seed=1)
    every = kernel.expand(DIM, 1, window)  # the same kernel for each feature
    expected = functional.conv1d(tokens.mT, every, padding=window // 2, groups=DIM).mT
    outputs = fixed_mixing(tokens, convolution_mixing(kernel, tokens=TOKENS)).outputs
    torch.testing.assert_close(outputs, expected)


def test_a_convolution_by_hand():
    mixing = convolution_mixing(torch.tensor([1.0, 2.0, 3.0]), tokens=4)
    assert mixing.tolist() == [[2, 3, 0, 0], [1, 2, 3, 0], [0, 1, 2, 3], [0, 0, 1, 2]]


# (b) Properties and limits


def test_what_changes_the_weights_of_whom():
    tokens, other = draw(TOKENS, DIM), draw(TOKENS, DIM, seed=1)
    dense, band = draw(TOKENS, TOKENS, seed=2), convolution_mixing(draw(WINDOW, seed=3), tokens=TOKENS)
    turn = torch.linalg.qr(draw(DIM, DIM, seed=4)).Q
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    for mixing in (dense, band):
        for changed in (other, 2 * tokens, tokens @ turn, tokens[order]):
            assert fixed_mixing(changed, mixing).weights.equal(fixed_mixing(tokens, mixing).weights)
    before = parameter_free_attention(tokens).weights
    for changed in (other, 2 * tokens, tokens + 1):
        assert (parameter_free_attention(changed).weights - before).abs().max() > 0.1
    torch.testing.assert_close(parameter_free_attention(tokens @ turn).weights, before)  # all dot products stay
    torch.testing.assert_close(parameter_free_attention(tokens[order]).weights, before[order][:, order])


def test_who_keeps_which_symmetry():
    tokens, dense = draw(TOKENS, DIM), draw(TOKENS, TOKENS, seed=2)
    band = convolution_mixing(draw(WINDOW, seed=3), tokens=TOKENS)
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    inner = tokens.clone()
    inner[[0, 1, -2, -1]] = 0  # zeros at the ends, so that nothing falls off when all is shifted by one

    def breaks(mix, tokens, move):
        return (mix(move(tokens)) - move(mix(tokens))).abs().max() > 0.1

    mixers = {
        "attention": lambda tokens: parameter_free_attention(tokens).outputs,
        "convolution": lambda tokens: fixed_mixing(tokens, band).outputs,
        "dense": lambda tokens: fixed_mixing(tokens, dense).outputs,
    }
    found = {
        name: (
            bool(breaks(mix, tokens, lambda tokens: tokens[order])),
            bool(breaks(mix, inner, lambda tokens: tokens.roll(1, dims=-2))),
        )
        for name, mix in mixers.items()
    }
    assert found == {"attention": (False, False), "convolution": (True, False), "dense": (True, True)}


@pytest.mark.usefixtures("unchecked")
def test_who_takes_another_length():
    longer, kernel = draw(TOKENS + 2, DIM), draw(WINDOW, seed=3)
    assert parameter_free_attention(longer).outputs.shape == longer.shape
    assert fixed_mixing(longer, convolution_mixing(kernel, tokens=TOKENS + 2)).outputs.shape == longer.shape
    with pytest.raises(ValueError, match=r"^fixed_mixing needs 7 tokens"):
        fixed_mixing(longer, draw(TOKENS, TOKENS, seed=2))


def test_a_fixed_mixing_is_linear_in_the_tokens_and_attention_is_not():
    first, second, dense = draw(TOKENS, DIM), draw(TOKENS, DIM, seed=1), draw(QUERIES, TOKENS, seed=2)
    both = fixed_mixing(first + second, dense).outputs
    torch.testing.assert_close(both, fixed_mixing(first, dense).outputs + fixed_mixing(second, dense).outputs)
    apart = parameter_free_attention(first).outputs + parameter_free_attention(second).outputs
    assert (parameter_free_attention(first + second).outputs - apart).abs().max() > 0.1


def test_the_identity_and_the_mean():
    tokens = draw(BATCH, TOKENS, DIM)
    torch.testing.assert_close(fixed_mixing(tokens, torch.eye(TOKENS).double()).outputs, tokens)
    torch.testing.assert_close(
        fixed_mixing(tokens, convolution_mixing(torch.ones(1).double(), tokens=7)).outputs, tokens
    )
    mean = torch.full((TOKENS, TOKENS), 1 / TOKENS).double()
    zero = parameter_free_attention(torch.zeros(BATCH, TOKENS, DIM).double()).weights
    torch.testing.assert_close(zero, mean.expand(BATCH, TOKENS, TOKENS))


# (c) Bad input and edges


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("tokens", [1, 6, 8])
def test_another_length_is_refused(tokens):
    with pytest.raises(ValueError, match=rf"^fixed_mixing needs 7 tokens \(.*\), got tokens.shape=\({tokens}, 4\)\.$"):
        fixed_mixing(torch.zeros(tokens, DIM), torch.zeros(QUERIES, TOKENS))


@pytest.mark.parametrize(("window", "tokens"), [(2, 7), (0, 7), (3, 0), (3, -1)])
def test_a_window_is_odd_and_there_are_tokens(window, tokens):
    got = rf"got window={window}, tokens={tokens}\.$"
    with pytest.raises(ValueError, match=rf"^convolution_mixing needs an odd window and tokens >= 1 \(.*\), {got}"):
        convolution_mixing(torch.zeros(window), tokens=tokens)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_edges(dtype, device):
    tokens, kernel = draw(1, DIM, dtype=dtype).to(device), draw(WINDOW, dtype=dtype).to(device)
    mixing = convolution_mixing(kernel, tokens=1)
    assert mixing.dtype == dtype and mixing.device == kernel.device
    torch.testing.assert_close(fixed_mixing(tokens, mixing), Attended(kernel[1] * tokens, kernel[1:2, None]))
    empty = fixed_mixing(draw(0, TOKENS, DIM), draw(QUERIES, TOKENS))
    assert empty.outputs.shape == (0, QUERIES, DIM) and empty.weights.shape == (0, QUERIES, TOKENS)


# (d) Gradients


def test_gradients():
    inputs = [draw(TOKENS, DIM).requires_grad_(), draw(QUERIES, TOKENS, seed=1).requires_grad_()]
    assert torch.autograd.gradcheck(lambda *inputs: tuple(fixed_mixing(*inputs)), inputs)
    kernel = draw(WINDOW).requires_grad_()
    assert torch.autograd.gradcheck(lambda kernel: convolution_mixing(kernel, tokens=4), kernel)
    (gradient,) = torch.autograd.grad(convolution_mixing(kernel, tokens=4).sum(), kernel)
    assert gradient.tolist() == [3, 4, 3]  # each number is used once for each token that has such a neighbor


def test_no_gradient_reaches_the_weights_from_the_tokens():
    tokens, dense = draw(TOKENS, DIM).requires_grad_(), draw(QUERIES, TOKENS, seed=1)
    assert not fixed_mixing(tokens, dense).weights.requires_grad
    (gradient,) = torch.autograd.grad(parameter_free_attention(tokens).weights[0, 1], tokens)
    assert (gradient[0] != 0).all()


# (e) The claim in miniature


def test_a_fixed_matrix_cannot_follow_a_marker():
    # "Weights computed on the fly": copy the token that carries a marker, wherever it stands. No single matrix can: the
    # best one, by least squares, can only average over the places. One look with a fixed query finds it.
    generator = torch.Generator().manual_seed(0)
    content = torch.randn(2000, TOKENS, DIM, generator=generator, dtype=torch.float64)
    marked = torch.randint(0, TOKENS, (2000,), generator=generator)
    marker = functional.one_hot(marked, TOKENS).double()
    wanted = content[torch.arange(2000), marked]
    best = torch.linalg.lstsq(content.mT.reshape(-1, TOKENS), wanted.reshape(-1, 1)).solution.T
    fixed = (fixed_mixing(content, best).outputs[:, 0] - wanted).square().mean()
    weights = torch.softmax(50 * marker, dim=-1)
    looked = (fixed_mixing(content, torch.eye(TOKENS).double()).outputs * weights[..., None]).sum(1)
    assert (looked - wanted).square().mean() < 1e-12
    assert abs(float(fixed) - (1 - 1 / TOKENS)) < 0.05  # a mean of seven places keeps 1/7 of the variance
