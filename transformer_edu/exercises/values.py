"""Read what a student's answer is, as a plain copy, and say in words what is wrong with it."""

import math
from numbers import Real
from typing import Any, NamedTuple

from torch import Tensor

MOST_NUMBERS = 10_000  # in a list of numbers
SHOWN = 12  # tensors with more numbers than this are shown by their shape


class WrongAnswer(Exception):
    """Say what is wrong with an answer, in words for the student; `where` points at a line of theirs."""

    def __init__(self, message: str, where: str = ""):
        super().__init__(message)
        self.where = where


class NotAnswered(Exception):
    """Say that a placeholder still stands."""


class Foreign(NamedTuple):
    """Stand for a value that cannot cross between processes: only the name of its type does."""

    type_name: str
    is_callable: bool = False


def read_value(name: str, value: Any, kind: str):
    """Check that a value is of its kind and return it as a plain copy.

    Raises: WrongAnswer that says what the value is and what it needs to be.
    """
    if value is ...:
        raise NotAnswered(f"`{name}` is still `...`")
    if kind == "tensor":
        if not isinstance(value, Tensor):
            hint = " Does the function end with `return`?" if value is None else ""
            raise WrongAnswer(f"`{name}` needs to be a tensor, it is {described(value)}.{hint}")
        return value.detach().cpu().clone()
    if kind.startswith("("):
        kinds = kind.strip("()").split(", ")
        if not isinstance(value, (tuple, list)) or len(value) != len(kinds):
            raise WrongAnswer(f"`{name}` needs to be a tuple of {len(kinds)}, it is {described(value)}.")
        parts = zip(value, kinds, strict=True)
        return tuple(read_value(f"{name}[{place}]", part, inner) for place, (part, inner) in enumerate(parts))
    if kind == "number":
        return _number(name, value)
    if kind == "number or never":
        if isinstance(value, str) and value.strip().lower() != "never":
            raise WrongAnswer(f'`{name}` needs to be a number or the text "never", it is {described(value)}.')
        is_never = isinstance(value, str) or (isinstance(value, float) and value == math.inf)
        return math.inf if is_never else _number(name, value)
    if kind == "numbers":
        if isinstance(value, Tensor) and value.numel() <= MOST_NUMBERS:
            value = value.detach().cpu().flatten().tolist()
        if not isinstance(value, (list, tuple, set, frozenset, range)):
            raise WrongAnswer(f"`{name}` needs to be a list of numbers, it is {described(value)}.")
        if len(value) > MOST_NUMBERS:
            raise WrongAnswer(f"`{name}` needs to be a list of numbers, it is {described(value)}.")
        return sorted(_number(name, part) for part in value)
    letters = kind.removeprefix("letter ")
    if not isinstance(value, str) or value.strip().upper() not in set(letters):
        raise WrongAnswer(f"`{name}` needs to be one letter of {', '.join(letters)}, it is {described(value)}.")
    return value.strip().upper()


def described(value: Any) -> str:
    """Say in words what a value is, without trusting its own repr."""
    if value is None:
        return "None"
    if isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) < 30):
        return f"`{value!r}`"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, Foreign):
        return f"of type {value.type_name}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"of type {type(value).__name__}"


def brief(value: Any) -> str:
    """Write a value in at most a line."""
    if not isinstance(value, Tensor):
        is_nest = isinstance(value, (list, tuple)) and not isinstance(value, Foreign) and len(value) <= SHOWN
        opened, closed = "[]" if isinstance(value, list) else "()"
        inner = ", ".join(brief(part) for part in value) if is_nest else ""
        return f"{opened}{inner}{closed}" if is_nest else described(value).strip("`")
    is_float = value.is_floating_point()
    nan = " with NaN" if is_float and bool(value.isnan().any()) else ""
    if value.numel() > SHOWN or value.numel() == 0:
        return f"tensor of shape {tuple(value.shape)}{nan}"
    return f"tensor({_rounded(value.detach().cpu().tolist())})"


def copy_in(value: Any):
    """Copy an argument for the student's function; refuse what could not cross to another process."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, (list, tuple)):
        return type(value)(copy_in(part) for part in value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"A test can hand over tensors, numbers, texts and lists, not {type(value).__name__}.")


def _number(name: str, value: Any) -> float:
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise WrongAnswer(f"`{name}` needs to be a number, it is {described(value)}.")
    if not math.isfinite(value):
        raise WrongAnswer(f"`{name}` needs to be a finite number, it is {float(value)}.")
    return float(value)


def _rounded(numbers) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(_rounded(number) for number in numbers)}]"
    return f"{numbers:.4g}" if isinstance(numbers, float) else str(numbers)
