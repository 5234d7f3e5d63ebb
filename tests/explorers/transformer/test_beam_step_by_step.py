"""The steps that the explorer shows are those of the search, and add up."""

import pytest
import torch

from transformer_edu.data.dates import encode_spellings
from transformer_edu.decoding import greedy
from transformer_edu.explorers.transformer.beam_step_by_step import ROWS, SPELLINGS, STEPS, beam_at, model, search_of
from transformer_edu.machines import START


@pytest.mark.parametrize("width", [1, 3, 5])
def test_the_characters_chances_multiply_to_the_probability_of_the_hypothesis(width):
    for step in (1, 6, 11):
        answer = beam_at(spelling=SPELLINGS[0], width=width, step=step, alpha=0.6)
        kept = len(answer["hypotheses"])
        assert kept == width
        for row in range(kept):
            text, chances = answer[f"kept_{row + 1}"], answer[f"chance_{row + 1}"]
            assert "".join(text) == answer["hypotheses"][row] and len(text) == len(chances) == step
            torch.testing.assert_close(chances.prod(), answer["probabilities"][row], rtol=1e-4, atol=1e-6)
        for row in range(kept, ROWS):
            assert answer[f"kept_{row + 1}"] == [] and len(answer[f"chance_{row + 1}"]) == 0
        assert answer["in_all"] <= 1 + 1e-5 and answer["best"] == answer["probabilities"].max()


def test_a_character_has_the_models_own_probability():
    answer = beam_at(spelling="3 Ma 1987", width=1, step=7, alpha=0.0)
    sources = encode_spellings(["3 Ma 1987"])
    tokens = greedy(model(), sources, longest=12).tokens
    read = torch.cat([torch.tensor([[START]]), tokens[:, :6]], dim=1)
    chances = model()(sources, read).logits.softmax(-1)[0].gather(-1, tokens[0, :7, None])[:, 0]
    torch.testing.assert_close(answer["chance_1"], chances, rtol=1e-4, atol=1e-5)


def test_the_beam_finds_what_greedy_missed_and_it_is_no_reading_of_the_date():
    # What the prediction says.
    one, two = (beam_at(spelling="3/9/19", width=width, step=9, alpha=0.0) for width in (1, 2))
    assert "".join(one["answer"]) != "".join(two["answer"])
    assert two["answer_probability"] > one["answer_probability"]
    assert two["hypotheses"][:1] == one["hypotheses"] == ["2019-09-0"] and two["hypotheses"][1] == "2019-09-3"
    assert "".join(two["answer"]) == "2019-09-30∎"
    after = beam_at(spelling="3/9/19", width=2, step=10, alpha=0.0)
    assert after["hypotheses"][0] == "2019-09-30" and after["chance_1"][-1] > 0.9 > after["chance_2"][-1]


def test_alpha_changes_scores_and_no_winner():
    for spelling in SPELLINGS:
        plain, penalized = (search_of(spelling, 3, alpha) for alpha in (0.0, 0.6))
        assert plain.tokens.equal(penalized.tokens) and plain.score < penalized.score


def test_a_step_behind_the_end_shows_the_end():
    last = beam_at(spelling="3 May 2019", width=1, step=STEPS[-1], alpha=0.0)
    assert "".join(last["kept_1"]) == "".join(last["answer"]) == "2019-05-03∎" and last["finished"] == 1
    assert last["work"] == len(STEPS) == 11
