"""Recognize a notebook that was made with an earlier edition of the book: it imports what has moved since.

An import alone proves nothing (a cell may try the new place first), nor does an error (a name may be mistyped). Both
together do: the notebook imports a name that the earlier edition had, and Python said that it is not there.
"""

import ast
from collections.abc import Iterable, Iterator

EDITION = "part-1"  # the tag of the last state of the book that had these places
MODULES = {f"transformer_edu.{name}" for name in ("transformer", "tasks", "measured", "pretrained")}
NAMES = {("transformer_edu.attention", name) for name in ("Cost", "attention_cost")}
NAMES |= {("transformer_edu.recurrent", name) for name in ("LayerBill", "attention_bill", "recurrent_bill")}


def moved_imports(trees: Iterable[ast.AST]) -> list[str]:
    """List what cells import from places that only the earlier edition has, each as its dotted name."""
    found = {place for tree in trees for node in ast.walk(tree) for place in _places(node)}
    return sorted(found & (MODULES | {".".join(name) for name in NAMES}))


def missed(moved: Iterable[str], errors: Iterable[str]) -> list[str]:
    """List those of the moved imports that an error says were looked for and not found."""
    told = [error for error in errors if error.startswith(("ModuleNotFoundError: ", "ImportError: "))]
    return [place for place in moved if any(_names(error, place) for error in told)]


def note(missed_imports: list[str], chapter: str) -> str:
    """Say in the gradebook what this is and how to grade it."""
    needs = f"it imports {', '.join(missed_imports)}, which the edition {EDITION} has and this one has not"
    return (
        f"made with an earlier edition of the book: {needs}. To grade it: git checkout {EDITION}, "
        f"then transformer-edu grade {chapter} with another --out."
    )


def _places(node: ast.AST) -> Iterator[str]:
    """Yield the places that an import may mean: `from a.b import c` means a.b and perhaps a.b.c."""
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    for module in modules:
        yield module
        yield ".".join(module.split(".")[:2])


def _names(error: str, place: str) -> bool:
    """Tell whether an error of Python's is about this place."""
    module, _, name = place.rpartition(".")
    return f"No module named '{place}'" in error or f"cannot import name '{name}' from '{module}'" in error
