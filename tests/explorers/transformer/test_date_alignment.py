"""The map is the model's own attention, and the parts are where they are said to be."""

import pytest
import torch

from transformer_edu.data.dates import encode_answers, encode_spellings
from transformer_edu.explorers.transformer.date_alignment import EXAMPLES, alignment, parts_of
from transformer_edu.machines import shift_right
from transformer_edu.studies.dates_models import heads_on_date, load_date_model


@pytest.mark.parametrize("spelling", EXAMPLES)
def test_the_mean_of_the_heads_is_what_the_model_returns(spelling):
    heads = [alignment(spelling=spelling, head=head) for head in range(5)]
    date = "".join(heads[0]["written"][:-1])
    sources = encode_spellings([spelling])
    decoded = load_date_model("transformer")(sources, shift_right(encode_answers([date])))
    torch.testing.assert_close(heads[0]["weights"], decoded.weights[0])
    torch.testing.assert_close(heads[0]["weights"], torch.stack([head["weights"] for head in heads[1:]]).mean(0))
    torch.testing.assert_close(heads[2]["weights"].sum(-1), torch.ones(11))
    every = heads_on_date(load_date_model("transformer"), spelling).weights
    for head in (1, 4):
        torch.testing.assert_close(heads[head]["weights"], every[-1, head - 1])


def test_the_dates_are_right():
    for spelling, (year, _, _) in EXAMPLES.items():
        date = "".join(alignment(spelling=spelling, head=0)["written"])
        assert date[2:4] == year[-2:] and date.endswith("end") and len(date) == 13
    assert "".join(alignment(spelling="5/23/19", head=1)["written"]) == "2019-05-23end"


def test_parts():
    said = parts_of("3 May 2019")
    assert said.sum(0).tolist() == [1] * 10
    assert said.int().argmax(0).tolist() == [2, 3, 1, 1, 1, 3, 0, 0, 0, 0]
    assert parts_of("Friday, May 3, '19")[0].nonzero()[:, 0].tolist() == [15, 16, 17]
    assert parts_of("5/23/19").int().argmax(0).tolist() == [1, 3, 2, 2, 3, 0, 0]


def test_shares_add_up_and_most_of_the_look_is_at_the_right_part():
    for spelling in EXAMPLES:
        answer = alignment(spelling=spelling, head=0)
        torch.testing.assert_close(answer["shares"].sum(-1), torch.ones(3))
        torch.testing.assert_close(answer["shares"].diagonal().mean(), answer["right"])
        assert answer["right"] > 2 * answer["blind"]
    # What the prediction says: the first row looks at the year, which stands at the end.
    first = alignment(spelling="the third of May, 2019", head=0)["weights"][0]
    assert first[-4:].sum() > 0.8
