"""The built heads against looking up by hand, and the read-out against what can be known."""

import pytest
import torch

from transformer_edu.data import seeded
from transformer_edu.studies.two_lookups import lookup_heads, read_out_accuracy


def by_hand(symbols: list[int], heads: int, lookups: int) -> list[float]:
    """Look up with lists alone: the mean code of a head's positions, cut to the width of a head."""
    width, outputs = 16 // heads, []
    for head in range(heads):
        if heads < lookups:
            positions = [p for p in range(lookups) if p % heads == head]
        else:
            positions = [head % lookups]
        code = [sum(symbols[p] == symbol for p in positions) / len(positions) for symbol in range(4)]
        begin = head // lookups * width
        outputs += [code[(begin + i) % 4] for i in range(width)]
    return outputs


@pytest.mark.parametrize("heads", [1, 2, 4, 8])
@pytest.mark.parametrize("lookups", [1, 2, 3, 4])
def test_heads_bring_home_what_one_looks_up_by_hand(heads, lookups):
    symbols = torch.tensor([[0, 2, 3, 1, 0, 2, 1, 3], [3, 3, 0, 1, 2, 2, 0, 1]])
    task = lookup_heads(symbols, heads=heads, lookups=lookups)
    expected = torch.tensor([by_hand(row, heads, lookups) for row in symbols.tolist()])
    torch.testing.assert_close(task.outputs, expected)
    assert task.weights.shape == (heads, 8)
    torch.testing.assert_close(task.weights.sum(-1), torch.ones(heads))
    assert (task.weights[:, lookups:] < 1e-30).all()


@pytest.mark.parametrize(("heads", "lookups"), [(1, 1), (2, 2), (4, 2), (8, 3), (4, 4), (8, 4)])
def test_enough_heads_name_every_symbol(heads, lookups):
    assert read_out_accuracy(heads=heads, lookups=lookups, generator=seeded(4)) == 1


def test_one_head_for_two_lookups_is_right_in_5_of_8():
    """Equal symbols (1 of 4) are known; of two different ones the order is lost: 1/4 + 3/4 · 1/2."""
    accuracy = read_out_accuracy(heads=1, lookups=2, generator=seeded(4))
    assert accuracy == pytest.approx(0.625, abs=0.03)


@pytest.mark.parametrize("heads", [0, 3, 16])
def test_another_number_of_heads_is_refused(heads):
    with pytest.raises(ValueError, match=rf"lookup_heads needs 1, 2, 4 or 8 heads .* got heads={heads}"):
        lookup_heads(torch.zeros(8, dtype=torch.long), heads=heads, lookups=2)
