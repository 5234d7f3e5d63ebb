"""Find out what a name of a notebook leads to: through helpers, aliases, classes and attributes, without running it."""

import ast
import symtable
from collections.abc import Iterator


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
