"""Write the instructor's pack: the solved notebook, an overview, and sample submissions with the points they earn."""

import csv
import io
from typing import Any

from transformer_edu_course.building.assignment import filled, question_of
from transformer_edu_course.building.notebook import as_text, markdown_cell
from transformer_edu_course.building.source import Chapter, Source

README = """# {chapter}: for the instructor

Keep this folder to yourself: it holds the solutions.

{about}

* `solutions.ipynb`: the student notebook, solved, with the reasons.
* `samples/`: {count} submissions that try a grader out; `expected.csv` says what each earns for its question.

## Points

| exercise | title | kind | minutes | graded | points | of these hidden | tests |
|---|---|---|---|---|---|---|---|
{rows}

Assigned: {assigned} points in all. The others are for practice: {practice} points that do not count.

| exercise | wrong answer | points | what the student reads |
|---|---|---|---|
{mistakes}
"""
HEAD = ("file", "question", "points", "possible", "assigned_points", "assigned_possible")


def pack(chapter: Chapter, student: dict[str, Any]) -> dict[str, str]:
    """Write the files of the pack, by name."""
    solutions = {question.id: question.solution for question in chapter.questions}
    samples = _samples(chapter, student, solutions)
    files = {f"samples/{name}.ipynb": as_text(content) for name, content, _ in samples}
    files["expected.csv"] = _csv([HEAD, *((f"{name}.ipynb", *points) for name, _, points in samples)])
    files["solutions.ipynb"] = as_text(_with_reasons(filled(student, solutions, "solutions"), chapter))
    files["README.md"] = _readme(chapter, len(samples))
    return files


def assigned_points(chapter: Chapter) -> int:
    """Count the points of what is assigned."""
    return sum(question.points for question in chapter.questions if question.assigned)


def _samples(chapter: Chapter, student: dict, solutions: dict[str, str]) -> list[tuple[str, dict, tuple]]:
    """Make the submissions: nothing answered, all solved, and each wrong and right answer among solved ones."""
    total = assigned_points(chapter)
    found = [("empty", filled(student, {}, "empty"), ("", "", "", 0, total))]
    found.append(("solved", filled(student, solutions, "solved"), ("", "", "", total, total)))
    for source in chapter.sources:
        for kind, answers in (("wrong", source.wrong), ("right", source.right)):
            for place, worked in enumerate(answers, 1):
                question, name = source.question, f"{source.question.id.split('/')[1]}-{kind}-{place}"
                code = f"{question.starter}\n\n\n{worked.code}"  # as a student writes below what stands there
                content = filled(student, solutions | {question.id: code}, name)
                points = _sure_points(source, place - 1) if kind == "wrong" else question.points
                lost = question.points - points if question.assigned and points != "" else 0
                total_told = "" if points == "" and question.assigned else total - lost
                found.append((name, content, (question.id, points, question.points, total_told, total)))
    return found


def _sure_points(source: Source, place: int) -> int | str:
    """Return the points of a wrong answer, or nothing where a course has added tests that it was not written for."""
    worked = source.wrong[place]
    return worked.points if worked.tests == len(source.question.tests) else ""


def _with_reasons(solved: dict[str, Any], chapter: Chapter) -> dict[str, Any]:
    """Put below each answer why it is right."""
    because = {question.id: question.because for question in chapter.questions}
    cells = []
    for cell in solved["cells"]:
        cells.append(cell)
        if because.get(question_of(cell)):
            cells.append(markdown_cell(cell["id"].replace("-answer", "-because"), because[question_of(cell)]))
    return solved | {"cells": cells}


def _readme(chapter: Chapter, count: int) -> str:
    questions, rows = chapter.questions, []
    for q in questions:
        hidden = sum(test.points for test in q.tests if test.hidden)
        tests = "; ".join(f"{test.name}{' (hidden)' * test.hidden}: {test.points}" for test in q.tests)
        graded = "assigned" if q.assigned else "practice"
        rows.append(_row(q.id, q.title, q.kind, q.minutes, graded, q.points, hidden, tests))
    mistakes = [_row(s.question.id, w.name, w.points, w.message) for s in chapter.sources for w in s.wrong]
    assigned = assigned_points(chapter)
    text = {"chapter": chapter.name, "about": chapter.about, "rows": "\n".join(rows), "mistakes": "\n".join(mistakes)}
    practice = sum(question.points for question in questions) - assigned
    return README.format(**text, count=count, assigned=assigned, practice=practice)


def _row(*entries: object) -> str:
    return "| " + " | ".join(str(entry).replace("|", "\\|") for entry in entries) + " |"


def _csv(rows: list[tuple]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()
