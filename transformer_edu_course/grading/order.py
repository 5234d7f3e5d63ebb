"""Read what one `grade` command asks for into a frozen order. After this, nobody looks at the command line again."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from transformer_edu_course.building.entries import SourceError
from transformer_edu_course.building.repository import find_root
from transformer_edu_course.building.source import read_chapter_source
from transformer_edu_course.grading.exercises import Exercises
from transformer_edu_course.grading.sandbox import Limits
from transformer_edu_course.grading.submissions import Submissions, read_submissions

LEAST = {"jobs": 1, "timeout": 0.1, "memory": 0.1}  # of what the command line may ask for


@dataclass(frozen=True, kw_only=True)
class Order:
    """Which submissions to grade with which exercises, into which folder, how and where.

    `seed` is None where the folder's own counts, or a new one. `cluster` is a Dask address, or empty for this machine.
    """

    exercises: Exercises
    submissions: Submissions
    folder: Path
    limits: Limits
    seed: int | None
    workers: int
    cluster: str
    confined: bool
    regrade: bool


def read_order(options: argparse.Namespace) -> Order:
    """Check the command line and read what it names. Raises: ValueError or SourceError for what cannot be done."""
    limits = _limits(options)
    exercises = _exercises(options.chapter, options.exercises)
    submissions = read_submissions(options.submissions)
    _check_place(options.out, options.submissions)
    return Order(
        exercises=exercises,
        submissions=submissions,
        folder=options.out / options.chapter,
        limits=limits,
        seed=options.seed,
        workers=options.jobs,
        cluster=options.dask or "",
        confined=not options.unsafe_no_sandbox,
        regrade=options.regrade,
    )


def _limits(options: argparse.Namespace) -> Limits:
    for name, least in LEAST.items():
        if getattr(options, name) < least:
            raise ValueError(f"grade needs --{name} of at least {least}, got {name}={getattr(options, name)}.")
    total = 4 * options.timeout if options.total is None else options.total
    return Limits(seconds=options.timeout, total=total, memory=int(options.memory * 2**30))


def _exercises(name: str, own: Path | None) -> Exercises:
    """Read the chapter from the book's checkout and the course's own folder."""
    folders = _source_folders(own)
    try:
        chapter = read_chapter_source(name, folders)
    except SourceError:
        raise
    except ValueError as error:
        hint = "" if own else " Your own chapter? Add --exercises FOLDER."
        raise ValueError(str(error).replace("read_chapter_source needs", "grade needs") + hint) from None
    return Exercises.of(chapter)


def _source_folders(own: Path | None) -> list[Path]:
    """List where sources lie: in the book's checkout, and in the course's own folder, with which it may be missing."""
    if own is None:
        return [find_root(Path.cwd()) / "exercises"]
    if not own.is_dir():
        raise ValueError(f"grade needs --exercises to be a folder with source notebooks, got {own}.")
    try:
        return [find_root(Path.cwd()) / "exercises", own]
    except ValueError:
        return [own]


def _check_place(out: Path, submissions: Path) -> None:
    """Refuse to write results where they do not belong: among the submissions, or into another run's folder."""
    place, submitted = out.resolve(), submissions.resolve()
    if submitted.is_dir() and (place == submitted or submitted in place.parents):
        raise ValueError(f"grade needs --out outside of the submissions, got {out}.")
    if (place / "grading.json").exists():
        raise ValueError(f"grade needs the folder above as --out, got {out}, which holds one chapter's results.")
    if place.exists() and not place.is_dir():
        raise ValueError(f"grade needs --out to be a folder, got the file {out}.")
