"""Lay out points as the tables that Canvas, Moodle and people take.

Names and ids go back to Canvas and Moodle unchanged, because these find their students by them. A table for people is
made safe for spreadsheets instead. Students without points are left out of what Canvas and Moodle import: both take an
empty cell for "delete this grade".
Source: github.com/instructure/canvas-lms, lib/gradebook_importer.rb (columns, their order, "Points Possible");
github.com/moodle/moodle, mod/assign/feedback/offline/importgradeslib.php (the grading worksheet) and
grade/import/csv/classes/load_data.php (the gradebook's import); docs.moodle.org/en/Grade_import.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from transformer_edu_course.grading.gradebook import defused, percent
from transformer_edu_course.grading.roster import Roster
from transformer_edu_course.grading.submissions import one_student

CANVAS_BEFORE = ("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Integration ID")
CANVAS_COLUMNS = (*CANVAS_BEFORE, "Root Account", "Section")
WORKSHEET = ("Identifier", "Grade", "Last modified (grade)")


class Score(NamedTuple):
    """What the tables say about one result."""

    student: str
    name: str
    source: str
    points: int
    possible: int
    practice_points: int
    state: str
    late: bool


class Table(NamedTuple):
    """A table, and what its reader should know about it."""

    columns: list[str]
    rows: list[list]
    remarks: tuple[str, ...] = ()


class Scale(NamedTuple):
    """What the points are called, and whether they are points of `possible` or percent."""

    assignment: str
    possible: int
    as_percent: bool

    @property
    def most(self) -> int:
        """Return the number that stands for everything right."""
        return 100 if self.as_percent else self.possible

    def write(self, score: Score) -> str:
        """Write what a student earned, with at most two decimals."""
        value = 100 * score.points / self.possible if self.as_percent else score.points
        return f"{value:.2f}".rstrip("0").rstrip(".")


def csv_table(roster: Roster, scores: Mapping[int, Score], scale: Scale) -> Table:
    """Add the points to all columns and rows of the roster, for people. `scores` go by the numbers of the rows."""
    added = ["points", "possible", "percent", "practice points", "state", "late"]
    rows = []
    for number, row in enumerate(roster.rows):
        if is_student(roster, row):
            rows.append([*map(defused, row), *_cells(scores.get(number), scale)])
    return Table([*map(defused, roster.columns), *added], rows)


def canvas_table(roster: Roster, scores: Mapping[int, Score], scale: Scale) -> Table:
    """Lay out what Canvas imports: who, the section, one assignment, and what it is worth.

    Raises: ValueError if the roster is no export of Canvas's gradebook, or has two assignments of that name.
    """
    kept = [place for name in CANVAS_COLUMNS if (place := roster.place(name)) is not None]
    if not _is_canvas(roster):
        needs = "--to canvas needs Canvas's own gradebook (Grades, Export), with columns Student, ID and Section"
        raise ValueError(f"{needs}, got {roster.named()}.")
    heading = _canvas_heading(roster, scale.assignment)
    worth = ["    Points Possible", *[""] * (len(kept) - 1), str(scale.most)]
    rows = [[*(roster.rows[number][place] for place in kept), scale.write(scores[number])] for number in sorted(scores)]
    columns = [*(roster.columns[place] for place in kept), heading]
    return Table(columns, [worth, *rows], _canvas_remarks(roster, heading, scale))


def moodle_table(roster: Roster, scores: Mapping[int, Score], scale: Scale) -> Table:
    """Fill Moodle's grading worksheet, or else add a column that the gradebook's CSV import can map.

    Raises: ValueError for a worksheet that lacks a column which Moodle looks for.
    """
    if roster.place("Identifier") is None:
        rows = [[*roster.rows[number], scale.write(scores[number])] for number in sorted(scores)]
        remark = "Import it under Grades, Import, CSV file: map the e-mail address or ID number, and the last column."
        return Table([*roster.columns, scale.assignment], rows, (remark,))
    lacking = [name for name in WORKSHEET if roster.place(name) is None]
    if lacking:
        needs = "--to moodle needs the assignment's grading worksheet, downloaded in English"
        raise ValueError(f"{needs}, with a column {lacking[0]!r}, got {roster.named()}.")
    grade, rows = roster.place("Grade"), []
    for number in sorted(scores):
        row = list(roster.rows[number])
        row[grade] = scale.write(scores[number])
        rows.append(row)
    return Table(list(roster.columns), rows, _moodle_remarks(roster, scale))


def is_student(roster: Roster, row: list[str]) -> bool:
    """Tell students from the rows in which Canvas says what assignments are worth and how they are posted."""
    first = row[_canvas_name(roster)].strip() if _is_canvas(roster) else "a student"
    return bool(first) and not first.startswith("Points Possible")


def _cells(score: Score | None, scale: Scale) -> list:
    """Write the cells that a row of the table for people gets."""
    if score is None:
        return ["", scale.possible, "", "", "no submission", ""]
    shares = percent(score.points, scale.possible)
    return [score.points, scale.possible, shares, score.practice_points, score.state, "late" if score.late else ""]


def _is_canvas(roster: Roster) -> bool:
    return _canvas_name(roster) is not None and None not in (roster.place("ID"), roster.place("Section"))


def _canvas_name(roster: Roster) -> int | None:
    return next((place for name in ("Student", "LastName") if (place := roster.place(name)) is not None), None)


def _canvas_heading(roster: Roster, assignment: str) -> str:
    """Find the assignment's column, which Canvas calls `Attention (4711)`, or name a new one."""
    wanted = one_student(assignment)
    exact = [column for column in roster.columns if one_student(column) == wanted]
    numbered = [column for column in roster.columns if one_student(re.sub(r"\s*\(\d+\)$", "", column)) == wanted]
    if not exact and len(numbered) > 1:
        names = f"{numbered[0]!r} or {numbered[1]!r}"
        raise ValueError(f"The roster has two assignments {assignment!r}: choose {names} with --assignment.")
    return [*exact, *numbered, assignment][0]


def _canvas_remarks(roster: Roster, heading: str, scale: Scale) -> tuple[str, ...]:
    """Say that Canvas will make a new assignment, or that the present one is worth something else."""
    place = roster.place(heading)
    if place is None:
        return (f"The roster has no assignment {heading!r}: Canvas will offer to make a new one.",)
    name = _canvas_name(roster)
    worths = [row[place] for row in roster.rows if row[name].strip().startswith("Points Possible")]
    return (_worth_differs("Canvas", worths[0], scale),) if worths and _differs(worths[0], scale.most) else ()


def _moodle_remarks(roster: Roster, scale: Scale) -> tuple[str, ...]:
    """Say that Moodle's assignment is worth something else: it leaves out grades above its maximum without a word."""
    place = roster.place("Maximum grade")
    worths = [row[place] for row in roster.rows if row[place].strip()] if place is not None else []
    return (_worth_differs("Moodle", worths[0], scale),) if worths and _differs(worths[0], scale.most) else ()


def _worth_differs(where: str, worth: str, scale: Scale) -> str:
    cure = "" if scale.as_percent else "; --percent writes points of 100"
    return f"The assignment is worth {worth.strip()} in {where} and {scale.most} here{cure}."


def _differs(cell: str, number: int) -> bool:
    """Compare a number as people write it (10.00 or 10,00) with ours; what is no number differs from nothing."""
    try:
        return float(cell.strip().replace(",", ".")) != number
    except ValueError:
        return False
