"""Read the tagged cells of a source: `card:q1`, `hidden-test:q1:3`. Every mistake names its line and its cell."""

import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from transformer_edu_course.building.entries import Entry, SourceError, read_entries
from transformer_edu_course.building.tags import ROLES, read_tag

ORDER = "card, statement, answer, tests, hints, because, then wrong and right answers"


class Cell(NamedTuple):
    """A cell of a source, and where it stands."""

    where: str
    role: str
    question: str
    points: int
    text: str

    def error(self, what: str) -> SourceError:
        """Make an error about this cell; `what` says what is wrong and how to cure it."""
        return SourceError(f"{self.where}: {what}")


def read_cells(path: Path, name: str) -> list[Cell]:
    """Read the cells of a source, in their order; `name` is the file as errors call it.

    Raises: SourceError for a file that cannot be read, an unknown or incomplete tag, and cells out of order.
    """
    entries = (entry for entry in read_entries(path, name) if entry.tags or entry.text.strip())
    cells = [_tagged(entry) for entry in entries]
    _check_order(cells)
    return cells


def named(cell: Cell) -> tuple[str, str]:
    """Split a cell into its name, which its first line holds, and the rest.

    Raises: SourceError where there is no name.
    """
    first, _, rest = cell.text.partition("\n")
    if not re.match(r"#\s+\S", first) or first.startswith("# says:"):
        raise cell.error(f"the first line of a {cell.role} cell has to be its name: write `# what it looks at`.")
    return first.lstrip("#").strip(), rest


def compiled(cell: Cell, code: str) -> str:
    """Return the code if Python can read it. Raises: SourceError with the line where it cannot."""
    try:
        compile(code, cell.where, "exec")
    except (SyntaxError, ValueError) as error:
        line = f" in line {error.lineno} of its code" if isinstance(error, SyntaxError) else ""
        raise cell.error(f"Python cannot read this cell{line} ({error}). Correct it.") from error
    return code


def _tagged(entry: Entry) -> Cell:
    try:
        return Cell(entry.where, *read_tag(entry.tags, entry.kind), entry.text.rstrip())
    except ValueError as error:
        raise SourceError(f"{entry.where}: {error}") from error


def _check_order(cells: list[Cell]) -> None:
    """Check that the cells of a question stand together and in order. Raises: SourceError."""
    seen: list[str] = []
    for before, cell in pairwise([cells[0]._replace(question="", role="about"), *cells] if cells else []):
        if cell.question != before.question:
            if cell.question in seen or not cell.question:
                what = f"{cell.role} of {cell.question}" if cell.question else cell.role
                place = f"to the other cells of {cell.question}" if cell.question else "before the first question"
                raise cell.error(f"{what} stands too late. Move it {place}.")
            seen.append(cell.question)
        elif ROLES[cell.role].rank < ROLES[before.role].rank:
            what = f"{cell.role} of {cell.question} stands after {before.role}"
            raise cell.error(f"{what}. The order is: {ORDER}. Move the cell up.")
        elif cell.role == before.role and cell.role in ("card", "statement", "answer", "because"):
            raise cell.error(f"{cell.question} has two {cell.role} cells. Join them, or remove one.")
