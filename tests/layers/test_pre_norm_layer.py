"""Pre-norm layers against torch's norm_first, and what the free path of additions does."""

import pytest
import torch
from torch import nn

from tests.layers.copied_weights import (
    assert_same_gradients,
    decoder_layer_state,
    draw,
    encoder_layer_state,
    parts_of,
    randomize,
)
from transformer_edu.attention import causal, mask_from
from transformer_edu.layers import Gelu, Given, PostNorm, PreNorm, Relu, decoder_layer, encoder_layer
from transformer_edu.training import initialize

BATCH, TARGETS, SOURCES, HEADS, DIM, HIDDEN = 3, 5, 7, 2, 6, 11
ACTIVATIONS = {Gelu: "gelu", Relu: "relu"}


def pre_norm(kind, *, bend=None, eps=1e-5, dtype=torch.float64):
    return randomize(kind(DIM, heads=HEADS, hidden=HIDDEN, residual=PreNorm, bend=bend, eps=eps), dtype=dtype)


def torchs(kind, ours, *, eps=1e-5, bend=Gelu):
    activation, dtype = ACTIVATIONS[bend], parts_of(ours).attention_norm.gain.dtype
    return kind(
        DIM,
        HEADS,
        HIDDEN,
        dropout=0.0,
        activation=activation,
        layer_norm_eps=eps,
        batch_first=True,
        norm_first=True,
        dtype=dtype,
    )


# (a) Oracle


@pytest.mark.parametrize("eps", [1e-12, 0.3])
@pytest.mark.parametrize("bend", [Gelu, Relu])
def test_the_encoder_layer_is_torchs_with_norm_first(eps, bend):
    ours = pre_norm(encoder_layer, bend=bend(), eps=eps)
    theirs, copied = torchs(nn.TransformerEncoderLayer, ours, eps=eps, bend=bend), encoder_layer_state(ours)
    theirs.load_state_dict(copied)
    tokens, allowed = draw(BATCH, TARGETS, DIM), torch.ones(TARGETS, TARGETS, dtype=torch.bool).tril()
    torch.testing.assert_close(ours(tokens).outputs, theirs(tokens), rtol=1e-11, atol=1e-11)
    expected = theirs(tokens, src_mask=~allowed)
    outputs = ours(tokens, Given(allowed=allowed)).outputs
    torch.testing.assert_close(outputs, expected, rtol=1e-11, atol=1e-11)
    assert_same_gradients(ours, theirs, copied, outputs, expected)


@pytest.mark.parametrize("bend", [Gelu, Relu])
def test_the_decoder_layer_is_torchs_with_norm_first(bend):
    ours = pre_norm(decoder_layer, bend=bend())
    theirs, copied = torchs(nn.TransformerDecoderLayer, ours, bend=bend), decoder_layer_state(ours)
    theirs.load_state_dict(copied)
    tokens, memory = draw(BATCH, TARGETS, DIM), draw(BATCH, SOURCES, DIM, seed=1)
    allowed = mask_from(causal, queries=TARGETS, keys=TARGETS)
    real = torch.arange(SOURCES) < torch.tensor([7, 2, 4])[:, None]
    outputs = ours(tokens, Given(source=memory, allowed=allowed, source_allowed=real[:, None])).outputs
    expected = theirs(tokens, memory, tgt_mask=~allowed, memory_key_padding_mask=~real)
    torch.testing.assert_close(outputs, expected, rtol=1e-11, atol=1e-11)
    assert_same_gradients(ours, theirs, copied, outputs, expected)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 2e-5), (torch.float16, 0.05)])
def test_less_precision_on_every_device(dtype, tolerance, device):
    ours = pre_norm(encoder_layer, dtype=dtype)
    tokens = draw(BATCH, TARGETS, DIM, dtype=dtype)
    wide = pre_norm(encoder_layer).forward(tokens.double()).outputs
    outputs = ours.to(device)(tokens.to(device)).outputs
    assert outputs.dtype == dtype
    torch.testing.assert_close(outputs.double().cpu(), wide, rtol=tolerance, atol=tolerance)


def test_the_fused_paths_are_the_transparent_ones(device):
    encoder = pre_norm(encoder_layer).to(device)
    decoder = pre_norm(decoder_layer).to(device)
    tokens, memory = draw(BATCH, TARGETS, DIM).to(device), draw(BATCH, SOURCES, DIM, seed=1).to(device)
    allowed = mask_from(causal, queries=TARGETS, keys=TARGETS, device=device)
    some = (draw(BATCH, TARGETS, SOURCES, seed=2) > 0).to(device)
    torch.testing.assert_close(encoder.fused(tokens), encoder(tokens).outputs)
    torch.testing.assert_close(
        encoder.fused(tokens, Given(allowed=allowed)), encoder(tokens, Given(allowed=allowed)).outputs
    )
    torch.testing.assert_close(
        encoder.fused(tokens, Given(causal=True)), encoder(tokens, Given(allowed=allowed)).outputs
    )
    expected = decoder(tokens, Given(source=memory, allowed=allowed, source_allowed=some)).outputs
    torch.testing.assert_close(decoder.fused(tokens, Given(source=memory, causal=True, source_allowed=some)), expected)
    torch.testing.assert_close(
        decoder.fused(tokens, Given(source=memory, allowed=allowed, source_allowed=some)), expected
    )


# (b) Properties


def test_the_parts_are_those_of_post_norm_in_another_order():
    for kind in (encoder_layer, decoder_layer):
        ours, other = pre_norm(kind), kind(DIM, heads=HEADS, hidden=HIDDEN, residual=PostNorm).double()
        other.load_state_dict(ours.state_dict())  # the same names and shapes …
        inputs = (draw(TARGETS, DIM), Given(source=draw(SOURCES, DIM)))
        assert (ours(*inputs).outputs - other(*inputs).outputs).abs().max() > 0.1  # … and another function


def test_with_silent_parts_a_token_passes_untouched():
    layer = pre_norm(encoder_layer)
    for part in (parts_of(layer).attention.output, parts_of(layer).feed_forward.contract):
        part.weight.data.zero_()
        part.bias.data.zero_()
    tokens = draw(TARGETS, DIM)
    assert layer(tokens).outputs.equal(tokens)


def test_what_a_layer_adds_does_not_depend_on_the_size_of_the_token():
    layer = pre_norm(encoder_layer, eps=1e-12)
    parts_of(layer).feed_forward.contract.weight.data.zero_()  # leave the attention's part alone
    tokens = draw(TARGETS, DIM)
    torch.testing.assert_close(layer(10 * tokens).outputs - 10 * tokens, layer(tokens).outputs - tokens)


# (c) Bad input and edges


@pytest.mark.parametrize("kind", [encoder_layer, decoder_layer])
def test_heads_must_share_the_width(kind):
    with pytest.raises(ValueError, match=r"needs heads that divide dim=6 \(.*\), got heads=4\.$"):
        kind(DIM, heads=4, hidden=HIDDEN, residual=PreNorm)


def test_one_token_and_an_empty_batch():
    encoder = pre_norm(encoder_layer)
    decoder = pre_norm(decoder_layer)
    assert encoder(draw(1, DIM)).seen[0].tolist() == [[[1.0]]] * HEADS
    assert encoder(draw(0, TARGETS, DIM)).outputs.shape == (0, TARGETS, DIM)
    assert decoder(draw(0, TARGETS, DIM), Given(source=draw(0, SOURCES, DIM))).seen[1].shape == (
        0,
        HEADS,
        TARGETS,
        SOURCES,
    )


# (d) Gradients


def test_gradients():
    encoder = pre_norm(encoder_layer)
    decoder = pre_norm(decoder_layer)
    tokens, memory = draw(2, DIM).requires_grad_(), draw(3, DIM, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda tokens: encoder(tokens).outputs, tokens)
    assert torch.autograd.gradcheck(
        lambda tokens, memory: decoder(tokens, Given(source=memory)).outputs, (tokens, memory)
    )


# (e) The paper's claim in miniature


def test_the_gradient_passes_a_deep_pre_norm_stack_and_shrinks_in_a_deep_post_norm_one():
    # Xiong et al., section 3: at the start, post-norm scales the gradient down in every layer on its way back, pre-norm
    # leaves a path of additions. Measured: gradient at the input over gradient at the output, 24 layers, dim 16.
    ratios = {}
    for residual in (PostNorm, PreNorm):
        layers = nn.ModuleList(encoder_layer(16, heads=2, hidden=32, residual=residual) for _ in range(24))
        initialize(layers, generator=torch.Generator().manual_seed(0))
        first = tokens = draw(TARGETS, 16, dtype=torch.float32).requires_grad_()
        for layer in layers:
            tokens = layer(tokens).outputs
        direction = draw(TARGETS, 16, seed=1, dtype=torch.float32)
        (gradient,) = torch.autograd.grad((tokens * direction).sum(), first)
        ratios[residual] = float(gradient.norm() / direction.norm())
    assert ratios[PostNorm] < 0.2 < 1 < ratios[PreNorm]
