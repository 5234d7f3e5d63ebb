"""A reader without the encoder's weights, and without a way to get them, can still run the whole chapter."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

CHAPTER = Path(__file__).parents[2] / "book" / "attention_from_scratch" / "who_looks_at_whom.ipynb"
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=None).execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.fixture
def nowhere(tmp_path, monkeypatch) -> Path:
    """Take away the cache and every source of the weights."""
    (tmp_path / "empty").mkdir()
    for name, value in {
        "TRANSFORMER_EDU_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": str(tmp_path / "empty"), "TRANSFORMER_EDU_STATIC": "0",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return tmp_path


def test_the_chapter_says_so_and_goes_on(nowhere):
    executed = nowhere / "executed.ipynb"
    command = [sys.executable, "-W", "ignore", "-c", RUN, str(CHAPTER), str(executed)]
    result = subprocess.run(command, cwd=nowhere, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    cells = [cell for cell in nbformat.read(executed, 4).cells if cell.cell_type == "code"]
    told = [str(cell.outputs) for cell in cells if "No weights, so no real heads here" in str(cell.outputs)]
    assert told
    assert "transformer_edu.minilm.fetch" in told[0]
    assert all(cell.execution_count for cell in cells)
