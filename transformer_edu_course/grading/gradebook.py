"""Write the gradebook: one row a student, one column an exercise, for people and their spreadsheets.

Cells that a spreadsheet would run as a formula are defused: students choose their names and what their notebooks say.
The file begins with a byte order mark: without it Excel reads UTF-8 as the system's old encoding and turns é into Ã©.
LibreOffice and pandas skip the mark.
"""

import csv
import re
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path

from transformer_edu_course.grading.results import Result
from transformer_edu_course.grading.submissions import CONTROLS, one_student
from transformer_edu_course.grading.whole_files import replacing

BEFORE = ("student", "name", "points", "possible", "percent", "practice points")
AFTER = ("state", "late", "declared id", "flags", "note")

# At the start of a cell, and after a semicolon: where Excel separates by semicolons, it ignores the quotes of others.
FORMULA = re.compile(r"(^|;)(\s*[=+\-@＝＋－＠])")


def write_gradebook(results: Iterable[Result], path: Path) -> None:
    """Write one row a result, sorted by student. The file takes its name once it is whole.

    Cost: memory for one short row a student, never for the results themselves, which may be read one at a time.
    """
    columns: dict[str, None] = {}
    rows = []
    for result in results:
        earned = {question["id"]: question["points"] for question in result["questions"]}
        columns.update(dict.fromkeys(earned))
        rows.append((one_student(result["student"]), _before(result), tuple(earned.items()), _after(result)))
    rows.sort(key=itemgetter(0))
    with replacing(path, encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*BEFORE, *map(defused, columns), *AFTER])
        for _, before, earned, after in rows:
            points = dict(earned)
            writer.writerow([*before, *(points.get(column, "") for column in columns), *after])


def defused(cell: object) -> object:
    """Make a cell safe for spreadsheets and one line long. Numbers stay numbers."""
    if isinstance(cell, (int, float)):
        return cell
    return FORMULA.sub(r"\1'\2", CONTROLS.sub(" ", str(cell)).strip())


def percent(points: int | None, possible: int) -> float | str:
    """Write points as a percentage with one decimal; nothing where no points can be had, or none are known yet."""
    return round(100 * points / possible, 1) if possible and points is not None else ""


def _before(result: Result) -> tuple:
    points, possible = result["points"], result["possible"]
    names = (defused(result["student"]), defused(result["name"]))
    return (*names, points, possible, percent(points, possible), result["practice_points"])  # None is an empty cell


def _after(result: Result) -> tuple:
    late = "late" if result["late"] else ""
    declared = defused(result["declared_id"])
    return (defused(result["state"]), late, declared, defused(" · ".join(result["flags"])), defused(result["note"]))
