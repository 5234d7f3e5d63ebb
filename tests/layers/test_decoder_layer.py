"""The decoder layer against torch's own: self-attention, attention to the source, feed-forward network."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tests.layers.copied_weights import assert_same_gradients, decoder_layer_state, draw, parts_of, randomize
from transformer_edu.attention import causal, mask_from
from transformer_edu.costs import decoder_layer_cost
from transformer_edu.layers import Gelu, Given, Relu, decoder_layer

BATCH, TARGETS, SOURCES, HEADS, DIM, HIDDEN = 3, 5, 7, 2, 6, 11


def our_layer(*, dtype=torch.float64, eps=1e-5, bend=None):
    return randomize(decoder_layer(DIM, heads=HEADS, hidden=HIDDEN, eps=eps, bend=bend), dtype=dtype)


def torch_layer(ours, *, activation="gelu"):
    norm = parts_of(ours).attention_norm
    dtype, eps = norm.gain.dtype, norm.eps
    theirs = nn.TransformerDecoderLayer(
        DIM, HEADS, HIDDEN, dropout=0.0, activation=activation, layer_norm_eps=eps, batch_first=True, dtype=dtype
    )
    theirs.load_state_dict(decoder_layer_state(ours))
    return theirs


def inputs(*, dtype=torch.float64):
    """Return target tokens, memory, the causal mask, and which sources are real."""
    real = torch.arange(SOURCES) < torch.tensor([7, 2, 4])[:, None]
    future = mask_from(causal, queries=TARGETS, keys=TARGETS)
    return draw(BATCH, TARGETS, DIM, dtype=dtype), draw(BATCH, SOURCES, DIM, seed=1, dtype=dtype), future, real


# (a) Oracle


@pytest.mark.parametrize("eps", [1e-12, 0.3])
@pytest.mark.parametrize(("bend", "activation"), [(Gelu(), "gelu"), (Relu(), "relu")])
def test_outputs_and_gradients_are_torchs_with_masks(eps, bend, activation):
    ours = our_layer(eps=eps, bend=bend)
    theirs, (tokens, memory, allowed, real) = torch_layer(ours, activation=activation), inputs()
    outputs = ours(tokens, Given(source=memory, allowed=allowed, source_allowed=real[:, None])).outputs
    expected = theirs(tokens, memory, tgt_mask=~allowed, memory_key_padding_mask=~real)
    torch.testing.assert_close(outputs, expected, rtol=1e-11, atol=1e-11)
    assert_same_gradients(ours, theirs, decoder_layer_state(ours), outputs, expected)
    for leaf in (tokens.requires_grad_(), memory.requires_grad_()):
        outputs = ours(tokens, Given(source=memory, allowed=allowed, source_allowed=real[:, None])).outputs
        expected = theirs(tokens, memory, tgt_mask=~allowed, memory_key_padding_mask=~real)
        direction = draw(BATCH, TARGETS, DIM, seed=2)
        torch.testing.assert_close(
            torch.autograd.grad((outputs * direction).sum(), leaf),
            torch.autograd.grad((expected * direction).sum(), leaf),
            rtol=1e-9,
            atol=1e-9,
        )


def test_weights_are_those_of_torchs_two_attentions():
    ours, (tokens, memory, allowed, _) = our_layer(), inputs()
    theirs, attended = torch_layer(ours), ours(tokens, Given(source=memory, allowed=allowed))
    _, own = theirs.self_attn(tokens, tokens, tokens, attn_mask=~allowed, average_attn_weights=False)
    torch.testing.assert_close(attended.seen[0], own)
    middle = theirs.norm1(tokens + theirs.self_attn(tokens, tokens, tokens, attn_mask=~allowed)[0])
    _, across = theirs.multihead_attn(middle, memory, memory, average_attn_weights=False)
    torch.testing.assert_close(attended.seen[1], across)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 2e-5), (torch.bfloat16, 0.1)])
def test_less_precision_on_every_device(dtype, tolerance, device):
    ours, (tokens, memory, _, _) = our_layer(dtype=dtype), inputs(dtype=dtype)
    expected = torch_layer(ours)(tokens, memory)
    outputs = ours.to(device)(tokens.to(device), Given(source=memory.to(device))).outputs
    assert outputs.dtype == dtype
    torch.testing.assert_close(outputs.cpu(), expected, rtol=tolerance, atol=tolerance)


def test_the_fused_path_is_the_transparent_one(device):
    ours, (tokens, memory, allowed, real) = our_layer().to(device), (tensor.to(device) for tensor in inputs())
    torch.testing.assert_close(ours.fused(tokens, Given(source=memory)), ours(tokens, Given(source=memory)).outputs)
    expected = ours(tokens, Given(source=memory, allowed=allowed, source_allowed=real[:, None])).outputs
    for masks in ({"causal": True}, {"allowed": allowed}):
        torch.testing.assert_close(
            ours.fused(tokens, Given(source=memory, source_allowed=real[:, None], **masks)), expected
        )


# (b) Properties


def test_the_memory_has_no_order():
    ours, (tokens, memory, allowed, _) = our_layer(), inputs()
    order = torch.tensor([3, 0, 4, 1, 6, 2, 5])
    expected = ours(tokens, Given(source=memory, allowed=allowed))
    turned = ours(tokens, Given(source=memory[:, order], allowed=allowed))
    torch.testing.assert_close(turned.outputs, expected.outputs)
    torch.testing.assert_close(turned.seen[1], expected.seen[1][..., order])


def test_no_token_sees_the_future_with_the_causal_mask_and_it_does_without():
    ours, (tokens, memory, allowed, _) = our_layer(), inputs()
    changed = tokens.clone()
    changed[:, 3] += 1
    with_mask = (
        ours(tokens, Given(source=memory, allowed=allowed)).outputs
        - ours(changed, Given(source=memory, allowed=allowed)).outputs
    )
    assert (with_mask.abs().amax((0, 2)) > 0).tolist() == [False, False, False, True, True]
    without = ours(tokens, Given(source=memory)).outputs - ours(changed, Given(source=memory)).outputs
    assert (without.abs().amax((0, 2)) > 0).all()


def test_filler_in_the_source_changes_nothing():
    ours, (tokens, memory, allowed, real) = our_layer(), inputs()
    whole = ours(tokens, Given(source=memory, allowed=allowed, source_allowed=real[:, None])).outputs
    alone = ours(tokens[1], Given(source=memory[1, :2], allowed=allowed)).outputs
    torch.testing.assert_close(whole[1], alone)


# (c) Bad input and edges


def test_heads_must_share_the_width():
    with pytest.raises(ValueError, match=r"needs heads that divide dim=6 \(.*\), got heads=4\.$"):
        decoder_layer(DIM, heads=4, hidden=HIDDEN)


def test_one_token_one_source_and_an_empty_batch():
    ours = our_layer()
    attended = ours(draw(1, DIM), Given(source=draw(1, DIM, seed=1)))
    assert attended.seen[1].tolist() == attended.seen[0].tolist() == [[[1.0]]] * HEADS
    attended = ours(draw(0, TARGETS, DIM), Given(source=draw(0, SOURCES, DIM)))
    assert attended.outputs.shape == (0, TARGETS, DIM)
    assert attended.seen[1].shape == (0, HEADS, TARGETS, SOURCES)


def test_a_source_of_filler_alone_leaves_the_tokens_finite():
    ours, (tokens, memory, _, _) = our_layer(), inputs()
    nothing = torch.zeros(BATCH, 1, SOURCES, dtype=torch.bool)
    outputs, (_, source_weights, _) = ours(tokens, Given(source=memory, source_allowed=nothing))
    assert outputs.isfinite().all() and (source_weights == 0).all()


# (d) Gradients


def test_gradients():
    ours = our_layer()
    leaves = (draw(2, DIM).requires_grad_(), draw(3, DIM, seed=1).requires_grad_())
    assert torch.autograd.gradcheck(lambda tokens, memory: ours(tokens, Given(source=memory)).outputs, leaves)


def test_no_gradient_reaches_filler_in_the_source():
    ours, (tokens, memory, _, real) = our_layer(), inputs()
    memory.requires_grad_()
    outputs = ours(tokens, Given(source=memory, source_allowed=real[:, None])).outputs
    (gradient,) = torch.autograd.grad((outputs * draw(BATCH, TARGETS, DIM, seed=2)).sum(), memory)
    assert (gradient.abs().amax(-1) > 0).equal(real)


# (e) The claim in miniature: what a layer costs


def test_multiply_adds_as_torch_counts_them():
    ours, (tokens, memory, _, _) = our_layer(), inputs()
    with FlopCounterMode(display=False) as counter:
        ours(tokens, Given(source=memory))
    cost = decoder_layer_cost(targets=TARGETS, sources=SOURCES, dim=DIM, hidden=HIDDEN, heads=HEADS, batch=BATCH)
    assert counter.get_total_flops() == 2 * cost.multiply_adds
