"""Notice, while an answer runs, that it calls what it was asked to write: the second net, behind the reading of texts.

It lies in the student's own process, so it catches a call under any alias, but not whoever takes the net down.
"""

import functools
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_now: set[str] = set()  # what the answer that runs may not call


class Forbidden(BaseException):
    """Say that an answer called something that its exercise does not allow; no `except Exception` swallows it."""


class CallWatch(TorchFunctionMode):
    """Watch the calls of torch's functions and of wrapped ones while an answer runs."""

    def __init__(self, forbidden: Iterable[str]):
        super().__init__()
        self._forbidden = set(forbidden)

    def __enter__(self) -> "CallWatch":
        _now.update(self._forbidden)
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        _now.clear()
        super().__exit__(*error)

    def __torch_function__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        """Stop a forbidden call, and let every other pass."""
        name = getattr(function, "__name__", "")
        if name in self._forbidden:
            raise Forbidden(name)
        return function(*args, **(kwargs or {}))


def wrap_functions(forbidden: Iterable[str], modules: Iterable[ModuleType]) -> None:
    """Have functions of these names tell when they are called: those that torch itself does not report."""
    places = [*modules, torch.autograd, torch.autograd.functional, torch.autograd.forward_ad, torch.func]
    for name in forbidden:
        for place in places:
            function = getattr(place, name, None)
            if callable(function) and not isinstance(function, type):
                setattr(place, name, _telling(name, function))


def _telling(name: str, function: Callable) -> Callable:
    @functools.wraps(function)
    def telling(*args: Any, **kwargs: Any) -> Any:
        if name in _now:
            raise Forbidden(name)
        return function(*args, **kwargs)

    return telling
