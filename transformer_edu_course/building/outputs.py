"""Collect what a chapter's build writes, compare it with what stands there, and write it."""

import os
import shutil
from pathlib import Path
from typing import Any

from transformer_edu.exercises.question import as_json
from transformer_edu_course.building.assignment import student_notebook
from transformer_edu_course.building.notebook import as_text
from transformer_edu_course.building.pack import pack
from transformer_edu_course.building.repository import (
    Workplace,
    find_page,
    first_line,
    leading_page,
    page_title,
    read,
)
from transformer_edu_course.building.source import Chapter

QUESTIONS = Path("transformer_edu") / "exercises" / "questions"


def students_notebook(chapter: Chapter, place: Workplace) -> dict[str, Any]:
    """Write the student notebook of the book, or that of a course, which brings its questions along."""
    page = find_page(place.root, chapter.name)
    title, line = page_title(read(page) if page else None, chapter.name), first_line(place.root)
    brought = public_questions(chapter) if place.course else ""
    return student_notebook(chapter, title=title, first_line=line, brought=brought)


def public_questions(chapter: Chapter) -> str:
    """Write the questions as everyone may see them."""
    return as_json([question.public() for question in chapter.questions])


def public_outputs(chapter: Chapter, place: Workplace) -> dict[Path, str]:
    """Write what everyone may see, by file. A course writes nothing into the book's own folders."""
    student = as_text(students_notebook(chapter, place))
    if place.course:
        return {place.course / "student" / f"{chapter.name}.ipynb": student}
    outputs = {
        place.root / QUESTIONS / f"{chapter.name}.json": public_questions(chapter),
        place.root / "assignments" / f"{chapter.name}.ipynb": student,
    }
    page = find_page(place.root, chapter.name)
    return outputs | ({page: as_text(leading_page(place.root, page, chapter.name))} if page else {})


def pack_folder(chapter: Chapter, place: Workplace) -> Path:
    """Return the folder of the instructor's pack, which is never committed in the book."""
    folder = place.course / "instructor" if place.course else place.root / "_build" / "instructor"
    return folder / chapter.name


def pack_outputs(chapter: Chapter, place: Workplace) -> dict[Path, str]:
    """Write the instructor's pack, by file."""
    folder, files = pack_folder(chapter, place), pack(chapter, students_notebook(chapter, place))
    return {folder / name: text for name, text in files.items()}


def differing(outputs: dict[Path, str]) -> list[Path]:
    """List the files that do not hold what the build would write."""
    return [path for path, text in outputs.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def write(outputs: dict[Path, str], folder: Path) -> list[Path]:
    """Write every output that differs, each by renaming; samples of an older pack in `folder` go first."""
    shutil.rmtree(folder / "samples", ignore_errors=True)
    changed = differing(outputs)
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(outputs[path], encoding="utf-8")
        os.replace(beside, path)
    return changed
