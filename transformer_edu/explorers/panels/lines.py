"""Lines over the numbers of an array."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformer_edu.explorers.panel import Number, Panel, Series


@dataclass(frozen=True, kw_only=True)
class Lines(Panel):
    """Lines over the numbers of an array `x`: learning curves, a cost over a length. Nothing is marked."""

    x: str
    series: Sequence[Series]
    domain: tuple[Number, Number]
    x_label: str = ""
    x_log: bool = False
    y_log: bool = False

    def arrays(self) -> list[str]:
        return [self.x, *(series.array for series in self.series)]
