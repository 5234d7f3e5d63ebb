"""Read a chapter's exercises from its source, and from a course's source that adds to it."""

import re
from pathlib import Path
from typing import NamedTuple

from transformer_edu.exercises.question import Question, Test
from transformer_edu_course.building.card import complete, read_card
from transformer_edu_course.building.cells import Cell, compiled, named, read_cells
from transformer_edu_course.building.entries import ENDINGS, SourceError, has_cells
from transformer_edu_course.building.regions import cut


class Worked(NamedTuple):
    """An answer that the author worked: wrong, with its exact points and first message, or right in another way.

    It was written for the first `tests` tests: a course that adds more does not change what it says.
    """

    name: str
    code: str
    points: int
    message: str
    tests: int
    where: str


class Source(NamedTuple):
    """An exercise with all of its tests and its solution, and the answers that hold it to its word."""

    question: Question
    wrong: tuple[Worked, ...] = ()
    right: tuple[Worked, ...] = ()


class Chapter(NamedTuple):
    """The exercises of a chapter, in their order."""

    name: str
    about: str
    setup: tuple[str, ...]
    sources: tuple[Source, ...]

    @property
    def questions(self) -> list[Question]:
        """List the questions, with hidden tests and solutions."""
        return [source.question for source in self.sources]


def source_chapters(folder: Path) -> list[str]:
    """Name the chapters that have a source in a folder. Raises: SourceError for a name that no id can have."""
    paths = sorted(path for ending in ENDINGS for path in folder.glob(f"*{ending}") if has_cells(path))
    for path in paths:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
            cure = "Rename it with small letters, digits and _."
            raise SourceError(f"{path}: a chapter cannot be named {path.stem!r}. {cure}")
    return list(dict.fromkeys(path.stem for path in paths))


def source_path(chapter: str, folder: Path) -> Path | None:
    """Return the source of a chapter in a folder, if it has one. Raises: SourceError where it has two."""
    found = [path for ending in ENDINGS if (path := folder / f"{chapter}{ending}").is_file() and has_cells(path)]
    if len(found) > 1:
        text, notebook = (f"{folder.name}/{path.name}" for path in found)
        raise SourceError(f"{text} and {notebook} are both the source of {chapter}. Remove one of them.")
    return found[0] if found else None


def read_chapter_source(chapter: str, folders: list[Path]) -> Chapter:
    """Read a chapter from each folder that has it. A later one adds questions and tests, and replaces texts.

    Raises: ValueError for a chapter that no folder has, SourceError for whatever is wrong in a source.
    """
    paths = [path for folder in folders if (path := source_path(chapter, folder))]
    if not paths:
        known = ", ".join(sorted({name for folder in folders for name in source_chapters(folder)})) or "none"
        needs = f"read_chapter_source needs a chapter with a source notebook ({known})"
        raise ValueError(f"{needs}, got chapter={chapter!r}.")
    layers = [read_cells(path, f"{path.parent.name}/{path.name}") for path in paths]
    cells = [cell for layer in layers for cell in layer]
    about = "\n\n".join(cell.text for cell in cells if cell.role == "about")
    setup = tuple(compiled(cell, cell.text) for cell in cells if cell.role == "setup")
    questions = dict.fromkeys(cell.question for cell in cells if cell.question)
    if not questions:
        name = f"{paths[0].parent.name}/{paths[0].name}"
        raise SourceError(f"{name} has no question. Add cells from card:q1 on.")
    parts = {name: [[cell for cell in layer if cell.question == name] for layer in layers] for name in questions}
    return Chapter(chapter, about, setup, tuple(_source(chapter, [*filter(None, part)]) for part in parts.values()))


def _source(chapter: str, layers: list[list[Cell]]) -> Source:
    """Make one exercise of its cells, layer by layer."""
    cells = [cell for layer in layers for cell in layer]
    found = {role: [cell for cell in cells if cell.role == role] for role in ("card", "statement", "answer", "hint")}
    for role in ("card", "statement", "answer"):
        if not found[role]:
            name = cells[0].question
            raise cells[0].error(f"{name} has no {role} cell. Add one with the tag {role}:{name}.")
    tests, wrong, right = _worked(layers)
    card = {key: value for cell in found["card"] for key, value in read_card(cell).items()}
    starter, solution = cut(found["answer"][-1])
    question = Question(
        id=f"{chapter}/{cells[0].question}",
        statement=found["statement"][-1].text,
        starter=starter,
        solution=solution,
        hints=tuple(cell.text for cell in found["hint"]),
        because=next((cell.text for cell in reversed(cells) if cell.role == "because"), ""),
        tests=tuple(tests),
        **complete(card, found["card"][0]),
    )
    return Source(question, tuple(wrong), tuple(right))


def _worked(layers: list[list[Cell]]) -> tuple[list[Test], list[Worked], list[Worked]]:
    """Read the tests, and the answers that each layer works for its own and the earlier tests."""
    tests, wrong, right = [], [], []
    for layer in layers:
        tests += [_test(cell) for cell in layer if cell.role.endswith("-test")]
        wrong += [_wrong(cell, len(tests)) for cell in layer if cell.role == "wrong"]
        right += [_right(cell, len(tests)) for cell in layer if cell.role == "right"]
    if not tests:
        first = layers[0][0]
        raise first.error(f"{first.question} has no test. Add a cell with the tag public-test:{first.question}:1.")
    return tests, wrong, right


def _test(cell: Cell) -> Test:
    name, code = named(cell)
    return Test(name=name, code=compiled(cell, code), points=cell.points, hidden=cell.role == "hidden-test")


def _wrong(cell: Cell, tests: int) -> Worked:
    name, rest = named(cell)
    second, _, code = rest.partition("\n")
    message = second.removeprefix("# says:").strip()
    if not second.startswith("# says:") or not message:
        raise cell.error("the second line of a wrong answer has to be the message that it gets: write `# says: …`.")
    return Worked(name, compiled(cell, code), cell.points, message, tests, cell.where)


def _right(cell: Cell, tests: int) -> Worked:
    name, code = named(cell)
    return Worked(name, compiled(cell, code), 0, "", tests, cell.where)
