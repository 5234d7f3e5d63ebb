"""Grade one notebook: the sandbox computes, this process judges."""

import hashlib
import json
import re
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from transformer_edu.exercises.judge import Mark, Verdict, mark
from transformer_edu.exercises.question import Question, from_json
from transformer_edu.exercises.student import Student
from transformer_edu.exercises.values import WrongAnswer
from transformer_edu_course.grading.code_cells import Unreadable, code_cells
from transformer_edu_course.grading.sandbox import Dead, Ended, Sandbox
from transformer_edu_course.grading.sandboxed_answers import SandboxedAnswers

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ENGINE = 1  # raise it when the same notebook would get other marks


@dataclass(frozen=True)
class Exercises:
    """A chapter as the judge knows it: cells that run first, and questions with their hidden tests, as JSON text."""

    chapter: str
    setup: tuple[str, ...]
    text: str
    seed: int

    @property
    def questions(self) -> list[Question]:
        """Read the questions."""
        return from_json(self.text)

    @property
    def digest(self) -> str:
        """Name this state of the exercises."""
        content = json.dumps([ENGINE, self.chapter, self.setup, self.text])
        return hashlib.sha256(content.encode()).hexdigest()


def grade(content: bytes, exercises: Exercises, sandbox: Sandbox, *, student: str, name: str = "") -> dict[str, Any]:
    """Grade a notebook and return its result (results.py says what stands in it).

    Raises: Blocked where the sandbox does not work, Dead where it was ended twice, RuntimeError for a fault of our own.
    """
    began = time.monotonic()
    try:
        told = _told_by_room(content, exercises, sandbox, student)
    except Dead:  # someone ended the sandbox: begin again, and if that happens twice let a person look
        told = _told_by_room(content, exercises, sandbox, student)
    return _result(told, content, exercises, student, name, time.monotonic() - began)


def _told_by_room(content: bytes, exercises: Exercises, sandbox: Sandbox, student: str) -> dict[str, Any]:
    """Grade a notebook, or say why it cannot be read. Raises: Dead where the sandbox ends meanwhile."""
    try:
        cells = [*exercises.setup, *code_cells(content)]
        found = _inspected(sandbox, exercises, cells)
        return _graded(cells, exercises, sandbox, found, student)
    except Unreadable as reason:
        return _nothing(exercises, str(reason))


def unreadable(exercises: Exercises, reason: str, *, student: str, name: str = "") -> dict[str, Any]:
    """Write the result of a file that was not even opened: no points, and why."""
    return _result(_nothing(exercises, reason), b"", exercises, student, name, 0.0)


def _result(
    told: dict, content: bytes, exercises: Exercises, student: str, name: str, seconds: float
) -> dict[str, Any]:
    digest = {"submission": hashlib.sha256(content).hexdigest(), "exercises": exercises.digest}
    who = {"student": student, "name": name, "chapter": exercises.chapter}
    return {**who, **told, "digest": digest, "seed": exercises.seed, "seconds": round(seconds, 3)}


def _inspected(sandbox: Sandbox, exercises: Exercises, cells: list[str]) -> dict[str, Any]:
    """Have the cells read in a room in which none of them runs."""
    asked = [{key: asdict(one)[key] for key in ("id", "answers", "forbid", "starter")} for one in exercises.questions]
    room = sandbox.open()
    try:
        answer, _ = room.ask({"do": "inspect", "cells": cells, "questions": asked}, seconds=sandbox.limits.seconds)
    except Ended as end:
        raise Unreadable(f"Reading the notebook's code {end}.") from end
    room.close()
    if "slow" in answer:
        raise Unreadable("Reading the notebook's code takes too long.")
    if "done" not in answer:  # the fault is ours, and must not cost a student points
        raise RuntimeError(f"reading the cells failed: {str(answer.get('raised'))[:300]}")
    return answer["done"]


def _graded(cells: list[str], exercises: Exercises, sandbox: Sandbox, found: dict, student: str) -> dict:
    """Run the notebook and judge every question."""
    asked = exercises.questions
    answers = SandboxedAnswers(sandbox, cells, asked)
    try:
        answers.run()
        declared = _declared(answers, found["declared"])
        marks = [_marks(one, answers, exercises.seed, declared, found["questions"][one.id]) for one in asked]
    finally:
        answers.close()
    unread = sorted(int(number) for number in found["broken"].keys() - {*map(str, answers.failed | answers.stopped)})
    return {
        "state": "graded",
        "declared_id": declared,
        "flags": _flags(declared, student, found["hiding"], any(one.mine for one in asked))
        + [f"code cell {number - len(exercises.setup)} ran, but what it calls could not be read" for number in unread],
        "note": _note(found["broken"], answers, len(exercises.setup)),
        **_sums([_told(question, given, declared) for question, given in zip(asked, marks, strict=True)]),
    }


def _declared(answers: SandboxedAnswers, texts: list[str]) -> str:
    """Return the id that a notebook signs with: its `student_id` in the end, or the last one that it wrote."""
    try:
        value = answers.value("student_id")
    except WrongAnswer:
        value = ...
    written = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return written[:200] or (texts or [""])[-1].strip()


def _marks(question: Question, answers: SandboxedAnswers, seed: int, declared: str, found: dict) -> list[Mark]:
    """Judge one question, unless a look at its text settles it."""
    if all(name in found["untouched"] or _is_open(answers, name) for name in question.answers):
        return _unanswered(question)
    if found["forbidden"]:
        text = f"The answer uses `{found['forbidden']}`, which this exercise does not allow."
        return _all(question, Verdict("failed", text))
    return mark(question, Student(question, answers), seed=seed, student_id=declared)


def _is_open(answers: SandboxedAnswers, name: str) -> bool:
    try:
        return answers.value(name) is ... or answers.value(name) is None
    except WrongAnswer:
        return False


def _told(question: Question, marks: list[Mark], declared: str) -> dict[str, Any]:
    """Write what became of one question."""
    points = sum(one.points for one in marks)
    states = {one.verdict.state for one in marks}
    state = "passed" if states == {"passed"} else "partial" if points else min(states - {"passed"}, default="failed")
    return {
        "id": question.id,
        "title": question.title,
        "assigned": question.assigned,
        "points": points,
        "possible": question.points,
        "state": state,
        "tests": [_test(one, _whose(question, declared)) for one in marks],
    }


def _unanswered(question: Question) -> list[Mark]:
    return _all(
        question, Verdict("unanswered", f"Not answered: {', '.join(f'`{name}`' for name in question.answers)}.")
    )


def _all(question: Question, verdict: Verdict) -> list[Mark]:
    return [Mark(test, 0, verdict) for test in question.tests]


def _whose(question: Question, declared: str) -> str:
    """Say which value a personal question was judged with."""
    if not question.mine:
        return ""
    whose = f"that of {declared}" if declared else "nobody's, since the notebook names no student_id"
    return f" (The value was {question.own_value(declared)}: {whose}.)"


def _test(one: Mark, whose: str) -> dict[str, Any]:
    verdict = one.verdict
    details = [detail[:500] for detail in verdict.details if not detail.startswith("test ")]
    told = {"name": one.test.name, "points": one.points, "possible": one.test.points, "hidden": one.test.hidden}
    message = "" if verdict.state == "passed" else verdict.message[:600]
    if one.test.hidden:  # an error could tell the inputs
        message = re.sub(r"( raised \w+): .*", r"\1.", message, flags=re.DOTALL)
    message += whose if verdict.state == "failed" else ""
    return told | {"state": verdict.state, "message": message, "details": details if message else []}


def _sums(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up assigned questions, which count, and the others, which are practice."""
    kinds = (("", True), ("practice_", False))
    sums = {
        f"{kind}{key}": sum(question[key] for question in questions if question["assigned"] is assigned)
        for kind, assigned in kinds
        for key in ("points", "possible")
    }
    return sums | {"questions": questions}


def _flags(declared: str, student: str, hiding: list[str], personal: bool) -> list[str]:
    """Collect what a person should look at; none of it costs points. An id of digits alone is the platform's own."""
    flags = []
    if personal and not declared:
        flags.append("declares no id, and got the values that belong to nobody")
    elif declared and declared.casefold() != student.strip().casefold() and not student.isdigit():
        flags.append(f"declares the id {declared!r}")
    if hiding:
        flags.append(f"uses {', '.join(hiding)}, which can hide what an answer calls")
    return flags


def _note(broken: dict[str, str], answers: SandboxedAnswers, setup: int) -> str:
    """Say in a sentence which cells did not run to their end."""
    told = [f"code cell {int(number) - setup} is no Python {PYTHON} ({why})" for number, why in broken.items()]
    told += [f"code cell {number - setup} {why}" for number, why in sorted(answers.stopped.items())]
    shown = [(number, why) for number, why in sorted(answers.failed.items()) if str(number) not in broken]
    told += [f"code cell {number - setup} raised {why}" for number, why in shown]
    return ("; ".join(told[:5]) + (f"; and {len(told) - 5} more" if len(told) > 5 else "") + ".") if told else ""


def _nothing(exercises: Exercises, reason: str) -> dict[str, Any]:
    """Write the result of a file that cannot be graded: no points, and why."""
    zero = [_told(question, _unanswered(question), "") for question in exercises.questions]
    return {"state": "unreadable", "declared_id": "", "flags": [], "note": reason, **_sums(zero)}
