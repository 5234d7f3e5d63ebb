"""Write the one-line first cell of every notebook from `repository.url` in `_config.yml`: `make` runs this.

In the notebooks for students, in `assignments/`, it is the first cell of code: `transformer-edu exercises build`
puts it below their title.

The cell makes the package available wherever the notebook is opened. An instructor who copies the book changes that
one line of `_config.yml`; while it says OWNER, the cell refuses with a message and installs no stranger's package.
"""

import json
import re
import sys
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
WRONG = """repository.url in _config.yml needs an address such as https://github.com/NAME/REPOSITORY
(the notebooks install the package from it), got {address!r}."""


def normalize(address: str) -> str | None:
    """Return the repository's address without `.git` and trailing slash, or None while it says OWNER."""
    address = str(address or "").strip().rstrip("/").removesuffix(".git").rstrip("/")
    match = ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(WRONG.format(address=address))
    return None if match["owner"] == "OWNER" else address


def repository_address(config: Path = ROOT / "_config.yml") -> str | None:
    """Read the address of the repository from the book's settings; None while it says OWNER."""
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    return normalize((settings.get("repository") or {}).get("url"))


def first_cell(address: str | None) -> str:
    """Return the line that makes the package available in Colab, Binder and a local kernel."""
    if address is None:
        return FIND + REFUSE.format(message=MESSAGE)
    return FIND + INSTALL.format(address=address)


def synchronize(notebook: dict, line: str, *, below_title: bool = False) -> bool:
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


def notebooks(root: Path = ROOT) -> list[Path]:
    """Return every notebook of the book, in a fixed order."""
    return sorted(path for path in (root / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def student_notebooks(root: Path = ROOT) -> list[Path]:
    """Return the notebooks that students work in, in a fixed order."""
    return sorted((root / "assignments").glob("*.ipynb"))


def main(root: Path = ROOT) -> int:
    try:
        address = repository_address(root / "_config.yml")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if address is None:
        print("_config.yml names no repository yet (repository.url says OWNER): no Colab button is shown.")
        print("That matters only if you publish a copy of your own.")
    for path in [*notebooks(root), *student_notebooks(root)]:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if synchronize(notebook, first_cell(address), below_title=path.parent.name == "assignments"):
            text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
            path.write_text(text, encoding="utf-8")
            print(f"First cell written: {path.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
