"""A loss reaches back to the beginning of its own piece, and no further."""

import pytest
import torch

from transformer_edu.explorers.recurrent.truncated_steps import STEPS, reached_by
from transformer_edu.recurrent import truncated_reach


@pytest.mark.parametrize("every", [1, 4, 5, 12])
def test_the_table_is_zero_where_the_rule_says(every):
    answer = reached_by(every=every, step=7)
    assert torch.equal(answer["table"] > 0, truncated_reach(STEPS, every=every))
    assert answer["longest"] == every - 1
    torch.testing.assert_close(answer["table"].diagonal(), torch.ones(STEPS).double())


def test_steps_are_counted_from_one():
    answer = reached_by(every=4, step=7)  # pieces 1-4, 5-8, 9-12: step 7 reaches 5 and 6
    assert answer["cut"].nonzero()[:, 0].tolist() == [4, 5, 6]
    assert (int(answer["back"]), int(answer["missed"])) == (2, 4)
    torch.testing.assert_close(answer["cut"][4:7], answer["whole"][4:7])
    assert (answer["whole"][:7] > 0).all() and (answer["whole"][7:] == 0).all()
