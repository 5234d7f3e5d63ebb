"""Rows of words."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformer_edu.explorers.panel import Panel, Series, present


@dataclass(frozen=True, kw_only=True)
class Tokens(Panel):
    """Rows of words, one row a series: an array of names each, with an optional array of strengths behind the words."""

    rows: Sequence[Series]
    strengths: Sequence[str | None] = ()
    height: int = 90
    wide: bool = True

    def arrays(self) -> list[str]:
        return present(*self.strengths)

    def words(self) -> list[str]:
        return [series.array for series in self.rows]
