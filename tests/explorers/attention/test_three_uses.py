"""Who notices a change is decided by who asks, who is read, and the mask: each case counted by hand."""

import pytest
import torch

from transformer_edu.explorers.attention.three_uses import CHANGES, SOURCE, TARGET, uses_compared


def moved(use, change, filler="masked"):
    return (uses_compared(use=use, change=change, filler=filler)["moved"] > 0).tolist()


@pytest.mark.parametrize("change", CHANGES)
def test_who_notices(change):
    is_source, is_filler, place = change < 5, change == 4, change - 5
    if is_filler:
        assert moved("encoder", change) == [False] * 4 + [True]  # its own output, which later steps ignore
        assert moved("cross", change) == [False] * 4
        assert moved("cross", change, "open") == [True] * 4
        assert moved("encoder", change, "open") == [True] * 5
    else:
        assert moved("encoder", change) == [is_source] * 5
        assert moved("cross", change) == ([True] * 4 if is_source else [i == place for i in range(4)])
    assert moved("decoder", change) == [not is_source and i >= place for i in range(4)]


@pytest.mark.parametrize(("use", "shape"), [("encoder", (5, 5)), ("decoder", (4, 4)), ("cross", (4, 5))])
def test_shapes_and_masks(use, shape):
    answer = uses_compared(use=use, change=0, filler="masked")
    assert answer["weights"].shape == answer["allowed"].shape == shape
    assert answer["outputs"].shape == (shape[0], 8) and answer["head_weights"].shape == (2, *shape)
    assert (int(answer["query_count"]), int(answer["key_count"])) == shape
    assert len(answer["queries"]) == shape[0] and len(answer["keys"]) == shape[1]
    assert answer["keys"] == list(TARGET if use == "decoder" else SOURCE)
    assert (answer["weights"] > 0).equal(answer["allowed"] > 0)
    assert int(answer["noticed"]) == int((answer["moved"] > 0).sum())
    torch.testing.assert_close(answer["weights"].sum(-1), torch.ones(shape[0]))
    assert float(answer["moved"].max()) < 4  # the panel's scale


def test_every_change_fits_the_scale():
    for use in ("encoder", "decoder", "cross"):
        for change in CHANGES:
            assert float(uses_compared(use=use, change=change, filler="open")["moved"].max()) < 4
