"""Put what the judge found about a notebook into a result: points, states, sentences for the student, flags."""

import re
import sys
from typing import Any

from transformer_edu.exercises.judge import Mark, Verdict
from transformer_edu.exercises.question import Question
from transformer_edu_course.grading.exercises import Exercises
from transformer_edu_course.grading.sandboxed_answers import SandboxedAnswers

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
MOST_CELLS = 5  # that a note names


def without_marks(exercises: Exercises, state: str, note: str) -> dict[str, Any]:
    """Write what is told of a file that cannot be graded: no points, and why."""
    zero = [told(question, unanswered(question), "") for question in exercises.questions]
    return {"state": state, "declared_id": "", "flags": [], "note": note, **sums(zero)}


def elsewhere(questions: list[dict[str, Any]], why: str) -> dict[str, Any]:
    """Write what is told of a notebook that another edition of the book has to grade: there are no points yet."""
    told_of_all = {"state": "earlier edition", "declared_id": "", "flags": [], "note": why, **sums(questions)}
    return told_of_all | {"points": None, "practice_points": None, "questions": []}


def told(question: Question, marks: list[Mark], declared: str) -> dict[str, Any]:
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


def unanswered(question: Question) -> list[Mark]:
    """Give no points to an exercise whose names are all still open."""
    names = ", ".join(f"`{name}`" for name in question.answers)
    return no_points(question, Verdict("unanswered", f"Not answered: {names}."))


def no_points(question: Question, verdict: Verdict) -> list[Mark]:
    """Give every test of an exercise the same verdict, and no points."""
    return [Mark(test, 0, verdict) for test in question.tests]


def sums(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up assigned questions, which count, and the others, which are practice."""
    kinds = (("", True), ("practice_", False))
    added = {
        f"{kind}{key}": sum(question[key] for question in questions if question["assigned"] is assigned)
        for kind, assigned in kinds
        for key in ("points", "possible")
    }
    return added | {"questions": questions}


def flags(declared: str, student: str, hiding: list[str], personal: bool) -> list[str]:
    """Collect what a person should look at; none of it costs points. An id of digits alone is the platform's own."""
    found = []
    if personal and not declared:
        found.append("declares no id, and got the values that belong to nobody")
    elif declared and declared.casefold() != student.strip().casefold() and not student.isdigit():
        found.append(f"declares the id {declared!r}")
    if hiding:
        found.append(f"uses {', '.join(hiding)}, which can hide what an answer calls")
    return found


def unread(broken: dict[str, str], answers: SandboxedAnswers, setup: int) -> list[str]:
    """Flag the cells that ran although reading them failed: nobody knows what they call."""
    numbers = sorted(int(number) for number in broken.keys() - {*map(str, answers.failed | answers.stopped)})
    return [f"code cell {number - setup} ran, but what it calls could not be read" for number in numbers]


def note(broken: dict[str, str], answers: SandboxedAnswers, setup: int) -> str:
    """Say in a sentence which cells did not run to their end."""
    cells = [f"code cell {int(number) - setup} is no Python {PYTHON} ({why})" for number, why in broken.items()]
    cells += [f"code cell {number - setup} {why}" for number, why in sorted(answers.stopped.items())]
    shown = [(number, why) for number, why in sorted(answers.failed.items()) if str(number) not in broken]
    cells += [f"code cell {number - setup} raised {why}" for number, why in shown]
    more = f"; and {len(cells) - MOST_CELLS} more" if len(cells) > MOST_CELLS else ""
    return "; ".join(cells[:MOST_CELLS]) + more + "." if cells else ""


def _whose(question: Question, declared: str) -> str:
    """Say which value a personal question was judged with."""
    if not question.mine:
        return ""
    whose = f"that of {declared}" if declared else "nobody's, since the notebook names no student_id"
    return f" (The value was {question.own_value(declared)}: {whose}.)"


def _test(one: Mark, whose: str) -> dict[str, Any]:
    verdict = one.verdict
    details = [detail[:500] for detail in verdict.details if not detail.startswith("test ")]
    about = {"name": one.test.name, "points": one.points, "possible": one.test.points, "hidden": one.test.hidden}
    message = "" if verdict.state == "passed" else verdict.message[:600]
    if one.test.hidden:  # an error could tell the inputs
        message = re.sub(r"( raised \w+): .*", r"\1.", message, flags=re.DOTALL)
    message += whose if verdict.state == "failed" else ""
    return about | {"state": verdict.state, "message": message, "details": details if message else []}
