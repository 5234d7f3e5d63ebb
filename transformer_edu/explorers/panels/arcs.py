"""Arcs from a token to all."""

from dataclasses import dataclass

from transformer_edu.explorers.panel import Panel


@dataclass(frozen=True, kw_only=True)
class Arcs(Panel):
    """Tokens in a row, and arcs from the picked token to every other, as thick as their weight."""

    weights: str
    tokens: str
    pick: str
    height: int = 190
    wide: bool = True

    def arrays(self) -> list[str]:
        return [self.weights]

    def names(self) -> list[tuple[str, str, int]]:
        return [(self.tokens, self.weights, axis) for axis in (0, 1)]

    def knobs(self) -> list[str]:
        return [self.pick]
