"""A small chapter with three exercises, and a repository that holds it: what the build's tests break on purpose."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from transformer_edu_course.building.entries import PERCENT

ROOT = Path(__file__).resolve().parents[1]

CARD = """title = "{title}"
kind = "complete"
difficulty = 1
minutes = 5
teaches = "how a chapter is built"
assigned = {assigned}
{more}
[answers]
{answers}"""

DOUBLE = """def double(numbers):
    ### BEGIN SOLUTION
    doubled = numbers + numbers  # twice the same
    return doubled
    ### INSTEAD
    # doubled = ...
    # return doubled
    ### END SOLUTION"""

MADE = {
    "about": "# A made chapter",
    "setup": "import torch\n\nready = 3",
    "card:q1": CARD.format(title="A sum", assigned="false", more="", answers='total = "number"'),
    "statement:q1": "What is 2 + 2? Write `total`.",
    "answer:q1": "### BEGIN SOLUTION\ntotal = 2 + 2\n### INSTEAD\n# total = ...\n### END SOLUTION",
    "public-test:q1:1": '# the sum\nassert student.total != 5, "Count again."\nassert student.total == 4, "Not 4."',
    "hint:q1": "Use your fingers.",
    "because:q1": "Two and two make four.",
    "wrong:q1:0": "# one too many\n# says: Count again.\ntotal = 5",
    "wrong:q1:0 ": "# nowhere near\n# says: Not 4.\ntotal = 40",
    "right:q1": "# a float\ntotal = 4.0",
    "card:q2": CARD.format(
        title="Twice", assigned="true", more='forbid = ["mul"]', answers='double = "function -> tensor"'
    ),
    "statement:q2": "Write `double(numbers)`.",
    "answer:q2": DOUBLE,
    "public-test:q2:1": '# one number\nassert same(student.double(torch.ones(1)), [2.0]), "One is not doubled."',
    "hidden-test:q2:3": "# random numbers\nsecret = torch.randn(5, generator=generator)\n"
    'assert same(student.double(secret), 2 * secret), "Not doubled everywhere."',
    "hint:q2": "Add.",
    "because:q2": "A number and itself make twice the number.",
    "wrong:q2:1": "# a constant\n# says: Not doubled everywhere.\ndef double(numbers):\n    return 0 * numbers + 2",
    "wrong:q2:0": "# nothing done\n# says: One is not doubled.\ndef double(numbers):\n    return numbers",
    "wrong:q2:0 ": "# the ready-made\n# says: Your answer uses `mul`, which this exercise does not allow.\n"
    "def double(numbers):\n    return torch.mul(numbers, 2)",
    "right:q2": "# times two\ndef double(numbers):\n    return 2 * numbers",
    "card:q3": CARD.format(title="Your own", assigned="true", more="mine = [3, 5, 7]", answers='square = "number"'),
    "statement:q3": "Square your own number.",
    "answer:q3": "from transformer_edu.exercises import mine\n\n### BEGIN SOLUTION\n"
    'square = mine("made/q3") ** 2\n### INSTEAD\n# square = ...\n### END SOLUTION',
    "public-test:q3:0": '# a number\nassert student.square > 0, "A square is positive."',
    "hidden-test:q3:2": '# the square\nassert student.square == mine**2, "Not the square of your own number."',
    "wrong:q3:0": '# not squared\n# says: Not the square of your own number.\nsquare = mine("made/q3")',
    "wrong:q3:0 ": "# negative\n# says: A square is positive.\nsquare = -9",
}


PLAN = """[[part]]
title = "Made"
[[part.chapter]]
id = "made"
title = "Made: why?"
week = 1
page = "made/why"
short = "Made"
minutes = 10
"""


def kind_of(tag: str) -> str:
    """Return the kind of cell that a tag asks for."""
    markdown = ("about", "statement", "hint", "because")
    return "raw" if tag.startswith("card") else "markdown" if tag.split(":")[0] in markdown else "code"


def notebook_of(cells: dict[str, str]) -> nbformat.NotebookNode:
    """Make a notebook of tag and text; a space behind a tag tells two cells of one tag apart."""
    make = {"markdown": new_markdown_cell, "raw": new_raw_cell, "code": new_code_cell}
    entries = [make[kind_of(tag)](text, metadata={"tags": tag.split()}) for tag, text in cells.items()]
    ours = {"notebook_metadata_filter": "-all", "cell_metadata_filter": "tags,-all"}
    return new_notebook(cells=entries, metadata={"jupytext": ours})


def as_notebook(cells: dict[str, str]) -> str:
    """Write the cells as a notebook."""
    return nbformat.writes(notebook_of(cells))


def as_source(cells: dict[str, str]) -> str:
    """Write the same cells in percent format."""
    return jupytext.writes(notebook_of(cells), fmt=PERCENT)


@pytest.fixture
def made() -> dict[str, str]:
    """Return the cells of a good chapter, by tag, to be broken."""
    return dict(MADE)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with the good chapter and its page, as the current folder."""
    root = tmp_path / "the book"
    for folder in ("exercises", "book/made", "tools"):
        (root / folder).mkdir(parents=True)
    (root / "pyproject.toml").write_text("[project]\n")
    (root / "_config.yml").write_text("repository:\n  url: https://github.com/ada/book\n")
    for name in ("colab.py", "first_cell.py", "plan.py"):
        shutil.copy(ROOT / "tools" / name, root / "tools")
    (root / "book" / "plan.toml").write_text(PLAN)
    page = {"cell_type": "markdown", "id": "top", "metadata": {}, "source": ["# Made: why?"]}
    notebook = {"cells": [page], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (root / "book" / "made" / "why.ipynb").write_text(json.dumps(notebook))
    (root / "exercises" / "made.py").write_text(as_source(MADE), encoding="utf-8")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def put(repository: Path) -> Callable[..., Path]:
    """Return a function that writes cells as a source, of the book or of a course."""

    def write(cells: dict[str, str], folder: str = "exercises", name: str = "made", ending: str = ".py") -> Path:
        path = repository / folder / f"{name}{ending}"
        path.parent.mkdir(exist_ok=True)
        for old in path.parent.glob(f"{name}.*"):
            old.unlink()
        path.write_text((as_source if ending == ".py" else as_notebook)(cells), encoding="utf-8")
        return path

    return write
