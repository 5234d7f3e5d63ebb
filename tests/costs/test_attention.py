"""What multi-head attention costs, against torch's own counter and the bytes of real tensors."""

import pytest
import torch

from tests.flops import counted
from transformer_edu.attention import MultiHeadAttention, merge_heads, scaled_dot_product_attention, split_heads
from transformer_edu.costs import attention_cost

BATCH, QUERIES, KEYS, HEADS, DIM = 2, 5, 7, 3, 12


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def project(layer, tokens, memory):
    """Return the queries, keys and values of all heads."""
    projected = (layer.query(tokens), layer.key(memory), layer.value(memory))
    return [split_heads(tensor, heads=HEADS) for tensor in projected]


# (a) Oracle


@pytest.mark.parametrize("bias", [True, False])
def test_multiply_adds_are_half_of_torchs_flops(bias):
    ours, tokens = MultiHeadAttention(DIM, heads=HEADS, bias=bias).double(), draw(BATCH, QUERIES, DIM)
    memory = draw(BATCH, KEYS, DIM, seed=1)
    itself = attention_cost(queries=QUERIES, keys=QUERIES, dim=DIM, heads=HEADS, batch=BATCH)
    cross = attention_cost(queries=QUERIES, keys=KEYS, dim=DIM, heads=HEADS, batch=BATCH)
    assert counted(lambda: ours(tokens)) == counted(lambda: ours.fused(tokens)) == 2 * itself.multiply_adds
    assert (
        counted(lambda: ours(tokens, memory)) == counted(lambda: ours.fused(tokens, memory)) == 2 * cross.multiply_adds
    )


def test_each_term_of_the_cost():
    cost = attention_cost(queries=QUERIES, keys=KEYS, dim=DIM, heads=HEADS, batch=BATCH)
    ours, tokens, memory = (
        MultiHeadAttention(DIM, heads=HEADS).double(),
        draw(BATCH, QUERIES, DIM),
        draw(BATCH, KEYS, DIM, seed=1),
    )
    queries, keys, values = project(ours, tokens, memory)
    mixed = scaled_dot_product_attention(queries, keys, values)
    projections = counted(lambda: (project(ours, tokens, memory), ours.output(merge_heads(mixed.outputs))))
    assert projections == 2 * cost.projections
    assert counted(lambda: queries @ keys.mT) == 2 * cost.scores
    assert counted(lambda: mixed.weights @ values) == 2 * cost.mixing
    assert cost.exponentials == mixed.weights.numel()
    assert cost.multiply_adds == cost.projections + cost.scores + cost.mixing


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_bytes_are_those_of_the_tensors(dtype):
    cost = attention_cost(
        queries=QUERIES, keys=KEYS, dim=DIM, heads=HEADS, batch=BATCH, bytes_per_number=dtype.itemsize
    )
    ours = MultiHeadAttention(DIM, heads=HEADS, bias=False).to(dtype)
    tokens, memory = draw(BATCH, QUERIES, DIM, dtype=dtype), draw(BATCH, KEYS, DIM, seed=1, dtype=dtype)
    queries, keys, values = project(ours, tokens, memory)
    outputs, weights = scaled_dot_product_attention(queries, keys, values)
    assert cost.parameter_bytes == sum(parameter.nbytes for parameter in ours.parameters())
    assert cost.projected_bytes == sum(tensor.nbytes for tensor in (queries, keys, values, merge_heads(outputs)))
    assert cost.table_bytes == weights.nbytes


@pytest.mark.parametrize("few", [1, 2, 6])
def test_fewer_heads_of_keys_and_values(few):
    size = {"queries": QUERIES, "keys": KEYS, "dim": DIM, "heads": 6, "batch": BATCH, "bytes_per_number": 8}
    cost = attention_cost(key_value_heads=few, **size)
    ours = MultiHeadAttention(DIM, heads=6, key_value_heads=few, bias=False).double()
    tokens, memory = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, DIM, seed=1)
    assert counted(lambda: ours(tokens, memory)) == 2 * cost.multiply_adds
    assert cost.parameters == sum(parameter.numel() for parameter in ours.parameters())
    kept = ours.project(memory)
    assert (
        counted(lambda: ours(tokens, kept)) == 2 * attention_cost(key_value_heads=few, kept=KEYS, **size).multiply_adds
    )
    seen = [ours.query(tokens), ours.key(memory), ours.value(memory), tokens]
    assert cost.projected_bytes == sum(tensor.nbytes for tensor in seen)


# (b) Properties


def test_where_attention_is_quadratic():
    def cost(tokens):
        return attention_cost(queries=tokens, keys=tokens, dim=64, heads=4)

    assert cost(128).projections == cost(128).scores + cost(128).mixing  # the two parts are equal at n = 2 dim
    assert cost(127).projections > cost(127).scores + cost(127).mixing
    assert cost(2048).table_bytes == 4 * cost(1024).table_bytes
    many = attention_cost(queries=128, keys=128, dim=64, heads=16)
    assert many.multiply_adds == cost(128).multiply_adds
    assert many.table_bytes == 4 * cost(128).table_bytes


# (c) Bad input


@pytest.mark.parametrize("name", ["queries", "keys", "dim", "heads", "key_value_heads", "batch", "bytes_per_number"])
def test_counts_must_be_positive(name):
    counts = {"queries": 5, "keys": 7, "dim": 12, "heads": 3, "batch": 2, "bytes_per_number": 4}
    counts |= {name: 0}
    with pytest.raises(ValueError, match=rf"^attention_cost needs {name} >= 1 \(.*\), got {name}=0\.$"):
        attention_cost(**counts)


def test_cost_needs_heads_that_divide_dim():
    with pytest.raises(ValueError, match=r"^attention_cost needs heads that divide dim=12 \(.*\), got heads=5\.$"):
        attention_cost(queries=5, keys=7, dim=12, heads=5)


def test_groups_of_heads_are_alike_and_kept_keys_are_keys():
    size = {"queries": 5, "keys": 7, "dim": 12, "heads": 6}
    told = r"^attention_cost needs key_value_heads that divide heads=6 \(.*\), got key_value_heads=4\.$"
    with pytest.raises(ValueError, match=told):
        attention_cost(key_value_heads=4, **size)
    for kept in (-1, 8):
        with pytest.raises(ValueError, match=rf"^attention_cost needs 0 <= kept <= keys=7 \(.*\), got kept={kept}\.$"):
            attention_cost(kept=kept, **size)
