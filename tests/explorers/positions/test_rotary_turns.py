"""The product sees the distance of query and key, and nothing else."""

import pytest

from transformer_edu.explorers.positions.rotary_turns import KEY, QUERY, turns


@pytest.mark.parametrize("speed", [0.1, 0.3, 1.0])
def test_moving_both_changes_nothing(speed):
    one, moved = turns(query=2, key=5, speed=speed), turns(query=6, key=9, speed=speed)
    assert float(one["score"]) == pytest.approx(float(moved["score"]), abs=1e-5)
    assert float(one["score"]) != pytest.approx(float(turns(query=2, key=6, speed=speed)["score"]), abs=1e-3)
    assert float(one["distance"]) == float(moved["distance"]) == 3


def test_the_turn_by_hand():
    answer = turns(query=0, key=0, speed=0.3)
    assert answer["query"].tolist() == pytest.approx(QUERY) and answer["key"].tolist() == pytest.approx(KEY)
    assert float(answer["score"]) == pytest.approx(float(answer["unturned"]))
    one = turns(query=1, key=0, speed=1.0)["query"]
    assert one.tolist() == pytest.approx([1.4 * 0.5403 - 0.5 * 0.8415, 1.4 * 0.8415 + 0.5 * 0.5403], abs=1e-3)
    slow = turns(query=1, key=0, speed=0.3)["query"]
    assert slow.tolist() == pytest.approx([1.4 * 0.9553 - 0.5 * 0.2955, 1.4 * 0.2955 + 0.5 * 0.9553], abs=1e-3)
    assert float(answer["query_length"]) == pytest.approx((1.4**2 + 0.5**2) ** 0.5)


def test_the_table_holds_the_score():
    answer = turns(query=7, key=1, speed=0.3)
    assert float(answer["scores"][7, 1]) == float(answer["score"])
    for k in range(-9, 10):
        assert float(answer["scores"].diagonal(k).std()) < 1e-5
