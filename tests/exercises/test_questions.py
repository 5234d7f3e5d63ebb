"""Every exercise of the book: what its answers earn, how its texts read, and whether its numbers are true."""

import contextlib
import io
import json
import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from transformer_edu import minilm
from transformer_edu.exercises.check import review
from transformer_edu.exercises.question import KINDS
from transformer_edu_course.building import Chapter, read_chapter_source, source_chapters
from transformer_edu_course.building.notebook import as_text
from transformer_edu_course.building.outputs import students_notebook
from transformer_edu_course.building.repository import Workplace
from transformer_edu_course.building.verify import problems

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = source_chapters(ROOT / "exercises")


@cache
def chapter_of(name: str) -> Chapter:
    return read_chapter_source(name, [ROOT / "exercises"])


SOURCES = {source.question.id: source for name in CHAPTERS for source in chapter_of(name).sources}
QUESTIONS = {exercise: source.question for exercise, source in SOURCES.items()}
every_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())


def run(*cells: str) -> dict:
    """Run cells one after the other, as a notebook does, and return their names."""
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells:
            exec(compile(cell, "cell", "exec"), names)
    return names


@pytest.fixture(scope="module")
def unchecked():
    """Start a process in which no shape is checked: hundreds of answers run there, in less than half of the time."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, warnings.simplefilter, ("error",)) as process:
        yield process


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_answer_earns_what_it_should(name, unchecked):
    """Solutions and right answers everything, starters nothing, wrong answers their points and their message."""
    chapter = chapter_of(name)
    student = json.loads(as_text(students_notebook(chapter, Workplace(ROOT))))
    found = unchecked.submit(problems, chapter, student).result()
    assert not found, "\n".join(found)


@every_question
def test_the_starter_runs_and_counts_as_not_answered(question):
    verdict = review(question, run(question.starter))
    assert verdict.state == "unanswered"
    assert all(f"`{name}`" in verdict.message for name in question.answers)


@every_question
def test_at_least_three_mistakes_are_named_apart(question):
    assert len({wrong.message for wrong in SOURCES[question.id].wrong}) >= 3


@every_question
def test_what_is_assigned_is_worth_points_that_a_look_at_the_public_tests_does_not_give(question):
    if question.assigned:
        assert sum(test.points for test in question.tests if test.hidden) > question.points / 2


@every_question
def test_the_card_is_complete(question):
    assert question.kind in KINDS
    assert 1 <= question.difficulty <= 5
    assert 1 <= question.minutes <= 40
    assert len(question.teaches) > 20
    assert 2 <= len(question.hints) <= 3
    assert question.because


@every_question
def test_the_texts_fit_a_notebook(question):
    assert len(question.starter.splitlines()) <= 12
    for text in (question.statement, question.because):
        assert not any(mark in text for mark in ("{ref}", "{math}", "```{", ":::"))  # these show as raw text in Colab
        assert text.count("$$") % 2 == 0
    assert not any("](../" in text for text in (question.statement, *question.hints))  # it stands in two folders
    assert all(name in question.statement + question.starter for name in question.answers)


@every_question
def test_no_text_says_that_it_is_easy(question):
    texts = [question.statement, question.because, *question.hints, *(test.code for test in question.tests)]
    words = {word.strip(".,:;()`*").lower() for text in texts for word in text.split()}
    assert not words & {"obviously", "simply", "just", "clearly", "trivial", "easily"}


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_every_kind_and_grows_harder(name):
    questions = chapter_of(name).questions
    assert len(questions) >= 6
    assert {question.kind for question in questions} == set(KINDS)
    assert questions[0].difficulty == 1
    assert [question.id for question in questions] == [f"{name}/q{place}" for place in range(1, len(questions) + 1)]
    assert {question.assigned for question in questions} == {True, False}


# The numbers that the predict and experiment exercises expect, from the definition, not from the answers' file.


def test_the_predicted_spread_is_what_random_vectors_give(generator):
    scores = (torch.randn(2, 20000, 64, generator=generator)).prod(dim=0).sum(dim=-1)
    assert abs(scores.std().item() - 8) < 0.15
    weights = torch.softmax(scores[:100] / 64, dim=-1)
    assert weights.max() < 2 / 100


def test_the_predicted_reach_is_what_gradients_show():
    def reach(window: int, layers: int, token: int) -> list[int]:
        tokens = torch.arange(10)
        distance = tokens[:, None] - tokens
        weights = ((distance >= 0) & (distance < window)).double()
        inputs = torch.ones(10, dtype=torch.float64, requires_grad=True)
        outputs = inputs
        for _ in range(layers):
            outputs = weights @ outputs
        (gradient,) = torch.autograd.grad(outputs[token], inputs)
        return gradient.nonzero().flatten().tolist()

    assert reach(2, 1, 3) == [2, 3]
    assert reach(2, 2, 3) == [1, 2, 3]
    assert 0 not in reach(4, 2, 9)
    assert 0 in reach(4, 3, 9)


def test_the_converted_mask_gives_what_multihead_attention_gives(generator):
    """The mask of attention/q4, handed to the other of torch's two functions, has to give the same outputs."""
    to_allowed = run(QUESTIONS["attention/q4"].solution)["to_allowed"]
    layer = torch.nn.MultiheadAttention(6, 2, batch_first=True, dtype=torch.float64)
    tokens = torch.randn(2, 4, 6, generator=generator, dtype=torch.float64)
    blocked = torch.ones(4, 4, dtype=torch.bool).triu(1)
    padding = torch.tensor([[False, False, False, True], [False, False, True, True]])
    theirs, _ = layer(tokens, tokens, tokens, attn_mask=blocked, key_padding_mask=padding, need_weights=False)
    parts = torch.nn.functional.linear(tokens, layer.in_proj_weight, layer.in_proj_bias).chunk(3, dim=-1)
    queries, keys, values = (part.unflatten(-1, (2, 3)).transpose(1, 2) for part in parts)
    allowed = to_allowed(blocked, padding)[:, None]
    mixed = torch.nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask=allowed)
    torch.testing.assert_close(layer.out_proj(mixed.transpose(1, 2).flatten(2)), theirs)


@pytest.mark.parametrize("at_hand", [True, False])
def test_the_cell_about_real_heads_runs_with_and_without_weights(at_hand, generator, monkeypatch, capsys):
    question = QUESTIONS["attention/q7"]

    def load():
        if not at_hand:
            raise minilm.MissingWeights("Type this to get the weights.")
        return

    weights = torch.softmax(torch.randn(2, 3, 5, 5, generator=generator), dim=-1)
    weights[1, 2] = torch.eye(5).roll(-1, dims=1)
    monkeypatch.setattr(minilm, "load_minilm", load)
    monkeypatch.setattr(minilm, "read", lambda model, text: minilm.Reading([], torch.zeros(3, 5, 4), weights))
    cell = question.statement.split("```python\n")[1].split("```")[0]
    exec(cell, run(question.solution))
    told = capsys.readouterr().out
    assert told.startswith("layer 2, head 3: 1.0000. Median" if at_hand else "Type this to get the weights.")


def counted_lead(queries: int, keys: int, *, dim: int = 384, heads: int = 12) -> int:
    """Let torch count by how many operations the four projections exceed scores and mixing, on tensors without data."""
    decoder, memory, matrix = (torch.empty(length, dim, device="meta") for length in (queries, keys, dim))
    with FlopCounterMode(display=False) as projections:
        _, _ = decoder @ matrix, decoder @ matrix
        key_slices = (memory @ matrix).reshape(keys, heads, dim // heads).transpose(0, 1)
        value_slices = (memory @ matrix).reshape(keys, heads, dim // heads).transpose(0, 1)
    query_slices = decoder.reshape(queries, heads, dim // heads).transpose(0, 1)
    with FlopCounterMode(display=False) as looking:
        (query_slices @ key_slices.mT) @ value_slices
    return projections.get_total_flops() - looking.get_total_flops()


def test_the_cost_exercise_expects_what_torch_counts():
    assert counted_lead(384, 1) == counted_lead(384, 1_000_000) == 2 * 113_246_208  # a flop is half a multiply-add
    assert counted_lead(1024, 614) > 0 > counted_lead(1024, 615)
    assert counted_lead(385, 147_839) > 0 == counted_lead(385, 147_840)
