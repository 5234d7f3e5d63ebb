"""Say once what a `compute` returns: each array with its axes, and how its numbers are written.

`compute` is annotated with a TypedDict, one entry an array: `weights: Shown["query key", ".3f"]` is a table whose axes
have these names, written with three decimals; `largest: Shown[".3f"]` is a single number; `tokens: Words` are names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_type_hints, is_typeddict

from transformer_edu.explorers.numbers import decimals

Words = list[str]  # names: tokens, labels


@dataclass(frozen=True)
class Array:
    """What is known of an array before it is computed: the names of its axes, and a number format (see numbers.py)."""

    axes: tuple[str, ...]
    format: str

    def __post_init__(self):
        decimals(self.format)  # refuses what is no format


class Shown:
    """The annotation of an array: `Shown["query key", ".3f"]`, or `Shown[".3f"]` for a single number."""

    def __class_getitem__(cls, given: str | tuple[str, str]) -> Any:
        axes, number_format = given if isinstance(given, tuple) else ("", given)
        return Annotated[Any, Array(tuple(axes.split()), number_format)]


def declared_arrays(compute: Callable[..., Any]) -> dict[str, Array | None]:
    """Return what `compute` says that it returns: each array by its name, and None for names of things (words).

    Raises: ValueError where nothing is said, or something that is neither numbers nor words.
    """
    answer = getattr(compute, "__annotations__", {}).get("return")
    if not is_typeddict(answer):
        raise ValueError(
            f"declared_arrays needs a compute that says what it returns (a TypedDict of Shown and Words), "
            f"got {answer!r} for compute={getattr(compute, '__name__', compute)}."
        )
    return {name: declared_array(name, hint) for name, hint in get_type_hints(answer, include_extras=True).items()}


def declared_array(name: str, hint: Any) -> Array | None:
    """Return what one annotation says.

    Raises: ValueError if it is neither `Shown[…]` nor `Words`.
    """
    found = next((said for said in get_args(hint) if isinstance(said, Array)), None)
    if found is None and hint != Words:
        raise ValueError(f"declared_array needs Shown[…] or Words (what a figure can hold), got {name}={hint!r}.")
    return found


def check_answer(answer: Mapping[str, Any], declared: Mapping[str, Array | None]) -> None:
    """Hold an answer of `compute` to what it says that it returns.

    Raises: ValueError for an array that is missing, or that nobody announced.
    """
    if wrong := sorted(set(answer) ^ set(declared)):
        raise ValueError(
            f"check_answer needs exactly the arrays that compute declares ({', '.join(sorted(declared))}), "
            f"got array={wrong[0]!r} {'too much' if wrong[0] in answer else 'missing'}."
        )
