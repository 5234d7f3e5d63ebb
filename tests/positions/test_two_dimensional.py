"""Codes and biases on a grid: the order (y, x), and who counts as a neighbor."""

import pytest
import torch
from transformers import SwinConfig
from transformers.models.detr.modeling_detr import DetrSinePositionEmbedding
from transformers.models.swin.modeling_swin import SwinRelativePositionBias

from transformer_edu.positions import grid_bias, grid_steps, sinusoidal, sinusoidal_2d

HEIGHT, WIDTH, DIM, HEADS = 5, 7, 12, 3


# (a) Oracle


def test_it_is_detrs():
    theirs = DetrSinePositionEmbedding(DIM // 2)(torch.Size((1, 2, HEIGHT, WIDTH)), "cpu", torch.float32)
    torch.testing.assert_close(sinusoidal_2d(HEIGHT, WIDTH, DIM, first=1), theirs[0].permute(1, 2, 0))


@pytest.mark.parametrize("side", [2, 5])
def test_the_steps_are_swins(side):
    config = SwinConfig(window_size=side)
    try:
        theirs = SwinRelativePositionBias(HEADS, (side, side))
    except TypeError:
        theirs = SwinRelativePositionBias(config, HEADS, (side, side))
    table = torch.randn((2 * side - 1) ** 2, HEADS, generator=torch.Generator().manual_seed(0))
    theirs.relative_position_bias_table.data = table
    torch.testing.assert_close(grid_bias(table, grid_steps(side, side)), theirs()[0])


# (b) Properties


def test_rows_first_columns_second():
    codes = sinusoidal_2d(HEIGHT, WIDTH, DIM)
    rows, columns = sinusoidal(HEIGHT, DIM // 2), sinusoidal(WIDTH, DIM // 2)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            assert codes[y, x].equal(torch.cat([rows[y], columns[x]]))


def test_products_depend_on_both_distances():
    codes = sinusoidal_2d(9, 9, DIM, dtype=torch.float64)
    products = torch.einsum("yxd,vud->yxvu", codes, codes)
    torch.testing.assert_close(products[2, 3, 4, 7], products[4, 4, 6, 8])
    torch.testing.assert_close(products[2, 3, 4, 7], products[2, 7, 4, 3])  # left or right: the product cannot tell
    torch.testing.assert_close(products[2, 3, 4, 7], products[2, 3, 6, 5])  # nor 2 down and 4 right from 4 and 2
    assert (products[2, 3, 4, 7] - products[2, 3, 5, 7]).abs() > 0.01
    assert (codes[2, 3] - codes[3, 2]).abs().max() > 0.5  # but the codes can: each axis has numbers of its own


def test_steps_of_a_grid_by_definition():
    steps = grid_steps(HEIGHT, WIDTH)
    seen = {}
    for i in range(HEIGHT * WIDTH):
        for j in range(HEIGHT * WIDTH):
            step = (i // WIDTH - j // WIDTH, i % WIDTH - j % WIDTH)
            assert seen.setdefault(step, steps[i, j].item()) == steps[i, j]
    assert sorted(seen.values()) == list(range((2 * HEIGHT - 1) * (2 * WIDTH - 1)))
    assert steps[0, 0] == (HEIGHT - 1) * (2 * WIDTH - 1) + WIDTH - 1


# (c) Bad input and edges


@pytest.mark.parametrize("dim", [0, 2, 6, 9])
def test_dim_must_be_divisible_by_four(dim):
    with pytest.raises(ValueError, match=rf"^sinusoidal_2d needs a dim that 4 divides \(.*\), got dim={dim}\.$"):
        sinusoidal_2d(HEIGHT, WIDTH, dim)


def test_other_bad_input():
    with pytest.raises(ValueError, match=r"^sinusoidal_2d needs sides >= 1 \(.*\), got height=3, width=0\.$"):
        sinusoidal_2d(3, 0, DIM)
    with pytest.raises(ValueError, match=r"^grid_steps needs sides >= 1 \(.*\), got height=0, width=3\.$"):
        grid_steps(0, 3)


def test_edges_and_types(device):
    assert sinusoidal_2d(1, 1, 4).tolist() == [[[0, 1, 0, 1]]]
    codes = sinusoidal_2d(HEIGHT, WIDTH, DIM, dtype=torch.float16, device=device)
    assert codes.dtype == torch.float16 and codes.device.type == device
    assert grid_steps(1, 1, device=device).tolist() == [[0]]
    assert (sinusoidal_2d(3, 3, DIM, base=7.0) - sinusoidal_2d(3, 3, DIM)).abs().max() > 0.1


# (d) Gradients


def test_a_step_learns_from_all_its_pairs():
    table = torch.zeros((2 * 3 - 1) * (2 * 4 - 1), HEADS, requires_grad=True)
    grid_bias(table, grid_steps(3, 4)).sum().backward()
    here = 2 * 7 + 3
    assert table.grad[here].tolist() == [12.0] * HEADS  # each place with itself
    assert table.grad[0].tolist() == [1.0] * HEADS  # from corner to corner
    assert table.grad.sum() == 12 * 12 * HEADS
    assert not sinusoidal_2d(2, 2, 4).requires_grad


# (e) The claim in miniature


def test_neighbors_in_the_grid_are_the_nearest_codes():
    # Numbered row by row, a one-dimensional code takes the place to the right for as near as the end of the row to the
    # start of the next. The two-dimensional code finds the four neighbors of each inner place.
    plane = sinusoidal_2d(8, 8, 32, base=100.0).reshape(64, 32)
    line = sinusoidal(64, 32, base=100.0)
    inner = [8 * y + x for y in range(1, 7) for x in range(1, 7)]
    found = {}
    for name, codes in (("plane", plane), ("line", line)):
        nearest = (codes @ codes.T).fill_diagonal_(-1e9).topk(4).indices
        found[name] = sum({p - 8, p - 1, p + 1, p + 8} == set(nearest[p].tolist()) for p in inner)
    assert found == {"plane": 36, "line": 0}
