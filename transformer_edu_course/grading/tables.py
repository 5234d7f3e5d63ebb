"""Say what a table of points is made of, whoever takes it: `spreadsheet.py`, `canvas.py` and `moodle.py` lay one out.

Names and ids go back to Canvas and Moodle unchanged, because these find their students by them. Students without points
are left out of what they import: both take an empty cell for "delete this grade".
"""

from collections.abc import Mapping
from typing import NamedTuple


class Score(NamedTuple):
    """What the tables say about one result."""

    student: str
    name: str
    source: str
    points: int | None  # None for a notebook that another edition of the book has to grade
    possible: int
    practice_points: int | None
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


def with_points(scores: Mapping[int, Score]) -> list[int]:
    """List the rows of the roster whose students have points, in their order."""
    return sorted(number for number, score in scores.items() if score.points is not None)


def worth(where: str, cells: list[str], scale: Scale) -> tuple[str, ...]:
    """Say that an assignment is worth something else over there than here, or nothing."""
    if not cells or not _differs(cells[0], scale.most):
        return ()
    cure = "" if scale.as_percent else "; --percent writes points of 100"
    return (f"The assignment is worth {cells[0].strip()} in {where} and {scale.most} here{cure}.",)


def _differs(cell: str, number: int) -> bool:
    """Compare a number as people write it (10.00 or 10,00) with ours; what is no number differs from nothing."""
    try:
        return float(cell.strip().replace(",", ".")) != number
    except ValueError:
        return False
