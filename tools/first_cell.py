"""The one-line first cell of every notebook, made of `repository` in `_config.yml`: `tools/write_lists.py` writes it.

In the notebooks for students, in `assignments/`, it is the first cell of code: `transformer-edu exercises build`
puts it below their title.

The cell makes the package available wherever the notebook is opened, from the branch (or tag) of the settings. An
instructor who copies the book changes `repository.url`; while it says OWNER, the cell refuses with a message and
installs no stranger's package.
"""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
FIND = "from importlib.util import find_spec; "
INSTALL = 'find_spec("transformer_edu") or get_ipython().run_line_magic("pip", "install -q git+{address}");'
REFUSE = 'assert find_spec("transformer_edu"), "{message}"'
MESSAGE = (
    "The package transformer_edu is not installed here, and this copy of the book does not know its own address. "
    "Cure: set repository.url in _config.yml and run make html, or type: pip install FOLDER_OF_THE_BOOK"
)
ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+/(?P<owner>[\w.-]+)(?:/[\w.-]+)*/(?P<name>[\w.-]+)")
BRANCH = re.compile(r"[\w.-]+(?:/[\w.-]+)*")
WRONG = """repository.url in _config.yml needs an address such as https://github.com/NAME/REPOSITORY
(the notebooks install the package from it), got {address!r}."""
WRONG_BRANCH = "repository.branch in _config.yml needs the name of a branch or tag (pip installs it), got {branch!r}."


def normalize(address: str) -> str | None:
    """Return the repository's address without `.git` and trailing slash, or None while it says OWNER."""
    address = str(address or "").strip().rstrip("/").removesuffix(".git").rstrip("/")
    match = ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(WRONG.format(address=address))
    return None if match["owner"] == "OWNER" else address


def repository_address(config: Path = ROOT / "_config.yml") -> str | None:
    """Read the address that pip installs from, `address@branch`, from the book's settings; None while it says OWNER."""
    repository = yaml.safe_load(config.read_text(encoding="utf-8")).get("repository") or {}
    address, branch = normalize(repository.get("url")), str(repository.get("branch") or "main")
    if not BRANCH.fullmatch(branch):
        raise ValueError(WRONG_BRANCH.format(branch=branch))
    return address and f"{address}@{branch}"


def first_cell(address: str | None) -> str:
    """Return the line that makes the package available in Colab, Binder and a local kernel."""
    if address is None:
        return FIND + REFUSE.format(message=MESSAGE)
    return FIND + INSTALL.format(address=address)


def put_first(notebook: dict, line: str, *, below_title: bool = False) -> bool:
    """Give a notebook this first cell, in place; return whether anything changed. It may stand below a title."""
    cells = notebook["cells"]
    before = json.dumps(cells)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    if below_title and code and "".join(code[0]["source"]).startswith(FIND):
        code[0]["source"] = [line]
        return json.dumps(cells) != before
    if not (cells and cells[0]["cell_type"] == "code" and "".join(cells[0]["source"]).startswith(FIND)):
        cells.insert(0, {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": []})
        if (notebook.get("nbformat"), notebook.get("nbformat_minor", 0)) >= (4, 5):
            cells[0] = {"cell_type": "code", "id": "first-cell", **cells[0]}
    cells[0]["source"] = [line]
    tags = cells[0]["metadata"].setdefault("tags", [])
    if "remove-cell" not in tags:
        tags.append("remove-cell")  # on the page the package is there already
    return json.dumps(cells) != before
