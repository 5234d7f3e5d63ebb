"""Shares of a layer: what crosses where, and that the widths and lengths offered hit the crossings."""

import pytest

from transformer_edu.explorers.transformer.layer_costs import LENGTHS, WIDTHS, shares_of_a_layer


@pytest.mark.parametrize("dim", WIDTHS)
def test_attention_equals_the_network_at_twice_the_width_and_pairs_the_rest_at_six_times(dim):
    assert {2 * dim, 6 * dim} <= set(LENGTHS)
    at_two, at_six = (shares_of_a_layer(tokens=times * dim, dim=dim) for times in (2, 6))
    assert float(at_two["attention_over_network"]) == 1 and float(at_two["feed_forward"]) == 0.5
    assert float(at_six["pairs_over_rest"]) == 1 and float(at_six["pairs"]) == 0.5


def test_at_n_equal_d_scores_and_mixing_take_one_part_in_seven():
    answer = shares_of_a_layer(tokens=512, dim=512)
    assert float(answer["pairs"]) == pytest.approx(1 / 7)
    assert float(answer["projections"]) == pytest.approx(2 / 7)
    assert sum(float(answer[name]) for name in ("projections", "pairs", "feed_forward")) == pytest.approx(1)


def test_bytes_of_the_tables_grow_with_the_square():
    short, long = (shares_of_a_layer(tokens=tokens, dim=1024) for tokens in (256, 1024))
    assert float(long["table_bytes"]) == 16 * float(short["table_bytes"]) == 16 * 1024**2 * 4
    assert float(long["token_bytes"]) == 4 * float(short["token_bytes"]) == 4 * 1024 * 1024 * 4
    assert float(long["parameter_bytes"]) == float(short["parameter_bytes"])


def test_everything_stays_inside_the_panels():
    for dim in WIDTHS:
        for tokens in LENGTHS:
            answer = shares_of_a_layer(tokens=tokens, dim=dim)
            assert all(1e4 < float(answer[name]) < 1e12 for name in ("table_bytes", "token_bytes", "parameter_bytes"))
