"""Reach the answers of a notebook that runs in a sandbox, and bring them back after whatever it does to itself."""

import contextlib
import time
from typing import Any

from transformer_edu.exercises.answers import Called, Raised
from transformer_edu.exercises.question import Question, as_json
from transformer_edu.exercises.values import WrongAnswer
from transformer_edu_course.grading.room import Ended, Room
from transformer_edu_course.grading.sandbox import Sandbox

ROOMS = 20  # in which one notebook may be run: each cell and each answer that ends its process takes one


class SandboxedAnswers:
    """The answers of one notebook. Cells that end their process are left out when it is run again.

    `stopped` says which cells did not end well, by number, and `failed` which raised; `errors` holds everything that
    cells and answers raised.
    """

    def __init__(self, sandbox: Sandbox, cells: list[str], questions: list[Question]):
        self._sandbox, self._cells = sandbox, cells
        public = as_json([question.public() for question in questions])
        self._forbid = {name: list(question.forbid) for question in questions for name in question.answers}
        every = sorted({name for names in self._forbid.values() for name in names})
        chapter = questions[0].id.split("/")[0]
        self._first = {"do": "questions", "chapter": chapter, "text": public, "forbid": every}
        self._room: Room | None = None
        self._left, self._rooms = sandbox.limits.total, 0
        self._gone: dict[str, str] = {}  # names whose calls ended a room
        self._values: dict[str, Any] = {}
        self.stopped: dict[int, str] = {}
        self.failed: dict[int, str] = {}
        self.errors: list[str] = []

    def value(self, name: str) -> Any:
        """Return what stands under a name, `...` where there is nothing. A name has one value for all tests."""
        if name not in self._values:
            self._values[name] = self._asked({"do": "value", "name": name}, name)[1][0]
        return self._values[name]

    def call(self, name: str, args: tuple, kwargs: dict) -> Called:
        """Call the function of that name. Raises: Raised for what it raises, WrongAnswer where it never came back."""
        request = {"do": "call", "name": name, "keys": list(kwargs), "forbid": self._forbid[name]}
        answer, content = self._asked(request, name, list(args), list(kwargs.values()))
        done = answer["done"]
        if done.get("kind") == "Forbidden" and done.get("text") in self._forbid[name]:
            raise WrongAnswer(f"The answer uses `{done['text']}`, which this exercise does not allow.")
        if not content:
            raised = Raised(*(str(done.get(key, "")) for key in ("kind", "text", "where")))
            self.errors.append(str(raised))
            raise raised
        return Called(content[0], tuple(map(str, done.get("changed", ()))))

    def close(self) -> None:
        """End the notebook's process."""
        if self._room is not None:
            self._room.close()
            self._room = None

    def _asked(self, request: dict[str, Any], name: str, *values: Any) -> tuple[dict[str, Any], list[Any]]:
        """Ask a running notebook about one name. Raises: WrongAnswer for every way not to answer."""
        if name in self._gone:
            raise WrongAnswer(self._gone[name])
        try:
            answer, content = self._in_time(self._running(), request, *values)
        except Ended as end:
            self._room = None
            self._gone[name] = f"`{name}` {end}."
            raise WrongAnswer(self._gone[name]) from end
        if "slow" in answer:
            self._gone[name] = f"`{name}` took longer than {self._sandbox.limits.seconds:g} s and was stopped."
            raise WrongAnswer(self._gone[name])
        if "large" in answer:
            raise WrongAnswer(f"`{name}` gives more than can be looked at ({str(answer['large'])[:60]}).")
        if "raised" in answer or not _answers(request["do"], answer.get("done"), content):
            raise WrongAnswer(f"`{name}` cannot be used.")
        return answer, content

    def _running(self) -> Room:
        """Return a room in which the cells have run, all but those that end it. Raises: Ended out of time."""
        first = 1
        while self._room is None:
            if self._left <= 0 or self._rooms == ROOMS:
                raise self._no_time()
            self._rooms += 1
            began = time.monotonic()
            self._room = self._sandbox.open()
            self._left -= time.monotonic() - began
            try:
                self._in_time(self._room, self._first)
                for number in range(1, len(self._cells) + 1):
                    first = number
                    if number not in self.stopped:
                        self._run(number)
            except Ended as end:
                self._room = None
                self.stopped[first] = str(end)
        return self._room

    def run(self) -> None:
        """Run the cells, as far as the time allows."""
        with contextlib.suppress(Ended):
            self._running()

    def _run(self, number: int) -> None:
        answer, _ = self._in_time(self._room, {"do": "run", "number": number, "code": self._cells[number - 1]})
        if "slow" in answer:
            self.stopped[number] = f"took longer than {self._sandbox.limits.seconds:g} s and was stopped"
        elif "raised" in answer:
            told = answer["raised"] if isinstance(answer["raised"], dict) else {}
            self.failed[number] = f"{str(told.get('kind', ''))[:80]}: {str(told.get('text', ''))[:200]}"
            self.errors.append(self.failed[number])

    def _in_time(self, room: Room, request: dict[str, Any], *values: Any) -> tuple[dict[str, Any], list[Any]]:
        """Ask within what is left of the notebook's time. Raises: Ended when it is used up."""
        if self._left <= 0:
            room.close()
            raise self._no_time()
        began = time.monotonic()
        try:
            return room.ask(request, *values, seconds=min(self._sandbox.limits.seconds, self._left))
        finally:
            self._left -= time.monotonic() - began

    def _no_time(self) -> Ended:
        words = f"a whole notebook may take {self._sandbox.limits.total:g} s, and end its process {ROOMS - 1} times"
        return Ended("slow", f"had no time left: {words}")


def _answers(asked: str, done: Any, content: list[Any]) -> bool:
    """Tell whether an answer has the form that its request asks for."""
    if asked == "value":
        return len(content) == 1
    return isinstance(done, dict) and len(content) in (0, 1) and isinstance(done.get("changed", []), list)
