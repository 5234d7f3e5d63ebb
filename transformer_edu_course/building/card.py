"""Read the card of an exercise: the TOML of its raw cell, with every key checked."""

import re
import tomllib
from collections.abc import Callable
from typing import Any

from transformer_edu.exercises.question import KINDS
from transformer_edu_course.building.cells import Cell

PLAIN = r"(?:tensor|number|number or never|numbers|letter [A-Z]{2,})"
ANSWER = re.compile(rf"{PLAIN}|function -> (?:{PLAIN}|\({PLAIN}(?:, {PLAIN})+\))")
ANSWERS_CURE = 'a table such as spread = "number", attend = "function -> tensor"'


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_answers(value: Any) -> bool:
    return bool(value) and isinstance(value, dict) and all(map(_is_answer, value.items()))


def _is_answer(item: tuple[str, Any]) -> bool:
    return item[0].isidentifier() and isinstance(item[1], str) and bool(ANSWER.fullmatch(item[1]))


def _are_values(value: Any) -> bool:
    kinds = isinstance(value, list) and all(isinstance(v, (int, float, str)) and v is not True for v in value)
    return kinds and len(value) != 1


# What each key needs to be: a check, and the same in words.
KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "title": (_is_text, "a text"),
    "kind": (lambda value: value in KINDS, f"one of {', '.join(KINDS)}"),
    "difficulty": (lambda value: _is_number(value) and 1 <= value <= 5, "an integer from 1 to 5"),
    "minutes": (lambda value: _is_number(value) and value >= 1, "an integer of 1 or more"),
    "teaches": (_is_text, "a text"),
    "assigned": (lambda value: isinstance(value, bool), "true or false"),
    "forbid": (lambda value: isinstance(value, list) and all(map(_is_text, value)), "a list of names"),
    "mine": (_are_values, "a list of two or more numbers or texts"),
    "answers": (_are_answers, ANSWERS_CURE),
    "raised": (lambda value: isinstance(value, dict) and all(map(_is_text, value.values())), "a table of texts"),
}
NEEDED = ("title", "kind", "difficulty", "minutes", "teaches", "answers")


def read_card(cell: Cell) -> dict[str, Any]:
    """Read the keys that a card gives; a course's card may give some of them only.

    Raises: SourceError for text that is no TOML, an unknown key, and a value of another kind.
    """
    try:
        card = tomllib.loads(cell.text)
    except tomllib.TOMLDecodeError as error:
        raise cell.error(f"the card is no TOML ({error}). Correct that line.") from error
    for key, value in card.items():
        if key not in KEYS:
            raise cell.error(f"the card has the unknown key {key!r}. It may have {', '.join(KEYS)}.")
        is_right, words = KEYS[key]
        if not is_right(value):
            raise cell.error(f"{key} of the card needs to be {words}, got {value!r}. Correct it.")
    return card


def complete(card: dict[str, Any], cell: Cell) -> dict[str, Any]:
    """Return the card as a question takes it. Raises: SourceError with the keys that are missing."""
    if missing := [key for key in NEEDED if key not in card]:
        raise cell.error(f"the card of {cell.question} has no {', '.join(missing)}. Add it.")
    return card | {key: tuple(card.get(key, ())) for key in ("forbid", "mine")}
