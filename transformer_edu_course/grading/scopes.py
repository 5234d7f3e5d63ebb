"""Tell which names a statement takes from its notebook, and which its functions have of their own."""

import ast
from collections.abc import Iterable

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


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
