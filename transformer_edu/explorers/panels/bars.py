"""Bars: one array a row."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformer_edu.explorers.panel import Number, Panel, Series, present


@dataclass(frozen=True, kw_only=True)
class Bars(Panel):
    """Bars of one array a row, all rows on one scale. `labels` names an array of words, one a bar; `pick` takes one
    row of a matrix."""

    series: Sequence[Series]
    domain: tuple[Number, Number] = (0.0, 1.0)
    labels: str | None = None
    pick: str | None = None
    edges: str | None = None  # with the edges of bins the bars stand on a numeric axis
    theory: str | None = None  # a dashed line over the first row's bars, on the same bins
    theory_label: str = ""
    x_label: str = ""

    def arrays(self) -> list[str]:
        return [*(series.array for series in self.series), *present(self.edges, self.theory)]

    def names(self) -> list[tuple[str, str, int]]:
        return [(self.labels, series.array, 0) for series in self.series] if self.labels else []

    def knobs(self) -> list[str]:
        return present(self.pick)
