"""The encoder layer against torch's own with the same weights, and what a layer of a transformer promises."""

import pytest
import torch
from einops import rearrange
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tests.layers.copied_weights import parts_of
from transformer_edu.layers import Given, Relu, encoder_layer

HEADS, DIM, HIDDEN, TOKENS = 2, 6, 11, 5


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def our_layer(*, dtype=torch.float64, eps=1e-5):
    """Return a layer in which every parameter is random, also the gains and biases that start at 1 and 0."""
    layer = encoder_layer(DIM, heads=HEADS, hidden=HIDDEN, eps=eps).to(dtype)
    for seed, parameter in enumerate(layer.parameters(), start=100):
        parameter.data = draw(*parameter.shape, seed=seed, dtype=dtype) / 2
    return layer


def torch_layer(ours):
    """Copy a layer of ours into torch's layer."""
    parameter, ours = next(ours.parameters()), parts_of(ours)
    eps = ours.attention_norm.eps
    theirs = nn.TransformerEncoderLayer(
        DIM, HEADS, HIDDEN, dropout=0.0, activation="gelu", layer_norm_eps=eps, batch_first=True, dtype=parameter.dtype
    )
    projections = (ours.attention.query, ours.attention.key, ours.attention.value)
    copied = {
        "self_attn.in_proj_weight": torch.cat([projection.weight for projection in projections]),
        "self_attn.in_proj_bias": torch.cat([projection.bias for projection in projections]),
        "self_attn.out_proj.weight": ours.attention.output.weight,
        "self_attn.out_proj.bias": ours.attention.output.bias,
        "norm1.weight": ours.attention_norm.gain,
        "norm1.bias": ours.attention_norm.bias,
        "linear1.weight": ours.feed_forward.expand.weight,
        "linear1.bias": ours.feed_forward.expand.bias,
        "linear2.weight": ours.feed_forward.contract.weight,
        "linear2.bias": ours.feed_forward.contract.bias,
        "norm2.weight": ours.feed_forward_norm.gain,
        "norm2.bias": ours.feed_forward_norm.bias,
    }
    theirs.load_state_dict(copied)
    return theirs


# (a) Oracle


@pytest.mark.parametrize("eps", [1e-12, 0.3])
def test_outputs_weights_and_gradients_are_torchs(eps):
    ours = our_layer(eps=eps)
    theirs = torch_layer(ours)
    tokens = draw(3, TOKENS, DIM).requires_grad_()
    outputs, (weights, _) = ours(tokens)
    expected = theirs(tokens)
    _, expected_weights = theirs.self_attn(tokens, tokens, tokens, average_attn_weights=False)
    torch.testing.assert_close(outputs, expected, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(weights, expected_weights, rtol=1e-11, atol=1e-11)
    direction = draw(3, TOKENS, DIM, seed=1)
    torch.testing.assert_close(
        torch.autograd.grad((outputs * direction).sum(), tokens),
        torch.autograd.grad((expected * direction).sum(), tokens),
        rtol=1e-9,
        atol=1e-9,
    )


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 2e-5), (torch.bfloat16, 0.1)])
def test_outputs_in_less_precision(dtype, tolerance):
    ours = our_layer(dtype=dtype)
    tokens = draw(3, TOKENS, DIM, dtype=dtype)
    outputs, (weights, _) = ours(tokens)
    assert outputs.dtype == weights.dtype == dtype
    torch.testing.assert_close(outputs, torch_layer(ours)(tokens), rtol=tolerance, atol=tolerance)


def test_padding_is_torchs_padding():
    # Ours says which keys are allowed; torch's says which are blocked.
    ours = our_layer()
    tokens, lengths = draw(3, TOKENS, DIM), torch.tensor([5, 2, 4])
    real = torch.arange(TOKENS) < lengths[:, None]
    allowed = real[:, None, :]  # the same for every query
    expected = torch_layer(ours)(tokens, src_key_padding_mask=~real)
    torch.testing.assert_close(ours(tokens, Given(allowed=allowed)).outputs, expected, rtol=1e-11, atol=1e-11)


# (b) Properties


def test_more_leading_axes_or_none_change_nothing():
    layer, tokens = our_layer(), draw(3, 4, TOKENS, DIM)
    outputs, (weights, _) = layer(tokens)
    assert weights.shape == (3, 4, HEADS, TOKENS, TOKENS)
    flat = layer(rearrange(tokens, "outer inner token dim -> (outer inner) token dim"))
    torch.testing.assert_close(rearrange(outputs, "outer inner token dim -> (outer inner) token dim"), flat.outputs)
    alone = layer(tokens[2, 1])
    torch.testing.assert_close(alone.outputs, outputs[2, 1])
    torch.testing.assert_close(alone.seen[0], weights[2, 1])


def test_tokens_in_another_order_come_out_in_that_order():
    layer, tokens = our_layer(), draw(TOKENS, DIM)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(layer(tokens[order]).outputs, layer(tokens).outputs[order])


def test_each_token_leaves_normalized():
    layer = our_layer(eps=1e-12)
    parts_of(layer).feed_forward_norm.gain.data.fill_(1)
    parts_of(layer).feed_forward_norm.bias.data.fill_(0)
    outputs = layer(draw(TOKENS, DIM)).outputs
    torch.testing.assert_close(outputs.mean(-1), torch.zeros(TOKENS).double())
    torch.testing.assert_close(outputs.var(-1, unbiased=False), torch.ones(TOKENS).double())


def test_the_residual_connection_alone():
    # Attention and feed-forward network add nothing: what is left is the token, normalized twice.
    layer = our_layer()
    for part in (parts_of(layer).attention.output, parts_of(layer).feed_forward.contract):
        part.weight.data.zero_()
        part.bias.data.zero_()
    tokens = draw(TOKENS, DIM)
    torch.testing.assert_close(
        layer(tokens).outputs, parts_of(layer).feed_forward_norm(parts_of(layer).attention_norm(tokens))
    )


# (c) Bad input and edges


def test_heads_must_share_the_width():
    with pytest.raises(ValueError, match="heads=4"):
        encoder_layer(DIM, heads=4, hidden=HIDDEN)


def test_one_token_and_no_batch():
    layer = our_layer()
    assert layer(draw(1, DIM)).seen[0].tolist() == [[[1.0]]] * HEADS
    assert layer(draw(0, TOKENS, DIM)).outputs.shape == (0, TOKENS, DIM)


def test_a_token_that_may_look_at_nothing_keeps_its_numbers_finite():
    allowed = torch.ones(TOKENS, TOKENS, dtype=torch.bool)
    allowed[3] = False
    outputs, (weights, _) = our_layer()(draw(TOKENS, DIM), Given(allowed=allowed))
    assert outputs.isfinite().all()
    assert (weights[:, 3] == 0).all()


# (d) Gradients


def test_gradients():
    layer = our_layer()
    tokens = draw(3, DIM).requires_grad_()
    assert torch.autograd.gradcheck(lambda tokens: layer(tokens).outputs, tokens)


def test_every_parameter_learns_but_the_bias_of_the_keys():
    # The same number on all keys moves all scores of a query alike, and the softmax takes it out again.
    layer = our_layer()
    (layer(draw(TOKENS, DIM)).outputs * draw(TOKENS, DIM, seed=1)).sum().backward()
    still = {name for name, parameter in layer.named_parameters() if parameter.grad.abs().max() < 1e-12}
    assert still == {"sublayers.0.part.attention.key.bias"}


def test_no_gradient_reaches_a_masked_token():
    layer, tokens = our_layer(), draw(TOKENS, DIM).requires_grad_()
    allowed = torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril()
    (gradient,) = torch.autograd.grad(layer(tokens, Given(allowed=allowed)).outputs[2].sum(), tokens)
    assert (gradient.abs().amax(-1) > 0).tolist() == [True, True, True, False, False]


# (e) The claim in miniature: what a layer costs


@pytest.mark.parametrize("tokens", [8, 48, 50])
def test_cost_as_the_formula_says_and_both_halves_equal_at_twice_the_width(tokens):
    dim, hidden = 24, 96
    layer = encoder_layer(dim, heads=4, hidden=hidden)
    inputs = draw(tokens, dim, dtype=torch.float32)
    with FlopCounterMode(display=False) as whole:
        layer(inputs)
    with FlopCounterMode(display=False) as half:
        parts_of(layer).feed_forward(inputs)
    multiply_adds = 4 * tokens * dim**2 + 2 * tokens**2 * dim + 2 * tokens * dim * hidden
    assert whole.get_total_flops() == 2 * multiply_adds
    assert (2 * half.get_total_flops() == whole.get_total_flops()) == (tokens == 2 * dim)


# The fused path


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-11), (torch.float32, 2e-5), (torch.bfloat16, 0.1)])
def test_the_fused_path_is_the_transparent_one_and_torchs(dtype, tolerance, device):
    ours = our_layer(dtype=dtype)
    theirs = torch_layer(ours).to(device)
    ours.to(device)
    tokens = draw(3, TOKENS, DIM, dtype=dtype).to(device).requires_grad_()
    outputs = (ours.fused(tokens), ours(tokens).outputs, theirs(tokens))
    direction = draw(3, TOKENS, DIM, seed=1, dtype=dtype).to(device)
    gradients = [torch.autograd.grad((output * direction).sum(), tokens) for output in outputs]
    for other in (1, 2):
        torch.testing.assert_close(outputs[0], outputs[other], rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(gradients[0], gradients[other], rtol=10 * tolerance, atol=10 * tolerance)


def test_the_fused_path_learns_what_the_transparent_one_learns():
    layer, tokens, direction = our_layer(), draw(3, TOKENS, DIM), draw(3, TOKENS, DIM, seed=1)
    gradients = [
        torch.autograd.grad((outputs * direction).sum(), list(layer.parameters()))
        for outputs in (layer.fused(tokens), layer(tokens).outputs)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-9)


def test_the_fused_path_takes_the_same_masks():
    layer, tokens = our_layer(), draw(3, TOKENS, DIM)
    causal = torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril()
    real = (torch.arange(TOKENS) < torch.tensor([5, 2, 4])[:, None])[:, None]
    for allowed in (causal, real, causal & real):
        torch.testing.assert_close(
            layer.fused(tokens, Given(allowed=allowed)), layer(tokens, Given(allowed=allowed)).outputs
        )
    torch.testing.assert_close(layer.fused(tokens, Given(causal=True)), layer(tokens, Given(allowed=causal)).outputs)
    torch.testing.assert_close(
        layer.fused(tokens, Given(allowed=real, causal=True)), layer(tokens, Given(allowed=causal & real)).outputs
    )


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.float16, 0.01)])
def test_the_fused_normalization_is_the_transparent_one(dtype, tolerance):
    norm = parts_of(our_layer(dtype=dtype, eps=0.3)).attention_norm
    tokens = draw(2, 3, TOKENS, DIM, dtype=dtype)
    torch.testing.assert_close(norm.fused(tokens), norm(tokens), rtol=tolerance, atol=tolerance)


def test_another_network_at_the_place_of_the_feed_forward_network():
    layer = encoder_layer(DIM, heads=HEADS, hidden=HIDDEN, bend=Relu()).double()
    layer.load_state_dict(our_layer().state_dict())
    theirs = nn.TransformerEncoderLayer(DIM, HEADS, HIDDEN, dropout=0.0, activation="relu", batch_first=True).double()
    theirs.load_state_dict(torch_layer(our_layer()).state_dict())
    tokens = draw(3, TOKENS, DIM)
    torch.testing.assert_close(layer(tokens).outputs, theirs(tokens))
    torch.testing.assert_close(layer.fused(tokens), theirs(tokens))
