"""Lay out points for people: all columns and rows of the roster, made safe for spreadsheets, with the points behind."""

from collections.abc import Mapping

from transformer_edu_course.grading.canvas import is_student
from transformer_edu_course.grading.gradebook import defused, percent
from transformer_edu_course.grading.roster import Roster
from transformer_edu_course.grading.tables import Scale, Score, Table


def csv_table(roster: Roster, scores: Mapping[int, Score], scale: Scale) -> Table:
    """Add the points to all columns and rows of the roster, for people. `scores` go by the numbers of the rows."""
    added = ["points", "possible", "percent", "practice points", "state", "late"]
    rows = []
    for number, row in enumerate(roster.rows):
        if is_student(roster, row):
            rows.append([*map(defused, row), *_cells(scores.get(number), scale)])
    return Table([*map(defused, roster.columns), *added], rows)


def _cells(score: Score | None, scale: Scale) -> list:
    """Write the cells that a row of the table for people gets."""
    if score is None:
        return ["", scale.possible, "", "", "no submission", ""]
    shares, late = percent(score.points, scale.possible), "late" if score.late else ""
    return [score.points, scale.possible, shares, score.practice_points, score.state, late]
