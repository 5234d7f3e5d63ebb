"""Write notebooks as Jupyter stores them: cells with fixed ids, no outputs, the same bytes every time."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

NONE: Mapping[str, Any] = MappingProxyType({})

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def markdown_cell(name: str, source: str, metadata: Mapping[str, Any] = NONE) -> dict[str, Any]:
    """Make a cell of text with this id."""
    return {"cell_type": "markdown", "id": name, "metadata": dict(metadata), "source": source.splitlines(keepends=True)}


def code_cell(name: str, source: str, metadata: Mapping[str, Any] = NONE) -> dict[str, Any]:
    """Make a cell of code with this id, not yet run."""
    cell = {**markdown_cell(name, source, metadata), "cell_type": "code"}
    return cell | {"execution_count": None, "outputs": []}


def notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Make a notebook of cells."""
    return {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}


def as_text(content: dict[str, Any]) -> str:
    """Write a notebook as the text of its file."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def source_of(cell: dict[str, Any]) -> str:
    """Return the text of a cell."""
    return "".join(cell["source"])


def folded(summary: str, text: str) -> str:
    """Fold a text away in Markdown: the empty lines around it keep its code what it is."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def hints_folded(hints: tuple[str, ...]) -> list[str]:
    """Fold each hint away."""
    return [folded(f"Hint {step} of {len(hints)}", hint) for step, hint in enumerate(hints, 1)]
