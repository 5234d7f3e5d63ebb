"""The measured cost of a score function is what its docstring says."""

import pytest
import torch

from transformer_edu.studies.score_cost import scores_to_measure, spent_on

QUERIES, KEYS, DIM = 12, 20, 16


@pytest.fixture(scope="module")
def spent():
    inputs = scores_to_measure(queries=QUERIES, keys=KEYS, dim=DIM, generator=torch.Generator().manual_seed(0))
    return {name: spent_on(*what, repeats=1) for name, what in inputs.items()}


def test_multiply_adds_are_those_of_the_docstrings(spent):
    pairs = QUERIES * KEYS * DIM
    assert spent["dot_scores"].multiply_adds == spent["scaled_dot_scores"].multiply_adds == pairs
    assert spent["content_scores"].multiply_adds == pairs
    assert spent["location_scores"].multiply_adds == QUERIES * DIM * KEYS
    assert spent["general_scores"].multiply_adds == QUERIES * DIM * DIM + pairs
    assert spent["additive_scores"].multiply_adds == (QUERIES + KEYS) * DIM * DIM + pairs


def test_only_additive_takes_tanh_and_keeps_the_block(spent):
    for name, one in spent.items():
        additive = name == "additive_scores"
        assert one.tanh == (QUERIES * KEYS * DIM if additive else 0)
        assert (one.largest_bytes == 4 * QUERIES * KEYS * DIM) == additive
        assert one.milliseconds > 0
