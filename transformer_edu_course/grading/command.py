"""The command `transformer-edu grade`: every notebook of a folder gets a result, a page of feedback and a row."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import Timeout
from tqdm import tqdm

from transformer_edu_course.building.entries import SourceError
from transformer_edu_course.grading.graded_folder import GradedFolder, open_folder
from transformer_edu_course.grading.missing_sandbox import Blocked
from transformer_edu_course.grading.order import Order, read_order
from transformer_edu_course.grading.pool import Lost, Setting, run_local
from transformer_edu_course.grading.submissions import Submission
from transformer_edu_course.grading.summary import summary

DESCRIPTION = """Grade the submissions of one chapter in a sandbox. The same command grades what is left after an
interruption; what is graded already is not graded again."""
UNSAFE = "WARNING: without a sandbox every notebook can read, change and delete whatever you can, and use the network."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = DESCRIPTION
    add = parser.add_argument
    add("chapter", metavar="CHAPTER", help="such as attention")
    add("submissions", type=Path, help="a folder, a zip or one notebook, as it comes from Canvas or Moodle")
    add("--out", type=Path, required=True, help="results go to OUT/CHAPTER")
    add("--exercises", type=Path, metavar="FOLDER", help="a course's own source notebooks")
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="judges at a time (default: one a core)")
    add("--dask", metavar="ADDRESS", help="grade on this Dask cluster instead, such as tcp://10.0.0.1:8786")
    add("--seed", type=int, help="draws the inputs of the tests (default: random, and kept in OUT)")
    add("--timeout", type=float, default=20.0, metavar="S", help="seconds for one cell or call (default 20)")
    add("--total", type=float, metavar="S", help="seconds for a whole notebook (default: four times --timeout)")
    add("--memory", type=float, default=2.0, metavar="GB", help="memory for a notebook (default 2)")
    add(
        "--regrade",
        action="store_true",
        help="grade every notebook again: the exercises, a limit or the grader have changed",
    )
    add("--unsafe-no-sandbox", action="store_true", help="no wall around the notebooks: trusted work only")


def run(options: argparse.Namespace) -> int:
    """Grade; return 0, 1 where a notebook could not be graded, 2 for a wrong command line, 3 without a sandbox."""
    try:
        order = read_order(options)
        folder = open_folder(order)
    except (ValueError, SourceError, OSError) as error:
        return _failed(2, error)
    if not order.confined:
        print(UNSAFE, file=sys.stderr)
    try:
        with folder.lock():
            return 1 if _grade_all(order, folder) else 0
    except Timeout:
        return _failed(2, f"Another run is grading into {folder.path} right now.")
    except Blocked as blocked:
        return _failed(3, blocked)


def _failed(status: int, why: object) -> int:
    print(why, file=sys.stderr)
    return status


def _grade_all(order: Order, folder: GradedFolder) -> int:
    """Grade what has no current result yet, keep each result as it comes, and return how many were lost."""
    found = order.submissions.found
    todo = [one for one in found if order.regrade or not folder.is_done(one)]
    before, lost = len(found) - len(todo), 0
    with tqdm(total=len(found), initial=before, unit="notebook") as bar:
        for submission, result in _results(todo, order, folder):
            if isinstance(result, Lost):
                lost += 1
                bar.write(f"{submission.source}: {result.reason}", file=sys.stderr)
            else:
                folder.keep(submission, result)
            bar.update()
    folder.write_gradebook()
    print(*summary(folder, order.submissions, before=before, lost=lost), sep="\n")
    return lost


def _results(
    todo: list[Submission], order: Order, folder: GradedFolder
) -> Iterator[tuple[Submission, dict[str, Any] | Lost]]:
    """Yield the result of each submission, from this machine or from many."""
    setting = Setting(folder.exercises, order.limits, order.confined)
    if todo and order.cluster:
        from transformer_edu_course.grading.cluster import run_on_dask

        yield from run_on_dask(todo, setting, order.cluster)
    elif todo:
        yield from run_local(todo, setting, min(order.workers, len(todo)))
