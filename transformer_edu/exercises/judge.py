"""Judge the answers to one exercise: run its tests on a `Student`, always on the same inputs for the same seed."""

import contextlib
import math
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from transformer_edu.exercises.question import Question, Test
from transformer_edu.exercises.student import Student
from transformer_edu.exercises.values import NotAnswered, WrongAnswer


class Verdict(NamedTuple):
    """What came out: `passed`, `failed` or `unanswered`; the message; and for which input."""

    state: str
    message: str
    details: tuple[str, ...] = ()


class Mark(NamedTuple):
    """What one test gave: its points of those possible, and the verdict."""

    test: Test
    points: int
    verdict: Verdict


def judge(question: Question, student: Student, *, seed: int = 0, student_id: str = "") -> Verdict:
    """Run the tests in their order up to the first that fails. Whatever the answer does, this returns a verdict.

    A test that names a result `got`, and before its asserts what it should be `want`, has their difference shown.
    """
    for test in question.tests:
        verdict = _run(question, test, student, seed, student_id)
        if verdict.state != "passed":
            return verdict
    count = len(question.tests)
    return Verdict("passed", f"{count} test{'s' * (count > 1)}: {', '.join(test.name for test in question.tests)}.")


def mark(question: Question, student: Student, *, seed: int = 0, student_id: str = "") -> list[Mark]:
    """Run every test, whatever became of those before it, and give each its points or none."""
    verdicts = [(test, _run(question, test, student, seed, student_id)) for test in question.tests]
    return [Mark(test, test.points * (verdict.state == "passed"), verdict) for test, verdict in verdicts]


def _run(question: Question, test: Test, student: Student, seed: int, student_id: str) -> Verdict:
    """Run one test."""
    place = question.tests.index(test) + 1
    code = _compiled(test.code, f"{question.id} test {place}")
    scope: dict[str, Any] = {"student": student, "torch": torch, "math": math, "same": same, "seed": seed}
    scope["mine"] = question.own_value(student_id)
    label = f"test {place} of {len(question.tests)}: {test.name}"
    try:
        with settled(seed) as generator:
            scope["generator"] = generator
            exec(code, scope)
    except NotAnswered as blank:
        return Verdict("unanswered", f"{blank}.")
    except WrongAnswer as wrong:
        return Verdict("failed", str(wrong), tuple(filter(None, (student.last_call(), wrong.where, label))))
    except AssertionError as failure:
        apart = difference(scope.get("got"), scope.get("want"))
        return Verdict("failed", str(failure), tuple(filter(None, (student.last_call(), apart, label))))
    except Exception as error:  # noqa: BLE001  an answer may raise anything, and a verdict must come out
        message = f"The test could not use your answer ({type(error).__name__}: {' '.join(str(error).split())})."
        return Verdict("failed", message, tuple(filter(None, (student.last_call(), label))))
    return Verdict("passed", f"{test.name}.")


@lru_cache(maxsize=1024)
def _compiled(text: str, name: str) -> CodeType:
    """Compile a test once: it is the same text for every answer, seed and student. Asserts stay under python -O."""
    return compile(text, name, "exec", optimize=0)


def same(answer: Any, wanted: Any, tolerance: float = 1e-5) -> bool:
    """Tell whether two tensors (or tuples of tensors) have the same shape and the same numbers; NaN is never right."""
    if isinstance(wanted, tuple):
        return len(answer) == len(wanted) and all(same(*pair, tolerance) for pair in zip(answer, wanted, strict=True))
    answer, wanted = torch.as_tensor(answer), torch.as_tensor(wanted)
    if answer.is_complex() or wanted.is_complex():
        return False  # no exercise asks for complex numbers, and .double() would drop what makes them so
    answer, wanted = answer.double(), wanted.double()
    return answer.shape == wanted.shape and bool(torch.isclose(answer, wanted, rtol=tolerance, atol=tolerance).all())


def difference(got: Any, want: Any, name: str = "result") -> str:
    """Say where two results of one shape differ most, what came and what was expected, or nothing."""
    if isinstance(got, tuple) and isinstance(want, tuple):
        parts = enumerate(zip(got, want, strict=True))
        return next(filter(None, (difference(*pair, f"{name}[{place}]") for place, pair in parts)), "")
    if not (isinstance(got, Tensor) and isinstance(want, Tensor)) or got.is_complex():
        return ""
    if got.shape != want.shape or same(got, want):
        return ""
    apart = torch.where(got == want, 0.0, (got.double() - want.double()).abs())  # NaN counts as largest
    spot = tuple(int(index) for index in torch.unravel_index(apart.argmax(), apart.shape))
    label = f"{name}[{', '.join(map(str, spot))}]" if spot else name
    came, due = (f"{x:.6g}" if isinstance(x, float) else str(x) for x in (got[spot].item(), want[spot].item()))
    return f"largest difference: `{label}` is `{came}`, expected `{due}`"


@contextlib.contextmanager
def settled(seed: int) -> Iterator[torch.Generator]:
    """Give a test the same surroundings every time, and leave the student's own as they were."""
    dtype = torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]), torch.device("cpu"), torch.enable_grad():
        torch.set_default_dtype(torch.float32)
        torch.default_generator.manual_seed(seed)
        try:
            yield torch.Generator().manual_seed(seed)
        finally:
            torch.set_default_dtype(dtype)
