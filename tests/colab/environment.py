"""Make `.venv-colab`, the environment with Colab's versions, or clean the one that is there: `make test` runs this.

It holds what the package needs there, not the package: the tests install that as a reader's first cell does.
"""

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FOLDER = ROOT / ".venv-colab"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "complete.json"  # what the environment held before the package came

spec = importlib.util.spec_from_file_location("execute", HERE / "execute.py")
execute = importlib.util.module_from_spec(spec)
spec.loader.exec_module(execute)


# Not in the checkout: there Python would import the package from the folder instead of the installed one.
def run(*command: str, cwd: Path = FOLDER) -> subprocess.CompletedProcess:
    """Run the environment's Python, away from the checkout."""
    settings = {"capture_output": True, "text": True, "cwd": cwd, "env": execute.clean_environment()}
    return subprocess.run([str(PYTHON), *command], **settings)


def pip(*arguments: str) -> None:
    """Run pip; a failure shows its last lines."""
    result = run("-m", "pip", "--disable-pip-version-check", *arguments)
    assert result.returncode == 0, f"pip {' '.join(arguments)}\n{result.stdout[-500:]}{result.stderr[-2000:]}"


def torch_pin() -> str:
    """Return the book's own torch: the one package here whose version is not Colab's."""
    return re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[0]


def wanted() -> str:
    """Return what the environment depends on: Colab's versions, ours of torch, the Python, the folder."""
    text = f"{(HERE / 'pins.txt').read_text()}{torch_pin()}{sys.version}{FOLDER}"
    return hashlib.sha256(text.encode()).hexdigest()


def read_stamp() -> dict[str, str]:
    """Return what a complete environment held without the package; nothing if there is none."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp["before"] if stamp.get("wanted") == wanted() else {}


def make() -> dict[str, str]:
    """Make the environment, or clean the one that is there; return what it holds without the package."""
    held = read_stamp()
    if held:
        extra = execute.freeze(str(PYTHON)).keys() - held.keys()
        if extra:
            pip("uninstall", "-q", "-y", *extra)
        assert execute.freeze(str(PYTHON)) == held
        return held
    began = time.monotonic()
    print("\n  installing Colab's versions (about a minute, 1.5 GB in .venv-colab) …", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    pip("install", "-q", "-r", str(HERE / "pins.txt"), torch_pin())
    held = execute.freeze(str(PYTHON))
    STAMP.write_text(json.dumps({"wanted": wanted(), "before": held}))
    print(f"\n  environment with Colab's versions: {time.monotonic() - began:.0f} s", flush=True)
    return held


if __name__ == "__main__":
    make()
