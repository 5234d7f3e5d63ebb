"""Read the list of a course's students, as Canvas, Moodle or a spreadsheet wrote it."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from transformer_edu_course.grading.submissions import one_student

LARGEST_ROSTER = 100 * 2**20  # bytes
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


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
