"""Read the list of a course's students, as Canvas, Moodle or a spreadsheet wrote it, and find each student's row."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from transformer_edu_course.grading.submissions import one_student

LARGEST_ROSTER = 100 * 2**20  # bytes
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
PARTICIPANT = "identifier"  # Moodle's column of "Participant 1234567"

# Where a student's id may stand: Canvas, then Moodle, then lists that people keep.
KNOWN = (
    *("id", "sis login id", "sis user id", "integration id"),
    *(PARTICIPANT, "id number", "username", "email address"),
    *("student id", "student_id", "student", "login", "login id", "user", "user id", "email", "e-mail", "name"),
    "full name",
)


class Roster(NamedTuple):
    """The columns of a list of students, and its rows, each as long as there are columns."""

    path: Path
    columns: list[str]
    rows: list[list[str]]

    def place(self, column: str) -> int | None:
        """Find a column by its name, whatever its case."""
        names = [one_student(name) for name in self.columns]
        return names.index(one_student(column)) if one_student(column) in names else None

    def named(self) -> str:
        """Name the columns, for a message."""
        return ", ".join(repr(column) for column in self.columns)


class Matched(NamedTuple):
    """Which column held the ids, and the number of each student's row; students without one are left out."""

    column: str
    rows: dict[str, int]


def read_roster(path: Path) -> Roster:
    """Read a CSV separated by commas, semicolons or tabs, in UTF-8, UTF-16 or the old encoding of Windows.

    Raises: ValueError if it is none, has no students, or a row has more cells than there are columns.
    """
    text = _text(Path(path))
    separator = re.match(r"sep=(.)\r?\n", text)  # a line that Excel understands
    text = text[separator.end() :] if separator else text
    delimiter = separator[1] if separator else _delimiter(text)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise ValueError(f"read_roster needs a CSV ({error}), got path={str(path)!r}.") from None
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        needs = "read_roster needs a line of column names and a row for each student"
        raise ValueError(f"{needs}, got path={str(path)!r} with {len(rows)} rows.")
    columns = [column.strip() for column in rows[0]]
    return Roster(Path(path), columns, list(_filled(rows[1:], columns, path)))


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


def _text(path: Path) -> str:
    """Read a text file, whatever its encoding."""
    if not path.is_file():
        raise ValueError(f"read_roster needs a file that exists, got path={str(path)!r}.")
    with path.open("rb") as file:
        content = file.read(LARGEST_ROSTER + 1)
    if len(content) > LARGEST_ROSTER:
        raise ValueError(f"read_roster needs at most {LARGEST_ROSTER // 2**20} MB, got path={str(path)!r} with more.")
    marked = next((encoding for mark, encoding in MARKS if content.startswith(mark)), "")
    for encoding in filter(None, (marked, "utf-8", "cp1252")):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise ValueError(f"read_roster needs a CSV (a spreadsheet can save as one), got path={str(path)!r}, which is none.")


def _delimiter(text: str) -> str:
    """Take the separator that makes most columns of the first line."""
    first = next(filter(str.strip, text.splitlines()), "")
    return max(",;\t", key=lambda delimiter: len(next(csv.reader([first], delimiter=delimiter), [])))


def _filled(rows: list[list[str]], columns: list[str], path: Path) -> Iterator[list[str]]:
    """Make each row as long as there are columns."""
    width = len(columns)
    for number, row in enumerate(rows, start=2):
        if any(cell.strip() for cell in row[width:]):
            needs = f"read_roster needs at most {width} cells in a row (the first names so many columns)"
            raise ValueError(f"{needs}, got path={str(path)!r}, whose row {number} has {len(row)}.")
        yield (row + [""] * width)[:width]


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
