"""Read the exercises of a chapter: one JSON file a chapter in `questions/`.

`transformer-edu exercises build` writes these files. They hold what everyone may see: solutions of assigned exercises
and hidden tests stay in the source notebooks.
"""

import contextlib
import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from typing import Any

KINDS = ("predict", "complete", "derive", "find the bug", "experiment")


@dataclass(frozen=True, kw_only=True)
class Test:
    """One test: what it looks at, and plain asserts on `student` whose messages name the likely mistake.

    Public tests run in the student's own kernel too; hidden ones only where submissions are graded.
    """

    __test__ = False  # not a class for pytest to collect

    name: str
    code: str
    points: int = 1
    hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Question:
    """One exercise: its card, what the reader sees, and the tests that the check and a judge both run.

    `answers` gives the kind of each name that the reader defines: `number`, `number or never`, `numbers`, `letter ABC`,
    or a function with the kind of its result, such as `function -> tensor` or `function -> (tensor, tensor)`. `forbid`
    lists names that an answer may not use. `raised` maps a part of an error's text to the mistake that likely caused
    it. `because` says why the solution is right; both are empty in public where the exercise is `assigned`. `mine`
    lists values of which each student gets one of their own.
    """

    id: str
    title: str
    kind: str
    difficulty: int
    minutes: int
    teaches: str
    statement: str
    starter: str
    answers: Mapping[str, str]
    hints: tuple[str, ...]
    tests: tuple[Test, ...]
    solution: str = ""
    because: str = ""
    forbid: tuple[str, ...] = ()
    raised: Mapping[str, str] = field(default_factory=dict)
    assigned: bool = False
    mine: tuple[int | float | str, ...] = ()
    graded_later: int = 0  # points of hidden tests, where the question is shown without them

    def card(self) -> str:
        """Write the card in one line."""
        kind = f"{self.kind} · assigned" if self.assigned else self.kind
        return f"{kind} · difficulty {self.difficulty} of 5 · {self.minutes} minutes · teaches: {self.teaches}"

    @property
    def points(self) -> int:
        """Count the points of all tests."""
        return sum(test.points for test in self.tests)

    def public(self) -> "Question":
        """Leave out what a student must not see: hidden tests, and the solution of an assigned exercise."""
        later = self.graded_later + sum(test.points for test in self.tests if test.hidden)
        shown = replace(self, tests=tuple(test for test in self.tests if not test.hidden), graded_later=later)
        return replace(shown, solution="", because="") if self.assigned else shown

    def own_value(self, student_id: str) -> int | float | str | None:
        """Return the value of `mine` that belongs to a student: always the same one; the first for nobody."""
        if not self.mine:
            return None
        who = student_id.strip().casefold()
        place = int(hashlib.sha256(f"{self.id}:{who}".encode()).hexdigest(), 16) if who else 0
        return self.mine[place % len(self.mine)]


_private: dict[str, str] = {}  # chapters that a notebook brought along: course exercises are not in the package


def chapters() -> list[str]:
    """Name the chapters that have exercises."""
    folder = files("transformer_edu.exercises") / "questions"
    packaged = {entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")}
    return sorted(packaged | _private.keys())


def read_chapter(chapter: str) -> list[Question]:
    """Read the exercises of one chapter, in their order, as a student may see them."""
    if chapter not in chapters():
        known = ", ".join(chapters())
        raise ValueError(f"read_chapter needs a chapter with exercises ({known}), got chapter={chapter!r}.")
    if chapter in _private:
        return from_json(_private[chapter])
    folder = files("transformer_edu.exercises") / "questions"
    return from_json((folder / f"{chapter}.json").read_text(encoding="utf-8"))


def use_questions(chapter: str, text: str) -> None:
    """Check a chapter against the questions that this notebook brings along, as a course's own notebooks do."""
    from_json(text)  # a broken text fails here, where it stands
    _private[chapter] = text


@contextlib.contextmanager
def using_questions(chapter: str, text: str) -> Iterator[None]:
    """Check a chapter against these questions for a while, and as before afterwards."""
    kept = dict(_private)
    use_questions(chapter, text)
    try:
        yield
    finally:
        _private.clear()
        _private.update(kept)


def as_json(questions: list[Question]) -> str:
    """Write questions as text that people can read, too."""
    return json.dumps([asdict(question) for question in questions], indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> list[Question]:
    """Read what `as_json` wrote."""
    return [_question(entry) for entry in json.loads(text)]


def find_question(exercise: object, *, function: str) -> Question:
    """Find one exercise by its id; `function` is the name that the error message gives to the caller.

    Raises: ValueError with the nearest ids for an unknown id, or with the chapters where none is near.
    """
    chapter = str(exercise).partition("/")[0]
    for question in read_chapter(chapter) if chapter in chapters() else ():
        if question.id == exercise:
            return question
    questions = [question.id for chapter in chapters() for question in read_chapter(chapter)]
    wanted = str(exercise).strip().casefold()
    near = [known for known in questions if known == wanted or known.split("/")[1] == wanted]
    near = near or difflib.get_close_matches(wanted, questions, n=2, cutoff=0.6)
    suggestion = f"Did you mean {' or '.join(repr(known) for known in near)}?"
    if not 0 < len(near) < 4:
        suggestion = f"The chapters are {', '.join(chapters())}; progress(CHAPTER) lists the exercises of one."
    needs = f"{function} needs the id of an exercise (chapter/question)"
    raise ValueError(f"{needs}, got exercise={exercise!r}. {suggestion}")


def _question(entry: dict[str, Any]) -> Question:
    """Make a question of its JSON: lists become tuples again."""
    lists = {key: tuple(entry[key]) for key in ("hints", "forbid", "mine")}
    return Question(**entry | lists | {"tests": tuple(Test(**test) for test in entry["tests"])})
