"""Look at an answer before it is run: does the starter still stand, does it use what it was asked to write?

Functions are compared by what Python made of them, so that comments, spaces and the place in the notebook do not count.
"""

import ast
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any

from transformer_edu.exercises.question import Question


def placeholders(question: Question, namespace: Mapping[str, Any]) -> list[str]:
    """Name the answers that are missing, or that still stand as the starter left them."""
    starters = {_meaning(code) for code in _starter_codes(question.starter)}
    missing = []
    for name in question.answers:
        value = namespace.get(name)
        code = getattr(value, "__code__", None)
        same = isinstance(code, CodeType) and _meaning(code) in starters
        if value is None or value is ... or (isinstance(value, str) and not value.strip()) or same:
            missing.append(name)
    return missing


def forbidden(question: Question, namespace: Mapping[str, Any]) -> str:
    """Return the first forbidden name that an answer uses, itself or through functions beside it, or an empty text."""
    used: set[str] = set()
    for name in question.answers:
        used.add(str(getattr(namespace[name], "__name__", "")))  # the answer may be torch's own function
        _collect(namespace[name], namespace, used, [])
    return next((banned for banned in question.forbid if banned in used), "")


def _collect(function: Any, namespace: Mapping[str, Any], used: set[str], visited: list[CodeType]) -> None:
    """Add to `used` the names in a function, and those in the functions of the same notebook that it calls."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType) or code in visited:
        return
    visited.append(code)
    for part in {part for inner in _codes(code) for part in inner.co_names}:
        known = namespace.get(part)
        if getattr(known, "__globals__", None) is function.__globals__:  # the notebook's own
            _collect(known, namespace, used, visited)
            continue
        used.add(part)
        if callable(known):
            used.add(str(getattr(known, "__name__", "")))  # its own name, whatever it was imported as


def _starter_codes(starter: str) -> Iterator[CodeType]:
    """Compile the starter as a script and, as IPython does, statement by statement: the two differ slightly."""
    yield from _codes(compile(starter, "starter", "exec"))
    for statement in ast.parse(starter).body:
        yield from _codes(compile(ast.Module([statement], []), "starter", "exec"))


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and every one inside it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _codes(const)


def _meaning(code: CodeType) -> tuple:
    """Return what a function does, without the place where it stands."""
    consts = tuple(_meaning(const) if isinstance(const, CodeType) else repr(const) for const in code.co_consts)
    return code.co_name, code.co_code, code.co_names, code.co_varnames, consts
