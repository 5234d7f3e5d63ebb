"""Two more chapters in one folder, each with an explorer and exercises, need an edit to no shared file but the plan.

All of it happens in a copy of the tree: the lists are written, the exercises are built, every test is collected and the
rules hold, and the site is built and shows each explorer and each exercise on the page of its chapter.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.made_chapter import MADE, as_source

ROOT = Path(__file__).resolve().parent.parent
LEFT = ("_build", ".git", ".venv*", "node_modules", "__pycache__", ".ruff_cache", ".pytest_cache", "*.egg-info")
WORDS = {"first_word": "first_turn", "second_word": "second_turn"}  # id of a chapter -> its explorer
WRITTEN = {"_toc.yml", "README.md", "book/index.ipynb", "book/teaching_with_this_book.md"}
MARKS = "<!-- {0}: x --><!-- end of {0} -->"

CHAPTER = """
[[part.chapter]]
id = "{word}"
title = "What does {word} do?"
short = "{word}"
page = "thrown_away/{word}s_question"
minutes = 10
week = 15
"""

EXPLORER = '''"""What does one knob of {word} do? It doubles a number."""

from typing import TypedDict

import torch

from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Readout, Series, Sweep


class Doubled(TypedDict):
    """What `doubled` returns."""

    double: Shown[".1f"]


def doubled(*, number: float) -> Doubled:
    """Double a number."""
    return {{"double": torch.tensor(2 * number)}}


{name} = Explorer(
    id="{id}",
    title="What is twice the number?",
    compute=doubled,
    params=[Param(name="number", label="number", values=(1.0, 2.0, 3.0), start=1.0)],
    panels=[Sweep(title="Twice it", over="number", domain=(0, 7), series=[Series("double", "double", "query")])],
    readouts=[Readout("double", "twice the number")],
    prediction=Prediction(
        question="the number grows by 1. Its double grows by", answers=("1", "2"), right=1, because="It counts twice."
    ),
    code="2 * {{number}}",
    alt="A straight line: twice {{number}} is {{double}}.",
    note="One number, doubled.",
)
'''

PROSE = """# What does {word} do?

A page that is thrown away: it asks what one knob does, so that a test sees how a chapter is added. *Time:* 10 minutes.

> **Predict.** The number grows by 1. By how much does its double grow?
"""


def markdown(name: str, text: str) -> dict:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}


def notebook(*cells: dict) -> str:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {"cells": list(cells), "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def page(word: str, explorer: str) -> str:
    """Write the page of a chapter."""
    code = {"cell_type": "code", "execution_count": None, "id": "picture", "metadata": {}, "outputs": []}
    code["source"] = [f"from transformer_edu.explorers import {explorer}\n", "\n", explorer]
    end = "## Summary\n\nTwice is twice.\n\n## Limits\n\nOne number.\n\n## References\n\nNone."
    return notebook(markdown("top", PROSE.format(word=word)), code, markdown("end", end))


def exercises(word: str) -> str:
    """Write the source of four exercises: the made chapter's first two, and its first again as q3 and q4."""
    cells = {tag: text for tag, text in MADE.items() if ":q" not in tag or ":q1" in tag or ":q2" in tag}
    cells["about"] = f"# {word}"
    again = {
        tag.replace(":q1", f":{name}"): text.replace("total", f"total_{name}")
        for name in ("q3", "q4")
        for tag, text in cells.items()
        if ":q1" in tag
    }
    return as_source(cells | again)


def add_chapters(root: Path) -> None:
    """Add what the author of two chapters writes: the plan, and files of their own."""
    plan = root / "book" / "plan.toml"
    part = '\n[[part]]\ntitle = "Thrown away"\n' + "".join(CHAPTER.format(word=word) for word in WORDS)
    before, around, behind = plan.read_text(encoding="utf-8").partition("\n[[around]]")
    plan.write_text(before + part + around + behind, encoding="utf-8")
    (root / "book" / "thrown_away").mkdir()
    for word, name in WORDS.items():
        (root / "book" / "thrown_away" / f"{word}s_question.ipynb").write_text(page(word, name), encoding="utf-8")
        folder = root / "transformer_edu" / "explorers" / word
        folder.mkdir()
        (folder / "__init__.py").write_text(f'"""What does {word} do?"""\n')
        text = EXPLORER.format(word=word, name=name, id=name.replace("_", "-"))
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        (root / "exercises" / f"{word}.py").write_text(exercises(word), encoding="utf-8")


def keep_only_them(root: Path) -> None:
    """Cut the plan down to the new part, and the front page to what refers to nothing else: a site in seconds."""
    plan = root / "book" / "plan.toml"
    part = plan.read_text(encoding="utf-8").split('[[part]]\ntitle = "Thrown away"')[1].partition("\n[[around]]")[0]
    plan.write_text(f'[[part]]\ntitle = "Thrown away"{part}', encoding="utf-8")
    text = f"# The book\n\nThe whole of a small book, in one sentence: {MARKS.format('parts')}\n\n"
    text += f"## The map\n\n{MARKS.format('state')}\n\n{MARKS.format('map')}\n"
    (root / "book" / "index.ipynb").write_text(notebook(markdown("what", text)), encoding="utf-8")


def digests(root: Path) -> dict[str, str]:
    """Return what every file of a tree holds, by its path."""
    paths = (path for path in root.rglob("*") if path.is_file() and not {"_build", "__pycache__"} & set(path.parts))
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the tree, without what `make` made."""
    return Path(shutil.copytree(ROOT, tmp_path / "book of two", ignore=shutil.ignore_patterns(*LEFT), symlinks=True))


def run(root: Path, *arguments: str) -> str:
    """Run the Python of the tests in the copy, on the copy's own packages; return what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TRANSFORMER_EDU"))}
    environment = {**kept, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, f"{arguments}\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}"
    return ran.stdout


COMMAND = "import sys; from transformer_edu_course.command import main; sys.exit(main(sys.argv[1:]))"
SHOWN = "from tests.book.chapters import page_of; print(*[page_of(name) for name in {}])"


@pytest.mark.timeout(1200)  # 45 s of processor time, and patience for a busy machine
def test_two_chapters_in_one_folder_edit_no_shared_file_but_the_plan(tree):
    before = digests(tree)
    add_chapters(tree)
    run(tree, "-c", COMMAND, "exercises", "build", *WORDS)
    run(tree, "tools/write_lists.py")
    after = digests(tree)
    assert {name for name in before if after.get(name) != before[name]} == {"book/plan.toml", *WRITTEN}
    new = {f"assignments/{word}.ipynb" for word in WORDS}
    new |= {f"transformer_edu/exercises/questions/{word}.json" for word in WORDS}
    assert new <= set(after) - set(before)

    rules = ["tests/test_plan.py", "tests/test_lists.py", "tests/test_notebooks.py", "tests/test_architecture.py"]
    named = "words_question or word or turn or whole or holds or forgotten or package or declares"
    run(tree, "-m", "pytest", "-q", *rules, "tests/explorers/test_declared.py", "-k", named)
    collected = run(
        tree, "-m", "pytest", "-q", "--collect-only", "tests/book", "tests/course/building", "tests/exercises"
    )
    assert all(f"[{name}]" in collected or f"[{name}-" in collected for name in WORDS.values())

    keep_only_them(tree)
    run(tree, "tools/build_book.py")
    pages = run(tree, "-c", SHOWN.format(list(WORDS.values()))).split()
    assert pages == [f"thrown_away/{word}s_question.html" for word in WORDS]
    for word, name in zip(WORDS, pages, strict=True):
        text = (tree / "_build" / "html" / name).read_text(encoding="utf-8")
        ids = re.findall(r"Exercise (\w+/q\d)", text)
        assert list(dict.fromkeys(ids)) == [f"{word}/q{number}" for number in range(1, 5)]
