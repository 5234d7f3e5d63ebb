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
from transformer_edu.layers import Given, PostNorm, PreNorm, Relu, allowed_after, decoder_layer, encoder_layer
from transformer_edu.machines import Decoder, Encoder
from transformer_edu.normalization import LayerNorm
from transformer_edu.training import initialize

BATCH, TARGETS, SOURCES, HEADS, DIM, HIDDEN, LAYERS = 3, 5, 7, 2, 6, 11, 4


def our_encoder(residual, *, eps=1e-5):
    settings = {"heads": HEADS, "hidden": HIDDEN, "residual": residual, "bend": Relu(), "eps": eps}
    norm = LayerNorm(DIM, eps=eps) if residual is PreNorm else None
    return randomize(Encoder([encoder_layer(DIM, **settings) for _ in range(LAYERS)], norm=norm))


def our_decoder(*, layers=LAYERS):
    built = (decoder_layer(DIM, heads=HEADS, hidden=HIDDEN, bend=Relu()) for _ in range(layers))
    return randomize(Decoder(built, norm=None))


def copied(ours, state_of):
    state = {}
    for index, layer in enumerate(ours.stack.layers):
        state |= state_of(layer, f"layers.{index}.")
    return state | (norm_state(ours.stack.norm, "norm") if isinstance(ours.stack.norm, LayerNorm) else {})


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
@pytest.mark.parametrize(("residual", "norm_first"), [(PostNorm, False), (PreNorm, True)])
def test_encoders_are_torchs(residual, norm_first, eps):
    ours, tokens, real = our_encoder(residual, eps=eps), draw(BATCH, SOURCES, DIM), lengths_mask()
    theirs = torch_encoder(ours, norm_first=norm_first, eps=eps)
    torch.testing.assert_close(ours(tokens).outputs, theirs(tokens), rtol=1e-10, atol=1e-10)
    outputs, seen = ours(tokens, Given(allowed=real[:, None]))
    expected = theirs(tokens, src_key_padding_mask=~real)
    assert [layer[0].shape for layer in seen] == [(BATCH, HEADS, SOURCES, SOURCES)] * LAYERS
    torch.testing.assert_close(outputs, expected, rtol=1e-10, atol=1e-10)
    assert_same_gradients(ours, theirs, copied(ours, encoder_layer_state), outputs, expected)


def test_the_decoder_is_torchs_with_its_causal_mask():
    ours, tokens, memory = our_decoder(), draw(BATCH, TARGETS, DIM), draw(BATCH, SOURCES, DIM, seed=1)
    layer = nn.TransformerDecoderLayer(DIM, HEADS, HIDDEN, dropout=0.0, batch_first=True)
    theirs, real = nn.TransformerDecoder(layer, LAYERS).double(), lengths_mask()
    theirs.load_state_dict(copied(ours, decoder_layer_state))
    future = ~mask_from(causal, queries=TARGETS, keys=TARGETS)
    outputs, seen = ours(tokens, Given(source=memory, source_allowed=real[:, None]))
    expected = theirs(tokens, memory, tgt_mask=future, memory_key_padding_mask=~real)
    torch.testing.assert_close(outputs, expected, rtol=1e-10, atol=1e-10)
    for weights, source_weights, nothing in seen:
        assert weights.shape == (BATCH, HEADS, TARGETS, TARGETS) and nothing is None
        assert source_weights.shape == (BATCH, HEADS, TARGETS, SOURCES)
    assert_same_gradients(ours, theirs, copied(ours, decoder_layer_state), outputs, expected)


@pytest.mark.parametrize("residual", [PostNorm, PreNorm])
def test_fused_encoders_are_the_transparent_ones(residual, device):
    ours, tokens = our_encoder(residual).to(device), draw(BATCH, SOURCES, DIM).to(device)
    future, real = mask_from(causal, queries=SOURCES, keys=SOURCES).to(device), lengths_mask().to(device)[:, None]
    torch.testing.assert_close(ours.fused(tokens), ours(tokens).outputs)
    torch.testing.assert_close(ours.fused(tokens, Given(allowed=real)), ours(tokens, Given(allowed=real)).outputs)
    torch.testing.assert_close(ours.fused(tokens, Given(causal=True)), ours(tokens, Given(allowed=future)).outputs)


def test_the_fused_decoder_is_the_transparent_one(device):
    ours, tokens = our_decoder().to(device), draw(BATCH, TARGETS, DIM).to(device)
    memory, real = draw(BATCH, SOURCES, DIM, seed=1).to(device), lengths_mask().to(device)[:, None]
    expected = ours(tokens, Given(source=memory, source_allowed=real)).outputs
    torch.testing.assert_close(ours.fused(tokens, Given(source=memory, source_allowed=real)), expected)


# (b) Properties


def test_a_stack_is_its_layers_one_after_the_other():
    for residual in (PostNorm, PreNorm):
        ours, tokens = our_encoder(residual), draw(TARGETS, DIM)
        outputs, seen = ours(tokens)
        expected, rows = tokens, []
        for layer in ours.stack.layers:
            expected, shown = layer(expected)
            rows.append(shown)
        torch.testing.assert_close(outputs, ours.stack.norm(expected) if residual is PreNorm else expected)
        assert isinstance(seen, tuple) and len(seen) == LAYERS
        for ours_seen, row in zip(seen, rows, strict=True):
            torch.testing.assert_close(ours_seen[0], row[0])


def test_an_encoder_turns_the_order_of_its_outputs_with_that_of_its_inputs():
    order = torch.tensor([3, 0, 4, 1, 2])
    for residual in (PostNorm, PreNorm):
        ours, tokens = our_encoder(residual), draw(TARGETS, DIM)
        torch.testing.assert_close(ours(tokens[order]).outputs, ours(tokens).outputs[order])


def test_a_padded_batch_gives_what_the_single_sequences_give():
    ours, tokens, lengths = our_encoder(PreNorm), draw(BATCH, SOURCES, DIM), (7, 2, 4)
    padded = ours(tokens, Given(allowed=lengths_mask()[:, None])).outputs
    for index, length in enumerate(lengths):
        torch.testing.assert_close(padded[index, :length], ours(tokens[index, :length]).outputs)


def test_word_travels_as_far_as_influence_says():
    ours, tokens = our_encoder(PreNorm), draw(9, DIM)
    allowed = mask_from(sliding_window(2), queries=9, keys=9)
    changed = tokens.clone()
    changed[1] = draw(DIM, seed=1)
    moved = (ours(tokens, Given(allowed=allowed)).outputs - ours(changed, Given(allowed=allowed)).outputs).abs().amax(
        -1
    ) > 0
    assert moved.equal(influence(allowed, layers=LAYERS)[:, 1])


def test_the_mask_of_tokens_that_continue_a_sequence():
    whole = mask_from(causal, queries=7, keys=7)
    assert allowed_after(4, draw(3, DIM)).equal(whole[4:])
    assert allowed_after(0, draw(7, DIM)).equal(whole)
    assert allowed_after(6, draw(1, DIM)).tolist() == [[True] * 7]


# (c) Edges


def test_the_norm_of_a_stack_has_to_be_said():
    with pytest.raises(TypeError, match="norm"):
        Encoder([encoder_layer(DIM, heads=HEADS, hidden=HIDDEN)])


def test_one_token_and_an_empty_batch():
    for residual in (PostNorm, PreNorm):
        seen = our_encoder(residual)(draw(1, DIM)).seen
        assert [layer[0].tolist() for layer in seen] == [[[[1.0]]] * HEADS] * LAYERS
        assert our_encoder(residual)(draw(0, TARGETS, DIM)).outputs.shape == (0, TARGETS, DIM)
    assert our_decoder()(draw(0, TARGETS, DIM), Given(source=draw(0, SOURCES, DIM))).outputs.shape == (0, TARGETS, DIM)


# (d) Gradients


def test_gradients():
    leaves = (draw(2, DIM).requires_grad_(), draw(3, DIM, seed=1).requires_grad_())
    decoder = our_decoder(layers=2)
    assert torch.autograd.gradcheck(lambda tokens, source: decoder(tokens, Given(source=source)).outputs, leaves)
    encoder = our_encoder(PreNorm)
    assert torch.autograd.gradcheck(lambda leaf: encoder(leaf).outputs, leaves[0])


def test_no_gradient_comes_from_the_future():
    ours, tokens = our_decoder(), draw(TARGETS, DIM).requires_grad_()
    (gradient,) = torch.autograd.grad(ours(tokens, Given(source=draw(SOURCES, DIM, seed=1))).outputs[2].sum(), tokens)
    assert (gradient.abs().amax(-1) > 0).tolist() == [True, True, True, False, False]


# (e) The claim in miniature


def test_the_residual_stream_of_pre_norm_grows_and_the_last_normalization_answers_it():
    # Xiong et al., lemma 2: with pre-norm the expected squared norm of a token grows with every layer.
    layers = (encoder_layer(64, heads=2, hidden=128, residual=PreNorm) for _ in range(12))
    ours = Encoder(layers, norm=LayerNorm(64))
    initialize(ours, generator=torch.Generator().manual_seed(0))
    tokens, sizes = draw(50, 64, dtype=torch.float32), []
    outputs = ours(tokens).outputs
    for layer in ours.stack.layers:
        tokens = layer(tokens).outputs
        sizes.append(float(tokens.square().mean().detach()))
    assert sizes == sorted(sizes) and sizes[-1] > 3 * sizes[0]
    torch.testing.assert_close(outputs.square().mean().detach(), torch.tensor(1.0), rtol=0.01, atol=0)
