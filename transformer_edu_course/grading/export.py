"""Write the points of a graded chapter as Canvas, Moodle or a spreadsheet takes them, and say who could not be matched.

transformer-edu export graded/attention --to canvas --roster roster.csv
"""

import argparse
import csv
import sys
from pathlib import Path

from transformer_edu_course.grading.canvas import canvas_table
from transformer_edu_course.grading.matching import match_students
from transformer_edu_course.grading.moodle import moodle_table
from transformer_edu_course.grading.results import read_results, result_files
from transformer_edu_course.grading.roster import read_roster
from transformer_edu_course.grading.spreadsheet import csv_table
from transformer_edu_course.grading.tables import Scale, Score, Table, with_points
from transformer_edu_course.grading.unmatched import counted, unmatched
from transformer_edu_course.grading.whole_files import replacing

TABLES = {"csv": csv_table, "canvas": canvas_table, "moodle": moodle_table}
GRADERS = ("gradebook.csv", "grading.json")  # what the grader itself keeps in a graded folder, beside two more folders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("graded", type=Path, help="the folder that `transformer-edu grade` wrote, as graded/attention")
    parser.add_argument("--to", choices=TABLES, required=True, help="who takes the file; csv is for people")
    parser.add_argument("--roster", type=Path, required=True, help="the course's students as a CSV: Canvas's gradebook")
    parser.add_argument("--match", default="", metavar="COLUMN", help="the roster's column with the ids (else found)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file to write (else canvas.csv and the like)")
    parser.add_argument("--assignment", default="", metavar="NAME", help="what the course calls it (else the chapter)")
    parser.add_argument("--percent", action="store_true", help="write points of 100 (csv has both)")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that an earlier export wrote")


def run(options: argparse.Namespace) -> int:
    """Do what the command says; 0, or 2 after one sentence on stderr with nothing written."""
    try:
        export(options)
    except OSError as error:
        _tell(f"{error.filename}: {error.strerror}.")
        return 2
    except ValueError as error:
        _tell(str(error))
        return 2
    return 0


def export(options: argparse.Namespace) -> None:
    """Match results and roster, and write the table and the list of those who could not be matched.

    Raises: ValueError if a folder or file is not what it should be, or the output exists.
    """
    out = options.out or options.graded / f"{options.to}.csv"
    missing = out.with_name(f"{out.stem}-unmatched.csv")
    chapter, scores, possible = _read_scores(options.graded)
    _refuse_places(options, out, missing)
    scale = _scale(options, chapter, possible)
    roster = read_roster(options.roster)
    matched = match_students(scores, roster, options.match)
    placed = {number: scores[student] for student, number in matched.rows.items()}
    table = TABLES[options.to](roster, placed, scale)
    _write(out, table, with_mark=options.to == "csv")
    students = counted(len(with_points(placed)), "student")
    print(f"{out}: {students}, points of {scale.most}, matched by {matched.column!r}.")
    _report(missing, *unmatched(scores, roster, matched))
    for remark in table.remarks:
        _tell(remark)


def _scale(options: argparse.Namespace, chapter: str, possible: int) -> Scale:
    """Settle what the points are called and what they are points of; the table for people has percent anyway."""
    if options.percent and not possible:
        raise ValueError(f"--percent needs assigned exercises with points, got chapter={chapter!r} without any.")
    return Scale(options.assignment or chapter, possible, options.percent and options.to != "csv")


def _read_scores(folder: Path) -> tuple[str, dict[str, Score], int]:
    """Read the chapter, what each student earned, and what can be earned."""
    files = result_files(folder / "results") if (folder / "results").is_dir() else []
    states, scores = set(), {}
    for result in read_results(folder / "results"):
        scores[result["student"]] = Score(*(result[field] for field in Score._fields))
        states.add((result["chapter"], result["digest"]["exercises"]))
    if not scores:
        needs = "export needs a folder with results (`transformer-edu grade` writes graded/CHAPTER)"
        raise ValueError(f"{needs}, got folder={str(folder)!r}.")
    if len(states) > 1:
        needs = "export needs results of one state of the exercises (grade again)"
        raise ValueError(f"{needs}, got folder={str(folder)!r} with {len(states)}.")
    if len(files) > len(scores):
        _tell(f"{counted(len(files) - len(scores), 'damaged result file')} left out: run grade again.")
    return states.pop()[0], scores, max(score.possible for score in scores.values())


def _refuse_places(options: argparse.Namespace, out: Path, unmatched: Path) -> None:
    """Refuse to overwrite: the roster never, an earlier export unless that was asked for."""
    if not out.parent.is_dir():
        raise ValueError(f"--out needs a folder that exists, got out={str(out)!r}.")
    for path in (out, unmatched):
        if path.exists() and options.roster.exists() and path.samefile(options.roster):
            raise ValueError(f"--out needs a file other than the roster, got out={str(out)!r}.")
        if _is_graders_own(path):
            raise ValueError(f"export needs an --out that is none of the grader's own files, got {str(path)!r}.")
        if path.exists() and not (options.overwrite and path.is_file()):
            raise ValueError(f"{str(path)!r} exists: choose another --out, or replace it with --overwrite.")


def _is_graders_own(path: Path) -> bool:
    """Say whether the grader keeps something of its own there. Beside it is the right place for an export."""
    own, inside = path.name in GRADERS, path.parent.name in ("results", "feedback")
    return (own and (path.parent / "grading.json").exists()) or (inside and (path.parents[1] / "grading.json").exists())


def _report(path: Path, table: Table, sentences: list[str]) -> None:
    """Say who could not be matched, on stderr and in a file; an earlier file that is no longer true goes away."""
    if not table.rows:
        path.unlink(missing_ok=True)
        return
    _write(path, table, with_mark=True)
    for sentence in [*sentences, f"Listed in {path}."]:
        _tell(sentence)


def _write(path: Path, table: Table, *, with_mark: bool) -> None:
    """Write a CSV. Excel needs the byte order mark, Canvas's reader stumbles over one before a quote."""
    with replacing(path, encoding="utf-8-sig" if with_mark else "utf-8", newline="") as file:
        csv.writer(file).writerows([table.columns, *table.rows])


def _tell(sentence: str) -> None:
    print(f"transformer-edu export: {sentence}", file=sys.stderr)
