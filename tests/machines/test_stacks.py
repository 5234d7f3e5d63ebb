"""Encoders and decoders, layers in a row, against torch's stacks; the last normalization of pre-norm."""

import pytest
import torch
from torch import nn

from tests.layers.copied_weights import (
    assert_same_gradients,
    decoder_layer_state,
    draw,
    encoder_layer_state,
    norm_state,
    randomize,
)
from transformer_edu.attention import causal, influence, mask_from, sliding_window
from transformer_edu.layers import ReluFeedForward
from transformer_edu.machines import Decoder, Encoder, PreNormEncoder, allowed_after
from transformer_edu.training import initialize

BATCH, TARGETS, SOURCES, HEADS, DIM, HIDDEN, LAYERS = 3, 5, 7, 2, 6, 11, 4


def our_stack(kind, *, eps=1e-5):
    return randomize(kind(DIM, layers=LAYERS, heads=HEADS, hidden=HIDDEN, eps=eps, network=ReluFeedForward))


def copied(ours, state_of):
    state = {}
    for index, layer in enumerate(ours.layers):
        state |= state_of(layer, f"layers.{index}.")
    return state | (norm_state(ours.norm, "norm") if hasattr(ours, "norm") else {})


def torch_encoder(ours, *, norm_first, eps=1e-5):
    layer = nn.TransformerEncoderLayer(
        DIM, HEADS, HIDDEN, dropout=0.0, layer_norm_eps=eps, batch_first=True, norm_first=norm_first
    )
    norm = nn.LayerNorm(DIM, eps=eps) if norm_first else None
    theirs = nn.TransformerEncoder(layer, LAYERS, norm=norm, enable_nested_tensor=False).double()
    theirs.load_state_dict(copied(ours, encoder_layer_state))
    return theirs


def lengths_mask(*, keys=SOURCES):
    return torch.arange(keys) < torch.tensor([keys, 2, 4])[:, None]


# (a) Oracle


@pytest.mark.parametrize("eps", [1e-12, 0.3])
@pytest.mark.parametrize(("kind", "norm_first"), [(Encoder, False), (PreNormEncoder, True)])
def test_encoders_are_torchs(kind, norm_first, eps):
    ours, tokens, real = our_stack(kind, eps=eps), draw(BATCH, SOURCES, DIM), lengths_mask()
    theirs = torch_encoder(ours, norm_first=norm_first, eps=eps)
    torch.testing.assert_close(ours(tokens).outputs, theirs(tokens), rtol=1e-10, atol=1e-10)
    outputs, weights = ours(tokens, allowed=real[:, None])
    expected = theirs(tokens, src_key_padding_mask=~real)
    assert weights.shape == (BATCH, LAYERS, HEADS, SOURCES, SOURCES)
    torch.testing.assert_close(outputs, expected, rtol=1e-10, atol=1e-10)
    assert_same_gradients(ours, theirs, copied(ours, encoder_layer_state), outputs, expected)


def test_the_decoder_is_torchs_with_its_causal_mask():
    ours, tokens, memory = our_stack(Decoder), draw(BATCH, TARGETS, DIM), draw(BATCH, SOURCES, DIM, seed=1)
    layer = nn.TransformerDecoderLayer(DIM, HEADS, HIDDEN, dropout=0.0, batch_first=True)
    theirs, real = nn.TransformerDecoder(layer, LAYERS).double(), lengths_mask()
    theirs.load_state_dict(copied(ours, decoder_layer_state))
    future = ~mask_from(causal, queries=TARGETS, keys=TARGETS)
    outputs, weights, source_weights = ours(tokens, memory, source_allowed=real[:, None])
    expected = theirs(tokens, memory, tgt_mask=future, memory_key_padding_mask=~real)
    torch.testing.assert_close(outputs, expected, rtol=1e-10, atol=1e-10)
    assert weights.shape == (BATCH, LAYERS, HEADS, TARGETS, TARGETS)
    assert source_weights.shape == (BATCH, LAYERS, HEADS, TARGETS, SOURCES)
    assert_same_gradients(ours, theirs, copied(ours, decoder_layer_state), outputs, expected)


@pytest.mark.parametrize("kind", [Encoder, PreNormEncoder])
def test_fused_encoders_are_the_transparent_ones(kind, device):
    ours, tokens = our_stack(kind).to(device), draw(BATCH, SOURCES, DIM).to(device)
    future, real = mask_from(causal, queries=SOURCES, keys=SOURCES).to(device), lengths_mask().to(device)[:, None]
    torch.testing.assert_close(ours.fused(tokens), ours(tokens).outputs)
    torch.testing.assert_close(ours.fused(tokens, allowed=real), ours(tokens, allowed=real).outputs)
    torch.testing.assert_close(ours.fused(tokens, causal=True), ours(tokens, allowed=future).outputs)


def test_the_fused_decoder_is_the_transparent_one(device):
    ours, tokens = our_stack(Decoder).to(device), draw(BATCH, TARGETS, DIM).to(device)
    memory, real = draw(BATCH, SOURCES, DIM, seed=1).to(device), lengths_mask().to(device)[:, None]
    expected = ours(tokens, memory, source_allowed=real).outputs
    torch.testing.assert_close(ours.fused(tokens, memory, source_allowed=real), expected)


# (b) Properties


def test_a_stack_is_its_layers_one_after_the_other():
    for kind in (Encoder, PreNormEncoder):
        ours, tokens = our_stack(kind), draw(TARGETS, DIM)
        outputs, weights = ours(tokens)
        expected, rows = tokens, []
        for layer in ours.layers:
            expected, seen = layer(expected)
            rows.append(seen)
        torch.testing.assert_close(outputs, ours.norm(expected) if kind is PreNormEncoder else expected)
        torch.testing.assert_close(weights, torch.stack(rows))


def test_an_encoder_turns_the_order_of_its_outputs_with_that_of_its_inputs():
    order = torch.tensor([3, 0, 4, 1, 2])
    for kind in (Encoder, PreNormEncoder):
        ours, tokens = our_stack(kind), draw(TARGETS, DIM)
        torch.testing.assert_close(ours(tokens[order]).outputs, ours(tokens).outputs[order])


def test_a_padded_batch_gives_what_the_single_sequences_give():
    ours, tokens, lengths = our_stack(PreNormEncoder), draw(BATCH, SOURCES, DIM), (7, 2, 4)
    padded = ours(tokens, allowed=lengths_mask()[:, None]).outputs
    for index, length in enumerate(lengths):
        torch.testing.assert_close(padded[index, :length], ours(tokens[index, :length]).outputs)


def test_word_travels_as_far_as_influence_says():
    ours, tokens = our_stack(PreNormEncoder), draw(9, DIM)
    allowed = mask_from(sliding_window(2), queries=9, keys=9)
    changed = tokens.clone()
    changed[1] = draw(DIM, seed=1)
    moved = (ours(tokens, allowed=allowed).outputs - ours(changed, allowed=allowed).outputs).abs().amax(-1) > 0
    assert moved.equal(influence(allowed, layers=LAYERS)[:, 1])


def test_the_mask_of_tokens_that_continue_a_sequence():
    whole = mask_from(causal, queries=7, keys=7)
    assert allowed_after(4, draw(3, DIM)).equal(whole[4:])
    assert allowed_after(0, draw(7, DIM)).equal(whole)
    assert allowed_after(6, draw(1, DIM)).tolist() == [[True] * 7]


# (c) Edges


def test_one_token_and_an_empty_batch():
    for kind in (Encoder, PreNormEncoder):
        assert our_stack(kind)(draw(1, DIM)).weights.tolist() == [[[[1.0]]] * HEADS] * LAYERS
        assert our_stack(kind)(draw(0, TARGETS, DIM)).outputs.shape == (0, TARGETS, DIM)
    assert our_stack(Decoder)(draw(0, TARGETS, DIM), draw(0, SOURCES, DIM)).outputs.shape == (0, TARGETS, DIM)


# (d) Gradients


def test_gradients():
    leaves = (draw(2, DIM).requires_grad_(), draw(3, DIM, seed=1).requires_grad_())
    decoder = randomize(Decoder(DIM, layers=2, heads=HEADS, hidden=HIDDEN))
    assert torch.autograd.gradcheck(lambda *leaves: decoder(*leaves).outputs, leaves)
    encoder = randomize(PreNormEncoder(DIM, layers=2, heads=HEADS, hidden=HIDDEN))
    assert torch.autograd.gradcheck(lambda leaf: encoder(leaf).outputs, leaves[0])


def test_no_gradient_comes_from_the_future():
    ours, tokens = our_stack(Decoder), draw(TARGETS, DIM).requires_grad_()
    (gradient,) = torch.autograd.grad(ours(tokens, draw(SOURCES, DIM, seed=1)).outputs[2].sum(), tokens)
    assert (gradient.abs().amax(-1) > 0).tolist() == [True, True, True, False, False]


# (e) The claim in miniature


def test_the_residual_stream_of_pre_norm_grows_and_the_last_normalization_answers_it():
    # Xiong et al., lemma 2: with pre-norm the expected squared norm of a token grows with every layer.
    ours = PreNormEncoder(64, layers=12, heads=2, hidden=128)
    initialize(ours, generator=torch.Generator().manual_seed(0))
    tokens, sizes = draw(50, 64, dtype=torch.float32), []
    outputs = ours(tokens).outputs
    for layer in ours.layers:
        tokens = layer(tokens).outputs
        sizes.append(float(tokens.square().mean().detach()))
    assert sizes == sorted(sizes) and sizes[-1] > 3 * sizes[0]
    torch.testing.assert_close(outputs.square().mean().detach(), torch.tensor(1.0), rtol=0.01, atol=0)
