"""Which files of the package a notebook or a test depends on: its imports, theirs, and the data that these name.

A page is executed again when one of these files has changed, and a change of one of them runs its tests.
"""

import ast
import json
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOUSES = ("transformer_edu", "transformer_edu_course")
DRAWN = (".js", ".css", ".md", ".svg")  # the site links these; no executed cell holds them


def code_of(path: Path) -> str:
    """Return the code of a Python file, or of the code cells of a notebook without its magics."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return re.sub(r"^[ \t]*[%!].*$", "", "\n".join(cells), flags=re.MULTILINE)


def imported(code: str, package: str = "") -> set[str]:
    """Return every dotted name that code imports, inside functions too: `from a import b` gives `a.b`."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parts, *filter(None, [node.module])])
            names |= {module if alias.name == "*" else f"{module}.{alias.name}" for alias in node.names}
    return names


def closure(code: str, root: Path = ROOT) -> set[Path]:
    """Return the Python files of the package in which this code's names are defined, and those that they need.

    A family's table of contents leads to the file of a name; the family's other files are not needed.
    """
    found: set[Path] = set()
    wanted = imported(code)
    while wanted:
        name = wanted.pop()
        if name.split(".")[0] not in HOUSES:
            continue
        for path in files_of(name, root) - found:
            found.add(path)
            wanted |= imports_of(path, root)
    return found


@cache
def imports_of(path: Path, root: Path) -> frozenset[str]:
    """Return what a file of the package imports."""
    inside = path.relative_to(root).with_suffix("").parts
    return frozenset(imported(path.read_text(encoding="utf-8"), ".".join(inside[:-1])))


@cache
def files_of(name: str, root: Path) -> frozenset[Path]:
    """Return the file behind a dotted name: a module, a whole package, or where a package has the name from."""
    folder = root
    for part in name.split("."):
        if (folder / part / "__init__.py").is_file():
            folder = folder / part
        elif (folder / f"{part}.py").is_file():
            return frozenset({folder / f"{part}.py"})
        elif folder == root:
            return frozenset()
        else:
            return from_table(folder, part, root)
    return frozenset({folder / "__init__.py"})


def from_table(folder: Path, name: str, root: Path) -> frozenset[Path]:
    """Return the file from which a package's table of contents takes a name; else the package, whose code has it.

    A package that loads names when they are asked for (`__getattr__`) has one in a file of this name; for anything
    else that it is asked, all of its files count.
    """
    table = folder / "__init__.py"
    ends = {one for one in imports_of(table, root) if one.rsplit(".", 1)[-1] == name}
    if ends:
        return frozenset().union(*(files_of(one, root) for one in ends))
    if "\ndef __getattr__(" not in table.read_text(encoding="utf-8"):
        return frozenset({table})
    return frozenset({table, *(set(folder.rglob(f"{name}.py")) or set(folder.rglob("*.py")))})


@cache
def data_files(root: Path) -> tuple[Path, ...]:
    """Return every file of the packages that is not Python and can change what a cell prints."""
    every = [path for house in HOUSES for path in sorted((root / house).rglob("*")) if path.is_file()]
    return tuple(path for path in every if path.suffix not in {".py", ".pyc", *DRAWN})


def data_of(texts: list[str], root: Path = ROOT) -> set[Path]:
    """Return the data that some code names in quotes: by its whole name, without its ending, or by its first words."""
    named = set(re.findall(r"""["'/](\w[\w.-]*?)(?=_?["'/{])""", "\n".join(texts)))
    return {path for path in data_files(root) if {path.name, *beginnings(path.stem)} & named}


def beginnings(stem: str) -> list[str]:
    """Return the ways to begin a name: of `dates_of_birth`, these are dates, dates_of and dates_of_birth."""
    words = stem.split("_")
    return ["_".join(words[: count + 1]) for count in range(len(words))]


def needs(path: Path, root: Path = ROOT) -> list[Path]:
    """Return all files that a notebook or a Python file depends on, itself not among them, in a fixed order."""
    code = code_of(path)
    modules = closure(code, root)
    texts = [code, *(module.read_text(encoding="utf-8") for module in modules)]
    return sorted(modules | data_of(texts, root))


def direct(path: Path, root: Path = ROOT) -> set[Path]:
    """Return the files of the package in which the names that a file imports itself are defined."""
    names = imported(code_of(path))
    return {found for name in names if name.split(".")[0] in HOUSES for found in files_of(name, root)}
