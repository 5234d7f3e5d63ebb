"""Keep what belongs to one grading run: its folder, its seed, and which exercises it grades."""

import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from transformer_edu_course.grading.grade import Exercises
from transformer_edu_course.grading.results import replacing


class Run(NamedTuple):
    """A folder with results, feedback and gradebook, and the exercises with the seed that they are graded with."""

    folder: Path
    exercises: Exercises

    @property
    def results(self) -> Path:
        """Return the folder of the JSON files, one a student."""
        return self.folder / "results"

    @property
    def feedback(self) -> Path:
        """Return the folder of the HTML pages, one a student."""
        return self.folder / "feedback"


def open_run(folder: Path, exercises: Exercises, *, seed: int | None, regrade: bool) -> Run:
    """Begin a run, or go on with the one that the folder holds: with its seed, and the exercises that it began with.

    Raises: ValueError where the folder holds results for another seed or for other exercises, or something else.
    """
    file = folder / "grading.json"
    kept = _read(file)
    if kept is None:
        if folder.is_dir() and any(folder.iterdir()):
            raise ValueError(f"grade needs a new folder or one of its own, got {folder}, which holds other files.")
        kept = {"chapter": exercises.chapter, "seed": secrets.randbelow(2**31) if seed is None else seed}
    elif seed is not None and seed != kept["seed"]:
        cure = f"Leave --seed out, or choose another --out: all of a class need the same seed, {kept['seed']}."
        raise ValueError(f"grade needs the seed that {folder} was begun with, got seed={seed}. {cure}")
    elif kept["exercises"] != exercises.digest and not regrade:
        cure = "Add --regrade to grade every notebook again, or choose another --out."
        raise ValueError(f"grade needs the exercises that {folder} was begun with, and they have changed. {cure}")
    for part in ("results", "feedback"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with replacing(file) as out:
        json.dump(kept | {"exercises": exercises.digest}, out, indent=1)
    return Run(folder, replace(exercises, seed=kept["seed"]))


def _read(file: Path) -> dict | None:
    """Read what a run has kept. Raises: ValueError for a file that is broken."""
    if not file.exists():
        return None
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {"chapter": str(kept["chapter"]), "seed": int(kept["seed"]), "exercises": str(kept["exercises"])}
    except (ValueError, KeyError, TypeError):
        cure = "It keeps the seed: restore it from a backup."
        raise ValueError(f"grade needs a whole file, got {file}, which is broken. {cure}") from None
