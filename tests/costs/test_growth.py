"""How memory grows with the number of tokens: measured on both paths of a real layer."""

import pytest
import torch

from tests.layers.copied_weights import draw
from transformer_edu.attention import fused_attention, scaled_dot_product_attention
from transformer_edu.costs import growth_exponent, layer_cost, saved_bytes
from transformer_edu.layers import encoder_layer
from transformer_edu.softmax import softmax

# (a) Oracle: known sizes


def test_a_product_keeps_both_factors_and_a_view_is_counted_once():
    left, right = draw(3, 5).requires_grad_(), draw(5, 7, seed=1).requires_grad_()
    assert saved_bytes(lambda: left @ right) == 0  # both are there anyway
    assert saved_bytes(lambda: (2 * left) @ right) == 3 * 5 * 8
    assert saved_bytes(lambda: (2 * left) @ (2 * right)) == (3 * 5 + 5 * 7) * 8
    doubled = 2 * left
    assert saved_bytes(lambda: doubled @ right + doubled.flatten()[:3, None] @ right[:1]) == 3 * 5 * 8


def test_softmax_of_torch_keeps_its_output_alone():
    scores = draw(5, 7).requires_grad_()
    assert saved_bytes(lambda: torch.softmax(scores, dim=-1)) == 5 * 7 * 8


@pytest.mark.parametrize("power", [-1.0, 0.0, 1.5, 3.0])
def test_the_exponent_of_a_power_law(power):
    sizes = [16, 32, 64, 100]
    assert growth_exponent(sizes, [7.0 * size**power for size in sizes]) == pytest.approx(power, abs=1e-12)


# (b) Properties


def test_the_exponent_does_not_depend_on_units():
    sizes, amounts = [3, 5, 11], [2.0, 9.0, 31.0]
    expected = growth_exponent(sizes, amounts)
    assert growth_exponent([10 * size for size in sizes], [0.1 * amount for amount in amounts]) == pytest.approx(
        expected
    )


def test_nothing_is_kept_without_a_gradient():
    tokens = draw(3, 5)
    assert saved_bytes(lambda: softmax(2 * tokens)) == 0


# (c) Bad input


def test_a_line_needs_two_points_and_logarithms_need_positive_numbers():
    for sizes, amounts in (([3], [1.0]), ([3, 3], [1.0, 2.0]), ([3, 4], [1.0])):
        with pytest.raises(ValueError, match=r"^growth_exponent needs two sizes at least .*, got sizes=\["):
            growth_exponent(sizes, amounts)
    with pytest.raises(ValueError, match=r"^growth_exponent needs positive numbers .*, got smallest=0\.0\.$"):
        growth_exponent([3, 4], [1.0, 0.0])


# (e) The claim in miniature


def test_memory_is_quadratic_on_the_transparent_path_only():
    # What training keeps of attention, float32, 2 heads of 8 features: the exponent over 128 … 512 tokens.
    sizes, kept = (128, 256, 512), {"transparent": [], "fused": []}
    for tokens in sizes:
        queries, keys, values = (draw(2, tokens, 8, seed=seed, dtype=torch.float32) for seed in range(3))
        leaves = [tensor.requires_grad_() for tensor in (queries, keys, values)]
        kept["transparent"].append(saved_bytes(lambda *leaves: scaled_dot_product_attention(*leaves).outputs, *leaves))
        kept["fused"].append(saved_bytes(fused_attention, *leaves))
    assert 1.9 < growth_exponent(sizes, kept["transparent"]) <= 2.0
    assert 0.95 < growth_exponent(sizes, kept["fused"]) < 1.05


def test_a_layer_keeps_the_tables_on_the_transparent_path_and_not_on_the_fused_one():
    layer, sizes = encoder_layer(16, heads=4, hidden=64), (64, 128, 256)
    transparent, fused, tables = [], [], []
    for tokens in sizes:
        inputs = draw(tokens, 16, dtype=torch.float32)
        transparent.append(saved_bytes(lambda inputs: layer(inputs).outputs, inputs))
        fused.append(saved_bytes(layer.fused, inputs))
        tables.append(layer_cost(tokens=tokens, dim=16, hidden=64, heads=4).table_bytes)
    assert all(kept > 2 * table for kept, table in zip(transparent, tables, strict=True))
    assert fused[-1] < tables[-1]
    assert growth_exponent(sizes, fused) == pytest.approx(1.0, abs=0.02)
    assert growth_exponent(sizes, transparent) > 1.7
