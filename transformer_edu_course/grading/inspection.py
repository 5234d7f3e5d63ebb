"""Look at a notebook's cells without running them: what do the answers use, do starters still stand, who signs?

Runs in a fresh process of the sandbox, which has run no student's code: its answers can be trusted, and a text that
breaks Python's parser breaks nothing else.
"""

import ast
import re
from typing import Any

from transformer_edu_course.grading.bindings import Bindings
from transformer_edu_course.grading.earlier_edition import moved_imports

# Behind these, what an answer calls cannot be read: built-in functions, and attributes.
BUILT_IN = {"eval", "exec", "compile", "__import__", "globals", "locals", "vars", "__builtins__"}
HIDING = {f"{name}()" for name in BUILT_IN} | {"import_module", "__dict__", "__globals__", "__code__", "__main__"}
HIDING |= {"attrgetter", "methodcaller", "getattr_static", "__getattribute__", "f_globals", "f_locals"}

TIMED_CELL = re.compile(r"\A\s*%%(?:time|timeit|capture|prun)\b[^\n]*\n")
TIMED_LINE = re.compile(r"(?m)^([ \t]*)%(?:time|timeit|prun)[ \t]+(?!-)")

_transformer = None


def prepare() -> None:
    """Import IPython's reader of cells, once."""
    global _transformer
    from IPython.core.inputtransformer2 import TransformerManager

    _transformer = TransformerManager()


def as_python(cell: str) -> str:
    """Write a cell as plain Python: timed code without its %time, other magics as calls that do nothing."""
    if _transformer is None:
        prepare()
    return _transformer.transform_cell(TIMED_LINE.sub(r"\1", TIMED_CELL.sub("\n", cell)))


def inspect_cells(cells: list[str], questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Tell who signs, which cells are no Python, and for each question what is untouched and what is forbidden.

    A cell that cannot be read decides about itself alone.
    """
    trees, broken = [], {}
    for number, cell in enumerate(cells, 1):
        try:
            trees.append(_read(cell))
        except Exception as error:  # noqa: BLE001  a text may break Python's own parser in many ways
            line = f" in line {error.lineno}" if getattr(error, "lineno", None) else ""
            broken[str(number)] = f"{type(error).__name__}{line}: {getattr(error, 'msg', error)}"[:200]
    bound = Bindings(trees)
    return {
        "declared": bound.texts("student_id"),
        "broken": broken,
        "moved": moved_imports(trees),
        "hiding": sorted(HIDING & bound.all_used()),
        "questions": {question["id"]: _look_at(question, bound) for question in questions},
    }


def _read(cell: str) -> ast.Module:
    """Parse a cell, and make sure that Python would compile it and that its names can be followed."""
    text = as_python(cell)
    tree = ast.parse(text)
    compile(text, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    Bindings([tree]).all_used()
    return tree


def _look_at(question: dict[str, Any], bound: Bindings) -> dict[str, Any]:
    """Tell which answers still are the starter's, and the first forbidden name that the answers reach."""
    starter = Bindings([ast.parse(question["starter"])])
    untouched = [name for name in question["answers"] if _same(bound.last(name), starter.last(name))]
    used = set().union(*map(bound.reached, question["answers"]))
    return {"untouched": untouched, "forbidden": next((name for name in question["forbid"] if name in used), "")}


def _same(answer: ast.AST | None, starter: ast.AST | None) -> bool:
    try:
        return answer is not None and starter is not None and _bare(answer) == _bare(starter)
    except (RecursionError, ValueError):
        return False


def _bare(node: ast.AST) -> str:
    """Write a definition without what changes nothing: places, docstrings, `pass`."""
    node = ast.parse(ast.unparse(node))
    for inner in ast.walk(node):
        body = getattr(inner, "body", None)
        if isinstance(body, list):
            kept = [part for part in body if not isinstance(part, ast.Pass) and not _is_text(part)]
            inner.body = kept or [ast.Pass()]
    return ast.dump(node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
