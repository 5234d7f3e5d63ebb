"""Reach a student's answers: in this very process, or, where submissions are graded, in a sandbox."""

import inspect
import linecache
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from transformer_edu.exercises.values import copy_in


class Called(NamedTuple):
    """What a call gave: its result, and the names of the arguments that it changed in place."""

    result: Any
    changed: tuple[str, ...] = ()


class Raised(Exception):
    """Say that a student's function raised: the name of the error, its text, and the student's line."""

    def __init__(self, kind: str, text: str, where: str = ""):
        super().__init__(f"{kind}: {text}")
        self.kind, self.text, self.where = kind, text, where


@runtime_checkable
class Answers(Protocol):
    """Where a student's names are found and called."""

    def value(self, name: str) -> Any:
        """Return what stands under a name, `...` where there is nothing."""

    def call(self, name: str, args: tuple, kwargs: dict) -> Called:
        """Call the function of that name with copies. Raises: Raised for whatever it raises."""


class Kernel:
    """The answers in a namespace of this very process."""

    def __init__(self, namespace: Mapping[str, Any]):
        self._namespace = namespace

    def value(self, name: str) -> Any:
        """Return what stands under a name, `...` where there is nothing."""
        return self._namespace.get(name, ...)

    def call(self, name: str, args: tuple, kwargs: dict) -> Called:
        """Call the function of that name with copies. Raises: Raised for whatever it raises."""
        function = self._namespace[name]
        sent_args, sent_kwargs = [copy_in(arg) for arg in args], {key: copy_in(arg) for key, arg in kwargs.items()}
        try:
            result = function(*sent_args, **sent_kwargs)
        except (Exception, SystemExit) as error:
            text = " ".join(str(error).split()).rstrip(".")
            raise Raised(type(error).__name__, text, _line(error, function)) from error
        pairs = _pairs(function, args, kwargs, sent_args, sent_kwargs)
        return Called(result, tuple(label for label, before, after in pairs if not _unchanged(before, after)))


def _pairs(function, args: tuple, kwargs: dict, sent_args: list, sent_kwargs: dict) -> Iterator[tuple[str, Any, Any]]:
    """Pair every argument with what the call left of it, under its name."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    for place, (before, after) in enumerate(zip(args, sent_args, strict=True)):
        yield (f"`{names[place]}`" if place < len(names) else f"number {place + 1}"), before, after
    for key, before in kwargs.items():
        yield f"`{key}`", before, sent_kwargs[key]


def _unchanged(before: Any, after: Any) -> bool:
    if isinstance(before, Tensor):
        return before.dtype == after.dtype and torch.equal(before, after.detach())
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    return before == after


def _line(error: BaseException, function) -> str:
    """Find the last line of the student's own file that the error passed through."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    frame, found = error.__traceback__, ""
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == file:
            text = linecache.getline(file, frame.tb_lineno).strip()
            found = f"at line {frame.tb_lineno}" + (f": `{text}`" if text else "")
        frame = frame.tb_next
    return found
