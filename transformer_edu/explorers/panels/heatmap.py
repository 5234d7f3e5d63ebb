"""A matrix as cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformer_edu.explorers.panel import Number, Panel, present


@dataclass(frozen=True, kw_only=True)
class Heatmap(Panel):
    """A matrix as cells: `scale` is 'weights' (0 looks empty), 'signed' or 'allowed' (blocked cells are hatched).

    `rows` and `columns` name arrays of words. `mark` is a knob or pick that chooses a row (and a second one a column):
    the place is outlined, and a click there turns the knobs.
    """

    array: str
    scale: str = "weights"
    domain: tuple[Number, Number] = (0.0, 1.0)
    rows: str | None = None
    columns: str | None = None
    row_label: str = ""
    column_label: str = ""
    allowed: str | None = None  # where this array is 0, the cell is drawn as blocked
    mark: Sequence[str] = ()
    height: int = 260

    def arrays(self) -> list[str]:
        return present(self.array, self.allowed)

    def names(self) -> list[tuple[str, str, int]]:
        return [(words, self.array, axis) for axis, words in enumerate((self.rows, self.columns)) if words]

    def knobs(self) -> list[str]:
        return list(self.mark)
