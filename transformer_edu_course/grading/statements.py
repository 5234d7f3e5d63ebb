"""Take cells apart into statements, and tell which names and attributes each of them binds, changes and uses."""

import ast
from collections.abc import Iterator

from transformer_edu_course.grading.scopes import FUNCTIONS

CHANGING = {"append", "extend", "insert", "add", "update", "setdefault", "put", "appendleft", "__setitem__"}


def statements(body: list[ast.stmt], certain: bool = True) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the statements of a cell with those in its ifs, loops and tries, and whether each runs in any case."""
    for statement in body:
        yield statement, certain
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            continue
        inner = [getattr(statement, field, []) for field in ("body", "orelse", "finalbody")]
        inner += [handler.body for handler in getattr(statement, "handlers", [])]
        inner += [case.body for case in getattr(statement, "cases", [])]
        for block in inner:
            yield from statements(block, certain=certain and isinstance(statement, (ast.With, ast.AsyncWith)))


def split(statement: ast.stmt) -> list[ast.stmt]:
    """Take a statement that binds several names apart, where each name has a value of its own."""
    parts: list[ast.stmt] = []
    if isinstance(statement, ast.Import):
        parts = [ast.Import([alias]) for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom):
        parts = [ast.ImportFrom(statement.module, [alias], statement.level) for alias in statement.names]
    elif isinstance(statement, ast.Assign) and _pairs(statement):
        left, right = statement.targets[0].elts, statement.value.elts
        parts = [ast.Assign([name], value) for name, value in zip(left, right, strict=True)]
    return [ast.copy_location(part, statement) for part in parts] or [statement]


def _pairs(statement: ast.Assign) -> bool:
    """Tell whether as many names stand on the left as values on the right."""
    sides = [statement.targets[0], statement.value]
    if len(statement.targets) > 1 or not all(isinstance(side, (ast.Tuple, ast.List)) for side in sides):
        return False
    starred = any(isinstance(part, ast.Starred) for side in sides for part in side.elts)
    return len(sides[0].elts) == len(sides[1].elts) and not starred


def names_bound(statement: ast.stmt) -> set[str]:
    """Return the names that one statement of a cell binds, without those bound by the statements inside it."""
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    found = set()
    for part in _own_parts(statement):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        elif isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
            found.add(part.name)
    return found


def names_changed(statement: ast.stmt) -> set[str]:
    """Return the names of lists and dictionaries that a statement puts something into."""
    found = set()
    for part in _own_parts(statement):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in CHANGING:
            found.add(getattr(part.func.value, "id", ""))
        elif isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
            found.add(getattr(part.value, "id", ""))
    return found - {""}


def _own_parts(statement: ast.stmt) -> Iterator[ast.AST]:
    """Walk through the expressions of a statement, not through the statements and functions inside it."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        yield node
        inner = (ast.stmt, ast.Lambda, ast.ExceptHandler)
        todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, inner)]


def attributes_bound(node: ast.AST) -> Iterator[str]:
    """Yield the attributes that a statement sets: `torch.relu = …` and `setattr(torch, "relu", …)`."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For)):
        for target in getattr(node, "targets", None) or [node.target]:
            stored = (part for part in ast.walk(target) if isinstance(part, ast.Attribute))
            yield from (part.attr for part in stored if isinstance(part.ctx, ast.Store))
    elif isinstance(node, ast.Call) and _called(node) == "setattr" and len(node.args) == 3:
        yield str(getattr(node.args[1], "value", "__getattribute__"))


def attributes_used(node: ast.AST) -> set[str]:
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
