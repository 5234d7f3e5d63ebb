"""Read book/plan.toml, the one list of parts, chapters and pages. Standard library only: other programs load this file.

Whoever needs to know which chapters there are, where their pages lie, and in which order, asks here.
"""

import re
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONT = "index"
ID = re.compile(r"[a-z][a-z0-9_]*")
NEEDED_WITH_A_PAGE = ("short", "minutes")


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One question of the book; without a page it is planned."""

    id: str
    title: str
    week: int
    page: str = ""
    minutes: int = 0
    short: str = ""
    map: str = ""
    moved: tuple[str, ...] = ()
    lesson: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some chapters under one title; its number is its place in the list, as a Roman numeral."""

    number: str
    title: str
    chapter: tuple[Chapter, ...]

    @property
    def written(self) -> list[Chapter]:
        """Return the chapters that exist."""
        return [chapter for chapter in self.chapter if chapter.page]


@dataclass(frozen=True, kw_only=True)
class Around:
    """Pages that are no chapters, under one title."""

    title: str
    pages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The whole book, in its order."""

    part: tuple[Part, ...]
    around: tuple[Around, ...] = ()

    @property
    def chapters(self) -> list[Chapter]:
        """Return every chapter, the planned ones too."""
        return [chapter for part in self.part for chapter in part.chapter]

    @property
    def written(self) -> list[Chapter]:
        """Return the chapters that exist."""
        return [chapter for part in self.part for chapter in part.written]

    @property
    def pages(self) -> list[str]:
        """Return every page of the book, without ending, in the order of the contents."""
        behind = [page for around in self.around for page in around.pages]
        return [FRONT, *(chapter.page for chapter in self.written), *behind]

    @property
    def moved(self) -> dict[str, str]:
        """Map each earlier address of a page to the present one, both without ending."""
        return {old: chapter.page for chapter in self.written for old in chapter.moved}


def read_plan(root: Path = ROOT) -> Plan:
    """Read and check the plan of a checkout. Raises: ValueError that names the chapter and what is wrong with it."""
    table = tomllib.loads((root / "book" / "plan.toml").read_text(encoding="utf-8"))
    parts = [
        {**part, "number": roman(number), "chapter": _all(Chapter, part.get("chapter", []))}
        for number, part in enumerate(table.get("part", []), 1)
    ]
    plan = _made(Plan, {**table, "part": _all(Part, parts), "around": _all(Around, table.get("around", []))})
    for chapter in plan.chapters:
        _check(chapter)
    for what, names in (("id", [chapter.id for chapter in plan.chapters]), ("address", [*plan.pages, *plan.moved])):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"read_plan needs each {what} once (links lead to one place), got {', '.join(twice)}.")
    return plan


def roman(number: int) -> str:
    """Write a number from 1 to 39 as the Romans did."""
    units = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    return "X" * (number // 10) + units[number % 10]


def _check(chapter: Chapter) -> None:
    if not ID.fullmatch(chapter.id):
        raise ValueError(
            f"read_plan needs ids of small letters, digits and _ (files have them), got id={chapter.id!r}."
        )
    if wrong := [lesson for lesson in chapter.lesson if set(lesson) != {"class", "home"}]:
        raise ValueError(f"read_plan needs class and home of each lesson, got {wrong[0]} in id={chapter.id!r}.")
    missing = [name for name in NEEDED_WITH_A_PAGE if chapter.page and not getattr(chapter, name)]
    if missing or (chapter.moved and not chapter.page):
        missing = missing or ["page"]
        raise ValueError(
            f"read_plan needs {' and '.join(missing)} of a written chapter, got id={chapter.id!r} without."
        )


def _all(kind: type, tables: list[dict]) -> tuple:
    return tuple(_made(kind, table) for table in tables)


def _made(kind: type, table: dict):
    """Make one entry of its table: every key is known, and none that is needed is missing."""
    known = {one.name: one.default is MISSING for one in fields(kind)}
    wrong = [f"unknown {name}" for name in table if name not in known]
    wrong += [f"no {name}" for name, needed in known.items() if needed and name not in table]
    if wrong:
        name = table.get("id") or table.get("title") or ", ".join(table)
        raise ValueError(
            f"read_plan needs {kind.__name__} with {', '.join(known)}, got {', '.join(wrong)} in {name!r}."
        )
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
