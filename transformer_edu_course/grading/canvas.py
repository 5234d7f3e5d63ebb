"""Lay out points as Canvas imports them.

Source: github.com/instructure/canvas-lms, lib/gradebook_importer.rb (columns, their order, "Points Possible").
"""

import re
from collections.abc import Mapping

from transformer_edu_course.grading.roster import Roster
from transformer_edu_course.grading.submissions import one_student
from transformer_edu_course.grading.tables import Scale, Score, Table, with_points, worth

BEFORE = ("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Integration ID")
POSSIBLE = "Points Possible"  # begins the row in which Canvas says what assignments are worth
COLUMNS = (*BEFORE, "Root Account", "Section")


def canvas_table(roster: Roster, scores: Mapping[int, Score], scale: Scale) -> Table:
    """Lay out what Canvas imports: who, the section, one assignment, and what it is worth.

    Raises: ValueError if the roster is no export of Canvas's gradebook, or has two assignments of that name.
    """
    kept = [place for name in COLUMNS if (place := roster.place(name)) is not None]
    if not _is_canvas(roster):
        needs = "--to canvas needs Canvas's own gradebook (Grades, Export), with columns Student, ID and Section"
        raise ValueError(f"{needs}, got {roster.named()}.")
    heading = _canvas_heading(roster, scale.assignment)
    possible = [f"    {POSSIBLE}", *[""] * (len(kept) - 1), str(scale.most)]
    rows = [
        [*(roster.rows[number][place] for place in kept), scale.write(scores[number])] for number in with_points(scores)
    ]
    columns = [*(roster.columns[place] for place in kept), heading]
    return Table(columns, [possible, *rows], _canvas_remarks(roster, heading, scale))


def is_student(roster: Roster, row: list[str]) -> bool:
    """Tell students from the rows in which Canvas says what assignments are worth and how they are posted."""
    first = row[_canvas_name(roster)].strip() if _is_canvas(roster) else "a student"
    return bool(first) and not first.startswith(POSSIBLE)


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
    return worth("Canvas", [row[place] for row in roster.rows if row[name].strip().startswith(POSSIBLE)], scale)
