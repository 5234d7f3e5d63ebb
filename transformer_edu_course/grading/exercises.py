"""A chapter as the judge knows it, with its hidden tests, in a form that crosses to other processes and machines."""

import hashlib
import json
from dataclasses import dataclass

from transformer_edu.exercises.question import Question, from_json

ENGINE = 2  # raise it when the same notebook would get another result


@dataclass(frozen=True)
class Exercises:
    """The cells that run first, and the questions with their hidden tests as JSON text."""

    chapter: str
    setup: tuple[str, ...]
    text: str
    seed: int

    @property
    def questions(self) -> list[Question]:
        """Read the questions."""
        return from_json(self.text)

    @property
    def digest(self) -> str:
        """Name this state of the exercises."""
        content = json.dumps([ENGINE, self.chapter, self.setup, self.text])
        return hashlib.sha256(content.encode()).hexdigest()
