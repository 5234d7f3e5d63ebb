"""The trained network writes the right dates, and looks where the card says."""

import pytest
import torch

from transformer_edu.explorers.recurrent.recurrent_alignment import SPELLINGS, aligned
from transformer_edu.studies.dates_models import load_date_model

ANSWERS = ("2019-05-03", "2019-05-03", "1987-06-21", "2004-12-31", "1993-08-17", "2008-04-09")


@pytest.mark.parametrize(("spelling", "answer"), list(zip(SPELLINGS, ANSWERS, strict=True)))
def test_every_date_of_the_card_is_written_without_a_fault(spelling, answer):
    found = aligned(spelling=spelling)
    assert "".join(sign[-1] for sign in found["signs"]) == answer
    assert found["weights"].shape == (len(answer), len(spelling))
    torch.testing.assert_close(found["weights"].sum(-1), torch.ones(len(answer)))
    assert found["place"].tolist() == (found["weights"].argmax(-1) + 1).tolist()
    assert 0.5 < found["probability"] <= 1


def test_the_weights_are_those_of_the_model():
    found = aligned(spelling="17/08/1993")
    assert found["letters"] == list("17/08/1993")
    assert load_date_model("recurrent").training is False


def test_what_the_chapter_says_of_the_first_date():
    found = aligned(spelling=SPELLINGS[0])
    weights, text = found["weights"], SPELLINGS[0]
    assert found["signs"][6] == "7: 5" and weights[6, text.index("ay") : text.index("ay") + 2].sum() > 0.9
    assert weights[9, text.index("third") : text.index("third") + 5].sum() > 0.8
    year = text.index("2019")
    assert (weights[:5, year:].sum(-1) > 0.9).all() and weights[7, year:].sum() > 0.9  # the year and both hyphens
    assert weights[5].argmax() == year + 1  # the 0 of 05 looks at the 0 of 2019
