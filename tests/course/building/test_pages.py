"""What the build writes: page, package data, student notebook, instructor's pack; and that the book holds all of it."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tools.first_cell import FIND, first_cell
from transformer_edu.exercises.question import chapters, from_json
from transformer_edu_course.building import read_chapter_source, source_chapters
from transformer_edu_course.building.earning import run
from transformer_edu_course.building.outputs import differing, pack_outputs, public_outputs, students_notebook
from transformer_edu_course.building.pages import chapter_cells, is_exercise, put_into
from transformer_edu_course.building.repository import Workplace, find_page

ROOT = Path(__file__).resolve().parents[3]
BOOK = Workplace(ROOT)
CHAPTERS = source_chapters(ROOT / "exercises")
every_chapter = pytest.mark.parametrize("name", CHAPTERS)


def chapter_of(name: str, folder: Path = ROOT):
    return read_chapter_source(name, [folder / "exercises"])


def cells_of(chapter) -> list[dict]:
    """Write the cells as the build of the site does: from what everyone may see."""
    return chapter_cells(chapter.name, [question.public() for question in chapter.questions], chapter.setup)


def source(cell: dict) -> str:
    return "".join(cell["source"])


@every_chapter
def test_the_book_holds_what_its_sources_say(name):
    stale = [BOOK.shown(path) for path in differing(public_outputs(chapter_of(name), BOOK))]
    assert not stale, f"{', '.join(stale)}: not what exercises/{name}.py says. Type: transformer-edu exercises build"


def test_every_chapter_with_exercises_has_a_source_and_a_page():
    assert chapters() == CHAPTERS
    assert {path.stem for path in (ROOT / "assignments").iterdir()} == set(CHAPTERS)
    assert all(find_page(ROOT, name) for name in CHAPTERS)


# The page ------------------------------------------------------------------------------------------------------------


@every_chapter
def test_every_exercise_has_its_four_cells(name):
    chapter = chapter_of(name)
    cells = [cell for cell in cells_of(chapter) if "-setup-" not in cell["id"]]
    ids = [cell["id"] for cell in cells]
    assert len(set(ids)) == len(ids) == 2 + 4 * len(chapter.questions)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in ids)  # what the notebook format allows
    assert all(is_exercise(cell) for cell in cells)
    for place, question in enumerate(chapter.questions):
        statement, answer, asked, folded = map(source, cells[2 + 4 * place : 6 + 4 * place])
        assert statement.startswith(f"### Exercise {question.id} · {question.title}\n\n*{question.card()}*\n\n")
        assert (answer, asked) == (question.starter, f'check("{question.id}")')
        assert folded.count("<details>") == folded.count("</details>") == len(question.hints) + (not question.assigned)
        assert ("Assigned: the solution is not on this page." in folded) is question.assigned
        assert (question.solution in folded) is not question.assigned


@every_chapter
def test_folded_solutions_are_code_for_a_commonmark_reader(name):
    """Without blank lines around it, CommonMark takes what stands in <details> for HTML and loses the code."""
    chapter = chapter_of(name)
    fenced = {"code": "```python\n{}\n```", "markdown": "{}"}
    text = "\n\n".join(fenced[cell["cell_type"]].format(source(cell)) for cell in cells_of(chapter))
    tokens = MarkdownIt("commonmark").parse(text)
    code = [token.content.rstrip("\n") for token in tokens if token.type == "fence"]
    assert all(question.solution in code for question in chapter.questions if not question.assigned)
    opened = [token.content for token in tokens if token.type == "html_block" and "<details>" in token.content]
    assert len(opened) == sum(len(question.hints) + (not question.assigned) for question in chapter.questions)
    assert all("```" not in content for content in opened)


@every_chapter
def test_the_notebook_of_a_page_only_leads_to_the_exercises(name):
    """Its page has them: the build of the site puts them there."""
    page = find_page(ROOT, name)
    cells = [cell for cell in json.loads(page.read_text(encoding="utf-8"))["cells"] if is_exercise(cell)]
    assert [cell["id"] for cell in cells] == [f"exercise-{name}"]
    assert source(cells[0]).startswith("## Exercises\n\n")
    (link,) = re.findall(r"\[[^\]]*\]\((\.\./[^)]*)\)", source(cells[0]))
    assert (page.parent / link).resolve() == ROOT / "assignments" / f"{name}.ipynb"


def test_a_page_leads_to_colab_where_the_book_has_an_address(repository):
    text = public_outputs(chapter_of("made", repository), Workplace(repository))[repository / "book/made/why.ipynb"]
    colab = "https://colab.research.google.com/github/ada/book/blob/main/assignments/made.ipynb"
    assert f"[open it in Colab]({colab}), or [assignments/made.ipynb](../../assignments/made.ipynb)." in text


def test_exercises_of_an_earlier_form_make_room_for_the_link(repository):
    """Pages held all cells of the exercises once. They stood before the summary, and the link stays there."""
    path, chapter = repository / "book" / "made" / "why.ipynb", chapter_of("made", repository)
    page = json.loads(path.read_text(encoding="utf-8"))
    summary = {"cell_type": "markdown", "id": "summary", "metadata": {}, "source": ["## Summary"]}
    page["cells"] += [*cells_of(chapter), summary]
    path.write_text(json.dumps(page), encoding="utf-8")
    written = json.loads(public_outputs(chapter, Workplace(repository))[path])
    assert [cell["id"] for cell in written["cells"]] == ["top", "exercise-made", "summary"]


def test_putting_the_cells_in_twice_changes_nothing_and_keeps_the_rest(repository):
    prose = [{"cell_type": "markdown", "id": name, "metadata": {}, "source": name} for name in ("before", "after")]
    empty = {"cells": prose, "metadata": {"kept": 1}, "nbformat": 4, "nbformat_minor": 5}
    cells = cells_of(chapter_of("made", repository))
    once = put_into(empty, cells)
    assert [cell["id"] for cell in once["cells"]] == ["before", "after", *(cell["id"] for cell in cells)]
    middle = once | {"cells": [prose[0], *cells[3:9], prose[1]]}
    again = put_into(middle, cells)
    assert [cell["id"] for cell in again["cells"]] == ["before", *(cell["id"] for cell in cells), "after"]
    assert put_into(again, cells) == again
    assert again["metadata"] == {"kept": 1}


def test_a_page_with_assigned_exercises_says_what_that_means(repository):
    cells = {cell["id"]: source(cell) for cell in cells_of(chapter_of("made", repository))}
    assert "`assignments/made.ipynb`" in cells["exercise-made"]
    assert cells["exercise-made-imports"] == "from transformer_edu.exercises import check, hint, mine"
    assert cells["exercise-made-setup-1"] == "import torch\n\nready = 3"
    assert "\n*4 points, 1 of them from the check below*\n" in cells["exercise-made-q2-statement"]
    assert "points" not in cells["exercise-made-q1-statement"]


# The student notebook ------------------------------------------------------------------------------------------------


def test_the_student_notebook_has_its_cells_in_order(repository):
    notebook = students_notebook(chapter_of("made", repository), Workplace(repository))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    kinds = [cell["id"] for cell in notebook["cells"]]
    first = ["title", "first-cell", "imports", "student-id", "setup-1", "made-q1-statement", "made-q1-answer"]
    assert kinds[:9] == [*first, "made-q1-check", "made-q1-hints"]
    assert kinds[-2:] == ["last", "progress"]
    cells = {cell["id"]: source(cell) for cell in notebook["cells"]}
    assert cells["title"].startswith("# Exercises · Made: why?\n")
    assert cells["first-cell"] == first_cell("https://github.com/ada/book@main")
    assert cells["student-id"].startswith("student_id = ...  # write the id your course knows you by, in quotes")
    assert cells["progress"] == 'progress("made")'
    answer = next(cell for cell in notebook["cells"] if cell["id"] == "made-q2-answer")
    assert answer["metadata"] == {"transformer_edu": {"question": "made/q2"}}
    assert source(answer) == "def double(numbers):\n    doubled = ...\n    return doubled"
    assert all(cell.get("outputs", []) == [] for cell in notebook["cells"])


def test_a_course_brings_its_questions_along(repository, put):
    course = put({"card:q1": "title = \"It's '''quoted'''\"", "hint:q1": "Say \\n twice."}, "my-course").parent
    place = Workplace(repository, course)
    chapter = read_chapter_source("made", place.folders)
    notebook = students_notebook(chapter, place)
    brought = next(source(cell) for cell in notebook["cells"] if cell["id"] == "questions")
    told = []
    code = brought.replace("from transformer_edu.exercises.question import use_questions", "")
    exec(code, {"use_questions": lambda name, text: told.append((name, from_json(text)))})
    assert told == [("made", [question.public() for question in chapter.questions])]


def test_the_solved_student_notebook_runs_in_a_notebook_and_says_so(repository, put, made):
    """All of it, cell by cell in IPython, with the questions that it brings along."""
    course = put(made, "my-course").parent
    for path in (repository / "exercises").iterdir():
        path.unlink()
    place = Workplace(repository, course)
    chapter = read_chapter_source("made", place.folders)
    files = {path.name: text for path, text in pack_outputs(chapter, place).items()}
    code = """
    import io, json, sys
    from IPython.core.interactiveshell import InteractiveShell
    shell, published = InteractiveShell.instance(), []
    shell.display_pub.publish = lambda data, *rest, **more: published.append(data)
    for cell in json.load(sys.stdin)["cells"]:
        if cell["cell_type"] == "code":
            result = shell.run_cell("".join(cell["source"]))
            result.raise_error()
    print(json.dumps(published))
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", "\n".join(line[4:] for line in code.splitlines())]
    done = subprocess.run(
        command, input=files["solutions.ipynb"], env=environment, capture_output=True, encoding="utf-8", check=True
    )
    *checks, overview = json.loads(done.stdout.splitlines()[-1])
    assert [shown["text/plain"].split(":")[0] for shown in checks] == [f"✔ passed · made/q{n}" for n in (1, 2, 3)]
    assert overview["text/plain"].startswith("2 of 2 assigned and 1 of 1 practice exercises pass their checks\n")


# The package's data and the instructor's pack ------------------------------------------------------------------------


@every_chapter
def test_the_package_has_no_hidden_test_and_no_assigned_solution(name):
    text = (ROOT / "transformer_edu" / "exercises" / "questions" / f"{name}.json").read_text(encoding="utf-8")
    shown = from_json(text)
    assert not any(test.hidden for question in shown for test in question.tests)
    assert all(not question.solution and not question.because for question in shown if question.assigned)


def test_the_pack_holds_solutions_overview_and_samples(repository):
    chapter, place = chapter_of("made", repository), Workplace(repository)
    files = {path.relative_to(repository / "_build" / "instructor" / "made").as_posix(): text
             for path, text in pack_outputs(chapter, place).items()}  # fmt: skip
    assert {name for name in files if "/" not in name} == {"README.md", "expected.csv", "solutions.ipynb"}
    row = "| made/q2 | Twice | complete | 5 | assigned | 4 | 3 | one number: 1; random numbers (hidden): 3 |"
    assert row in files["README.md"]
    assert "Assigned: 6 points in all. The others are for practice: 1 points" in files["README.md"]
    solved = {cell["id"]: source(cell) for cell in json.loads(files["solutions.ipynb"])["cells"]}
    assert solved["made-q2-answer"] == chapter.questions[1].solution
    assert solved["made-q2-because"] == "A number and itself make twice the number."
    expected = {row["file"]: row for row in csv.DictReader(io.StringIO(files["expected.csv"]))}
    assert expected.keys() == {name.removeprefix("samples/") for name in files if name.startswith("samples/")}
    assert [expected["empty.ipynb"]["assigned_points"], expected["solved.ipynb"]["assigned_points"]] == ["0", "6"]
    assert (expected["q2-wrong-1.ipynb"]["points"], expected["q2-wrong-1.ipynb"]["assigned_points"]) == ("1", "3")
    assert expected["q1-wrong-1.ipynb"]["assigned_points"] == "6"
    wrong = json.loads(files["samples/q2-wrong-1.ipynb"])["cells"]
    code = [(cell["id"], source(cell)) for cell in wrong if cell["id"] in ("setup-1", "student-id", "made-q2-answer")]
    assert run(code, "")["student_id"] == "q2-wrong-1"
    assert run(code, "")["double"](3) == 2


def test_a_student_notebook_begins_with_the_line_of_the_settings():
    lines = {path: [source(cell) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]][1]
             for path in (ROOT / "assignments").glob("*.ipynb")}  # fmt: skip
    assert lines
    assert all(line.startswith(FIND) for line in lines.values())
