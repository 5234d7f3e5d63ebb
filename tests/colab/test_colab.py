"""Every page runs alone, in an empty folder, with Colab's versions; installing the package changes none of them.

Two pages run at a time, and the solved student notebooks in one warm process: the tests below wait for their own.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.colab.environment import HERE, PYTHON, ROOT, make, run
from tests.colab.environment import execute as colab
from tools.first_cell import first_cell
from transformer_edu_course.building.assignment import filled
from transformer_edu_course.building.source import read_chapter_source, source_chapters

AT_ONCE = 2
BOOK = ROOT / "book"
PAGES = [path.relative_to(BOOK).with_suffix("").as_posix() for path in colab.pages(ROOT) if BOOK in path.parents]
CHAPTERS = source_chapters(ROOT / "exercises")


@pytest.fixture(scope="session")
def before() -> dict[str, str]:
    """Make the environment, or clean the one that is there; return what it holds without the package."""
    return make()


def run_cells(folder: Path, *cells: str) -> subprocess.CompletedProcess:
    """Run cells as a notebook of their own in Colab's environment."""
    written = [
        {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None} for text in cells
    ]
    page = {"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    path = folder / "cells.ipynb"
    path.write_text(json.dumps(page))
    return run(str(HERE / "execute.py"), "notebook", str(path), cwd=folder)


@pytest.fixture(scope="session")
def refused(before, tmp_path_factory) -> subprocess.CompletedProcess:
    """Run the first cell of a book that does not know its address, without the package."""
    return run_cells(tmp_path_factory.mktemp("refused"), first_cell(None))


@pytest.fixture(scope="session")
def installed(before, refused, tmp_path_factory) -> subprocess.CompletedProcess:
    """Run the first cell of a book that knows its address: it installs this checkout, as it is now."""
    folder = tmp_path_factory.mktemp("installed")
    line = first_cell(colab.snapshot(ROOT, folder))
    proof = "import sys, transformer_edu; assert transformer_edu.__file__.startswith(sys.prefix), transformer_edu"
    return run_cells(folder, line, proof, line)


def test_the_pins_are_those_that_matter():
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (HERE / "pins.txt").read_text(), re.MULTILINE))
    assert {"ipywidgets", "ipython", "ipykernel", "numpy", "plotly", "matplotlib", "anywidget"} <= set(pins)
    assert pins["ipywidgets"].startswith("7.")


def test_without_an_address_the_first_cell_refuses_with_the_cure(refused):
    assert refused.returncode == 1
    assert "set repository.url in _config.yml" in refused.stderr


def test_with_an_address_the_first_cell_installs_the_package(installed):
    assert installed.returncode == 0, installed.stderr


def test_installing_changes_no_version(before, installed):
    after = colab.freeze(str(PYTHON))
    assert colab.OURS in after
    assert colab.changes(before, after) == []


def test_the_wheel_holds_the_package_and_its_command_alone(installed):
    code = "from importlib.metadata import files; print(*files('transformer-edu'), sep='\\n')"
    found = [Path(line) for line in run("-c", code).stdout.split("\n") if line]
    houses = {"transformer_edu", "transformer_edu_course"}
    others = [path for path in found if not path.parts[0].endswith(".dist-info") and path.parts[0] not in houses]
    assert [path.name for path in others] == ["transformer-edu"]
    assert houses <= {path.parts[0] for path in found}


def test_the_package_brings_its_data(installed):
    inside = "import transformer_edu, pathlib; print(pathlib.Path(transformer_edu.__file__).parent)"
    folder = Path(run("-c", inside).stdout.strip())
    ours = ROOT / "transformer_edu"
    files = {path.relative_to(ours) for path in ours.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {str(path) for path in files if not (folder / path).is_file()} == set()


def test_changes_are_found():
    old = {"numpy": "numpy==2.1.3", "tqdm": "tqdm==4"}
    assert colab.changes(old, {**old, "jaxtyping": "jaxtyping==1"}) == []
    assert colab.changes(old, {"numpy": "numpy==2.4.6"}) == ["numpy==2.1.3 → numpy==2.4.6", "tqdm==4 → removed"]


@pytest.fixture(scope="session")
def runs(installed, request, tmp_path_factory) -> Iterator[Callable[[str], subprocess.CompletedProcess]]:
    """Run the pages of all tests that are chosen, two at a time; return a function that waits for one of them."""
    assert installed.returncode == 0, "the package could not be installed (see above)"
    chosen = [item.callspec.params["page"] for item in request.session.items if "runs" in item.fixturenames]
    started: dict[str, Future] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for page in chosen:
            folder = tmp_path_factory.mktemp("page")
            command = [str(HERE / "execute.py"), "notebook", str(BOOK / f"{page}.ipynb")]
            started[page] = pool.submit(run, *command, cwd=folder)
        yield lambda page: started[page].result()


@pytest.mark.parametrize("page", PAGES)
def test_the_page_runs_alone(page, runs):
    result = runs(page)
    print("\n" + result.stdout.rstrip())
    assert result.returncode == 0, result.stderr[-4000:]


SOLVED = """
from transformer_edu.exercises.check import review
from transformer_edu.exercises.question import read_chapter

states = {question.id: review(question, globals()).state for question in read_chapter("CHAPTER")}
assert set(states.values()) == {"passed"}, states
"""


def solved_notebook(chapter: str) -> dict:
    """Return the student notebook of a chapter with every solution, and a last cell that asks for every verdict."""
    questions = read_chapter_source(chapter, [ROOT / "exercises"]).questions
    solutions = {question.id: question.solution for question in questions}
    notebook = filled(json.loads((ROOT / "assignments" / f"{chapter}.ipynb").read_text()), solutions, "ada")
    last = {**next(cell for cell in notebook["cells"] if cell["id"] == "imports"), "id": "solved"}
    last["source"] = SOLVED.replace("CHAPTER", chapter).splitlines(keepends=True)
    return notebook | {"cells": [*notebook["cells"], last]}


@pytest.fixture(scope="session")
def solved(installed, tmp_path_factory) -> dict[str, str]:
    """Run the solved notebooks of all chapters in one warm process; return the error of each."""
    assert installed.returncode == 0, "the package could not be installed (see above)"
    folder = tmp_path_factory.mktemp("solved")
    for chapter in CHAPTERS:
        (folder / f"{chapter}.ipynb").write_text(json.dumps(solved_notebook(chapter)))
    (folder / "wrong.ipynb").write_text(json.dumps(wrong_notebook()))
    result = run(str(HERE / "solved.py"), str(folder))
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 0, result.stderr[-4000:]
    return {line["notebook"]: line["error"] for line in lines}


def wrong_notebook() -> dict:
    """Return a notebook whose second cell fails: its error must reach the report."""
    cells = [{"cell_type": "code", "metadata": {}, "source": [text], "outputs": []} for text in ("x = 0", "1 / x")]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_solved_student_notebook_passes_its_checks(chapter, solved):
    """What a student does in Colab: open the notebook, answer, check, look at the progress."""
    assert solved[chapter] == ""


def test_a_notebook_that_fails_is_told(solved):
    assert "ZeroDivisionError" in solved["wrong"]
