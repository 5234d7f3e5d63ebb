"""Ask the reader for a guess before anything moves."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the reader commits to before moving anything, and what happened and why, told afterwards."""

    question: str
    answers: Sequence[str]
    right: int
    because: str

    def __post_init__(self):
        if not 2 <= len(self.answers) <= 4 or self.right not in range(len(self.answers)):
            raise ValueError(f"Prediction needs two to four answers and the right one among them, got {self.answers=}.")

    def spec(self) -> dict[str, Any]:
        """Return the prediction as plain data."""
        return asdict(self) | {"answers": list(self.answers)}
