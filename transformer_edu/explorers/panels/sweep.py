"""A line over all values of one knob."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformer_edu.explorers.panel import Number, Panel, Series


@dataclass(frozen=True, kw_only=True)
class Sweep(Panel):
    """The quantity that matters over all values of one knob, the present value marked."""

    over: str
    series: Sequence[Series]
    domain: tuple[Number, Number]
    x_label: str = ""
    x_log: bool = False
    y_log: bool = False
    peaks: bool = False  # write each name at its curve's highest place, not at its end

    def arrays(self) -> list[str]:
        return [series.array for series in self.series]

    def swept(self) -> str:
        return self.over
