"""Check an answer where it was written: in Jupyter, VS Code, Colab or a plain script."""

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any, no_type_check

from transformer_edu.exercises.answers import Kernel
from transformer_edu.exercises.judge import Verdict, judge
from transformer_edu.exercises.notice import Notice, shell, show
from transformer_edu.exercises.question import Question, find_question
from transformer_edu.exercises.student import Student
from transformer_edu.exercises.untouched import forbidden, placeholders

FORBIDDEN = "Your answer uses `{}`, which this exercise does not allow."
WORDS = {"passed": "✔ passed", "failed": "✘ not yet", "unanswered": "… not answered yet"}


@no_type_check  # a type checker's wrapper would stand between it and its caller
def check(exercise: str) -> None:
    """Run the public tests of one exercise on the names that you defined, and show what came out.

    A wrong answer never raises. Nothing is counted, stored or sent.

    Raises: ValueError for an unknown id, such as "softmax/q20".
    """
    question = find_question(exercise, function="check")
    namespace = names_of(sys._getframe(1))
    verdict = _placed(question, review(question, namespace), namespace)
    show(Notice(f"{WORDS[verdict.state]} · {exercise}", verdict.message, verdict.details, verdict.state))


def _placed(question: Question, verdict: Verdict, namespace: Mapping[str, Any]) -> Verdict:
    """Say what a check of an assigned exercise does not tell, and whose value it looked at."""
    message, details = verdict.message, verdict.details
    if verdict.state == "passed" and question.graded_later:
        points = question.points + question.graded_later
        message += (
            f" That is {question.points} of {points} points. The others come from tests that run when it is graded:"
        )
        message += " does your answer keep every promise of the text?"
    if question.mine and verdict.state != "unanswered":
        whose = "yours" if who(namespace) else "nobody's: this notebook has no `student_id` yet"
        details += (f"the value that it looked at, `{question.own_value(who(namespace))}`, is {whose}",)
    return Verdict(verdict.state, message, details)


def names_of(frame: FrameType) -> Mapping[str, Any]:
    """Return the names that a notebook's cells see, or those of the caller in plain Python."""
    running = shell()
    return running.user_ns if running else {**frame.f_globals, **frame.f_locals}


def who(namespace: Mapping[str, Any]) -> str:
    """Return the `student_id` of a notebook, or nothing where there is none."""
    student_id = namespace.get("student_id")
    return str(student_id) if isinstance(student_id, (str, int)) else ""


def review(question: Question, namespace: Mapping[str, Any]) -> Verdict:
    """Say what became of an exercise: blank, built on a forbidden name, or whatever the tests find."""
    missing = placeholders(question, namespace)
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        return Verdict("unanswered", f"Still open: {names}.")
    banned = forbidden(question, namespace)
    if banned:
        return Verdict("failed", FORBIDDEN.format(banned))
    return judge(question, Student(question, Kernel(namespace)), student_id=who(namespace))
