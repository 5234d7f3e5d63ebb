"""Where a reader stands, and the value that is a student's own."""

import json

import pytest

from transformer_edu.exercises import mine, progress
from transformer_edu.exercises import question as package
from transformer_edu.exercises.progress import Overview, Row, begun
from transformer_edu.exercises.question import use_questions
from transformer_edu_course.building import read_chapter_source
from transformer_edu_course.building.outputs import public_questions


@pytest.fixture
def chapter(repository, monkeypatch):
    """Bring the made chapter along, as the notebook of a course does."""
    monkeypatch.setattr(package, "_private", {})
    chapter = read_chapter_source("made", [repository / "exercises"])
    use_questions("made", public_questions(chapter))
    return chapter


def test_progress_checks_the_callers_names(chapter, capsys):
    total, double, square = 5, lambda numbers: 2 * numbers, ...  # noqa: F841  progress reads its caller's names
    assert progress("made") is None
    assert capsys.readouterr().out == (
        "1 of 2 assigned and 0 of 1 practice exercises pass their checks\n"
        "  made/q1  A sum     ✘ not yet  practice\n"
        "  made/q2  Twice     ✔ passed   assigned\n"
        "  made/q3  Your own  … open     assigned\n"
    )


def test_progress_without_a_chapter_takes_those_that_are_begun(chapter, capsys):
    progress()
    assert capsys.readouterr().out.startswith("No exercise is begun here: run the cells of its answer, or name a")
    total = ...  # noqa: F841  progress reads the names of its caller
    progress()
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["made/q1", "made/q2", "made/q3"]
    assert begun({"total": 1, "stable_softmax": print}) == ["made", "softmax"]


def test_progress_of_an_unknown_chapter_is_refused():
    with pytest.raises(ValueError, match=r"needs a chapter with exercises \(.*softmax.*\), got chapter='softmux'"):
        progress("softmux")


def test_the_table_says_the_same_in_html_escaped_and_readable_aloud():
    overview = Overview((Row("a/q1", "x < y & <script>", "passed", "practice"), Row("a/q2", "z", "failed", "practice")))
    shown = overview._repr_html_()
    assert 'role="status"' in shown
    assert "<caption" in shown
    assert "1 of 2 practice exercises pass their checks</caption>" in shown
    assert shown.count('<th scope="col"') == 4
    assert shown.count('<th scope="row"') == 2
    assert "></th>" not in shown
    assert "x &lt; y &amp; &lt;script&gt;" in shown
    assert "✔ passed" in shown
    assert "✘ not yet" in shown
    assert "#" not in shown  # colors are the page's


@pytest.mark.parametrize("student_id", ["ada", "  ADA ", "grace", 12])
def test_mine_is_the_value_of_the_notebooks_student(student_id, chapter, capsys):
    own = chapter.questions[2]
    assert mine("made/q3") == own.own_value(str(student_id)) in (3, 5, 7)
    assert capsys.readouterr().out == ""


def test_mine_of_nobody_is_the_first(chapter):
    assert mine("made/q3") == 3
    student_id = ...  # noqa: F841  mine reads the names of its caller
    assert mine("made/q3") == 3


def test_students_get_different_values(chapter):
    def asked(student_id: str) -> int:
        return mine("made/q3")

    assert {asked(f"student {number}") for number in range(30)} == {3, 5, 7}


def test_mine_needs_an_exercise_with_values_of_its_own(chapter):
    with pytest.raises(ValueError, match=r"mine needs an exercise that gives each .*, got exercise='made/q1'\."):
        mine("made/q1")
    with pytest.raises(ValueError, match=r"mine needs the id of an exercise .*, got exercise='made/q33'"):
        mine("made/q33")


def test_what_a_notebook_brings_along_is_what_everyone_may_see(chapter):
    shown = json.loads(public_questions(chapter))
    assert [len(question["tests"]) for question in shown] == [1, 1, 1]
    assert [bool(question["solution"]) for question in shown] == [True, False, False]
