"""Find out what a name of a notebook leads to: through helpers, aliases, classes and attributes, without running it.

It follows names, not values: a function that is kept in a list of another list's method escapes it. The sandbox has a
second net for that, when answers are called.
"""

import ast
from collections.abc import Iterable, Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
CHANGING = {"append", "extend", "insert", "add", "update", "setdefault", "put", "appendleft", "__setitem__"}
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Bindings:
    """What the names and attributes of a notebook were bound to, cell after cell."""

    def __init__(self, trees: Iterable[ast.Module]):
        self._trees = list(trees)
        self._names: dict[str, list[ast.AST]] = {}
        self._attributes: dict[str, list[ast.AST]] = {}
        for tree in self._trees:
            for statement, certain in _statements(tree.body):
                for name in _names_changed(statement):
                    self._names.setdefault(name, []).append(statement)
                for part in _split(statement):
                    for name in _names_bound(part):
                        kept = [] if certain else self._names.get(name, [])  # what ran before counts no more
                        self._names[name] = [*kept, part]
            for node in ast.walk(tree):
                for name in _attributes_bound(node):
                    self._attributes.setdefault(name, []).append(node)
                if isinstance(node, ast.Global):
                    for name in node.names:  # some function binds it, and all of its cell may be how
                        self._names.setdefault(name, []).append(tree)

    def last(self, name: str) -> ast.AST | None:
        """Return what a name was bound to last."""
        return (self._names.get(name) or [None])[-1]

    def texts(self, name: str) -> list[str]:
        """Return the texts and numbers that a name was set to and still may have, the last one last."""
        values = [getattr(node, "value", None) for node in self._names.get(name, ())]
        plain = [value.value for value in values if isinstance(value, ast.Constant)]
        return [str(value)[:200] for value in plain if isinstance(value, (str, int))]

    def all_used(self) -> set[str]:
        """Collect the names and attributes that any cell uses."""
        return set().union(*map(self._used, self._trees))

    def reached(self, name: str) -> set[str]:
        """Collect all names and attributes that are used below a name, through everything that the notebook binds."""
        used: set[str] = set()
        todo, seen = [*self._names.get(name, ())], set()
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            used |= self._used(node)
            todo += [other for one in free_names(node) for other in self._names.get(one, ())]
            todo += [other for one in _attributes_used(node) for other in self._attributes.get(one, ())]
        return used

    def _used(self, node: ast.AST) -> set[str]:
        """Collect what one statement uses: not what a function of the notebook's own happens to be called."""
        free = {name for name in free_names(node) if not self._is_own(name)}
        built_in = {f"{name}()" for name in free if name not in self._names}
        return free | built_in | _attributes_used(node)

    def _is_own(self, name: str) -> bool:
        found = self._names.get(name, ())
        return bool(found) and all(isinstance(node, FUNCTIONS) for node in found)


def free_names(node: ast.AST) -> set[str]:
    """Return the names that a statement takes from the notebook, not those that its functions have of their own."""
    found: set[str] = set()
    todo: list[tuple[ast.AST, frozenset[str]]] = [(node, frozenset())]
    while todo:
        part, own = todo.pop()
        if isinstance(part, ast.Name):
            if isinstance(part.ctx, ast.Load) and part.id not in own:
                found.add(part.id)
            continue
        if isinstance(part, (*FUNCTIONS, ast.Lambda)):
            outside = [*getattr(part, "decorator_list", ()), *_defaults(part.args)]
            todo += [(other, own) for other in outside]
            inside = part.body if isinstance(part.body, list) else [part.body]
            own = (own | _parameters(part.args) | _stored(inside)) - _globals(inside)
            todo += [(other, own) for other in inside]
            continue
        if isinstance(part, COMPREHENSIONS):
            own = own | _stored([loop.target for loop in part.generators])
        todo += [(child, own) for child in ast.iter_child_nodes(part)]
    return found


def _defaults(arguments: ast.arguments) -> list[ast.AST]:
    return [default for default in (*arguments.defaults, *arguments.kw_defaults) if default is not None]


def _parameters(arguments: ast.arguments) -> frozenset[str]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return frozenset(one.arg for one in named if one is not None)


def _stored(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names that statements bind in their own scope, not in functions inside them."""
    found, todo = set(), list(nodes)
    while todo:
        node = todo.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            found.add(node.name)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
        todo += ast.iter_child_nodes(node)
    return frozenset(found)


def _globals(nodes: Iterable[ast.AST]) -> frozenset[str]:
    declared = (part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Global))
    return frozenset(name for part in declared for name in part.names)


def _statements(body: list[ast.stmt], certain: bool = True) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the statements of a cell with those in its ifs, loops and tries, and whether each runs in any case."""
    for statement in body:
        yield statement, certain
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            continue
        inner = [getattr(statement, field, []) for field in ("body", "orelse", "finalbody")]
        inner += [handler.body for handler in getattr(statement, "handlers", [])]
        inner += [case.body for case in getattr(statement, "cases", [])]
        for block in inner:
            yield from _statements(block, certain=certain and isinstance(statement, (ast.With, ast.AsyncWith)))


def _split(statement: ast.stmt) -> list[ast.stmt]:
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


def _names_bound(statement: ast.stmt) -> set[str]:
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


def _names_changed(statement: ast.stmt) -> set[str]:
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


def _attributes_bound(node: ast.AST) -> Iterator[str]:
    """Yield the attributes that a statement sets: `torch.relu = …` and `setattr(torch, "relu", …)`."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For)):
        for target in getattr(node, "targets", None) or [node.target]:
            stored = (part for part in ast.walk(target) if isinstance(part, ast.Attribute))
            yield from (part.attr for part in stored if isinstance(part.ctx, ast.Store))
    elif isinstance(node, ast.Call) and _called(node) == "setattr" and len(node.args) == 3:
        yield str(getattr(node.args[1], "value", "__getattribute__"))


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
