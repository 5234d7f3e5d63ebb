"""Every notebook runs alone, in an empty folder, with Colab's versions; installing the package changes none of them."""

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.first_cell import first_cell
from transformer_edu_course.building.assignment import filled
from transformer_edu_course.building.source import read_chapter_source, source_chapters

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FOLDER = ROOT / ".venv-colab"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "complete.json"  # what the environment held before the package came

spec = importlib.util.spec_from_file_location("execute", HERE / "execute.py")
colab = importlib.util.module_from_spec(spec)
spec.loader.exec_module(colab)

PAGES = colab.pages(ROOT)


# Not in the checkout: there Python would import the package from the folder instead of the installed one.
def run(*command: str, limit: int = 900, cwd: Path = FOLDER) -> subprocess.CompletedProcess:
    settings = {"capture_output": True, "text": True, "timeout": limit, "cwd": cwd, "env": colab.clean_environment()}
    return subprocess.run([str(PYTHON), *command], **settings)


def pip(*arguments: str) -> None:
    result = run("-m", "pip", "--disable-pip-version-check", *arguments)
    assert result.returncode == 0, f"pip {' '.join(arguments)}\n{result.stdout[-500:]}{result.stderr[-2000:]}"


def torch_pin() -> str:
    return re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[0]


def wanted() -> str:
    """Return what the environment depends on: Colab's versions, ours of torch, the Python, the folder."""
    text = f"{(HERE / 'pins.txt').read_text()}{torch_pin()}{sys.version}{FOLDER}"
    return hashlib.sha256(text.encode()).hexdigest()


def read_stamp() -> dict:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp["before"] if stamp.get("wanted") == wanted() else {}


@pytest.fixture(scope="session")
def before() -> dict[str, str]:
    """Make the environment, or clean the one that is there; return what it holds without the package."""
    held = read_stamp()
    if held:
        extra = colab.freeze(str(PYTHON)).keys() - held.keys()
        if extra:
            pip("uninstall", "-q", "-y", *extra)
        assert colab.freeze(str(PYTHON)) == held
        return held
    began = time.monotonic()
    print("\n  installing Colab's versions (about a minute, 1.5 GB in .venv-colab) …", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True, timeout=120)
    pip("install", "-q", "-r", str(HERE / "pins.txt"), torch_pin())
    held = colab.freeze(str(PYTHON))
    STAMP.write_text(json.dumps({"wanted": wanted(), "before": held}))
    print(f"\n  environment with Colab's versions: {time.monotonic() - began:.0f} s")
    return held


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
    others = [path for path in found if not path.parts[0].endswith(".dist-info") and path.parts[0] != "transformer_edu"]
    assert [path.name for path in others] == ["transformer-edu"]
    assert "transformer_edu" in {path.parts[0] for path in found}


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_the_notebook_runs_alone(page, installed, tmp_path):
    assert installed.returncode == 0, "the package could not be installed (see above)"
    result = run(str(HERE / "execute.py"), "notebook", str(page), cwd=tmp_path)
    print("\n" + result.stdout.rstrip())
    assert result.returncode == 0, result.stderr[-4000:]


SOLVED = """
from transformer_edu.exercises.check import review
from transformer_edu.exercises.question import read_chapter

states = {question.id: review(question, globals()).state for question in read_chapter("CHAPTER")}
assert set(states.values()) == {"passed"}, states
"""


@pytest.mark.parametrize("chapter", source_chapters(ROOT / "exercises"))
def test_a_solved_student_notebook_passes_its_checks(chapter, installed, tmp_path):
    """What a student does in Colab: open the notebook, answer, check, look at the progress."""
    assert installed.returncode == 0, "the package could not be installed (see above)"
    questions = read_chapter_source(chapter, [ROOT / "exercises"]).questions
    solutions = {question.id: question.solution for question in questions}
    notebook = filled(json.loads((ROOT / "assignments" / f"{chapter}.ipynb").read_text()), solutions, "ada")
    last = {**next(cell for cell in notebook["cells"] if cell["id"] == "imports"), "id": "solved"}
    last["source"] = SOLVED.replace("CHAPTER", chapter).splitlines(keepends=True)
    path = tmp_path / "solved.ipynb"
    path.write_text(json.dumps(notebook | {"cells": [*notebook["cells"], last]}))
    result = run(str(HERE / "execute.py"), "notebook", str(path), cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-4000:]
