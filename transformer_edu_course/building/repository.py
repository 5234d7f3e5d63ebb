"""Find the checkout that holds the source notebooks, and what of it the build needs: pages, first cell, folders."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from transformer_edu_course.building.notebook import source_of
from transformer_edu_course.building.pages import is_exercise

CURE = "Change into the folder of the book (the one with pyproject.toml and exercises/) and run the command again."


class Workplace(NamedTuple):
    """The checkout, and the folder with a course's own exercises if there is one."""

    root: Path
    course: Path | None = None

    @property
    def folders(self) -> list[Path]:
        """List the folders with source notebooks: the book's, then the course's."""
        return [self.root / "exercises", *([self.course] if self.course else [])]

    def shown(self, path: Path) -> str:
        """Write a path as people type it here."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def find_root(start: Path) -> Path:
    """Return the folder of the checkout that `start` lies in. Raises: ValueError outside of one."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "pyproject.toml").is_file() and (folder / "exercises").is_dir() and (folder / "book").is_dir():
            return folder
    needs = "exercises build needs to run in the book's repository (it holds the sources)"
    raise ValueError(f"{needs}, got {start}. {CURE}")


def tool(root: Path, name: str) -> ModuleType:
    """Load one of the checkout's own tools: it knows its settings and its plan. Raises: ValueError without it."""
    specification = importlib.util.spec_from_file_location(name, root / "tools" / f"{name}.py")
    if specification is None or specification.loader is None or not (root / "tools" / f"{name}.py").is_file():
        raise ValueError(f"tool needs tools/{name}.py (it belongs to the book), got root={root}. {CURE}")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def first_line(root: Path) -> str:
    """Return the line that makes the package available wherever a notebook is opened, as `make html` writes it."""
    module = tool(root, "first_cell")
    return module.first_cell(module.repository_address(root / "_config.yml"))


def find_page(root: Path, chapter: str) -> Path | None:
    """Find the notebook with a chapter's exercises, by the plan of the book; a course's own chapter has none."""
    pages = {entry.id: entry.page for entry in tool(root, "plan").read_plan(root).written}
    return root / "book" / f"{pages[chapter]}.ipynb" if chapter in pages else None


def leading_page(root: Path, page: Path, chapter: str) -> dict[str, Any]:
    """Return the notebook of a page with the cell that leads to the chapter's exercises, as `make html` writes it."""
    notebook = read(page)
    tool(root, "colab").lead_to_exercises(notebook, chapter, page, root, new=True)
    return notebook


def read(path: Path) -> dict[str, Any]:
    """Read a notebook."""
    return json.loads(path.read_text(encoding="utf-8"))


def page_title(page: dict[str, Any] | None, chapter: str) -> str:
    """Return the title of a page, or a name made of the chapter's id."""
    texts = [source_of(cell) for cell in (page or {"cells": []})["cells"] if not is_exercise(cell)]
    lines = [line for text in texts for line in text.splitlines() if line.startswith("# ")]
    return lines[0].removeprefix("# ").strip() if page and lines else chapter.replace("_", " ").capitalize()
