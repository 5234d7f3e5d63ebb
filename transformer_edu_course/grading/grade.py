"""Grade one notebook: the sandbox computes, this process judges."""

import hashlib
import time
from dataclasses import asdict
from typing import Any

from transformer_edu.exercises.judge import Mark, Verdict, mark
from transformer_edu.exercises.question import Question
from transformer_edu.exercises.student import Student
from transformer_edu.exercises.values import WrongAnswer
from transformer_edu_course.grading import earlier_edition, reporting
from transformer_edu_course.grading.code_cells import Unreadable, code_cells
from transformer_edu_course.grading.exercises import Exercises
from transformer_edu_course.grading.room import Dead, Ended
from transformer_edu_course.grading.sandbox import Sandbox
from transformer_edu_course.grading.sandboxed_answers import SandboxedAnswers

INSPECTED = ("id", "answers", "forbid", "starter")  # what reading the cells needs to know of a question


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


def unreadable(exercises: Exercises, reason: str, *, student: str, name: str = "") -> dict[str, Any]:
    """Write the result of a file that was not even opened: no points, and why."""
    return _result(reporting.without_marks(exercises, "unreadable", reason), b"", exercises, student, name, 0.0)


def _result(
    told: dict, content: bytes, exercises: Exercises, student: str, name: str, seconds: float
) -> dict[str, Any]:
    digest = {"submission": hashlib.sha256(content).hexdigest(), "exercises": exercises.digest}
    who = {"student": student, "name": name, "chapter": exercises.chapter}
    return {**who, **told, "digest": digest, "seed": exercises.seed, "seconds": round(seconds, 3)}


def _told_by_room(content: bytes, exercises: Exercises, sandbox: Sandbox, student: str) -> dict[str, Any]:
    """Grade a notebook, or say why it cannot be read. Raises: Dead where the sandbox ends meanwhile."""
    try:
        cells = [*exercises.setup, *code_cells(content)]
        found = _inspected(sandbox, exercises, cells)
        return _graded(cells, exercises, sandbox, found, student)
    except Unreadable as reason:
        return reporting.without_marks(exercises, "unreadable", str(reason))


def _inspected(sandbox: Sandbox, exercises: Exercises, cells: list[str]) -> dict[str, Any]:
    """Have the cells read in a room in which none of them runs."""
    asked = [{key: asdict(one)[key] for key in INSPECTED} for one in exercises.questions]
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


def _graded(cells: list[str], exercises: Exercises, sandbox: Sandbox, found: dict, student: str) -> dict[str, Any]:
    """Run the notebook and judge every question; a notebook of an earlier edition gets no marks here."""
    asked = exercises.questions
    answers = SandboxedAnswers(sandbox, cells, asked)
    try:
        answers.run()
        declared = _declared(answers, found["declared"])
        marks = [_marks(one, answers, exercises.seed, declared, found["questions"][one.id]) for one in asked]
    finally:
        answers.close()
    questions = [reporting.told(question, given, declared) for question, given in zip(asked, marks, strict=True)]
    if missed := earlier_edition.missed(found["moved"], answers.errors):
        return reporting.elsewhere(questions, earlier_edition.note(missed, exercises.chapter))
    return {
        "state": "graded",
        "declared_id": declared,
        "flags": reporting.flags(declared, student, found["hiding"], any(one.mine for one in asked))
        + reporting.unread(found["broken"], answers, len(exercises.setup)),
        "note": reporting.note(found["broken"], answers, len(exercises.setup)),
        **reporting.sums(questions),
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
        return reporting.unanswered(question)
    if found["forbidden"]:
        text = f"The answer uses `{found['forbidden']}`, which this exercise does not allow."
        return reporting.no_points(question, Verdict("failed", text))
    return mark(question, Student(question, answers), seed=seed, student_id=declared)


def _is_open(answers: SandboxedAnswers, name: str) -> bool:
    try:
        return answers.value(name) is ... or answers.value(name) is None
    except WrongAnswer:
        return False
