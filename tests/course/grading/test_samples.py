"""What the build computed in its own process, the sandbox computes too: the samples of all chapters, in one sandbox.

By default each chapter's blank and solved notebook, and one wrong answer for each kind of value that answers have.
`--all-samples` grades every answer that the sources list.
"""

import csv
from functools import cache
from pathlib import Path

import pytest

from transformer_edu_course.building.outputs import students_notebook
from transformer_edu_course.building.pack import pack
from transformer_edu_course.building.repository import Workplace
from transformer_edu_course.building.source import Chapter, read_chapter_source, source_chapters
from transformer_edu_course.grading.exercises import Exercises
from transformer_edu_course.grading.grade import grade

ROOT = Path(__file__).resolve().parents[3]
CHAPTERS = source_chapters(ROOT / "exercises")


@cache
def source_of(name: str) -> Chapter:
    return read_chapter_source(name, [ROOT / "exercises"])


@cache
def wrong_of_each_kind() -> dict[str, str]:
    """Map each kind of value that answers have to the first wrong answer of that kind, as chapter/file."""
    found: dict[str, str] = {}
    for name in CHAPTERS:
        for source in source_of(name).sources:
            kinds = [*source.question.answers.values(), *(["mine"] if source.question.mine else [])]
            for kind in kinds if source.wrong else []:
                found.setdefault(kind, f"{name}/{source.question.id.split('/')[1]}-wrong-1.ipynb")
    return found


def is_chosen(chapter: str, file: str) -> bool:
    return file in ("empty.ipynb", "solved.ipynb") or f"{chapter}/{file}" in wrong_of_each_kind().values()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_samples_of_the_pack_get_their_marks(chapter, sandbox, pytestconfig):
    source, every = source_of(chapter), pytestconfig.getoption("--all-samples", default=False)
    files = pack(source, students_notebook(source, Workplace(ROOT)))
    exercises = Exercises.of(source, seed=11)
    rows = list(csv.DictReader(files["expected.csv"].splitlines()))
    chosen = [row for row in rows if every or is_chosen(chapter, row["file"])]
    assert len(chosen) >= 2
    for row in chosen:
        content = files[f"samples/{row['file']}"].encode()
        result = grade(content, exercises, sandbox, student=row["file"].removesuffix(".ipynb"))
        assert result["state"] == "graded"
        assert result["points"] == int(row["assigned_points"]), row
        asked = [question for question in result["questions"] if question["id"] == row["question"]]
        assert [question["points"] for question in asked] == ([int(row["points"])] if row["question"] else [])


def test_a_wrong_answer_of_every_kind_is_among_the_samples():
    kinds = wrong_of_each_kind()
    assert {"number", "mine", "function -> tensor"} <= kinds.keys()
