"""A table of learned positions: what it looks up, where it ends, what it learns."""

import pytest
import torch
from torch import nn

from transformer_edu.positions import LearnedPositions

POSITIONS, DIM = 7, 5


def table(generator=None):
    return LearnedPositions(POSITIONS, DIM, generator=generator)


# (a) Oracle


def test_a_lookup_is_torchs_embedding(generator):
    ours, theirs = table(generator), nn.Embedding(POSITIONS, DIM)
    theirs.weight = ours.table
    torch.testing.assert_close(ours(POSITIONS), theirs(torch.arange(POSITIONS)))
    torch.testing.assert_close(ours(3, first=2), theirs(torch.tensor([2, 3, 4])))


# (b) Properties


def test_rows_continue_where_a_cache_stopped(generator):
    ours = table(generator)
    assert torch.cat([ours(3), ours(4, first=3)]).equal(ours(POSITIONS))


def test_the_start_is_drawn_from_the_generator():
    one, two = (table(torch.Generator().manual_seed(seed)).table for seed in (1, 1))
    assert one.equal(two) and not one.equal(table(torch.Generator().manual_seed(2)).table)
    wide = LearnedPositions(400, 300, generator=torch.Generator().manual_seed(0)).table
    assert wide.std().item() == pytest.approx(0.02, rel=0.02)


# (c) Bad input and edges


@pytest.mark.parametrize(("first", "length"), [(0, 8), (7, 1), (5, 3), (-1, 2), (0, 0)])
def test_beyond_its_length(first, length):
    with pytest.raises(
        ValueError,
        match=rf"^LearnedPositions needs positions within 0 … 6 \(.*\), got first={first}, length={length}\.$",
    ):
        table()(length, first=first)


def test_sizes(device):
    with pytest.raises(ValueError, match=r"^LearnedPositions needs positions and dim >= 1 .*positions=0, dim=5\.$"):
        LearnedPositions(0, DIM)
    assert LearnedPositions(1, DIM).to(device)(1).shape == (1, DIM)
    assert table().half()(2).dtype == torch.float16


# (d) Gradients


def test_only_rows_that_were_used_learn():
    ours = table()
    ours(3, first=1).sum().backward()
    assert ours.table.grad.sum(-1).tolist() == [0, 5, 5, 5, 0, 0, 0]


# (e) The claim in miniature


def test_rows_beyond_the_longest_training_text_stay_as_drawn(generator):
    ours = table(generator)
    drawn = ours.table.detach().clone()
    optimizer = torch.optim.Adam(ours.parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        (ours(4) - 1.0).square().mean().backward()
        optimizer.step()
    assert (ours.table[:4] - 1.0).abs().max() < 0.5
    assert ours.table[4:].equal(drawn[4:])
