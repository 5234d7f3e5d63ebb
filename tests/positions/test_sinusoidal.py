"""Sinusoidal codes: values, rotation, products that see the distance only."""

import math

import pytest
import torch
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding

from transformer_edu.positions import frequencies, sinusoidal, sinusoidal_at, sinusoidal_halves, turn_matrix

LENGTH, DIM, WIDE = 11, 6, torch.float64


# (a) Oracle


def test_halves_are_marians():
    theirs = MarianSinusoidalPositionalEmbedding(23, DIM).create_weight()
    torch.testing.assert_close(sinusoidal_halves(23, DIM), theirs)
    torch.testing.assert_close(sinusoidal_halves(5, DIM, first=18), theirs[18:])


@pytest.mark.parametrize("base", [10000.0, 50.0])
def test_the_formula_entry_by_entry(base):
    codes, halves = (code(LENGTH, DIM, base=base, first=3, dtype=WIDE) for code in (sinusoidal, sinusoidal_halves))
    for p in range(LENGTH):
        for i in range(DIM // 2):
            angle = (p + 3) / base ** (2 * i / DIM)
            want = torch.tensor([math.sin(angle), math.cos(angle)], dtype=WIDE)
            torch.testing.assert_close(codes[p, 2 * i : 2 * i + 2], want)
            torch.testing.assert_close(halves[p, [i, DIM // 2 + i]], want)


def test_any_positions():
    positions = torch.tensor([[0, 5], [-2, 7]])
    codes = sinusoidal_at(positions, dim=DIM)
    assert codes.shape == (2, 2, DIM) and codes.dtype == torch.float32
    torch.testing.assert_close(codes[0, 1], sinusoidal(6, DIM)[5])
    torch.testing.assert_close(codes[1, 0], sinusoidal(1, DIM, first=-2)[0])
    between = sinusoidal_at(torch.tensor([0.5], dtype=WIDE), dim=2, base=7.0)
    torch.testing.assert_close(between, torch.tensor([[math.sin(0.5), math.cos(0.5)]], dtype=WIDE))


# (b) Properties and limits


@pytest.mark.parametrize("offset", [1, 4, -3, 100])
def test_a_shift_is_the_same_turn_everywhere(offset):
    codes = sinusoidal(200, DIM, first=300, dtype=WIDE)
    shifted = sinusoidal(200, DIM, first=300 + offset, dtype=WIDE)
    turn = turn_matrix(offset, dim=DIM, dtype=WIDE)
    torch.testing.assert_close(codes @ turn.T, shifted, rtol=0, atol=1e-12)
    assert (codes @ turn - shifted).abs().max() > 0.01  # the other sense is wrong


def test_turns_add_up_and_keep_lengths():
    two, five = (turn_matrix(k, dim=DIM) for k in (2, 5))
    torch.testing.assert_close(two @ five, turn_matrix(7, dim=DIM))
    torch.testing.assert_close(two @ two.T, torch.eye(DIM))
    assert turn_matrix(0, dim=DIM).equal(torch.eye(DIM))


@pytest.mark.parametrize("code", [sinusoidal, sinusoidal_halves])
def test_products_depend_on_the_distance_only(code):
    codes = code(40, DIM, first=1000, dtype=WIDE)
    gram = codes @ codes.T
    by_distance = torch.cos(torch.arange(40)[:, None] * frequencies(DIM)).sum(-1)
    apart = (torch.arange(40)[:, None] - torch.arange(40)).abs()
    torch.testing.assert_close(gram, by_distance[apart], rtol=0, atol=1e-11)
    torch.testing.assert_close(codes.norm(dim=-1), torch.full((40,), (DIM / 2) ** 0.5, dtype=WIDE))


def test_wavelengths_grow_with_the_dimension():
    wavelengths = 2 * math.pi / frequencies(DIM, base=100.0)
    assert wavelengths[0] == pytest.approx(2 * math.pi)
    torch.testing.assert_close(wavelengths[1:] / wavelengths[:-1], torch.full((2,), 100 ** (1 / 3), dtype=WIDE))
    assert wavelengths[-1] < 2 * math.pi * 100


def test_far_positions_are_exact_in_float32():
    torch.testing.assert_close(
        sinusoidal(3, DIM, first=10**6), sinusoidal(3, DIM, first=10**6, dtype=WIDE).float(), rtol=0, atol=1e-7
    )
    assert sinusoidal(1, DIM, first=10**6)[0, 0] == pytest.approx(math.sin(1e6), abs=1e-6)


def test_rows_continue_where_a_cache_stopped():
    whole = sinusoidal(LENGTH, DIM)
    assert torch.cat([sinusoidal(4, DIM), sinusoidal(LENGTH - 4, DIM, first=4)]).equal(whole)


# (c) Bad input and edges


@pytest.mark.parametrize("dim", [0, -2, 1, 7])
def test_dim_must_be_even(dim):
    for code in (
        lambda: sinusoidal(3, dim),
        lambda: sinusoidal_halves(3, dim),
        lambda: sinusoidal_at(torch.arange(3), dim=dim),
        lambda: turn_matrix(1.0, dim=dim),
    ):
        with pytest.raises(ValueError, match=rf"^frequencies needs an even dim >= 2 \(.*\), got dim={dim}\.$"):
            code()


def test_other_bad_input():
    with pytest.raises(ValueError, match=r"^sinusoidal needs length >= 1 \(.*\), got length=0\.$"):
        sinusoidal(0, DIM)
    with pytest.raises(ValueError, match=r"^frequencies needs base > 0 \(.*\), got base=-1\.0\.$"):
        sinusoidal(3, DIM, base=-1.0)


def test_edges_and_types(device):
    assert sinusoidal(1, 2).tolist() == [[0.0, 1.0]]
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        codes = sinusoidal(LENGTH, DIM, dtype=dtype, device=device)
        assert codes.dtype == dtype and codes.device.type == device
        torch.testing.assert_close(codes.cpu(), sinusoidal(LENGTH, DIM, dtype=WIDE).to(dtype))
    assert sinusoidal(3, DIM).dtype == torch.float32
    assert sinusoidal_at(torch.zeros(0), dim=DIM).shape == (0, DIM)


# (d) Gradients


def test_the_code_can_be_differentiated_by_the_position():
    positions = torch.tensor([0.3, -4.0, 2.5], dtype=WIDE, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: sinusoidal_at(p, dim=DIM), positions)
    assert not sinusoidal(3, DIM).requires_grad


# (e) The paper's claim in miniature


def test_one_linear_map_learned_on_few_positions_holds_for_all():
    # Vaswani et al., section 3.5: "for any fixed offset k, PE[pos + k] can be represented as a linear function" of
    # PE[pos]. A map fitted on positions 0 … 31 reaches 3 ahead at position 5000, too. Random codes have no such map.
    codes, there = (sinusoidal(32, 16, base=10.0, first=first, dtype=WIDE) for first in (0, 5000))
    learned = torch.linalg.lstsq(codes[:-3], codes[3:]).solution
    torch.testing.assert_close(there[:-3] @ learned, there[3:], rtol=0, atol=1e-8)
    table = torch.randn(32, 16, generator=torch.Generator().manual_seed(0), dtype=WIDE)
    learned = torch.linalg.lstsq(table[:-3], table[3:]).solution
    assert (table[:-3] @ learned - table[3:]).abs().max() > 0.5
