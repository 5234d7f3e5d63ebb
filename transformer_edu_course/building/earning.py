"""Run the author's own answers as a notebook would, and count what they earn as the grader does."""

import contextlib
import io
import warnings
from typing import Any, NamedTuple

from transformer_edu.exercises.answers import Kernel
from transformer_edu.exercises.check import FORBIDDEN
from transformer_edu.exercises.judge import Mark, mark
from transformer_edu.exercises.mine import mine
from transformer_edu.exercises.question import Question, as_json, using_questions
from transformer_edu.exercises.student import Student
from transformer_edu.exercises.untouched import forbidden, placeholders
from transformer_edu_course.building.source import Chapter


class Earned(NamedTuple):
    """What an answer earns, and the message that its student reads first."""

    points: int
    message: str


class Stopped(Exception):
    """Say that a cell of the author's raised, and which."""


def known_here(chapter: Chapter) -> contextlib.AbstractContextManager[None]:
    """Let `check`, `hint` and `mine` know a chapter that is not in the package's data yet."""
    return using_questions(chapter.name, as_json([question.public() for question in chapter.questions]))


def run(cells: list[tuple[str, str]], student_id: str) -> dict[str, Any]:
    """Run cells one after the other, as a notebook does, and return their names. Raises: Stopped."""
    names: dict[str, Any] = {"__name__": "__main__", "student_id": student_id, "mine": mine}
    for label, code in cells:
        try:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
                exec(compile(code, f"<{label}>", "exec"), names)
        except (Exception, SystemExit) as error:
            raise Stopped(f"{label}: the code stops with {type(error).__name__}: {error}") from error
    return names


def earned(question: Question, names: dict[str, Any], *, seed: int, student_id: str) -> Earned:
    """Return what an answer earns: nothing if it is blank or uses a forbidden name, else the points of its tests."""
    blank = placeholders(question, names)
    if len(blank) == len(question.answers):
        return Earned(0, f"Still open: {', '.join(f'`{name}`' for name in blank)}.")
    if banned := forbidden(question, {**dict.fromkeys(question.answers), **names}):
        return Earned(0, FORBIDDEN.format(banned))
    found = marks(question, names, seed, student_id)
    message = next((one.verdict.message for one in found if one.verdict.state != "passed"), "")
    return Earned(sum(one.points for one in found), message)


def marks(question: Question, names: dict[str, Any], seed: int, student_id: str) -> list[Mark]:
    """Run every test of a question on these names."""
    return mark(question, Student(question, Kernel(names)), seed=seed, student_id=student_id)
