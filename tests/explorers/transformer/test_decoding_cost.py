"""Sums over all steps, by brute force; and what remembering saves and costs."""

import pytest

from transformer_edu.costs import cached_step_cost, uncached_step_cost
from transformer_edu.explorers.transformer.decoding_cost import decoding_cost, total, written_text


@pytest.mark.parametrize("step_cost", [cached_step_cost, uncached_step_cost])
@pytest.mark.parametrize("tokens", [1, 2, 3, 37])
def test_three_steps_tell_the_sum_of_all(step_cost, tokens):
    counts = {"dim": 12, "hidden": 20, "heads": 3, "layers": 4, "vocab": 13, "batch": 2}
    expected = sum(step_cost(written=written, **counts).multiply_adds for written in range(tokens))
    assert total(step_cost, tokens, **counts) == expected


def test_the_first_token_costs_the_same():
    assert float(written_text(tokens=1, dim=1024, batch=8)["times_more"]) == 1


def test_about_a_hundred_times_for_256_tokens():
    assert 90 < float(written_text(tokens=256, dim=1024, batch=1)["times_more"]) < 110
    shares = [float(written_text(tokens=tokens, dim=1024, batch=1)["times_more"]) for tokens in (16, 256, 4096)]
    assert shares == sorted(shares)


def test_a_cache_of_many_texts_outweighs_the_parameters():
    one, many = (written_text(tokens=4096, dim=1024, batch=batch) for batch in (1, 64))
    assert float(many["cache_bytes"]) == 64 * float(one["cache_bytes"])
    assert float(one["cache_bytes"]) < float(one["parameter_bytes"]) < float(many["cache_bytes"])
    assert float(one["bytes_per_token"]) == float(many["bytes_per_token"]) == 12 * 2 * 1024 * 2
    assert float(written_text(tokens=16, dim=1024, batch=64)["intensity"]) > 10 * float(
        written_text(tokens=16, dim=1024, batch=1)["intensity"]
    )


def test_everything_stays_inside_the_panels():
    lengths, widths, batches = (param.values for param in decoding_cost.params)
    for tokens in lengths:
        for dim in widths:
            for batch in batches:
                answer = {
                    name: float(array) for name, array in written_text(tokens=tokens, dim=dim, batch=batch).items()
                }
                assert 1e6 < answer["cached"] <= answer["uncached"] < 1e21
                assert 1e3 < answer["cache_bytes"] < 1e13 and 1e3 < answer["parameter_bytes"] < 1e13
                assert 0.1 < answer["intensity"] < 1000
