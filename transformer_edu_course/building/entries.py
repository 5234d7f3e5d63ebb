"""Read the cells of a source as they stand in its file: text in percent format (`.py`) or a notebook (`.ipynb`)."""

import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import nbformat
from nbformat.warnings import MissingIDFieldWarning

ENDINGS = (".py", ".ipynb")
WORDS = {".py": ("text", "in UTF-8, in percent format"), ".ipynb": ("notebook", "in Jupyter, in format 4")}
PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}
MARKER = re.compile(r"\s*#\s*(%%(%*\s.*)?|<codecell>|In\[[0-9 ]*\]:?)\s*$")  # what begins a cell for jupytext
BARE_MARKER = re.compile(r"\s*%%(%*\s.*)?$")  # the same in a text, whose comment marks are off
NEARLY = re.compile(r"(#\s*)?%%(\[|tags\b)")
UNREAD = "incorrectly_encoded_metadata"  # where jupytext puts what it cannot read of a marker
FORM = '`# %% [markdown] tags=["hint:q1"]`'


class SourceError(ValueError):
    """Say what is wrong in a source: the file, the line, the cell, and the cure."""


class Entry(NamedTuple):
    """A cell as it stands in its file (the first is number 1), and the line of its marker (0 in a notebook)."""

    file: str
    line: int
    number: int
    kind: str
    tags: list[str]
    text: str

    @property
    def where(self) -> str:
        """Write where the cell stands."""
        return f"{self.file}, {f'line {self.line}, ' if self.line else ''}cell {self.number}"


def read_entries(path: Path, name: str) -> list[Entry]:
    """Read every cell of a source; `name` is the file as errors call it. Both formats give the same cells.

    Raises: SourceError for a file that cannot be read, and for a line that was meant to begin a cell and does not.
    """
    try:
        text = path.read_text(encoding="utf-8")
        cells, lines = _of_text(text, name) if path.suffix == ".py" else _of_notebook(text)
        return [
            Entry(name, line, number, cell.cell_type, cell.metadata.get("tags", []), cell.source)
            for number, (line, cell) in enumerate(zip(lines, cells, strict=True), 1)
        ]
    except SourceError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        told = f"{type(error).__name__}: {error}".partition("\n")[0]
        kind, cure = WORDS[path.suffix]
        raise SourceError(f"{name} is no {kind} ({told}). Save it {cure}.") from error


def has_cells(path: Path) -> bool:
    """Tell a source from a script that has no line which begins a cell."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return path.suffix == ".ipynb" or any(map(MARKER.match, text.splitlines()))


def _of_notebook(text: str) -> tuple[list[Any], list[int]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingIDFieldWarning)  # no one needs the ids of a source
        cells = nbformat.reads(text, as_version=4).cells
    return cells, [0] * len(cells)


def _of_text(text: str, name: str) -> tuple[list[Any], list[int]]:
    """Read percent format: the cells, and the line of each."""
    lines = text.splitlines()
    wrong = [number for number, line in enumerate(lines, 1) if NEARLY.match(line)]
    try:
        cells = jupytext.reads(text, fmt=PERCENT).cells
        starts = _starts(cells, lines)
        wrong += [start for start, cell in zip(starts, cells, strict=True) if UNREAD in cell.metadata]
    except (nbformat.ValidationError, AttributeError):  # tags that are no list of texts
        wrong += [number for number, line in enumerate(lines, 1) if MARKER.match(line) and not _is_valid(line)]
        if not wrong:
            raise
    if wrong:
        told = f"cannot read {lines[wrong[0] - 1].strip()!r}"
        raise SourceError(f"{name}, line {wrong[0]}: {told}. Begin a cell with a line such as {FORM}.")
    return cells, starts


def _is_valid(marker: str) -> bool:
    try:
        return bool(jupytext.reads(marker.strip(), fmt=PERCENT).cells)
    except (nbformat.ValidationError, AttributeError):
        return False


def _starts(cells: list[Any], lines: list[str]) -> list[int]:
    """Find the line of each cell, which jupytext does not tell. A marker in a string or in a fence begins no cell."""
    markers = [number for number, line in enumerate(lines, 1) if MARKER.match(line)]
    inside = []
    for cell in cells:
        pattern = MARKER if cell.cell_type == "code" else BARE_MARKER
        inside.append(sum(pattern.match(line) is not None for line in cell.source.splitlines()))
    if len(markers) < len(cells) + sum(inside):
        markers.insert(0, 1)  # the file begins with a cell that has no marker
    places = [place + sum(inside[:place]) for place in range(len(cells))]
    return [markers[min(place, len(markers) - 1)] for place in places]
