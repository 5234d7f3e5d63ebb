"""Find the submissions of a class in a folder, a zip or one notebook, and say whose each is.

Who handed a notebook in is read from its place:

- `ada.ipynb`: the name without its ending is the student's id. `ada/anything.ipynb`: the folder's name is.
- Canvas, "Download submissions": `lovelaceada_LATE_12345_67890_attention-1.ipynb` is name, lateness, user id, file id
  and file name; the `-1` of a resubmission belongs to the file name. Anonymous: `anon_Xy12z_67890_attention.ipynb`.
  Source: github.com/instructure/canvas-lms, lib/content_zipper.rb (get_filename, add_upload_submission), and its
  issues 2310 (resubmissions) and 2406 (an example).
- Moodle, "Download all submissions": `Ada Lovelace_1234567_assignsubmission_file/attention.ipynb` (a folder a student,
  older versions end it with `_`) or, without folders, `Ada Lovelace_1234567_assignsubmission_file_attention.ipynb`.
  Source: github.com/moodle/moodle, mod/assign/classes/downloader.php (get_student_prefix).

What a student may choose never decides whose notebook it is: inside a student's folder, names of files are not read.
"""

import itertools
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from transformer_edu_course.grading.submitted_files import File, list_folder, list_zip, read_entry

ANONYMOUS = re.compile(r"(?:(?P<late>LATE)_)?(?P<id>anon_[A-Za-z0-9]{5})_\d+_.+", re.DOTALL)
CANVAS = re.compile(r"(?P<name>.*?)_(?:(?P<late>LATE)_)?(?P<id>\d+)_\d+_.+", re.DOTALL)
MOODLE = re.compile(r"(?P<name>.*?)(?:_(?P<id>\d+))?_assignsubmission_file(?:_.*)?", re.DOTALL)
QUIET = re.compile(r"(?!\.\.$)\..*|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE | re.DOTALL)
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # ends of lines are among them
UNSEEN = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")  # marks that turn the writing direction


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One student's notebook: whose it is, where it was found, and how to read it when its turn comes.

    `problem` is a sentence about a notebook that cannot be read; its student still gets a result.
    """

    student: str
    source: str
    load: Callable[[], bytes] = field(repr=False, compare=False)
    name: str = ""
    late: bool = False
    problem: str = ""

    def read(self) -> bytes:
        """Return the notebook's bytes, in the process that found it. Raises: ValueError whose text is the problem."""
        if self.problem:
            raise ValueError(self.problem)
        return self.load()


class Submissions(NamedTuple):
    """The notebooks, sorted by student, and the files that are none, with the reason where the name does not say it."""

    found: list[Submission]
    ignored: list[str]


def read_submissions(path: Path) -> Submissions:
    """Find the submissions in a folder, a zip or one notebook.

    Raises: ValueError if there is no such place, it is none of the three, holds no notebook or too much, or if two
    notebooks belong to one student.
    """
    path = Path(path)
    files = [file for file in _files(path) if not any(QUIET.fullmatch(part) for part in file.parts)]
    notebooks = [file for file in files if not file.refused and file.parts[-1].lower().endswith(".ipynb")]
    outer = _outer_folders(path, notebooks)
    found = [_submission(file, file.parts[outer:]) for file in notebooks]
    nameless = [shown(submission.source) + " (no student's name)" for submission in found if not submission.student]
    taken = {id(file) for file in notebooks}
    others = [shown(file.path) + f" ({file.refused})" * bool(file.refused) for file in files if id(file) not in taken]
    found = sorted((submission for submission in found if submission.student), key=lambda one: one_student(one.student))
    if not found:
        raise ValueError(f"read_submissions needs at least one notebook (.ipynb), got path={str(path)!r} without any.")
    _refuse_twins(found, notebooks)
    return Submissions(found, sorted([*others, *nameless]))


def one_student(student: str) -> str:
    """Write an id so that all spellings of it are equal: caseless, composed, without spaces around it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", student).casefold()).strip()


def shown(text: str) -> str:
    """Make a name of a file safe to show: valid Unicode, on one line, without marks that turn the direction."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", CONTROLS.sub(" ", UNSEEN.sub("", text))).strip()


def _files(path: Path) -> Iterable[File]:
    """List what is there, be it a folder, a zip or one notebook."""
    if path.is_dir():
        return list_folder(path)
    if not path.exists():
        raise ValueError(f"read_submissions needs a folder, a zip or a notebook that exists, got path={str(path)!r}.")
    if path.suffix.lower() == ".ipynb":
        return [read_entry(path.resolve(), (path.name,))]
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return list_zip(path)
    raise ValueError(f"read_submissions needs a folder, a zip or a notebook (.ipynb), got path={str(path)!r}.")


def _outer_folders(path: Path, notebooks: list[File]) -> int:
    """Count the folders around all of a zip's notebooks that are no student's: they have the zip's own name."""
    first = notebooks[0].parts[0] if notebooks else ""
    is_around_all = all(len(file.parts) > 1 and file.parts[0] == first for file in notebooks)
    return int(is_around_all and not path.is_dir() and one_student(first) == one_student(path.stem))


def _submission(file: File, parts: tuple[str, ...]) -> Submission:
    """Read whose notebook it is from the first part of its path."""
    stem = parts[0] if len(parts) > 1 else parts[0][: -len(".ipynb")]
    match = next(filter(None, (form.fullmatch(stem) for form in (MOODLE, ANONYMOUS, CANVAS))), None)
    groups = match.groupdict() if match else {}
    name, late = shown(groups.get("name") or ""), bool(groups.get("late"))
    student = shown(groups.get("id") or "") or name or shown(stem)
    return Submission(
        student=student, name=name, source=shown(file.path), late=late, problem=file.problem, load=file.load
    )


def _refuse_twins(found: list[Submission], notebooks: list[File]) -> None:
    """Refuse two notebooks of one student: only the instructor can tell which one counts."""
    for before, after in itertools.pairwise(found):
        if one_student(before.student) == one_student(after.student):
            folder = notebooks[0].parts[0]
            is_around_all = all(len(file.parts) > 1 and file.parts[0] == folder for file in notebooks)
            hint = f" If {shown(folder)!r} is no student, name that folder itself." if is_around_all else ""
            needs = "read_submissions needs one notebook a student (remove the one that does not count)"
            got = f"{before.source!r} and {after.source!r} of the student {after.student!r}"
            raise ValueError(f"{needs}, got {got}.{hint}")
