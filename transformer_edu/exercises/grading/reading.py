"""Look at a notebook's cells without running them: what do the answers use, do starters still stand, who signs?

Runs in a fresh process of the sandbox, which has run no student's code: its answers can be trusted, and a text that
breaks Python's parser breaks nothing else.
"""

import ast
import re
import symtable
from collections.abc import Iterator
from typing import Any

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


def look(cells: list[str], questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Tell who signs, which cells are no Python, and for each question what is untouched and what is forbidden."""
    trees, broken = [], {}
    for number, cell in enumerate(cells, 1):
        try:
            trees.append(ast.parse(as_python(cell)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f" in line {error.lineno}" if getattr(error, "lineno", None) else ""
            broken[str(number)] = f"{type(error).__name__}{line}: {getattr(error, 'msg', error)}"[:200]
    bound = Bindings(trees)
    return {
        "declared": bound.text("student_id"),
        "broken": broken,
        "hiding": sorted(HIDING & bound.all_used()),
        "questions": {question["id"]: _look_at(question, bound) for question in questions},
    }


def _look_at(question: dict[str, Any], bound: "Bindings") -> dict[str, Any]:
    starter = Bindings([ast.parse(question["starter"])])
    untouched = [name for name in question["answers"] if _same(bound.last(name), starter.last(name))]
    return {"untouched": untouched, "forbidden": _forbidden(question, bound) if question["forbid"] else ""}


def _same(answer: ast.AST | None, starter: ast.AST | None) -> bool:
    return answer is None or (starter is not None and _bare(answer) == _bare(starter))


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


def _forbidden(question: dict[str, Any], bound: "Bindings") -> str:
    """Return the first forbidden name that the answers reach, or a name behind which anything could hide."""
    used = set().union(*map(bound.reached, question["answers"]))
    return next((name for name in [*question["forbid"], *sorted(HIDING)] if name in used), "")


class Bindings:
    """What the names and attributes of a notebook were bound to, cell after cell."""

    def __init__(self, trees: list[ast.Module]):
        self._trees = trees
        self._names: dict[str, list[ast.AST]] = {}
        self._attributes: dict[str, list[ast.AST]] = {}
        for tree in trees:
            for statement, certain in _statements(tree.body):
                for name in _names_bound(statement):
                    kept = [] if certain else self._names.get(name, [])  # what ran before counts no more
                    self._names[name] = [*kept, statement]
            for node in ast.walk(tree):
                for name in _attributes_bound(node):
                    self._attributes.setdefault(name, []).append(node)

    def last(self, name: str) -> ast.AST | None:
        """Return what a name was bound to last."""
        return (self._names.get(name) or [None])[-1]

    def text(self, name: str) -> str:
        """Return the text or number that a name was last set to, or an empty text."""
        value = getattr(self.last(name), "value", None)
        is_plain = isinstance(value, ast.Constant) and isinstance(value.value, (str, int))
        return str(value.value)[:200] if is_plain else ""

    def all_used(self) -> set[str]:
        """Collect the names and attributes that any cell uses."""
        free = set().union(*map(_free, self._trees))
        return set().union(*map(_attributes_used, self._trees)) | {f"{name}()" for name in free}

    def reached(self, name: str) -> set[str]:
        """Collect all names and attributes that are used below a name, through everything that the notebook binds."""
        used: set[str] = set()
        todo, seen = [*self._names.get(name, ())], set()
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            free, attributes = _free(node), _attributes_used(node)
            used |= free | attributes | {f"{name}()" for name in free}
            todo += [other for one in free for other in self._names.get(one, ())]
            todo += [other for one in attributes for other in self._attributes.get(one, ())]
        return used


def _statements(body: list[ast.stmt], certain: bool = True) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the statements of a cell with those in its ifs, loops and tries, and whether each runs in any case."""
    for statement in body:
        yield statement, certain
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        inner = [getattr(statement, field, []) for field in ("body", "orelse", "finalbody")]
        inner += [handler.body for handler in getattr(statement, "handlers", [])]
        inner += [case.body for case in getattr(statement, "cases", [])]
        for block in inner:
            yield from _statements(block, certain=certain and isinstance(statement, (ast.With, ast.AsyncWith)))


def _names_bound(statement: ast.stmt) -> set[str]:
    """Return the names that one statement of a cell binds, without those bound by the statements inside it."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    found = set()
    for part in _own_parts(statement):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        elif isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store) and isinstance(part.value, ast.Name):
            found.add(part.value.id)
    return found


def _own_parts(statement: ast.stmt) -> Iterator[ast.AST]:
    """Walk through the expressions of a statement, not through the statements and functions inside it."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        yield node
        inner = (ast.stmt, ast.Lambda, ast.ExceptHandler, ast.match_case)
        todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, inner)]


def _attributes_bound(node: ast.AST) -> Iterator[str]:
    """Yield the attributes that a statement sets: `torch.relu = …` and `setattr(torch, "relu", …)`."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For)):
        for target in getattr(node, "targets", None) or [node.target]:
            stored = (part for part in ast.walk(target) if isinstance(part, ast.Attribute))
            yield from (part.attr for part in stored if isinstance(part.ctx, ast.Store))
    elif isinstance(node, ast.Call) and _called(node) == "setattr" and len(node.args) == 3:
        yield str(getattr(node.args[1], "value", "__getattribute__"))


def _free(node: ast.AST) -> set[str]:
    """Return the names that a statement takes from the notebook, not those that are its own."""
    found, tables = set(), [symtable.symtable(ast.unparse(node), "cell", "exec")]
    while tables:
        table = tables.pop()
        is_top = table.get_type() == "module"
        found |= {one.get_name() for one in table.get_symbols() if one.is_referenced() and (is_top or one.is_global())}
        tables += table.get_children()
    return found


def _attributes_used(node: ast.AST) -> set[str]:
    """Return the attributes that a statement uses, with what it imports and what it looks up by text."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            found.add(part.attr)
        elif isinstance(part, ast.alias):
            found |= set(part.name.split("."))
        elif isinstance(part, ast.ImportFrom) and part.module:
            found |= set(part.module.split("."))
        elif isinstance(part, ast.Call) and _called(part) == "getattr":
            wanted = part.args[1] if len(part.args) > 1 else part
            is_text = isinstance(wanted, ast.Constant) and isinstance(wanted.value, str)
            found.add(wanted.value if is_text else "__getattribute__")
    return found


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
