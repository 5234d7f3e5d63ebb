"""Own the folder of one grading run: its seed, results, feedback and gradebook. Nobody else writes there."""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from transformer_edu_course.grading.exercises import Exercises
from transformer_edu_course.grading.feedback import write_feedback
from transformer_edu_course.grading.gradebook import write_gradebook
from transformer_edu_course.grading.order import Order
from transformer_edu_course.grading.results import Result, is_current, read_result, read_results, write_result
from transformer_edu_course.grading.submissions import Submission
from transformer_edu_course.grading.whole_files import replacing, safe_name


class GradedFolder(NamedTuple):
    """A folder with results, feedback and gradebook, and the exercises with the seed that they are graded with."""

    path: Path
    exercises: Exercises

    @property
    def gradebook(self) -> Path:
        """Return the table for people, one row a student."""
        return self.path / "gradebook.csv"

    @property
    def feedback(self) -> Path:
        """Return the folder of the HTML pages, one a student."""
        return self.path / "feedback"

    def lock(self) -> FileLock:
        """Keep other runs out while this one writes. Raises, when entered: filelock.Timeout where one is at work."""
        return FileLock(self.path / ".lock", timeout=0)

    def is_done(self, submission: Submission) -> bool:
        """Tell whether this very notebook has its result and its page already."""
        name = safe_name(submission.student)
        result = read_result(self._results / f"{name}.json")
        if result is None or not (self.feedback / f"{name}.html").is_file():
            return False
        digest = hashlib.sha256(_content(submission)).hexdigest()
        return is_current(result, digest, self.exercises.digest, self.exercises.seed)

    def keep(self, submission: Submission, result: dict[str, Any]) -> None:
        """Write a result and its page, from now on the truth about this submission."""
        result = result | {"source": submission.source, "late": submission.late}
        write_result(self._results, result)
        write_feedback(result, self.feedback / f"{safe_name(submission.student)}.html")

    def compared(self) -> Iterator[Result]:
        """Read all results, and flag those that declare another's id: personal exercises tell such students apart."""
        declared = Counter(result["declared_id"].casefold() for result in read_results(self._results))
        for result in read_results(self._results):
            others = declared[result["declared_id"].casefold()] - 1
            if result["declared_id"] and others:
                who = "1 other declares" if others == 1 else f"{others} others declare"
                result["flags"].append(f"{who} the same id {result['declared_id']!r}")
            yield result

    def write_gradebook(self) -> None:
        """Write the gradebook of all results that there are now."""
        write_gradebook(self.compared(), self.gradebook)

    @property
    def _results(self) -> Path:
        return self.path / "results"


def open_folder(order: Order) -> GradedFolder:
    """Begin a folder, or go on with one: with its seed, and the exercises that it began with.

    Raises: ValueError where the folder holds results for another seed or for other exercises, or something else.
    """
    folder, digest = order.folder, order.exercises.digest
    kept = _read(folder / "grading.json") or _begun(folder, order)
    if order.seed is not None and order.seed != kept["seed"]:
        cure = f"Leave --seed out, or choose another --out: all of a class need the same seed, {kept['seed']}."
        raise ValueError(f"grade needs the seed that {folder} was begun with, got seed={order.seed}. {cure}")
    if kept["exercises"] != digest and not order.regrade:
        cure = "Add --regrade to grade every notebook again, or choose another --out."
        raise ValueError(f"grade needs the exercises that {folder} was begun with, and they have changed. {cure}")
    for part in ("results", "feedback"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with replacing(folder / "grading.json") as out:
        json.dump(kept | {"exercises": digest}, out, indent=1)
    return GradedFolder(folder, replace(order.exercises, seed=kept["seed"]))


def _begun(folder: Path, order: Order) -> dict[str, Any]:
    """Return what a new folder keeps. Raises: ValueError for a folder with something else in it."""
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"grade needs a new folder or one of its own, got {folder}, which holds other files.")
    seed = secrets.randbelow(2**31) if order.seed is None else order.seed
    return {"chapter": order.exercises.chapter, "seed": seed, "exercises": order.exercises.digest}


def _read(file: Path) -> dict[str, Any] | None:
    """Read what a folder has kept. Raises: ValueError for a file that is broken."""
    if not file.exists():
        return None
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {"chapter": str(kept["chapter"]), "seed": int(kept["seed"]), "exercises": str(kept["exercises"])}
    except (ValueError, KeyError, TypeError):
        cure = "It keeps the seed: restore it from a backup."
        raise ValueError(f"grade needs a whole file, got {file}, which is broken. {cure}") from None


def _content(submission: Submission) -> bytes:
    """Read a notebook, or nothing where it cannot be read."""
    try:
        return submission.read()
    except ValueError:
        return b""
