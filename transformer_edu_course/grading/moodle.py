"""Lay out points as Moodle imports them: in its grading worksheet, or in a list that its gradebook reads.

Source: github.com/moodle/moodle, mod/assign/feedback/offline/importgradeslib.php (the grading worksheet) and
grade/import/csv/classes/load_data.php (the gradebook's import); docs.moodle.org/en/Grade_import.
"""

from collections.abc import Mapping

from transformer_edu_course.grading.roster import Roster
from transformer_edu_course.grading.tables import Scale, Score, Table, with_points, worth

WORKSHEET = ("Identifier", "Grade", "Last modified (grade)")


def moodle_table(roster: Roster, scores: Mapping[int, Score], scale: Scale) -> Table:
    """Fill Moodle's grading worksheet, or else add a column that the gradebook's CSV import can map.

    Raises: ValueError for a worksheet that lacks a column which Moodle looks for.
    """
    if roster.place("Identifier") is None:
        rows = [[*roster.rows[number], scale.write(scores[number])] for number in with_points(scores)]
        remark = "Import it under Grades, Import, CSV file: map the e-mail address or ID number, and the last column."
        return Table([*roster.columns, scale.assignment], rows, (remark,))
    lacking = [name for name in WORKSHEET if roster.place(name) is None]
    if lacking:
        needs = "--to moodle needs the assignment's grading worksheet, downloaded in English"
        raise ValueError(f"{needs}, with a column {lacking[0]!r}, got {roster.named()}.")
    grade, rows = roster.place("Grade"), []
    for number in with_points(scores):
        row = list(roster.rows[number])
        row[grade] = scale.write(scores[number])
        rows.append(row)
    return Table(list(roster.columns), rows, _moodle_remarks(roster, scale))


def _moodle_remarks(roster: Roster, scale: Scale) -> tuple[str, ...]:
    """Say that Moodle's assignment is worth something else: it leaves out grades above its maximum without a word."""
    place = roster.place("Maximum grade")
    worths = [row[place] for row in roster.rows if row[place].strip()] if place is not None else []
    return worth("Moodle", worths, scale)
