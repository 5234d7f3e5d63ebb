"""Keep one result a student as a JSON file that is either whole or not there.

The files are the truth: the gradebook, the feedback and a resumed run are made of them. What a power cut left broken
reads as absent, so that it is graded again.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from transformer_edu_course.grading.whole_files import replacing, safe_name


class TestResult(TypedDict):
    """What one test gave."""

    name: str
    points: int
    possible: int
    hidden: bool
    state: str  # passed, failed or unanswered
    message: str
    details: list[str]


class QuestionResult(TypedDict):
    """What one exercise gave."""

    id: str
    title: str
    assigned: bool
    points: int
    possible: int
    state: str  # passed, partial, failed or unanswered
    tests: list[TestResult]


class Digest(TypedDict):
    """What was graded: SHA-256 of the notebook and of the exercises."""

    submission: str
    exercises: str


class Result(TypedDict):
    """What one submission gave. Points are those of assigned exercises, practice points those of the others.

    A notebook of an earlier edition has None for points: another edition of the book has to grade it.
    """

    student: str
    name: str
    chapter: str
    source: str
    late: bool
    declared_id: str
    points: int | None
    possible: int
    practice_points: int | None
    practice_possible: int
    state: str  # graded, unreadable or earlier edition
    note: str
    flags: list[str]
    questions: list[QuestionResult]
    digest: Digest
    seed: int
    seconds: float


def write_result(folder: Path, result: Result) -> Path:
    """Write a student's result into a folder that exists. Raises: ValueError for a result that could not be read."""
    if not is_result(result):
        raise ValueError(f"write_result needs a result with every field, got result={str(result)[:200]}.")
    path = folder / f"{safe_name(result['student'])}.json"
    with replacing(path) as file:
        json.dump(result, file, indent=1, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    return path


def read_result(path: Path) -> Result | None:
    """Read a result, or None where there is none: no such file, a broken one, or one under a wrong name."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return result if is_result(result) and path.stem == safe_name(result["student"]) else None


def result_files(folder: Path) -> list[Path]:
    """List the files in which results are kept, broken ones too."""
    return sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))


def read_results(folder: Path) -> Iterator[Result]:
    """Read all results, one at a time."""
    return filter(None, map(read_result, result_files(folder)))


def is_current(result: Result | None, submission_digest: str, exercises_digest: str, seed: int) -> bool:
    """Say whether a result is that of this notebook, these exercises and this seed, so that it need not be redone."""
    wanted = {"submission": submission_digest, "exercises": exercises_digest}
    return result is not None and result["digest"] == wanted and result["seed"] == seed


def is_result(result: Any) -> bool:
    """Say whether this has every field of a result, each of its type."""
    return (
        _has_fields(result, Result)
        and _has_fields(result["digest"], Digest)
        and all(isinstance(flag, str) for flag in result["flags"])
        and all(_has_fields(question, QuestionResult) for question in result["questions"])
        and all(_has_fields(test, TestResult) for question in result["questions"] for test in question["tests"])
        and all(isinstance(x, str) for q in result["questions"] for test in q["tests"] for x in test["details"])
    )


def _has_fields(entry: Any, kind: type) -> bool:
    """Say whether an entry has the fields of a typed dictionary, each of its type (true is no number)."""
    if not isinstance(entry, dict):
        return False
    for name, wanted in kind.__annotations__.items():
        plain = {list: list, float: (int, float)}.get(getattr(wanted, "__origin__", wanted), wanted)
        plain = dict if isinstance(plain, type) and hasattr(plain, "__total__") else plain
        value = entry.get(name)
        if not isinstance(value, plain) or (isinstance(value, bool) and wanted is not bool):
            return False
    return True
