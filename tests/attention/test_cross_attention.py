"""Looking at another sequence: inter-attention, a memory of another width, a memory that is projected once."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from transformer_edu.attention import (
    Attended,
    MultiHeadAttention,
    Projected,
    causal,
    inter_attention,
    mask_from,
    multi_head_attention,
    padding,
    parameter_free_attention,
)

BATCH, QUERIES, KEYS, HEADS, DIM, MEMORY_DIM = 2, 5, 7, 3, 12, 10
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def pair(*, heads=HEADS, memory_dim=DIM, dtype=torch.float32, bias=True):
    """Return a layer of ours and torch's with the same random numbers in every parameter."""
    ours = MultiHeadAttention(DIM, heads=heads, memory_dim=memory_dim, bias=bias).to(dtype)
    for seed, parameter in enumerate(ours.parameters(), start=100):
        parameter.data = draw(*parameter.shape, seed=seed, dtype=dtype) / 2
    theirs = nn.MultiheadAttention(DIM, heads, bias=bias, kdim=memory_dim, vdim=memory_dim, batch_first=True).to(dtype)
    weights = [layer.weight.detach() for layer in (ours.query, ours.key, ours.value)]
    if memory_dim == DIM:
        theirs.in_proj_weight.data = torch.cat(weights)
    else:
        theirs.q_proj_weight.data, theirs.k_proj_weight.data, theirs.v_proj_weight.data = weights
    theirs.out_proj.weight.data = ours.output.weight.detach()
    if bias:
        theirs.in_proj_bias.data = torch.cat([layer.bias.detach() for layer in (ours.query, ours.key, ours.value)])
        theirs.out_proj.bias.data = ours.output.bias.detach()
    return ours, theirs


def in_our_order(theirs):
    """Return the gradients of torch's layer in the order of our parameters."""
    stacked = theirs.in_proj_weight is not None
    apart = (theirs.q_proj_weight, theirs.k_proj_weight, theirs.v_proj_weight)
    weights = theirs.in_proj_weight.grad.chunk(3) if stacked else [weight.grad for weight in apart]
    biases = theirs.in_proj_bias.grad.chunk(3)
    three = [gradient for both in zip(weights, biases, strict=True) for gradient in both]
    return [*three, theirs.out_proj.weight.grad, theirs.out_proj.bias.grad]


# (a) Oracle


def cases():
    """Return self- and cross-attention with their masks: (memory_dim, memory, allowed)."""
    memory = draw(BATCH, KEYS, DIM, seed=1)
    other = draw(BATCH, KEYS, MEMORY_DIM, seed=2)
    future = mask_from(causal, queries=QUERIES, keys=QUERIES)
    real = mask_from(padding(torch.tensor([KEYS, 3])), queries=QUERIES, keys=KEYS)
    return {
        "self": (DIM, None, None),
        "causal self": (DIM, None, future),
        "cross": (DIM, memory, None),
        "cross, padded": (DIM, memory, real),
        "cross, another width, padded": (MEMORY_DIM, other, real),
    }


@pytest.mark.parametrize("heads", [1, 4])
@pytest.mark.parametrize("case", list(cases()))
def test_outputs_weights_and_every_gradient_are_torchs(case, heads):
    memory_dim, memory, allowed = cases()[case]
    ours, theirs = pair(heads=heads, memory_dim=memory_dim, dtype=torch.float64)
    inputs = [draw(BATCH, QUERIES, DIM).requires_grad_()]
    inputs += [] if memory is None else [memory.requires_grad_()]
    direction = draw(BATCH, QUERIES, DIM, seed=9)
    blocked = None if allowed is None else (~allowed).expand(BATCH, QUERIES, inputs[-1].shape[1])
    each = None if blocked is None else blocked.repeat_interleave(heads, dim=0)
    seen = inputs[-1]
    outputs, weights = theirs(inputs[0], seen, seen, attn_mask=each, average_attn_weights=False)
    (outputs * direction).sum().backward()
    wanted = [tensor.grad for tensor in inputs]
    for path in (lambda: ours(*inputs, allowed=allowed).outputs, lambda: ours.fused(*inputs, allowed=allowed)):
        torch.testing.assert_close(path(), outputs)
        got = torch.autograd.grad((path() * direction).sum(), [*inputs, *ours.parameters()])
        for gradient, want in zip(got, [*wanted, *in_our_order(theirs)], strict=True):
            torch.testing.assert_close(gradient, want)
    torch.testing.assert_close(ours(*inputs, allowed=allowed).weights, weights)


def test_torchs_decoder_layer_looks_at_its_memory_so():
    ours, theirs = pair(heads=4)
    layer = nn.TransformerDecoderLayer(DIM, 4, dim_feedforward=8, dropout=0.0, batch_first=True)
    layer.multihead_attn.load_state_dict(theirs.state_dict())
    tokens, memory = draw(BATCH, QUERIES, DIM).float(), draw(BATCH, KEYS, DIM, seed=1).float()
    real = mask_from(padding(torch.tensor([KEYS, 3])), queries=1, keys=KEYS)
    expected = layer._mha_block(tokens, memory, None, ~real[:, 0])
    torch.testing.assert_close(ours(tokens, memory, allowed=real).outputs, expected, **TOLERANCE)


def test_inter_attention_is_torchs_without_a_scale():
    tokens, memory = draw(BATCH, QUERIES, 4), draw(BATCH, KEYS, 4, seed=1)
    outputs, weights = inter_attention(tokens, memory)
    torch.testing.assert_close(outputs, functional.scaled_dot_product_attention(tokens, memory, memory, scale=1.0))
    torch.testing.assert_close(weights, torch.softmax(tokens @ memory.mT, dim=-1))


def test_the_formula_takes_a_memory_of_another_width():
    ours, _ = pair(memory_dim=MEMORY_DIM, dtype=torch.float64, bias=False)
    tokens, memory = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, MEMORY_DIM, seed=1)
    matrices = [layer.weight.T for layer in (ours.query, ours.key, ours.value, ours.output)]
    torch.testing.assert_close(multi_head_attention(tokens, memory, *matrices, heads=HEADS), ours(tokens, memory))


# (b) Properties and limits


def test_the_order_of_the_memory_does_not_matter():
    ours, _ = pair(memory_dim=MEMORY_DIM, dtype=torch.float64)
    tokens, memory, order = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, MEMORY_DIM, seed=1), [3, 0, 6, 1, 5, 2, 4]
    allowed = torch.rand(BATCH, QUERIES, KEYS, generator=torch.Generator().manual_seed(4)) < 0.6
    before, after = ours(tokens, memory, allowed=allowed), ours(tokens, memory[:, order], allowed=allowed[..., order])
    torch.testing.assert_close(after, Attended(before.outputs, before.weights[..., order]))
    torch.testing.assert_close(ours.fused(tokens, memory[:, order]), ours(tokens, memory).outputs)
    assert (ours(tokens, memory[:, order], allowed=allowed).outputs - before.outputs).abs().max() > 0.1


def test_the_order_of_the_tokens_matters_once_positions_are_added():
    ours, _ = pair(dtype=torch.float64)
    tokens, positions, order = draw(QUERIES, DIM), draw(QUERIES, DIM, seed=3), torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(ours(tokens[order]).outputs, ours(tokens).outputs[order], rtol=0, atol=1e-14)
    pooled = ours(tokens).outputs.mean(0)
    torch.testing.assert_close(ours(tokens[order]).outputs.mean(0), pooled, rtol=0, atol=1e-14)
    moved = ours(tokens[order] + positions).outputs - ours(tokens + positions).outputs[order]
    assert moved.abs().max() > 0.1
    allowed = mask_from(causal, queries=QUERIES, keys=QUERIES)  # a mask about places breaks the symmetry too
    moved = ours(tokens[order], allowed=allowed).outputs - ours(tokens, allowed=allowed).outputs[order]
    assert moved.abs().max() > 0.1


def test_a_memory_projected_once_is_the_memory():
    ours, _ = pair(memory_dim=MEMORY_DIM, dtype=torch.float64)
    tokens, memory = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, MEMORY_DIM, seed=1)
    projected = ours.project(memory)
    assert projected.keys.shape == projected.values.shape == (BATCH, HEADS, KEYS, DIM // HEADS)
    allowed = mask_from(padding(torch.tensor([KEYS, 3])), queries=QUERIES, keys=KEYS)
    for mask in (None, allowed):
        torch.testing.assert_close(ours(tokens, projected, allowed=mask), ours(tokens, memory, allowed=mask))
        torch.testing.assert_close(
            ours.fused(tokens, projected, allowed=mask), ours.fused(tokens, memory, allowed=mask)
        )
    calls = []
    ours.key.register_forward_hook(lambda *_: calls.append("key"))
    for place in range(QUERIES):
        ours(tokens[:, place : place + 1], projected)
    assert calls == []


def test_tokens_that_come_one_by_one_get_what_they_get_all_at_once():
    ours, _ = pair(dtype=torch.float64)
    tokens = draw(BATCH, QUERIES, DIM)
    whole = ours(tokens, allowed=mask_from(causal, queries=QUERIES, keys=QUERIES)).outputs
    past = ours.project(tokens[:, :0])
    for place in range(QUERIES):
        token = tokens[:, place : place + 1]
        past = Projected(*(torch.cat(parts, dim=-2) for parts in zip(past, ours.project(token), strict=True)))
        torch.testing.assert_close(ours(token, past).outputs, whole[:, place : place + 1], rtol=0, atol=1e-10)


def test_inter_attention_with_itself_and_with_one_token():
    tokens, memory = draw(BATCH, QUERIES, 4), draw(BATCH, 1, 4, seed=1)
    torch.testing.assert_close(inter_attention(tokens, tokens), parameter_free_attention(tokens))
    torch.testing.assert_close(inter_attention(tokens, memory).outputs, memory.expand(BATCH, QUERIES, 4))
    outputs = inter_attention(1000 * tokens, draw(BATCH, KEYS, 4, seed=2)).outputs  # the end of a long query is one key
    nearest = (tokens @ draw(BATCH, KEYS, 4, seed=2).mT).argmax(-1)
    torch.testing.assert_close(outputs, draw(BATCH, KEYS, 4, seed=2).gather(1, nearest[..., None].expand(-1, -1, 4)))


@pytest.mark.parametrize("path", ["transparent", "fused"])
def test_a_future_token_changes_nothing_before_it_to_the_last_bit(path):
    ours, _ = pair(dtype=torch.float64)
    tokens, allowed = draw(BATCH, QUERIES, DIM), mask_from(causal, queries=QUERIES, keys=QUERIES)
    look = {
        "transparent": lambda tokens: ours(tokens, allowed=allowed).outputs,
        "fused": lambda tokens: ours.fused(tokens, causal=True),
    }[path]
    for place in range(QUERIES):
        changed = tokens.clone()
        changed[:, place] += 100
        same = (look(changed) == look(tokens)).all(-1)
        assert same.equal((torch.arange(QUERIES) < place).expand(BATCH, QUERIES))


# (c) Bad input and edges


@pytest.mark.usefixtures("unchecked")
def test_a_memory_of_the_wrong_width_is_refused():
    ours, _ = pair(memory_dim=MEMORY_DIM)
    for memory in (torch.zeros(BATCH, KEYS, DIM), None):
        with pytest.raises(ValueError, match=r"^MultiHeadAttention needs a memory of width 10 \(.*12\)\.$"):
            ours(torch.zeros(BATCH, QUERIES, DIM), memory)
    with pytest.raises(ValueError, match=r"^check_shapes needs keys as wide as the queries \(.*\), got keys.shape="):
        inter_attention(torch.zeros(QUERIES, 4), torch.zeros(KEYS, 3))
    with pytest.raises(ValueError, match=r"^check_shapes needs keys as wide as the queries \(.*\), got keys.shape="):
        inter_attention(torch.zeros(QUERIES, 4), torch.zeros(KEYS, 1))


@pytest.mark.parametrize("memory_dim", [0, -2])
def test_memory_dim_must_be_positive(memory_dim):
    with pytest.raises(
        ValueError, match=rf"^MultiHeadAttention needs memory_dim >= 1 \(.*\), got memory_dim={memory_dim}\.$"
    ):
        MultiHeadAttention(DIM, heads=HEADS, memory_dim=memory_dim)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_edges(dtype, device):
    ours = pair(memory_dim=MEMORY_DIM, dtype=dtype)[0].to(device)
    one = ours(draw(1, DIM, dtype=dtype).to(device), draw(1, MEMORY_DIM, seed=1, dtype=dtype).to(device))
    assert one.outputs.shape == (1, DIM)
    assert one.weights.tolist() == [[[1]]] * HEADS
    assert one.outputs.dtype == dtype
    empty = ours(draw(0, QUERIES, DIM, dtype=dtype).to(device), draw(0, KEYS, MEMORY_DIM, dtype=dtype).to(device))
    assert empty.weights.shape == (0, HEADS, QUERIES, KEYS)
    tokens = 300 * torch.ones(2, 1, dtype=dtype, device=device)
    assert inter_attention(tokens, tokens).outputs.equal(tokens)  # scores of 90 000 do not fit into float16


# (d) Gradients


def test_gradients_reach_tokens_and_memory():
    ours, _ = pair(memory_dim=MEMORY_DIM, dtype=torch.float64)
    inputs = [draw(3, DIM).requires_grad_(), draw(4, MEMORY_DIM, seed=1).requires_grad_()]
    assert torch.autograd.gradcheck(lambda tokens, memory: tuple(ours(tokens, memory)), inputs)
    assert torch.autograd.gradcheck(lambda tokens, memory: tuple(ours(tokens, ours.project(memory))), inputs)
    small = [draw(3, 2).requires_grad_(), draw(4, 2, seed=1).requires_grad_()]
    assert torch.autograd.gradcheck(lambda tokens, memory: tuple(inter_attention(tokens, memory)), small)


@pytest.mark.parametrize("path", ["transparent", "fused"])
def test_filler_has_no_gradient_and_no_say(path):
    ours, _ = pair(memory_dim=MEMORY_DIM, dtype=torch.float64)
    tokens, memory = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, MEMORY_DIM, seed=1).requires_grad_()
    allowed = mask_from(padding(torch.tensor([KEYS, 3])), queries=QUERIES, keys=KEYS)

    def look(memory):
        if path == "fused":
            return ours.fused(tokens, memory, allowed=allowed)
        return ours(tokens, memory, allowed=allowed).outputs

    (gradient,) = torch.autograd.grad((look(memory) * draw(BATCH, QUERIES, DIM, seed=9)).sum(), memory)
    assert (gradient[1, 3:] == 0).all()
    assert (gradient[0] != 0).all() and (gradient[1, :3] != 0).all()
    changed = memory.detach().clone()
    changed[1, 3:] = 1e6
    assert look(changed).equal(look(memory))


# (e) The paper's claim in miniature


def test_every_query_may_look_at_every_place_of_the_source():
    # Vaswani et al., section 3.2.3: "This allows every position in the decoder to attend over all positions in the
    # input sequence", also later ones; there need not be as many queries as keys. The outputs are made of the source
    # alone: in the span of its tokens, whatever the queries are.
    tokens, memory = draw(9, 16), draw(3, 16, seed=1)
    outputs, weights = inter_attention(tokens, memory)
    assert weights.shape == (9, 3) and (weights > 0).all()
    onto = torch.linalg.pinv(memory) @ memory
    torch.testing.assert_close(outputs @ onto, outputs)
    assert (tokens @ onto - tokens).abs().max() > 1
