"""The fused path: the same outputs, and the fast kernel is really the one that runs."""

import pytest
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from transformer_edu.attention import (
    MultiHeadAttention,
    all_of,
    causal,
    fused_attention,
    mask_from,
    padding,
    scaled_dot_product_attention,
)
from transformer_edu.costs import saved_bytes

BATCH, HEADS, QUERIES, KEYS, DIM = 2, 3, 5, 7, 4
FAST = "aten._scaled_dot_product_flash_attention_for_cpu.default"


class Kernels(TorchDispatchMode):
    """Write down which kernels run."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(str(function))
        return function(*args, **(kwargs or {}))


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def draw_inputs(*batch, value_dim=DIM, dtype=torch.float64):
    """Return queries, keys and values."""
    shapes = ((QUERIES, DIM), (KEYS, DIM), (KEYS, value_dim))
    return [draw(*batch, *shape, seed=seed, dtype=dtype) for seed, shape in enumerate(shapes)]


def draw_mask(*shape, seed=10):
    """Return a random mask in which the first query may look at nothing, the second at one key, the third at all."""
    allowed = torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    allowed[..., 0, :], allowed[..., 1, :], allowed[..., 2, :] = False, False, True
    allowed[..., 1, 3] = True
    return allowed


def masks(*batch):
    """Return masks of every shape that fits, none included."""
    shapes = [(), *([(*batch,)] if batch else []), *([(batch[0], *(1 for _ in batch[1:]))] if batch else [])]
    return [None, *(draw_mask(*shape, QUERIES, KEYS) for shape in shapes)]


# (a) Oracle: the transparent path, itself compared with torch


@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize("batch", [(), (BATCH,), (BATCH, HEADS), (2, BATCH, HEADS), (2, 1, BATCH, HEADS)])
def test_outputs_are_those_of_the_transparent_path(batch, scale):
    for value_dim in (DIM, 6):
        inputs = draw_inputs(*batch, value_dim=value_dim)
        for allowed in masks(*batch):
            expected = scaled_dot_product_attention(*inputs, allowed=allowed, scale=scale).outputs
            torch.testing.assert_close(fused_attention(*inputs, allowed=allowed, scale=scale), expected)


@pytest.mark.parametrize("batch", [(), (BATCH,), (BATCH, HEADS)])
def test_causal_is_the_causal_mask(batch):
    inputs, rule = draw_inputs(*batch), mask_from(causal, queries=QUERIES, keys=KEYS)
    expected = scaled_dot_product_attention(*inputs, allowed=rule).outputs
    torch.testing.assert_close(fused_attention(*inputs, causal=True), expected)
    for allowed in masks(*batch)[1:]:
        expected = scaled_dot_product_attention(*inputs, allowed=allowed & rule).outputs
        torch.testing.assert_close(fused_attention(*inputs, allowed=allowed, causal=True), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_every_type_on_every_device(dtype, device):
    inputs = [tensor.to(device, dtype) for tensor in draw_inputs(BATCH, HEADS)]
    allowed = draw_mask(BATCH, 1, QUERIES, KEYS).to(device)
    for mask, is_causal in ((None, False), (None, True), (allowed, False), (allowed, True)):
        got = fused_attention(*inputs, allowed=mask, causal=is_causal)
        wide = fused_attention(
            *(tensor.double().cpu() for tensor in inputs),
            allowed=None if mask is None else mask.cpu(),
            causal=is_causal,
        )
        assert got.dtype == dtype
        assert got.device == inputs[0].device
        # The kernel rounds the weights to half precision before it mixes the values.
        tolerance = 3 * torch.finfo(dtype).eps
        torch.testing.assert_close(got.double().cpu(), wide, rtol=tolerance, atol=tolerance)


# (b) The fast kernel is taken


def transposed(tensor):
    """Return the same numbers, with the last two axes in the other order in memory."""
    return tensor.mT.contiguous().mT


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("batch", [(), (BATCH,), (BATCH, HEADS), (2, BATCH, HEADS)])
def test_the_fast_kernel_runs(batch, dtype):
    inputs = draw_inputs(*batch, dtype=dtype)
    cases = [(inputs, mask, is_causal) for mask in masks(*batch) for is_causal in (False, True)]
    cases.append(([transposed(tensor) for tensor in inputs], None, False))
    cases.append(([tensor.clone().requires_grad_() for tensor in inputs], draw_mask(QUERIES, KEYS), False))
    for tensors, mask, is_causal in cases:
        with Kernels() as kernels:
            fused_attention(*tensors, allowed=mask, causal=is_causal)
        assert kernels.names.count(FAST) == 1
        assert not [name for name in kernels.names if "softmax" in name or "bmm" in name]


@pytest.mark.parametrize("shape", [(QUERIES, KEYS), (HEADS, 1, KEYS), (HEADS, QUERIES, KEYS), (BATCH, 1, 1, 1)])
def test_a_bias_is_torchs_mask_of_numbers(shape):
    inputs, bias = draw_inputs(BATCH, HEADS), draw(*shape, seed=7)
    theirs = functional.scaled_dot_product_attention(*inputs, attn_mask=bias.expand(BATCH, HEADS, QUERIES, KEYS))
    torch.testing.assert_close(fused_attention(*inputs, bias=bias), theirs)
    torch.testing.assert_close(scaled_dot_product_attention(*inputs, bias=bias).outputs, theirs)
    for allowed in masks(BATCH, HEADS):
        for is_causal in (False, True):
            rule = mask_from(causal, queries=QUERIES, keys=KEYS) if is_causal else torch.ones(QUERIES, KEYS) > 0
            both = rule if allowed is None else allowed & rule
            plain = scaled_dot_product_attention(*inputs, allowed=both, bias=bias).outputs
            torch.testing.assert_close(fused_attention(*inputs, allowed=allowed, causal=is_causal, bias=bias), plain)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_bias_is_not_rounded_to_half_precision(dtype):
    # A bias of about 100 has steps of 0.5 in bfloat16: rounded there, weights would be off by half of themselves.
    inputs, bias = draw_inputs(BATCH, HEADS, dtype=dtype), 100 + draw(HEADS, QUERIES, KEYS, seed=7, dtype=torch.float32)
    exact = scaled_dot_product_attention(*(tensor.double() for tensor in inputs), bias=bias.double()).outputs
    found, eps = fused_attention(*inputs, bias=bias), torch.finfo(dtype).eps
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), exact, rtol=eps, atol=1e-4)


def test_a_bias_that_is_wider_than_the_queries_leaves_their_type():
    inputs, bias = draw_inputs(BATCH, HEADS, dtype=torch.float32), draw(HEADS, QUERIES, KEYS, seed=7)
    plain = scaled_dot_product_attention(*inputs, bias=bias)
    assert plain.outputs.dtype == plain.weights.dtype == torch.float32
    torch.testing.assert_close(fused_attention(*inputs, bias=bias), plain.outputs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_fast_kernel_runs_with_a_bias(dtype):
    with Kernels() as kernels:
        fused_attention(*draw_inputs(BATCH, HEADS, dtype=dtype), bias=draw(HEADS, QUERIES, KEYS, dtype=torch.float32))
    assert kernels.names.count(FAST) == 1
    assert not [name for name in kernels.names if "softmax" in name or "bmm" in name]


def test_the_test_above_can_fail():
    for tensors in (draw_inputs(BATCH), draw_inputs(2, BATCH, HEADS), draw_inputs(BATCH, HEADS, value_dim=6)):
        with Kernels() as kernels:
            functional.scaled_dot_product_attention(*tensors)
        assert FAST not in kernels.names


def test_heads_are_not_copied():
    # split_heads returns views; with four axes there is nothing to fold and nothing to copy.
    layer, tokens = MultiHeadAttention(12, heads=HEADS), draw(BATCH, QUERIES, 12, dtype=torch.float32)
    with Kernels() as kernels:
        layer.fused(tokens)
    assert kernels.names.count(FAST) == 1
    assert not [name for name in kernels.names if "clone" in name or "copy" in name or "softmax" in name]


# (c) Bad input and edges


def test_no_allowed_key_gives_zeros():
    for batch in ((), (BATCH,), (BATCH, HEADS), (2, BATCH, HEADS)):
        for allowed in masks(*batch)[1:]:
            assert (fused_attention(*draw_inputs(*batch), allowed=allowed)[..., 0, :] == 0).all()
    # A row may also lose its last key to the causal mask.
    late = torch.ones(QUERIES, KEYS, dtype=torch.bool).triu(1)
    assert (fused_attention(*draw_inputs(BATCH), allowed=late, causal=True) == 0).all()


@pytest.mark.parametrize("shape", [(1, 7), (5, 1), (3, 1, 7), (2, 1, 1, 7), (1, 3, 5, 1), (1, 1, 1, 1)])
def test_a_mask_is_stretched(shape):
    inputs = draw_inputs(BATCH, HEADS)
    allowed = torch.rand(shape, generator=torch.Generator().manual_seed(3)) < 0.5
    for is_causal in (False, True):
        expected = fused_attention(
            *inputs, allowed=allowed.expand(BATCH, HEADS, QUERIES, KEYS).clone(), causal=is_causal
        )
        torch.testing.assert_close(fused_attention(*inputs, allowed=allowed, causal=is_causal), expected)


@pytest.mark.usefixtures("unchecked")
def test_what_does_not_fit_is_refused():
    queries, keys, values = draw_inputs(BATCH)
    with pytest.raises(
        ValueError, match=r"^check_shapes needs keys as wide .*head_dim=4\), got keys.shape=\(2, 7, 3\)\.$"
    ):
        fused_attention(queries, keys[..., :3], values)
    with pytest.raises(ValueError, match=r"^check_shapes needs one value .*, got values.shape=\(2, 6, 4\)\.$"):
        fused_attention(queries, keys, values[:, :6])
    with pytest.raises(ValueError, match=r"at least one key \(there are 0 keys\), got values.shape=\(2, 0, 4\)\.$"):
        fused_attention(queries, keys[:, :0], values[:, :0])
    with pytest.raises(ValueError, match=r"\(2, 5, 7\)\), got allowed.shape=\(7, 5\)\.$"):
        fused_attention(queries, keys, values, allowed=torch.ones(KEYS, QUERIES, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"needs Booleans .* got allowed.dtype=torch.float64\.$"):
        fused_attention(queries, keys, values, allowed=torch.zeros(QUERIES, KEYS).double())


def test_edges():
    queries, keys, values = draw_inputs(BATCH)
    torch.testing.assert_close(
        fused_attention(queries, keys[:, :1], values[:, :1]), values[:, :1].expand(2, QUERIES, DIM)
    )
    assert fused_attention(queries[:0], keys[:0], values[:0]).shape == (0, QUERIES, DIM)
    assert fused_attention(queries[:0], keys[:0], values[:0], allowed=draw_mask(QUERIES, KEYS)).shape == (
        0,
        QUERIES,
        DIM,
    )


# (d) Gradients


@pytest.mark.parametrize("batch", [(), (BATCH,), (BATCH, HEADS)])
def test_gradients_are_those_of_the_transparent_path(batch):
    for allowed in masks(*batch):
        inputs = [tensor.requires_grad_() for tensor in draw_inputs(*batch)]
        direction = draw(*batch, QUERIES, DIM, seed=4)
        ours = torch.autograd.grad((fused_attention(*inputs, allowed=allowed) * direction).sum(), inputs)
        transparent = scaled_dot_product_attention(*inputs, allowed=allowed).outputs
        torch.testing.assert_close(ours, torch.autograd.grad((transparent * direction).sum(), inputs))


def test_gradcheck():
    inputs = [tensor.requires_grad_() for tensor in draw_inputs(BATCH)]
    allowed = draw_mask(BATCH, QUERIES, KEYS)
    assert torch.autograd.gradcheck(lambda *inputs: fused_attention(*inputs, allowed=allowed), inputs)
    assert torch.autograd.gradcheck(lambda *inputs: fused_attention(*inputs, causal=True), inputs)


# (e) The paper's claim in miniature: exact attention, and no table


def test_the_table_is_never_built():
    # 2 heads, 1024 tokens: a table has 2 · 1024² numbers. The fused path makes no tensor larger than its inputs.
    tokens = draw(2, 1024, 8, dtype=torch.float32)
    for function, largest in ((fused_attention, tokens.numel()), (scaled_dot_product_attention, 2 * 1024**2)):
        with Sizes() as sizes:
            function(tokens, tokens, tokens)
        assert max(sizes.numbers) == largest


def test_a_mask_is_not_copied_for_each_head_and_query():
    # Padding has a row of 512 numbers a text; a table for 4 heads has 2048 times as many. A bias is kept once a head.
    texts, count, heads, dim = 2, 512, 4, 16
    layer = MultiHeadAttention(dim, heads=heads)
    tokens = draw(texts, count, dim, dtype=torch.float32)
    real = mask_from(padding(torch.tensor([count, 300])), queries=1, keys=count)
    without = saved_bytes(layer.fused, tokens)
    added = saved_bytes(lambda tokens: layer.fused(tokens, allowed=real), tokens) - without
    outputs = 4 * tokens.numel()  # once more, with those of lost queries set to 0
    assert added <= outputs + 2 * 4 * texts * count, "a row of numbers a text"
    square = real.expand(texts, count, count) & mask_from(causal, queries=count, keys=count)
    added = saved_bytes(lambda tokens: layer.fused(tokens, allowed=square), tokens) - without
    assert 4 * texts * count**2 <= added <= outputs + 4.5 * texts * count**2, "once for all heads"
    inputs, bias = [draw(texts, heads, count, 4, dtype=torch.float32)] * 3, draw(heads, count, count)
    added = saved_bytes(lambda *given: fused_attention(*given, bias=bias), *inputs)
    added -= saved_bytes(fused_attention, *inputs)
    assert added <= 4.5 * heads * count**2, "once for all texts"


class Sizes(TorchDispatchMode):
    """Write down how many numbers each new tensor holds."""

    def __init__(self):
        super().__init__()
        self.numbers = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        made = result if isinstance(result, tuple) else (result,)
        self.numbers += [tensor.numel() for tensor in made if isinstance(tensor, torch.Tensor)]
        return result


def test_padding_and_causal_together():
    tokens = draw(3, 6, DIM)
    rule = all_of(causal, padding(torch.tensor([6, 0, 2])))
    allowed = mask_from(rule, queries=6, keys=6)
    expected = scaled_dot_product_attention(tokens, tokens, tokens, allowed=allowed).outputs
    torch.testing.assert_close(fused_attention(tokens, tokens, tokens, allowed=allowed), expected)
    filler = mask_from(padding(torch.tensor([6, 0, 2])), queries=6, keys=6)
    torch.testing.assert_close(fused_attention(tokens, tokens, tokens, allowed=filler, causal=True), expected)
