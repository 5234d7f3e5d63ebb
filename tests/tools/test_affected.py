"""A change runs the tests that it reaches, and one chapter can be checked alone."""

import subprocess

import pytest

from tools import affected, check_chapter
from tools.plan import ROOT, read_plan

EVERY = [chapter.id for chapter in read_plan().written]


def test_a_text_reaches_the_book_alone():
    asked = affected.affected(["book/notation.md"])
    lists = ["tests/test_lists.py", "tests/test_plan.py"]
    assert asked == {"unit": lists, "chapters": [], "grading": False, "book": True, "colab": False}


def test_a_license_reaches_nothing():
    assert not any(affected.affected(["LICENSE"]).values())


def test_what_finds_its_subjects_by_walking_is_reached():
    assert affected.affected(["README.md"])["unit"] == ["tests/test_lists.py"]
    assert "tests/test_plan.py" in affected.affected(["book/plan.toml"])["unit"]
    explorer = "transformer_edu/explorers/softmax/of_tomorrow.py"
    assert "tests/explorers/test_declared.py" in affected.affected([explorer])["unit"]


def test_the_exercises_of_a_chapter_reach_it_in_each_form():
    for name in ("exercises/softmax.py", "exercises/softmax.ipynb", f"{affected.QUESTIONS}softmax.json"):
        assert affected.affected([name])["chapters"] == ["softmax"]


def test_what_is_not_committed_counts_as_changed(tmp_path):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)

    git("init", "-q", "-b", "main")
    (tmp_path / "kept.py").write_text("1\n")
    (tmp_path / "edited.py").write_text("1\n")
    git("add", "-A")
    git("commit", "-q", "-m", "Begin")
    (tmp_path / "edited.py").write_text("2\n")
    (tmp_path / "a name.py").write_text("3\n")
    assert affected.changed_files("main", tmp_path) == ["edited.py", "a name.py"]


def test_a_mechanism_reaches_its_tests_and_the_chapters_that_show_it():
    asked = affected.affected(["transformer_edu/softmax/entropy.py"])
    assert "tests/softmax/test_entropy.py" in asked["unit"]
    assert "tests/positions/test_rotary.py" not in asked["unit"]
    assert "softmax" in asked["chapters"]
    assert asked["book"]
    assert asked["colab"]
    assert not asked["grading"]


def test_a_result_reaches_the_chapter_that_reads_it():
    assert affected.affected(["transformer_edu/studies/results/delay_copy.json"])["chapters"] == ["recurrent"]


def test_an_exercise_reaches_the_grader_and_its_chapter():
    asked = affected.affected(["exercises/scores.py"])
    assert asked["grading"]
    assert asked["chapters"] == ["scores"]


def test_a_test_reaches_itself_and_what_lies_beside_tests_reaches_its_folder():
    assert affected.affected(["tests/softmax/test_entropy.py"])["unit"] == ["tests/softmax/test_entropy.py"]
    folder = affected.affected(["tests/minilm/conftest.py"])["unit"]
    assert "tests/minilm/test_weights.py" in folder
    assert {name.split("/")[1] for name in folder} == {"minilm"}


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml", "tools/stage.py", "tests/conftest.py"])
def test_what_all_rest_on_reaches_everything(name):
    assert affected.affected([name, "README.md"]) == affected.everything()
    assert affected.everything() == {"unit": ["tests"], "chapters": EVERY, "grading": True, "book": True, "colab": True}


def test_a_workflow_reads_the_answer_line_by_line():
    asked = {"unit": ["tests/a.py", "tests/b.py"], "chapters": [], "grading": False, "book": True}
    assert affected.lines(asked) == ["unit=tests/a.py tests/b.py", "chapters=", "grading=false", "book=true"]


# One chapter ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chapter", read_plan().written, ids=lambda chapter: chapter.id)
def test_a_chapter_has_explorers_tests_and_every_step(chapter):
    page = ROOT / "book" / f"{chapter.page}.ipynb"
    assert check_chapter.explorers_of(page)
    tests = check_chapter.tests_of(page)
    assert tests
    assert all((ROOT / path).is_file() for path in tests)
    stages = {stage.name: stage for stage in check_chapter.stages(chapter)}
    assert chapter.id in stages["exercises"].command
    assert chapter.page in stages["book"].command
    assert stages["page"].needs == ("book",)


def test_a_chapter_is_checked_by_the_tests_of_its_own_mathematics():
    tests = check_chapter.tests_of(ROOT / "book" / "attention_from_scratch" / "why_sqrt_d.ipynb")
    assert {"tests/softmax/test_entropy.py", "tests/explorers/softmax/test_softmax_collapse.py"} <= {*tests}
    assert "tests/positions/test_rotary.py" not in tests


def test_a_chapter_without_explorers_or_mathematics_does_not_ask_for_every_test(monkeypatch):
    monkeypatch.setattr(check_chapter, "explorers_of", lambda page: [])
    monkeypatch.setattr(check_chapter, "tests_of", lambda page: [])
    stages = {stage.name: stage for stage in check_chapter.stages(read_plan().written[1])}
    assert {"unit", "explorers"}.isdisjoint(stages)
    assert "softmax or why_sqrt_d" in stages["page"].command


def test_a_chapter_that_is_none_is_answered_with_those_there_are(capsys):
    assert check_chapter.main(["sofmax"]) == 2
    assert "one of recurrent, softmax, " in capsys.readouterr().err
    assert check_chapter.main([]) == 2
