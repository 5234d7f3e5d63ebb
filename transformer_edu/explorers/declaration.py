"""Declare an explorer: its knobs, the pure function behind it, and what to draw of the arrays that come back.

One declaration serves the book (every grid point computed by torch at build time) and a live kernel (any value, any
size, on the GPU if there is one). Panels and read-outs name arrays of `compute`; they hold no mathematics. How an
explorer is shown is no matter of its declaration: `transformer_edu.explorers` says it, once.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from transformer_edu.explorers.arrays import Array, check_answer, declared_arrays
from transformer_edu.explorers.knobs import Param, Pick
from transformer_edu.explorers.panel import Panel, Readout
from transformer_edu.explorers.prediction import Prediction


@dataclass(frozen=True, kw_only=True)
class Explorer:
    """A figure with knobs. Show it by making it the last line of a cell.

    `compute(**params)` is pure, and its annotation says what it returns (see arrays.py). `code` gives the lines that
    compute the same numbers, with `{name}` for the present value of a knob. `alt` describes the picture, likewise.

    Raises: ValueError if a panel, read-out or pick names what is not there.
    """

    id: str
    title: str
    compute: Callable[..., Mapping[str, Any]]
    panels: Sequence[Panel]
    alt: str
    params: Sequence[Param] = ()
    picks: Sequence[Pick] = ()
    readouts: Sequence[Readout] = ()
    prediction: Prediction | None = None
    code: str = ""
    note: str = ""

    def __post_init__(self):
        numbers = [name for name, array in self.arrays.items() if array is not None]
        words = [name for name, array in self.arrays.items() if array is None]
        params, picks = [param.name for param in self.params], [pick.name for pick in self.picks]
        for panel in self.panels:
            self._need("arrays that compute returns", numbers, panel.arrays(), panel)
            self._need("words that compute returns", words, panel.words(), panel)
            self._need("knobs or picks that are declared", [*params, *picks], panel.knobs(), panel)
            self._need("knobs that are declared", params, filter(None, [panel.swept()]), panel)
        for readout in self.readouts:
            self._need("arrays that compute returns", numbers, readout.arrays(), readout)
            self._need("picks that are declared", picks, filter(None, [readout.pick]), readout)
        for pick in self.picks:
            self._need("words that compute returns", words, [pick.of], pick)

    def _need(self, what: str, there: Sequence[str], named: Iterable[str], asking: Any) -> None:
        for name in named:
            if name not in there:
                raise ValueError(
                    f"{self.id} needs {what} ({', '.join(sorted(there)) or 'none'}) in its {type(asking).__name__}, "
                    f"got name={name!r}."
                )

    @cached_property
    def arrays(self) -> dict[str, Array | None]:
        """Return what `compute` says that it returns; None stands for words."""
        return declared_arrays(self.compute)

    def answer(self, **values: Any) -> Mapping[str, Any]:
        """Compute at these values of the knobs, and hold the answer to what was declared."""
        answer = self.compute(**values)
        check_answer(answer, self.arrays)
        return answer

    def start(self) -> dict[str, Any]:
        """Return the values at which the explorer opens."""
        return {param.name: param.start for param in self.params}

    def used_arrays(self) -> list[str]:
        """Return the arrays that the page needs: drawn, read out, told in the description, or words."""
        drawn = [name for panel in self.panels for name in panel.arrays()]
        read = [name for readout in self.readouts for name in readout.arrays()]
        told = [name for name in re.findall(r"\{(\w+)\}", self.alt) if name in self.arrays]
        words = [name for name, array in self.arrays.items() if array is None]
        return list(dict.fromkeys([*drawn, *read, *told, *words]))

    def axes_of(self, array: str) -> tuple[str, ...]:
        """Return the names of an array's axes, in the book's vocabulary; none for single numbers and words."""
        found = self.arrays[array]
        return found.axes if found else ()

    def format_of(self, array: str) -> str | None:
        """Return how the numbers of an array are written; None for words."""
        found = self.arrays[array]
        return found and found.format

    def spec(self, *, live: bool) -> dict[str, Any]:
        """Return the whole declaration as plain data, with the stops of the book or those of a kernel."""
        return {
            "id": self.id,
            "title": self.title,
            "params": [param.spec(live=live) for param in self.params],
            "alt": self.alt,
            "code": self.code,
            "picks": [pick.spec() for pick in self.picks],
            "panels": [panel.spec() for panel in self.panels],
            "readouts": [asdict(readout) for readout in self.readouts],
            "prediction": self.prediction and self.prediction.spec(),
            "axes": {
                name: list(array.axes) for name in self.used_arrays() if (array := self.arrays[name]) and array.axes
            },
            "note": self.note,
        }

    def __repr__(self):
        return f"Explorer({self.id!r}: {self.title})"
