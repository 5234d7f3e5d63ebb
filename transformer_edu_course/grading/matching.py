"""Find the row of each student in a roster, in whichever column holds the ids that the submissions have."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from transformer_edu_course.grading.roster import Roster
from transformer_edu_course.grading.submissions import one_student

PARTICIPANT = "identifier"  # Moodle's column of "Participant 1234567"

# Where a student's id may stand: Canvas, then Moodle, then lists that people keep.
KNOWN = (
    *("id", "sis login id", "sis user id", "integration id"),
    *(PARTICIPANT, "id number", "username", "email address"),
    *("student id", "student_id", "student", "login", "login id", "user", "user id", "email", "e-mail", "name"),
    "full name",
)


class Matched(NamedTuple):
    """Which column held the ids, and the number of each student's row; students without one are left out."""

    column: str
    rows: dict[str, int]


def match_students(students: Iterable[str], roster: Roster, column: str = "") -> Matched:
    """Find each student's row in `column`, or else in the first of the known columns that holds most ids.

    Raises: ValueError if there is no such column, no column holds any of the ids, two rows fit a student, or two
    students a row.
    """
    students = list(students)
    if column and roster.place(column) is None:
        raise ValueError(f"--match needs a column of the roster ({roster.named()}), got column={column!r}.")
    candidates = [column] if column else [known for known in KNOWN if roster.place(known) is not None]
    if not candidates:
        raise ValueError(f"The roster has no column known to hold ids: choose one of {roster.named()} with --match.")
    found = [(name, _rows_by_id(roster, name)) for name in candidates]
    column, rows = max(found, key=lambda one: sum(one_student(student) in one[1] for student in students))
    fitting = {student: rows[one_student(student)] for student in students if one_student(student) in rows}
    if not fitting:
        searched = ", ".join(repr(roster.columns[roster.place(name)]) for name in candidates)
        raise ValueError(
            f"No submission's student is in the roster (searched: {searched}; the first is {students[0]!r}): "
            f"choose one of {roster.named()} with --match."
        )
    _refuse_doubles(fitting, roster, roster.columns[roster.place(column)])
    return Matched(roster.columns[roster.place(column)], {student: places[0] for student, places in fitting.items()})


def _rows_by_id(roster: Roster, column: str) -> dict[str, list[int]]:
    """List the rows of each id in a column. Moodle's "Participant 1234567" is the student 1234567, too."""
    rows: dict[str, list[int]] = defaultdict(list)
    place = roster.place(column)
    for number, row in enumerate(roster.rows):
        student = one_student(row[place])
        digits = re.fullmatch(r"\D*?(\d+)", student) if one_student(column) == PARTICIPANT else None
        for name in {student, digits[1] if digits else student} - {""}:
            rows[name].append(number)
    return rows


def _refuse_doubles(fitting: dict[str, list[int]], roster: Roster, column: str) -> None:
    """Refuse a student with two rows, and a row with two students."""
    owners: dict[int, str] = {}
    for student, places in fitting.items():
        if len(places) > 1:
            rows = " and ".join(str(place + 2) for place in places[:2])
            raise ValueError(
                f"The student {student!r} stands twice in the roster's column {column!r} (rows {rows}): "
                "remove one row, or choose another column with --match."
            )
        if places[0] in owners:
            twins = f"{owners[places[0]]!r} and {student!r}"
            raise ValueError(f"Two results fit row {places[0] + 2} of the roster, those of {twins}: remove one result.")
        owners[places[0]] = student
