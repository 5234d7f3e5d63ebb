"""Say what a notebook is handed out with, and what may come back: what one machine and a cluster share."""

from typing import Any, NamedTuple

from transformer_edu_course.grading.exercises import Exercises
from transformer_edu_course.grading.grade import unreadable
from transformer_edu_course.grading.sandbox import Limits
from transformer_edu_course.grading.submissions import Submission


class Setting(NamedTuple):
    """What all notebooks of a run share."""

    exercises: Exercises
    limits: Limits
    confined: bool


class Lost(NamedTuple):
    """Stand for the result of a notebook on which judges died."""

    reason: str


Outcome = dict[str, Any] | Lost


def read_content(one: Submission, exercises: Exercises) -> bytes | dict[str, Any]:
    """Read a notebook, or return the result of one that cannot be read."""
    try:
        return one.read()
    except ValueError as reason:
        return unreadable(exercises, str(reason), student=one.student, name=one.name)


def failed_on(error: Exception) -> Lost:
    """Say that the grader failed, which must not stop the others of a class."""
    return Lost(f"The grader failed on this notebook ({type(error).__name__}: {error}). Look at it by hand.")
