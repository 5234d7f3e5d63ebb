"""A small chapter of ten points, and a sandbox that all tests share."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.course.grading.hostile import CAUSAL, NUMBER, SCORES
from transformer_edu.exercises.question import Question, Test, as_json
from transformer_edu_course.grading.exercises import Exercises
from transformer_edu_course.grading.grade import grade
from transformer_edu_course.grading.sandbox import Limits, Sandbox

LIMITS = Limits(seconds=60.0, total=240.0, memory=2**30)  # no machine is so busy that an honest notebook meets them
SOON = Limits(seconds=3.0, total=24.0, memory=2**30)  # for notebooks that have to be stopped
PATIENCE = 60.0  # seconds that a busy machine may take beyond a limit; what waits for ever takes longer
PROCESSOR = 3.0  # seconds of the judge's own processor: what a hostile notebook may cost it


def question(name: str, answers: dict[str, str], starter: str, tests: list[Test], **more) -> Question:
    """Make a question with the fields that matter here."""
    fields = {"title": name, "kind": "complete", "difficulty": 1, "minutes": 1, "teaches": "", "statement": ""}
    return Question(
        id=f"tiny/{name}",
        answers=answers,
        starter=starter,
        tests=tuple(tests),
        hints=(),
        assigned=True,
        **fields,
        **more,
    )


Q1 = question(
    "q1",
    {"scores": "function -> tensor"},
    "def scores(queries, keys):\n    ...",
    [
        Test(
            name="by hand",
            points=1,
            code="got = student.scores(torch.ones(1, 4), torch.ones(2, 4))\n"
            "assert not same(got, torch.full((1, 2), 4.0)), 'The scores are not divided by √head_dim.'\n"
            "assert same(got, torch.full((1, 2), 2.0)), 'The scores differ.'",
        ),
        Test(
            name="random",
            points=3,
            hidden=True,
            code="queries, keys = torch.randn(3, 9, generator=generator), torch.randn(2, 9, generator=generator)\n"
            "want = queries @ keys.mT / 3\ngot = student.scores(queries, keys)\n"
            "assert same(got, want), 'The divisor is √head_dim, whatever head_dim is.'",
        ),
    ],
    forbid=("scaled_dot_product_attention", "cdist"),
)
Q2 = question(
    "q2",
    {"causal": "function -> tensor"},
    "def causal(size):\n    ...",
    [
        Test(name="two", points=2, code="assert same(student.causal(2), torch.tensor([[1, 0], [1, 1]])), 'See two.'"),
        Test(
            name="more",
            points=2,
            hidden=True,
            code="assert same(student.causal(5), torch.ones(5, 5).tril()), 'See five.'",
        ),
    ],
)
Q3 = question(
    "q3",
    {"edges": "number"},
    "edges = ...",
    [Test(name="yours", points=2, hidden=True, code="assert student.edges == 2 * mine, 'Count both directions.'")],
    mine=(3, 5, 7, 11, 13),
)
SOLUTIONS = {"q1": SCORES.strip(), "q2": CAUSAL.strip(), "q3": NUMBER}
TINY = Exercises("tiny", (), as_json([Q1, Q2, Q3]), seed=7)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a nightly run grade every sample: `pytest tests/course/grading/test_samples.py --all-samples`."""
    parser.addoption("--all-samples", action="store_true", help="grade every answer that the sources of exercises list")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Start the real sandbox. A machine on which it does not work fails the tests: it never skips them."""
    with_walls = Sandbox(LIMITS)
    yield with_walls
    with_walls.close()


@pytest.fixture(scope="session")
def impatient() -> Iterator[Sandbox]:
    """Start a sandbox that soon stops what runs too long."""
    with_walls = Sandbox(SOON)
    yield with_walls
    with_walls.close()


@pytest.fixture
def marked(sandbox: Sandbox):
    """Return a function that grades a notebook with the tiny chapter."""
    return lambda content, student="ada": grade(content, TINY, sandbox, student=student)


@pytest.fixture
def marked_soon(impatient: Sandbox):
    """Return a function that grades a notebook, or stops it soon, and holds what this costs to a limit."""

    def graded(content: bytes, student: str = "ada") -> dict:
        began, used = time.monotonic(), time.process_time()
        result = grade(content, TINY, impatient, student=student)
        assert time.process_time() - used < PROCESSOR
        assert time.monotonic() - began < impatient.limits.total + PATIENCE
        return result

    return graded


def write_source(folder: Path, exercises: Exercises = TINY) -> Path:
    """Write a chapter as a course's own source notebook and return the folder."""
    cells = [("markdown", "about", "A chapter for tests.")]
    for one in exercises.questions:
        name = one.id.split("/")[1]
        commented = "\n".join(f"# {line}" for line in one.starter.splitlines())
        card = [
            f"{key} = {json.dumps(getattr(one, key))}" for key in ("title", "kind", "difficulty", "minutes", "assigned")
        ]
        card += [f"{key} = {json.dumps(list(getattr(one, key)))}" for key in ("forbid", "mine")] + ['teaches = "tests"']
        card += ["[answers]", *(f"{key} = {json.dumps(kind)}" for key, kind in one.answers.items())]
        cells += [
            ("raw", f"card:{name}", "\n".join(card)),
            ("markdown", f"statement:{name}", f"Write {list(one.answers)}."),
        ]
        solved = f"### BEGIN SOLUTION\n{SOLUTIONS[name]}\n### INSTEAD\n{commented}\n### END SOLUTION"
        cells.append(("code", f"answer:{name}", solved))
        for test in one.tests:
            kind = "hidden" if test.hidden else "public"
            cells.append(("code", f"{kind}-test:{name}:{test.points}", f"# {test.name}\n{test.code}"))
        cells += [("markdown", f"hint:{name}", "Think."), ("markdown", f"because:{name}", "It is so.")]
    written = [
        {"cell_type": kind, "id": f"c{place}", "metadata": {"tags": [tag]}, "source": text}
        | ({"execution_count": None, "outputs": []} if kind == "code" else {})
        for place, (kind, tag, text) in enumerate(cells)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / f"{exercises.chapter}.ipynb").write_text(json.dumps(whole), encoding="utf-8")
    return folder
