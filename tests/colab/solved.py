"""Run solved student notebooks, each in a process of its own that a warm one forks: `python solved.py FOLDER`.

Starting Python and importing torch costs more than a student's answers do; here they are paid for once. Each notebook
runs in an empty folder, in IPython's shell; a line of JSON says how it ended: its name, its seconds, its error.
"""

import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

import IPython.core.interactiveshell as shells
import torch  # noqa: F401  warm

import transformer_edu.exercises  # noqa: F401  warm


def run_cells(path: Path) -> str:
    """Run every code cell of a notebook; return the first error."""
    shell = shells.InteractiveShell.instance()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            result = shell.run_cell("".join(cell["source"]), store_history=True)
            error = result.error_before_exec or result.error_in_exec
            if error is not None:
                return "".join(traceback.format_exception(error))
    return ""


def alone(path: Path, answer: int) -> None:
    """Run a notebook in this process, which ends with it, and write its error where the parent reads."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            error = run_cells(path)
    except BaseException:  # noqa: BLE001  whatever it is, the parent tells it
        error = traceback.format_exc()
    with os.fdopen(answer, "w", encoding="utf-8") as out:
        out.write(error or "fine")
    os._exit(0)


def run_one(path: Path) -> dict[str, object]:
    """Fork, let the child run the notebook, and return how it ended."""
    began, (reading, writing) = time.monotonic(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        alone(path, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    error = "" if said == "fine" else said or "The process ended before the notebook did."
    return {"notebook": path.stem, "seconds": round(time.monotonic() - began, 1), "error": error[-4000:]}


if __name__ == "__main__":
    for path in sorted(Path(sys.argv[1]).glob("*.ipynb")):
        print(json.dumps(run_one(path.resolve())), flush=True)
