"""Dates as people write them: the grammar, the split by day, and the way to numbers and back."""

from collections import Counter
from datetime import date

import pytest
import torch
from dateutil import parser

from transformer_edu.data.date_spelling import MONTHS, WORDS, spell
from transformer_edu.data.dates import (
    FIRST_DAY,
    LAST_DAY,
    SOURCE_VOCAB,
    TARGET_LENGTH,
    TARGET_VOCAB,
    date_batch,
    days_of,
    decode_answers,
    encode_answers,
    encode_spellings,
    exact_match,
)
from transformer_edu.machines import END, PAD

WAYS = 5 * 9 * 3 * 2 * 3 * 3  # enough numbers to go through every spelling of a day


def spellings_of(day):
    return {spell(day, number) for number in range(WAYS)}


# (a) Oracle: a parser that nobody here wrote reads what is spelled


@pytest.mark.parametrize("day", [date(2019, 5, 3), date(1950, 1, 1), date(2049, 12, 31), date(2000, 2, 29)])
def test_a_parser_reads_every_spelling(day):
    # The parser knows no words for numbers and takes '49 for another century: those are checked by hand below.
    readable = [
        text for text in spellings_of(day) if str(day.year) in text and not any(word in text.lower() for word in WORDS)
    ]
    assert len(readable) > 50
    for text in readable:
        first = text[:4].isdigit()
        plain = text.lower().replace(" of", "").replace("the ", "")
        assert parser.parse(plain, yearfirst=first, dayfirst=day.day > 12 and plain[:2] == f"{day.day}").date() == day


def test_the_spellings_of_the_docstring():
    spellings = spellings_of(date(2019, 5, 3))
    for text in ("3 May 2019", "3rd May 2019", "the 3rd of May, 2019", "the third of May, 2019", "May 3, 2019"):
        assert {text, text.lower(), text.upper(), f"Friday, {text}", f"Fri {text}"} <= spellings
    for text in ("third of May 2019", "May 3rd 2019", "May the third, 2019", "2019 May 3", "3 May '19", "2019/05/03"):
        assert text in spellings
    assert {"2019-05-03", "2019.5.3"} <= spellings and "May. 3, 2019" not in spellings
    for day in (date(2019, 5, 3), date(2019, 5, 12)):
        numeric = {text for text in spellings_of(day) if not any(mark.isalpha() for mark in text)}
        assert all(text[:4] == "2019" for text in numeric)  # no 03/05/2019: it could be the fifth of March
        assert len(numeric) == 6
    late = spellings_of(date(2019, 9, 27))
    assert {"27/09/2019", "9/27/19", "27.9.19", "Sep. 27, '19", "SEP THE TWENTY-SEVENTH, 2019"} <= late


def test_ordinals_and_words():
    ends = {
        1: "1st",
        2: "2nd",
        3: "3rd",
        4: "4th",
        11: "11th",
        12: "12th",
        13: "13th",
        21: "21st",
        22: "22nd",
        31: "31st",
    }
    for number, text in ends.items():
        assert f"{text} January 2001" in spellings_of(date(2001, 1, number))
    assert len(WORDS) == len(set(WORDS)) == 31 and len(MONTHS) == 12
    assert [WORDS[i - 1] for i in (1, 12, 19, 20, 21, 30, 31)] == [
        *("first", "twelfth", "nineteenth", "twentieth", "twenty-first", "thirtieth", "thirty-first")
    ]


# (b) Properties and limits


def test_no_two_days_share_a_spelling():
    meaning = {}
    for ordinal in range(date(2019, 11, 25).toordinal(), date(2020, 3, 5).toordinal(), 3):
        day = date.fromordinal(ordinal)
        for text in (spell(day, number) for number in range(0, WAYS, 11)):
            assert meaning.setdefault(text, day) == day, text
    across = [date(year, month, 15) for year in (1950, 1999, 2000, 2049) for month in (1, 12)]
    for day in across:
        assert all(meaning.setdefault(text, day) == day for text in spellings_of(day))


def test_a_day_is_held_out_or_not():
    training, held_out = days_of("training"), days_of("held out")
    assert not set(training.tolist()) & set(held_out.tolist())
    assert len(training) + len(held_out) == (LAST_DAY - FIRST_DAY).days + 1 == 36525
    assert len(held_out) == 3652
    assert Counter(date.fromordinal(day).year // 10 for day in held_out.tolist()).keys() == set(range(195, 205))


def test_a_batch(generator):
    batch = date_batch(300, generator=generator, part="held out")
    held_out = set(days_of("held out").tolist())
    assert all(date.fromisoformat(answer).toordinal() in held_out for answer in batch.answers)
    assert batch.targets.shape == (300, TARGET_LENGTH) and (batch.targets[:, -1] == END).all()
    assert decode_answers(batch.targets) == batch.answers
    assert batch.sources.equal(encode_spellings(batch.spellings)) and batch.sources.max() < SOURCE_VOCAB
    assert batch.targets.max() < TARGET_VOCAB and batch.targets.min() == END
    for row, text in zip(batch.sources, batch.spellings, strict=True):
        assert (row != PAD).sum() == len(text) and (row[len(text) :] == PAD).all()
    numeric = sum(not any(mark.isalpha() for mark in text) for text in batch.spellings)
    assert 0.13 < numeric / 300 < 0.27


def test_the_same_generator_draws_the_same_dates():
    first, second = (date_batch(20, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert first.spellings == second.spellings
    other = date_batch(20, generator=torch.Generator().manual_seed(3), days=days_of("training"))
    assert other.answers == first.answers
    assert date_batch(20, generator=torch.Generator().manual_seed(4)).answers != first.answers


# (c) Bad input and edges


def test_bad_input(generator):
    with pytest.raises(ValueError, match=r"^date_batch needs count >= 0 \(.*\), got count=-1\.$"):
        date_batch(-1, generator=generator)
    with pytest.raises(ValueError, match=r"^encoding needs characters of the alphabet \(.*\), got mark='é'\.$"):
        encode_spellings(["3 février 2019"])
    with pytest.raises(ValueError, match=r"^encoding needs characters .*, got mark='/'\.$"):
        encode_answers(["2019/05/03"])
    with pytest.raises(ValueError, match=r"^exact_match needs one guess for each of 2 answers .*len\(guesses\)=1\.$"):
        exact_match(["a"], ["a", "b"])
    with pytest.raises(ValueError, match=r"^exact_match needs one guess for each of 0 answers"):
        exact_match([], [])


def test_edges(generator):
    assert date_batch(0, generator=generator).sources.shape == (0, 0)
    assert encode_spellings([""]).shape == (1, 0)
    assert decode_answers(torch.tensor([[4, END, 5, PAD], [4, 4, 1, PAD]])) == ["0", "00␂␀"]
    assert exact_match(["2019-05-03", "2019-05-04"], ["2019-05-03", "2019-05-05"]) == 0.5
