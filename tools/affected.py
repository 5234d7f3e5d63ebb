"""What a change asks for: `python tools/affected.py origin/main` prints it as NAME=value, as the workflows read it.

    unit       the files of tests that a changed file reaches through their imports
    chapters   the ids of the chapters whose page, exercises or explorers it reaches
    grading, book, colab   whether these stages have anything to say about it

Without a commit to compare with, everything is asked for. Standard library only.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.imports import ROOT, needs
from tools.plan import read_plan

# A change of these can reach anything.
EVERYTHING = ("requirements", "pyproject.toml", "Makefile", ".ci/", ".github/", "tools/", "tests/conftest.py")
GRADING = ("transformer_edu_course/", "transformer_edu/exercises/", "tests/course/", "exercises/")
BOOK = ("book/", "drawing/", "assignments/", "transformer_edu/explorers/", "tests/book/", "_config.yml", "_toc.yml")
COLAB = ("tests/colab/", "_config.yml")
# These tests find their subjects by walking or by reading, not by importing them.
QUESTIONS = "transformer_edu/exercises/questions/"
WALKING = {
    "tests/explorers/test_declared.py": ("transformer_edu/explorers/",),
    "tests/test_plan.py": ("book/", "exercises/", QUESTIONS),
    "tests/test_lists.py": ("book/", "README.md", "_toc.yml", "_config.yml", "assignments/", QUESTIONS),
}
APART = ("tests/book/", "tests/colab/", "tests/course/grading/")  # stages of their own


def changed_files(base: str, root: Path = ROOT) -> list[str]:
    """Return the paths that differ from where this branch left `base`, those not yet committed too."""

    def told(*words: str) -> list[str]:
        return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()

    (left,) = told("merge-base", base, "HEAD")
    return [*told("diff", "--name-only", left), *told("ls-files", "--others", "--exclude-standard")]


def unit_tests(root: Path = ROOT) -> list[Path]:
    """Return the files of unit tests."""
    every = sorted((root / "tests").rglob("test_*.py"))
    return [path for path in every if not path.relative_to(root).as_posix().startswith(APART)]


def chapters_reached(changed: set[Path], root: Path = ROOT) -> list[str]:
    """Return the chapters of which the page or its exercises hang on a changed file."""
    found = []
    for chapter in read_plan(root).written:
        page = root / "book" / f"{chapter.page}.ipynb"
        own = {page, root / "assignments" / f"{chapter.id}.ipynb"}
        own |= {root / "exercises" / f"{chapter.id}{ending}" for ending in (".py", ".ipynb")}
        own.add(root / "transformer_edu" / "exercises" / "questions" / f"{chapter.id}.json")
        if changed & {*own, *needs(page, root)}:
            found.append(chapter.id)
    return found


def everything(root: Path = ROOT) -> dict[str, object]:
    """Return what asks for every test."""
    every = [chapter.id for chapter in read_plan(root).written]
    return {"unit": ["tests"], "chapters": every, "grading": True, "book": True, "colab": True}


def affected(names: Iterable[str], root: Path = ROOT) -> dict[str, object]:
    """Return what these changed paths ask for."""
    names = list(names)
    if any(name.startswith(EVERYTHING) for name in names):
        return everything(root)
    changed = {root / name for name in names}
    chapters = chapters_reached(changed, root)
    helpers = {path.parent for path in changed if "tests" in path.parts and not path.name.startswith("test_")}
    reached = [path for path in unit_tests(root) if changed & {path, *needs(path, root)} or path.parent in helpers]
    walking = {test for test, places in WALKING.items() if any(name.startswith(places) for name in names)}
    return {
        "unit": sorted(walking | {path.relative_to(root).as_posix() for path in reached}),
        "chapters": chapters,
        "grading": any(name.startswith(GRADING) for name in names),
        "book": bool(chapters) or any(name.startswith(BOOK) for name in names),
        "colab": bool(chapters) or any(name.startswith(COLAB) for name in names),
    }


def lines(asked: dict[str, object]) -> list[str]:
    """Write lists with spaces between, and yes and no as workflows do."""
    return [
        f"{name}={' '.join(value) if isinstance(value, list) else str(value).lower()}" for name, value in asked.items()
    ]


if __name__ == "__main__":
    print("\n".join(lines(affected(changed_files(sys.argv[1])) if sys.argv[1:] else everything())))
