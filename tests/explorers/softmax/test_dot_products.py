"""The counted products against the theory of their variance and the bell curve."""

import math

import pytest
import torch

from transformer_edu.data import ENTRIES
from transformer_edu.explorers.softmax.dot_products import BIN_EDGES, PAIRS, WIDTHS, products


@pytest.mark.parametrize("entries", ENTRIES)
@pytest.mark.parametrize("head_dim", WIDTHS[::3])
def test_the_variance_is_the_head_width(head_dim, entries):
    answer = products(head_dim=head_dim, entries=entries)
    assert float(answer["expected"]) == head_dim
    # The kurtosis of a product of normals is the largest: its variance of the variance is (2 + 6/d) d²/pairs.
    tolerance = 4 * head_dim * math.sqrt((2 + 6 / head_dim) / PAIRS)
    assert float(answer["variance"]) == pytest.approx(head_dim, abs=tolerance)
    assert float(answer["scaled_variance"]) == pytest.approx(float(answer["variance"]) / head_dim, rel=1e-4)


def test_bins_hold_every_product_that_is_inside():
    answer = products(head_dim=1024, entries="normal")
    assert float(answer["raw"].sum()) == pytest.approx(1 - float(answer["outside"]), abs=1e-5)
    assert 0.02 < float(answer["outside"]) < 0.08  # two normal tails beyond 64 = 2 deviations: 4.6 %
    assert len(answer["raw"]) == len(answer["bell"]) == len(BIN_EDGES) - 1


def test_the_bell_curve_is_the_normal_law():
    answer = products(head_dim=64, entries="normal")
    normal = torch.distributions.Normal(0.0, 8.0)
    torch.testing.assert_close(answer["bell"], normal.cdf(BIN_EDGES).diff(), atol=1e-6, rtol=1e-4)
    assert float((answer["raw"] - answer["bell"]).abs().max()) < 0.02


def test_scaled_products_are_narrow():
    answer = products(head_dim=256, entries="±1")
    assert float(answer["scaled"][28:36].sum()) > 0.999  # between −8 and 8
    assert float(answer["largest"]) == int(answer["largest"])  # a sum of +1 and −1
