"""Write the exercises of a chapter as cells of its page: the build of the site puts them there."""

from collections.abc import Sequence
from typing import Any

from nbformat import NotebookNode

from transformer_edu.exercises.question import Question
from transformer_edu_course.building.notebook import code_cell, folded, hints_folded, markdown_cell

INTRODUCTION = """## Exercises

Write your answer in the cell below each question and run it. Then run its check: it says what is right, or what most
likely went wrong, and for which input. `hint("{first}")` gives one hint at a time. Nothing is counted or sent.
{folded}"""
ALL_FOLDED = "The hints and a solution are also folded below each question."
SOME_FOLDED = """The hints are also folded below each question, and so is a solution, unless the exercise is
*assigned*: such exercises are for a course, and their solutions are not shown here. To hand answers in, work in the
notebook for students (the links are above; in the book's repository it is `assignments/{chapter}.ipynb`). It holds the
same exercises."""
ASSIGNED = "*Assigned: the solution is not on this page.*"
TAGS = {"tags": ["exercise"]}


def chapter_cells(chapter: str, questions: Sequence[Question], setup: Sequence[str] = ()) -> list[NotebookNode]:
    """Write all cells of a chapter's exercises, from the questions as everyone may see them."""
    start, assigned = f"exercise-{chapter}", any(question.assigned for question in questions)
    told = SOME_FOLDED.format(chapter=chapter) if assigned else ALL_FOLDED
    introduction = INTRODUCTION.format(first=questions[0].id, folded=told)
    cells = [markdown_cell(start, introduction, TAGS), code_cell(f"{start}-imports", imports(questions, ()), TAGS)]
    cells += [code_cell(f"{start}-setup-{place}", code, TAGS) for place, code in enumerate(setup, 1)]
    return cells + [cell for question in questions for cell in question_cells(question)]


def imports(questions: Sequence[Question], more: tuple[str, ...]) -> str:
    """Write the line that a notebook with these exercises needs, with `more` names besides `check` and `hint`."""
    names = {"check", "hint", *more} | ({"mine"} if any(question.mine for question in questions) else set())
    return f"from transformer_edu.exercises import {', '.join(sorted(names))}"


def question_cells(question: Question) -> list[NotebookNode]:
    """Write one exercise: its statement with the card, the starter, the check, then hints and solution, folded."""
    stem = f"exercise-{question.id.replace('/', '-')}"
    return [
        markdown_cell(f"{stem}-statement", statement(question), TAGS),
        code_cell(f"{stem}-answer", question.starter, TAGS),
        code_cell(f"{stem}-check", f'check("{question.id}")', TAGS),
        markdown_cell(f"{stem}-help", "\n\n".join([*hints_folded(question.hints), _solution(question)]), TAGS),
    ]


def statement(question: Question) -> str:
    """Write the heading, the card and the text of an exercise."""
    card = f"*{question.card()}*"
    if question.assigned:
        hidden = question.graded_later + sum(test.points for test in question.tests if test.hidden)
        points = question.points + question.graded_later
        parts = f", {points - hidden} of them from the check below" if hidden else ""
        card += f"\n\n*{points} points{parts}*"
    return f"### Exercise {question.id} · {question.title}\n\n{card}\n\n{question.statement}"


def put_into(notebook: dict[str, Any], cells: list[NotebookNode]) -> dict[str, Any]:
    """Return the notebook with these cells in place of its own exercise cells, or at its end if it has none."""
    old = [place for place, cell in enumerate(notebook["cells"]) if is_exercise(cell)]
    place = old[0] if old else len(notebook["cells"])
    kept = [cell for cell in notebook["cells"][place:] if not is_exercise(cell)]
    return notebook | {"cells": notebook["cells"][:place] + cells + kept}


def is_exercise(cell: dict[str, Any]) -> bool:
    """Tell whether a cell was written by this module."""
    return str(cell.get("id", "")).startswith("exercise-")


def _solution(question: Question) -> str:
    text = f"```python\n{question.solution}\n```\n\n{question.because}".rstrip()
    return ASSIGNED if question.assigned else folded("Solution", text)
