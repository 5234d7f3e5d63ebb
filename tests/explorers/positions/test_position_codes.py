"""Each failing code fails in its own way, and the sinusoidal one in none."""

import pytest
import torch

from transformer_edu.explorers.positions.position_codes import KINDS, codes_of, compare_codes


def at(kind, dim=16, base=10000.0):
    return compare_codes(kind=kind, dim=dim, base=base)


def test_each_code_breaks_the_wish_that_the_page_names():
    assert {kind: int(at(kind)["told_apart"]) for kind in KINDS} == {
        "integer": 16,
        "sigmoid": 8,
        "one sine": 1,
        "random table": 16,
        "sinusoidal": 16,
    }
    assert float(at("integer")["kept"]) < 0.3 and float(at("sinusoidal")["kept"]) > 0.75


def test_only_sinusoidal_products_are_constant_along_diagonals():
    for kind in KINDS:
        products = at(kind)["similarity"]
        spread = max(float(products.diagonal(k).std()) for k in range(1, 14))
        assert (spread < 1e-5) == (kind == "sinusoidal"), kind
        assert float(products.abs().max()) == 1


def test_one_sine_comes_back():
    codes = at("one sine")["codes"]
    torch.testing.assert_close(codes[2], codes[14], rtol=0, atol=1e-5)
    torch.testing.assert_close(codes[2], codes[4], rtol=0, atol=1e-5)


def test_gaps_belong_to_positions():
    answer, codes = at("random table", dim=4), codes_of("random table", 4, 10000.0)
    torch.testing.assert_close(answer["codes"], codes / codes.abs().max())
    others = torch.cat([codes[:12], codes[13:]])
    assert float(answer["gaps"][12]) == pytest.approx(float((others - codes[12]).norm(dim=-1).min()), rel=1e-4)
    assert answer["gaps"].min() == pytest.approx(float(answer["smallest_gap"]), rel=1e-4)


def test_the_base_moves_the_gap_of_narrow_codes():
    # Two hands: if the second is too slow, positions at which the first comes back are told apart badly.
    gaps = [float(at("sinusoidal", dim=4, base=base)["smallest_gap"]) for base in (10000.0, 100.0)]
    assert gaps[0] < 0.3 < 0.5 < gaps[1]
