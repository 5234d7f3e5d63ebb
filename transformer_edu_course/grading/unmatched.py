"""List who is missing on either side of an export: on the screen, and in a file beside the table."""

from collections.abc import Iterator, Mapping

from transformer_edu_course.grading.canvas import is_student
from transformer_edu_course.grading.gradebook import defused
from transformer_edu_course.grading.matching import Matched
from transformer_edu_course.grading.roster import Roster
from transformer_edu_course.grading.tables import Score, Table

COLUMNS = ["what", "student", "name", "points", "file"]


def unmatched(scores: Mapping[str, Score], roster: Roster, matched: Matched) -> tuple[Table, list[str]]:
    """Return a table of all who have a result or a row, and not both with points, and a sentence for each kind."""
    homeless = [score for student, score in scores.items() if student not in matched.rows]
    open_ones = [score for student, score in scores.items() if student in matched.rows and score.points is None]
    here = set(matched.rows.values())
    absent = [number for number, row in enumerate(roster.rows) if number not in here and is_student(roster, row)]
    rows = [["submission without a row in the roster", *_who(score)] for score in homeless]
    rows += [["submission of an earlier edition of the book, without points yet", *_who(score)] for score in open_ones]
    rows += [["student without a submission", *_row_owner(roster, number, matched.column)] for number in absent]
    return Table(COLUMNS, rows), list(_sentences(homeless, open_ones, absent))


def _sentences(homeless: list[Score], open_ones: list[Score], absent: list[int]) -> Iterator[str]:
    if homeless:
        names = ", ".join(repr(score.student) for score in homeless[:5]) + ", …" * (len(homeless) > 5)
        yield f"{counted(len(homeless), 'submission')} without a row in the roster, not in the file: {names}."
    if open_ones:
        yield f"{counted(len(open_ones), 'submission')} of an earlier edition of the book, without points yet."
    if absent:
        yield f"{counted(len(absent), 'student')} of the roster without a submission."


def counted(number: int, thing: str) -> str:
    """Write a number of things."""
    return f"{number} {thing}{'s' * (number != 1)}"


def _who(score: Score) -> list:
    return [defused(score.student), defused(score.name), score.points, defused(score.source)]


def _row_owner(roster: Roster, number: int, column: str) -> list:
    """Name the student of a row by the id, and by the first cells that say something else."""
    row = roster.rows[number]
    student = row[roster.place(column)]
    others = [cell for cell in row if cell.strip() and cell != student]
    return [defused(student), defused(" · ".join(others[:2])), "", ""]
