"""A chapter as the judge knows it, with its hidden tests, in a form that crosses to other processes and machines."""

import hashlib
import json
from dataclasses import dataclass

from transformer_edu.exercises.question import Question, as_json, from_json
from transformer_edu_course.building.source import Chapter

ENGINE = 2  # raise it when the same notebook would get another result


@dataclass(frozen=True)
class Exercises:
    """The cells that run first, and the questions with their hidden tests as JSON text."""

    chapter: str
    setup: tuple[str, ...]
    text: str
    seed: int

    @classmethod
    def of(cls, chapter: Chapter, *, seed: int = 0) -> "Exercises":
        """Take from a chapter's source what judging needs."""
        return cls(chapter.name, chapter.setup, as_json(chapter.questions), seed)

    @property
    def questions(self) -> list[Question]:
        """Read the questions."""
        return from_json(self.text)

    @property
    def digest(self) -> str:
        """Name this state of the exercises."""
        content = json.dumps([ENGINE, self.chapter, self.setup, self.text])
        return hashlib.sha256(content.encode()).hexdigest()
