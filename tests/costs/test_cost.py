"""Costs add up and multiply, term by term, and are read by name."""

import copy

import pytest

from transformer_edu.costs import Cost, feed_forward_cost

ONE = Cost({"scores": 3, "mixing": 5}, {"parameters": 7, "steps": 1}, {"path": 4})
OTHER = Cost({"scores": 11, "logits": 13}, {"exponentials": 17, "steps": 2}, {"path": 1, "largest_bytes": 19})


def test_a_sum_has_all_terms_and_the_larger_peak():
    expected = Cost(
        {"scores": 14, "mixing": 5, "logits": 13},
        {"parameters": 7, "steps": 3, "exponentials": 17},
        {"path": 4, "largest_bytes": 19},
    )
    assert ONE + OTHER == OTHER + ONE == sum([ONE, OTHER]) == expected
    assert sum([ONE]) == ONE + Cost() == ONE and sum([ONE, OTHER]).multiply_adds == 32


def test_so_many_are_a_sum_of_so_many():
    for times in (1, 2, 5):
        assert times * ONE == ONE * times == sum([ONE] * times)
    assert (0 * ONE).multiply_adds == 0 and (3 * ONE).path == 4


def test_terms_are_read_by_their_names():
    assert (ONE.scores, ONE.parameters, ONE.path, ONE.multiply_adds, ONE.pairs) == (3, 7, 4, 8, 8)
    assert {"scores", "steps", "path", "multiply_adds"} <= set(dir(ONE))
    told = r"^Cost needs a term that was counted \(scores, mixing, parameters, steps, path\), got name='logits'\.$"
    with pytest.raises(AttributeError, match=told):
        _ = ONE.logits
    assert not hasattr(Cost(), "parameters") and Cost().pairs == 0


def test_a_cost_stays_as_it_is():
    kept = copy.deepcopy(ONE)
    _ = ONE + OTHER, 4 * ONE
    assert kept == copy.copy(ONE) == ONE
    with pytest.raises(AttributeError):
        ONE.products = {}
    with pytest.raises(TypeError):
        _ = ONE + 1


def test_experts_have_more_parameters_than_a_token_passes():
    # Four networks, of which each token passes one: the multiply-adds of one, the parameters of four.
    one = feed_forward_cost(tokens=6, dim=4, hidden=8)
    idle = Cost(counts={"parameters": 3 * one.parameters, "idle_parameters": 3 * one.parameters})
    experts = one + idle
    assert experts.multiply_adds == one.multiply_adds and experts.parameters == 4 * one.parameters
    assert experts.active_parameters == one.active_parameters == one.parameters
    assert (2 * experts + one).active_parameters == 3 * one.parameters
