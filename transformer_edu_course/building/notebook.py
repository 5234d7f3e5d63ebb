"""Make notebooks with nbformat: cells with fixed ids, no outputs, the same bytes every time."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NONE: Mapping[str, Any] = MappingProxyType({})

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def markdown_cell(name: str, source: str, metadata: Mapping[str, Any] = NONE) -> NotebookNode:
    """Make a cell of text with this id."""
    return new_markdown_cell(source, id=name, metadata=dict(metadata))


def code_cell(name: str, source: str, metadata: Mapping[str, Any] = NONE) -> NotebookNode:
    """Make a cell of code with this id, not yet run."""
    return new_code_cell(source, id=name, metadata=dict(metadata))


def notebook(cells: list[NotebookNode]) -> NotebookNode:
    """Make a notebook of cells."""
    return new_notebook(cells=cells, metadata=KERNEL)


def as_text(content: Mapping[str, Any]) -> str:
    """Write a notebook as the text of its file."""
    return nbformat.writes(nbformat.from_dict(content)) + "\n"


def source_of(cell: dict[str, Any]) -> str:
    """Return the text of a cell."""
    return "".join(cell["source"])


def folded(summary: str, text: str) -> str:
    """Fold a text away in Markdown: the empty lines around it keep its code what it is."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def hints_folded(hints: tuple[str, ...]) -> list[str]:
    """Fold each hint away."""
    return [folded(f"Hint {step} of {len(hints)}", hint) for step, hint in enumerate(hints, 1)]
