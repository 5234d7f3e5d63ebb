"""On the grid the nearest codes are the neighbors; numbered row by row they are not."""

import pytest

from transformer_edu.explorers.positions.grid_codes import grid


def test_the_place_below_is_as_near_as_the_place_beside():
    answer = grid(row=3, column=2, base=100.0)
    plane, line = answer["plane"], answer["line"]
    assert float(plane[3, 2]) == pytest.approx(1) and float(line[3, 2]) == pytest.approx(1)
    assert float(plane[4, 2]) == pytest.approx(float(plane[3, 3])) == pytest.approx(float(plane[3, 1]))
    assert float(line[4, 2]) < float(line[3, 3]) - 0.2
    assert float(answer["plane_below"]) == float(plane[4, 2]) and float(answer["line_below"]) == float(line[4, 2])


def test_the_seam_at_the_end_of_a_row():
    answer = grid(row=3, column=7, base=100.0)
    assert float(answer["line_next_row"]) == float(answer["line"][4, 0]) > float(answer["line_below"]) + 0.2
    assert float(answer["plane_next_row"]) < float(answer["plane_below"]) - 0.1


def test_rows_and_columns_are_not_exchanged():
    answer = grid(row=1, column=6, base=10.0)
    assert divmod(int(answer["plane"].flatten().argmax()), 8) == (1, 6)
    last = grid(row=7, column=7, base=10.0)
    assert float(last["line_below"]) == float(last["line"][0, 7])
