"""What a reader turns: knobs that compute, and picks that choose what to look at."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Param:
    """A knob: the stops of its slider in the book, and what more a live kernel accepts.

    `values` are the grid points. `live` lists the stops of a kernel where they differ: finer, larger, or several where
    the book holds one (such a knob is not drawn in the book). `labels` are the words beside the slider, one a value.
    `codes` are the words that stand for each value in the lines of code. `text` allows any text in a kernel. `choice`
    draws a list instead of a slider, for values without an order.
    """

    name: str
    label: str
    values: Sequence[Any]
    start: Any
    labels: Sequence[str] | None = None
    live: Sequence[Any] | None = None
    codes: Sequence[str] | None = None
    choice: bool = False
    text: bool = False

    def __post_init__(self):
        for stops in filter(None, (self.values, self.live)):
            if self.start not in stops:
                raise ValueError(f"Param needs a start among its values (it is a stop), got start={self.start!r}.")
        if self.labels is not None and len(self.labels) != len(self.values):
            raise ValueError(f"Param needs one label a value ({len(self.values)}), got labels={self.labels!r}.")

    def stops(self, *, live: bool) -> Sequence[Any]:
        """Return the values that the slider can take in the book or in a kernel."""
        return self.live if live and self.live is not None else self.values

    def stop_codes(self, *, live: bool) -> list[str]:
        """Return what stands for each stop in the lines of code."""
        return list(self.codes) if self.codes is not None else [repr(value) for value in self.stops(live=live)]

    def stop_labels(self, *, live: bool) -> list[str]:
        """Return the words that stand for each stop."""
        if self.labels is not None and not (live and self.live is not None):
            return list(self.labels)
        return [f"{value:g}" if isinstance(value, float) else str(value) for value in self.stops(live=live)]

    def spec(self, *, live: bool) -> dict[str, Any]:
        """Return the knob as plain data. Values without an order (words) stand at whole numbers; one stop is hidden."""
        stops, typed = list(self.stops(live=live)), self.text and live
        return {
            "name": self.name,
            "label": self.label,
            "kind": "text" if typed else "choice" if self.choice or self.text else "range",
            "labels": self.stop_labels(live=live),
            "codes": self.stop_codes(live=live),
            "values": [value if isinstance(value, (int, float)) else i for i, value in enumerate(stops)],
            "start": stops.index(self.start),
            "hidden": len(stops) == 1 and not typed,
        }


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A knob that computes nothing: it chooses one entry along the array of names `of` (a token, a head) to look at."""

    name: str
    label: str
    of: str
    start: int = 0

    def spec(self) -> dict[str, Any]:
        """Return the pick as plain data."""
        return asdict(self)
