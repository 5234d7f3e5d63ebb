"""The command `transformer-edu grade`: every notebook of a folder gets a result, a page of feedback and a row."""

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from tqdm import tqdm

from transformer_edu.exercises.question import as_json
from transformer_edu_course.building.entries import SourceError
from transformer_edu_course.building.repository import find_root
from transformer_edu_course.building.source import read_chapter_source
from transformer_edu_course.grading.feedback import write_feedback
from transformer_edu_course.grading.grade import Exercises
from transformer_edu_course.grading.gradebook import write_gradebook
from transformer_edu_course.grading.graded_folder import Run, open_run
from transformer_edu_course.grading.missing_sandbox import Blocked
from transformer_edu_course.grading.pool import Job, Lost, Setting, run_local
from transformer_edu_course.grading.results import (
    Result,
    is_current,
    read_result,
    read_results,
    safe_name,
    write_result,
)
from transformer_edu_course.grading.sandbox import Limits
from transformer_edu_course.grading.submissions import Submission, Submissions, read_submissions

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
        limits = _limits(options)
        exercises = _exercises(options)
        submissions = read_submissions(options.submissions)
        _check_place(options)
        course = open_run(options.out / options.chapter, exercises, seed=options.seed, regrade=options.regrade)
    except (ValueError, SourceError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.unsafe_no_sandbox:
        print(UNSAFE, file=sys.stderr)
    try:
        with FileLock(course.folder / ".lock", timeout=0):
            setting = Setting(course.exercises, limits, not options.unsafe_no_sandbox)
            lost = _grade_all(submissions, course, setting, options)
    except Timeout:
        print(f"Another run is grading into {course.folder} right now.", file=sys.stderr)
        return 2
    except Blocked as blocked:
        print(blocked, file=sys.stderr)
        return 3
    return 1 if lost else 0


def _check_place(options: argparse.Namespace) -> None:
    """Refuse to write results where they do not belong: among the submissions, or into another run's folder."""
    out, submitted = options.out.resolve(), options.submissions.resolve()
    if submitted.is_dir() and (out == submitted or submitted in out.parents):
        raise ValueError(f"grade needs --out outside of the submissions, got {options.out}.")
    if (out / "grading.json").exists():
        raise ValueError(
            f"grade needs the folder above as --out, got {options.out}, which holds one chapter's results."
        )
    if out.exists() and not out.is_dir():
        raise ValueError(f"grade needs --out to be a folder, got the file {options.out}.")


def _limits(options: argparse.Namespace) -> Limits:
    for name, least in (("jobs", 1), ("timeout", 0.1), ("memory", 0.1)):
        if getattr(options, name) < least:
            raise ValueError(f"grade needs --{name} of at least {least}, got {name}={getattr(options, name)}.")
    total = 4 * options.timeout if options.total is None else options.total
    return Limits(seconds=options.timeout, total=total, memory=int(options.memory * 2**30))


def _exercises(options: argparse.Namespace) -> Exercises:
    """Read the chapter from the book's checkout and the course's folder."""
    folders = []
    try:
        folders.append(find_root(Path.cwd()) / "exercises")
    except ValueError:
        if options.exercises is None:
            raise
    if options.exercises is not None:
        if not options.exercises.is_dir():
            raise ValueError(f"grade needs --exercises to be a folder with source notebooks, got {options.exercises}.")
        folders.append(options.exercises)
    try:
        chapter = read_chapter_source(options.chapter, folders)
    except SourceError:
        raise
    except ValueError as error:
        own = "" if options.exercises else " Your own chapter? Add --exercises FOLDER."
        raise ValueError(str(error).replace("read_chapter_source needs", "grade needs") + own) from None
    return Exercises(chapter.name, chapter.setup, as_json(chapter.questions), seed=0)


def _grade_all(submissions: Submissions, course: Run, setting: Setting, options: argparse.Namespace) -> int:
    """Grade what has no current result yet, keep each result as it comes, and return how many were lost."""
    todo = [one for one in submissions.found if options.regrade or not _is_done(one, course)]
    found = {one.student: one for one in submissions.found}
    lost = 0
    with tqdm(total=len(submissions.found), initial=len(submissions.found) - len(todo), unit="notebook") as bar:
        for job, result in _results(todo, setting, options):
            submission = found[job.student]
            if isinstance(result, Lost):
                lost += 1
                bar.write(f"{submission.source}: {result.reason}", file=sys.stderr)
            else:
                result |= {"source": submission.source, "late": submission.late}
                write_result(course.results, result)
                write_feedback(result, course.feedback / f"{safe_name(job.student)}.html")
            bar.update()
    write_gradebook(_compared(course), course.folder / "gradebook.csv")
    _summary(submissions, course, len(submissions.found) - len(todo), lost)
    return lost


def _compared(course: Run) -> Iterator[Result]:
    """Read all results, and flag those that declare the id of another: personal exercises tell such students apart."""
    declared = Counter(result["declared_id"].casefold() for result in read_results(course.results))
    for result in read_results(course.results):
        others = declared[result["declared_id"].casefold()] - 1
        if result["declared_id"] and others:
            who = "1 other declares" if others == 1 else f"{others} others declare"
            result["flags"].append(f"{who} the same id {result['declared_id']!r}")
        yield result


def _results(todo: list[Submission], setting: Setting, options: argparse.Namespace) -> Iterator[tuple[Job, Any]]:
    """Yield the result of each submission, from this machine or from many."""
    jobs = [Job(one.student, one.name, one.read) for one in todo]
    if not jobs:
        return
    if options.dask:
        from transformer_edu_course.grading.cluster import run_on_dask

        yield from run_on_dask(jobs, setting, options.dask)
    else:
        yield from run_local(jobs, setting, min(options.jobs, len(jobs)))


def _is_done(one: Submission, course: Run) -> bool:
    result = read_result(course.results / f"{safe_name(one.student)}.json")
    if result is None or not (course.feedback / f"{safe_name(one.student)}.html").is_file():
        return False
    content = Job(one.student, one.name, one.read).load(course.exercises)
    content = content if isinstance(content, bytes) else b""
    return is_current(result, hashlib.sha256(content).hexdigest(), course.exercises.digest, course.exercises.seed)


def _summary(submissions: Submissions, course: Run, before: int, lost: int) -> None:
    """Say what there is now, and what a person should look at."""
    states, flagged, earlier, answered = Counter(), 0, 0, False
    here = {one.student for one in submissions.found}
    for result in _compared(course):
        states[result["state"]] += 1
        flagged += bool(result["flags"])
        earlier += result["student"] not in here
        answered = answered or any(question["state"] != "unanswered" for question in result["questions"])
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    print(f"{course.folder}: {told}{f' ({before} of them before)' if before else ''}. Seed {course.exercises.seed}.")
    if states["graded"] and not answered:
        print(f"  No notebook answers any question of {course.exercises.chapter}. Is this the right chapter?")
    if earlier:
        print(f"  {earlier} of earlier runs have no notebook here; they stay in the gradebook")
    if flagged:
        print(f"  {flagged} to look at: column flags of the gradebook")
    if lost:
        print(f"  {lost} could not be graded; the same command tries them again")
    for name in submissions.ignored[:5]:
        print(f"  no notebook: {name}")
    if len(submissions.ignored) > 5:
        print(f"  … and {len(submissions.ignored) - 5} more files that are no notebooks")
    print(f"  {course.folder / 'gradebook.csv'}\n  {course.feedback}{os.sep}")
