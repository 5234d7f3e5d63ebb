"""What all panels share: a panel is a short piece of data that refers to arrays of `compute` by name.

A kind of panel is a class in `panels/NAME.py` and a drawing in `drawing/src/panels/NAME.js`; both are found by the
name of the file. Roles are those of the palette.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

Number = float | int


@dataclass(frozen=True)
class Series:
    """One member of a comparison: an array, the name written beside it, the role whose color it takes.

    `dash` marks theory (measurement is solid); `thin` marks one of many (seeds, quantiles behind their median).
    """

    array: str
    label: str
    role: str = "query"
    dash: bool = False
    thin: bool = False


@dataclass(frozen=True)
class Readout:
    """One number beside the picture: a scalar array, or one entry of a longer one chosen by a pick.

    `then` names a second array, to be compared with the first: it is written behind an arrow.
    """

    array: str
    label: str
    unit: str = ""
    pick: str | None = None
    then: str | None = None

    def arrays(self) -> list[str]:
        """Return the names of the arrays that are read out."""
        return [self.array] + ([self.then] if self.then else [])


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What all panels share: a title that asks or states something, and a height in pixels."""

    kind: ClassVar[str] = ""  # the name of its file, here and in the drawing module
    title: str
    height: int = 190
    wide: bool = False  # takes the whole row of the card

    def __init_subclass__(cls):
        cls.kind = cls.__module__.rpartition(".")[2]

    def spec(self) -> dict[str, Any]:
        """Return the panel as plain data for the drawing module."""
        given = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        return {"kind": self.kind} | given | {"arrays": list(dict.fromkeys(self.arrays()))}

    def arrays(self) -> Sequence[str]:
        """Return the names of the arrays of numbers that the panel draws."""
        return []

    def names(self) -> Sequence[tuple[str, str, int]]:
        """Return which words name which axis of which array, as (words, array, axis)."""
        return []

    def words(self) -> Sequence[str]:
        """Return the arrays of words that the panel writes."""
        return [words for words, _, _ in self.names()]

    def swept(self) -> str | None:
        """Return the knob along which the panel draws its arrays, single numbers then; None if it draws the present."""
        return None

    def knobs(self) -> Sequence[str]:
        """Return the knobs and picks that the panel looks at or turns."""
        return []


def plain(value: Any) -> Any:
    """Turn series and tuples into dictionaries and lists."""
    if isinstance(value, Series):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return [plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def present(*names: str | None) -> list[str]:
    """Return the names that are given."""
    return [name for name in names if name]
