"""Write the notebook that a student works in and hands in, and fill its answers as the build does to verify it."""

from collections.abc import Mapping
from typing import Any

from transformer_edu.exercises.question import Question
from transformer_edu_course.building.notebook import code_cell, hints_folded, markdown_cell, notebook, source_of
from transformer_edu_course.building.pages import imports, statement
from transformer_edu_course.building.source import Chapter

TITLE = """# Exercises · {title}

1. Write your id into the cell below these lines, in quotes, and run every cell down to the first question.
2. Replace each `...` by your answer, run the cell, then run its check. `hint("{first}")` gives one hint at a time.
   Keep the names that an answer cell defines: answers are found by them.
3. The last cell shows where you stand. Then save the notebook and hand in its file
   (in Colab: File → Download → Download .ipynb).

Nothing that you do here is sent anywhere. What the checks print is for you: no one reads it to grade your work."""
STUDENT = "student_id = ...  # write the id your course knows you by, in quotes"
BROUGHT = """#@title The questions of this course: run this cell once {{"display-mode": "form"}}
from transformer_edu.exercises.question import use_questions

use_questions("{chapter}", r'''{text}''')"""
LAST = """## Before you hand in

Run this cell. Does every exercise that is assigned say ✔? A ✔ earns the points of the check. The others come from
hidden tests, which run when your course grades the notebook. They ask what the text of the exercise promises, and no
more: try its promises out yourself, on inputs of your own."""
FIRST_TAGS = {"tags": ["remove-cell"]}  # as in the notebooks of the book


def student_notebook(chapter: Chapter, *, title: str, first_line: str, brought: str = "") -> dict[str, Any]:
    """Write the student's notebook; `brought` is the JSON of questions that the package does not have."""
    name, questions = chapter.name, chapter.questions
    cells = [
        markdown_cell("title", TITLE.format(title=title, first=questions[0].id)),
        code_cell("first-cell", first_line, FIRST_TAGS),
        code_cell("imports", imports(questions, ("progress",))),
        code_cell("student-id", STUDENT),
    ]
    if brought:
        text = brought.rstrip().replace("'''", r"\u0027\u0027\u0027")
        hidden = {"cellView": "form", "jupyter": {"source_hidden": True}}
        cells.append(code_cell("questions", BROUGHT.format(chapter=name, text=text), hidden))
    cells += [code_cell(f"setup-{place}", code) for place, code in enumerate(chapter.setup, 1)]
    cells += [cell for question in questions for cell in _question_cells(question)]
    return notebook([*cells, markdown_cell("last", LAST), code_cell("progress", f'progress("{name}")')])


def _question_cells(question: Question) -> list[dict[str, Any]]:
    stem = question.id.replace("/", "-")
    cells = [
        markdown_cell(f"{stem}-statement", statement(question)),
        code_cell(f"{stem}-answer", question.starter, {"transformer_edu": {"question": question.id}}),
        code_cell(f"{stem}-check", f'check("{question.id}")'),
    ]
    hints = "\n\n".join(hints_folded(question.hints))
    return cells + ([markdown_cell(f"{stem}-hints", hints)] if hints else [])


def question_of(cell: dict[str, Any]) -> str:
    """Return the id of the question that a cell answers, or an empty text."""
    return cell["metadata"].get("transformer_edu", {}).get("question", "")


def filled(student: dict[str, Any], answers: Mapping[str, str], student_id: str) -> dict[str, Any]:
    """Return the notebook as a student with this id hands it in, with these answers (the others stay as they are)."""
    cells = []
    for cell in student["cells"]:
        code = answers.get(question_of(cell), source_of(cell))
        code = f"student_id = {student_id!r}" if cell["id"] == "student-id" else code
        cells.append(cell | {"source": code})
    return student | {"cells": cells}


def working_code(student: dict[str, Any]) -> list[tuple[str, str]]:
    """List the cells that make the answers, each with its id: setup, the student's id, answers."""
    cells = [cell for cell in student["cells"] if cell["cell_type"] == "code"]
    kept = [cell for cell in cells if question_of(cell) or cell["id"].startswith(("setup-", "student-id"))]
    return [(question_of(cell) or cell["id"], source_of(cell)) for cell in kept]
