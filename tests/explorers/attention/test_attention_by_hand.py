"""One query among four keys: the cases that can be worked out by hand."""

import math

import pytest
import torch

from transformer_edu.explorers.attention.attention_by_hand import ANGLES, KEYS, by_hand


@pytest.mark.parametrize("angle", ANGLES[::5])
def test_a_query_of_length_0_returns_the_mean_of_the_keys(angle):
    answer = by_hand(angle=angle, length=0.0)
    torch.testing.assert_close(answer["weights"], torch.full((4,), 0.25))
    torch.testing.assert_close(answer["output"], torch.tensor(KEYS).mean(0))
    assert float(answer["effective_keys"]) == pytest.approx(4)


def test_weights_are_those_of_the_definition():
    answer = by_hand(angle=90, length=2.0)  # the query is (0, 2): a key's score is 2 y / √2
    powers = [math.exp(2 * key[1] / math.sqrt(2)) for key in KEYS]
    expected = [power / sum(powers) for power in powers]
    assert answer["weights"].tolist() == pytest.approx(expected, abs=1e-5)
    assert [float(answer[f"weight_{i}"]) for i in (1, 2, 3, 4)] == pytest.approx(expected, abs=1e-5)
    output = [sum(w * key[i] for w, key in zip(expected, KEYS, strict=True)) for i in (0, 1)]
    assert answer["output"].tolist() == pytest.approx(output, abs=1e-5)
    assert float(answer["output_length"]) == pytest.approx(math.hypot(*output), abs=1e-5)
    assert answer["query"].tolist() == pytest.approx([0, 2], abs=1e-6)


def test_a_long_query_takes_the_key_that_reaches_farthest_its_way():
    for angle in ANGLES:
        answer = by_hand(angle=angle, length=1e5)
        turn = torch.tensor([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
        best = int((torch.tensor(KEYS) @ turn).argmax())
        assert int(answer["weights"].argmax()) == best and float(answer["largest"]) > 0.99
