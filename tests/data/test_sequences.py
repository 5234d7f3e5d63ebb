"""Copy, reverse, sort: what stands where."""

import pytest
import torch

from transformer_edu.data import seeded
from transformer_edu.data.sequences import END, MARK, SYMBOLS, TASKS, VOCABULARY, draw_sequences

LENGTH, COUNT = 7, 50


@pytest.mark.parametrize("task", TASKS)
def test_each_text_is_the_sequence_a_mark_and_the_answer(task):
    tokens, answers = draw_sequences(task, length=LENGTH, count=COUNT, generator=seeded(0))
    assert tokens.shape == (COUNT, 2 * LENGTH + 1) and answers.shape == (COUNT, LENGTH + 1)
    for text, answer in zip(tokens.tolist(), answers.tolist(), strict=True):
        symbols = text[:LENGTH]
        want = {"copy": symbols, "reverse": symbols[::-1], "sort": sorted(symbols)}[task]
        assert text == [*symbols, MARK, *want] and answer == [*want, END]


@pytest.mark.parametrize("task", TASKS)
def test_answers_are_the_tokens_one_later(task):
    tokens, answers = draw_sequences(task, length=LENGTH, count=COUNT, generator=seeded(0))
    assert answers[:, :-1].equal(tokens[:, LENGTH + 1 :])
    assert (answers[:, -1] == END).all() and (tokens[:, LENGTH] == MARK).all()


def test_symbols_are_drawn_alike():
    tokens, _ = draw_sequences("copy", length=LENGTH, count=4000, generator=seeded(0))
    counts = tokens[:, :LENGTH].flatten().bincount(minlength=VOCABULARY)
    assert counts[SYMBOLS:].sum() == 0 and (counts[:SYMBOLS] / (4000 * LENGTH / SYMBOLS) - 1).abs().max() < 0.1
    again, _ = draw_sequences("copy", length=LENGTH, count=4000, generator=seeded(0))
    assert tokens.equal(again) and not tokens.equal(
        draw_sequences("copy", length=LENGTH, count=4000, generator=seeded(1)).tokens
    )


def test_edges():
    tokens, answers = draw_sequences("sort", length=1, count=0, generator=seeded(0))
    assert tokens.shape == (0, 3) and answers.shape == (0, 2)
    with pytest.raises(ValueError, match=r"^draw_sequences needs a task among copy, reverse, sort, got task='add'\.$"):
        draw_sequences("add", length=2, count=2, generator=seeded(0))
    with pytest.raises(ValueError, match=r"^draw_sequences needs length >= 1 \(.*\), got length=0\.$"):
        draw_sequences("copy", length=0, count=2, generator=seeded(0))


def test_they_follow_the_device(device):
    tokens, answers = draw_sequences("copy", length=3, count=2, generator=torch.Generator(device).manual_seed(0))
    assert tokens.device.type == answers.device.type == device
