"""Run notebooks the way Colab does: each alone, in an empty folder, with the package installed from a git address.

    python execute.py notebook PAGE.ipynb     run one notebook with this Python
    python execute.py whole CHECKOUT          install from the checkout, check what that changed, run every notebook

Needs what Colab has: nbclient and nbformat.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OURS = "transformer-edu"
LIMIT = 600  # seconds for one cell; the first one may install the package


def clean_environment():
    """Return the environment without what a checkout or the book's build puts into it: explorers are live here."""
    ours = ("TRANSFORMER_EDU_STATIC", "TRANSFORMER_EDU_EXECUTED", "PYTHONPATH", "VIRTUAL_ENV", "MPLBACKEND")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def snapshot(checkout, folder):
    """Put the files of a checkout, as they are now, into a new git repository; return its address for pip.

    The checkout's own repository is not touched, and needs no commit.
    """
    repository = Path(folder) / "transformer_edu.git"
    places = {"GIT_DIR": str(repository), "GIT_WORK_TREE": str(checkout)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "The files as they are"]):
        subprocess.run(["git", *who, *command], check=True, cwd=checkout, env={**environment, **places})
    return repository.resolve().as_uri()


def freeze(python=sys.executable):
    """Return what is installed: name → pip's line."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "freeze"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env=clean_environment())
    lines = [line for line in answer.stdout.splitlines() if line and not line.startswith(("#", "-"))]
    return {line.split("==")[0].split(" @ ")[0].lower().replace("_", "-"): line for line in lines}


def changes(before, after):
    """Return what an installation changed of what was there; new packages are no change."""
    return [f"{line} → {after.get(name, 'removed')}" for name, line in before.items() if after.get(name) != line]


def execute(page):
    """Run one notebook in an empty folder and return the seconds; raises nbclient's error if a cell fails."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(page, as_version=4)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=LIMIT, kernel_name="python3").execute(cwd=folder, env=clean_environment())
        left = [path.name for path in Path(folder).iterdir()]
    if left:
        print(f"  {Path(page).name} leaves behind: {', '.join(left)}")
    return time.monotonic() - began


def pages(checkout):
    found = [path for folder in ("book", "assignments") for path in Path(checkout, folder).rglob("*.ipynb")]
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def run_one(page):
    """Run one notebook, print its time or its error, and return the exit status."""
    from nbclient.exceptions import CellExecutionError

    try:
        print(f"  {Path(page).stem}: {execute(page):.0f} s", flush=True)
    except CellExecutionError as error:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        print(f"  {Path(page).stem} failed:\n{plain}", file=sys.stderr, flush=True)
        return 1
    return 0


def run_whole(checkout):
    """Install the package over what is there, and run every notebook; return the exit status."""
    before = freeze()
    folder = tempfile.mkdtemp()
    try:
        address = f"git+{snapshot(checkout, folder)}"
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", address], check=True, env=clean_environment())
    finally:
        shutil.rmtree(folder)
    changed = changes(before, {name: line for name, line in freeze().items() if name != OURS})
    for line in changed:
        print(f"The installation changed {line}", file=sys.stderr)
    return max([bool(changed), *[run_one(page) for page in pages(checkout)]])


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "notebook":
        return run_one(arguments[1])
    if len(arguments) == 2 and arguments[0] == "whole":
        return int(run_whole(Path(arguments[1]).resolve()))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
