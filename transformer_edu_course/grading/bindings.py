"""Find out what a name of a notebook leads to: through helpers, aliases, classes and attributes, without running it.

It follows names, not values: a function that is kept in a list of another list's method escapes it. The sandbox has a
second net for that, when answers are called.
"""

import ast
from collections.abc import Iterable

from transformer_edu_course.grading.scopes import FUNCTIONS, free_names
from transformer_edu_course.grading.statements import (
    attributes_bound,
    attributes_used,
    names_bound,
    names_changed,
    split,
    statements,
)


class Bindings:
    """What the names and attributes of a notebook were bound to, cell after cell."""

    def __init__(self, trees: Iterable[ast.Module]):
        self._trees = list(trees)
        self._names: dict[str, list[ast.AST]] = {}
        self._attributes: dict[str, list[ast.AST]] = {}
        for tree in self._trees:
            for statement, certain in statements(tree.body):
                self._follow(statement, certain)
            self._look_inside(tree)

    def _follow(self, statement: ast.stmt, certain: bool) -> None:
        """Note which names a statement changes and binds; one that certainly runs makes what was bound before void."""
        for name in names_changed(statement):
            self._names.setdefault(name, []).append(statement)
        for part in split(statement):
            for name in names_bound(part):
                kept = [] if certain else self._names.get(name, [])
                self._names[name] = [*kept, part]

    def _look_inside(self, tree: ast.Module) -> None:
        """Note what a cell binds from within: attributes, and names that a function declares global."""
        for node in ast.walk(tree):
            for name in attributes_bound(node):
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
            todo += [other for one in attributes_used(node) for other in self._attributes.get(one, ())]
        return used

    def _used(self, node: ast.AST) -> set[str]:
        """Collect what one statement uses: not what a function of the notebook's own happens to be called."""
        free = {name for name in free_names(node) if not self._is_own(name)}
        built_in = {f"{name}()" for name in free if name not in self._names}
        return free | built_in | attributes_used(node)

    def _is_own(self, name: str) -> bool:
        found = self._names.get(name, ())
        return bool(found) and all(isinstance(node, FUNCTIONS) for node in found)
