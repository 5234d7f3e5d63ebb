"""Arrows in the plane."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformer_edu.explorers.panel import Number, Panel, Series, present


@dataclass(frozen=True, kw_only=True)
class Plane(Panel):
    """Vectors in the plane as arrows from the origin. Each series is an array of (vector, 2); `labels` names them."""

    series: Sequence[Series]
    extent: Number
    weights: str | None = None  # the thickness and strength of the second series' arrows
    height: int = 300

    def arrays(self) -> list[str]:
        return [*(series.array for series in self.series), *present(self.weights)]
