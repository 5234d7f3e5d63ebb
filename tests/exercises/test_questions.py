"""Every exercise, worked right, worked wrong and not worked at all."""

import contextlib
import io
import tomllib
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from transformer_edu import pretrained
from transformer_edu.exercises.answers import Kernel
from transformer_edu.exercises.check import review
from transformer_edu.exercises.judge import judge
from transformer_edu.exercises.question import KINDS, chapters, find_question, read_chapter
from transformer_edu.exercises.student import Student

QUESTIONS = {question.id: question for chapter in chapters() for question in read_chapter(chapter)}


def worked(kind: str) -> list[dict]:
    """Read the answers in the folder `right` or `wrong`."""
    texts = (file.read_text(encoding="utf-8") for file in sorted((Path(__file__).parent / kind).glob("*.toml")))
    return [answer for text in texts for answer in tomllib.loads(text)[kind]]


RIGHT, WRONG = worked("right"), worked("wrong")
every_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())


def run(*cells: str) -> dict:
    """Run cells one after the other, as a notebook does, and return their names."""
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells:
            exec(compile(cell, "cell", "exec"), names)
    return names


@every_question
def test_the_starter_runs_and_counts_as_not_answered(question):
    verdict = review(question, run(question.starter))
    assert verdict.state == "unanswered"
    assert all(f"`{name}`" in verdict.message for name in question.answers)


@every_question
def test_the_solution_passes_for_any_seed(question):
    names = run(question.starter, question.solution)
    assert review(question, names).state == "passed"
    for seed in (1, 2, 3, 20):
        assert judge(question, Student(question, Kernel(names)), seed=seed).state == "passed"


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: f"{right['exercise']} {right['name']}")
def test_every_right_way_passes_for_any_seed(right):
    question = find_question(right["exercise"], function="test")
    names = run(question.starter, right["code"])
    assert review(question, names).message.startswith(f"{len(question.tests)} test")
    for seed in (1, 2, 3):
        assert judge(question, Student(question, Kernel(names)), seed=seed).state == "passed"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong['exercise']} {wrong['name']}")
def test_a_wrong_answer_gets_its_message(wrong):
    question = find_question(wrong["exercise"], function="test")
    verdict = review(question, run(question.starter, wrong["code"]))
    assert (verdict.state, verdict.message) == ("failed", wrong["message"])


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong['exercise']} {wrong['name']}")
def test_no_seed_lets_a_wrong_answer_pass(wrong):
    question = find_question(wrong["exercise"], function="test")
    names = run(question.starter, wrong["code"])
    if not any(banned in wrong["message"] for banned in question.forbid):  # its numbers are right
        assert {judge(question, Student(question, Kernel(names)), seed=seed).state for seed in (1, 2)} == {"failed"}


@every_question
def test_at_least_three_mistakes_are_named_apart(question):
    messages = {wrong["message"] for wrong in WRONG if wrong["exercise"] == question.id}
    assert len(messages) >= 3


@every_question
def test_the_card_is_complete(question):
    assert question.kind in KINDS
    assert 1 <= question.difficulty <= 5
    assert 1 <= question.minutes <= 40
    assert len(question.teaches) > 20
    assert 2 <= len(question.hints) <= 3
    assert question.solution
    assert question.because


@every_question
def test_the_texts_fit_a_notebook(question):
    assert len(question.starter.splitlines()) <= 12
    for text in (question.statement, question.because):
        assert not any(mark in text for mark in ("{ref}", "{math}", "```{", ":::"))  # these show as raw text in Colab
        assert text.count("$$") % 2 == 0
    assert all(name in question.statement + question.starter for name in question.answers)


@every_question
def test_no_text_says_that_it_is_easy(question):
    texts = [question.statement, question.because, *question.hints, *(test.code for test in question.tests)]
    words = {word.strip(".,:;()`*").lower() for text in texts for word in text.split()}
    assert not words & {"obviously", "simply", "just", "clearly", "trivial", "easily"}


@pytest.mark.parametrize("chapter", chapters())
def test_a_chapter_has_every_kind_and_grows_harder(chapter):
    questions = read_chapter(chapter)
    assert len(questions) >= 6
    assert {question.kind for question in questions} == set(KINDS)
    assert questions[0].difficulty == 1
    assert [question.id for question in questions] == [f"{chapter}/q{place}" for place in range(1, len(questions) + 1)]


def test_every_wrong_answer_belongs_to_an_exercise():
    assert {wrong["exercise"] for wrong in WRONG} == set(QUESTIONS)


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
            raise pretrained.MissingWeights("Type this to get the weights.")
        return

    weights = torch.softmax(torch.randn(2, 3, 5, 5, generator=generator), dim=-1)
    weights[1, 2] = torch.eye(5).roll(-1, dims=1)
    monkeypatch.setattr(pretrained, "load_minilm", load)
    monkeypatch.setattr(pretrained, "read", lambda minilm, text: pretrained.Reading([], torch.zeros(3, 5, 4), weights))
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
