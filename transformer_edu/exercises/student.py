"""Look at a student's answers through one object, in the student's kernel or in a judge's process alike.

Tests see `student.name` (a number, a letter, a list) and call `student.name(...)`. Only tensors, numbers, texts, None
and lists of them go in or come out, as copies: what could cross from one process to another, and nothing else.
"""

from transformer_edu.exercises.answers import Answers, Raised
from transformer_edu.exercises.question import Question
from transformer_edu.exercises.values import Foreign, NotAnswered, WrongAnswer, brief, described, read_value


class Student:
    """The answers to one exercise, wherever they are."""

    def __init__(self, question: Question, answers: Answers):
        self._question = question
        self._answers = answers
        self._last = ""

    def __getattr__(self, name: str):
        if name not in self._question.answers:
            raise AttributeError(f"{self._question.id} asks for {', '.join(self._question.answers)}, not for {name}.")
        self._last = ""
        kind, value = self._question.answers[name], self._answers.value(name)
        if value is ...:
            raise NotAnswered(f"`{name}` is still `...`")
        if not kind.startswith("function -> "):
            self._last = f"you wrote `{name} = {brief(value)}`"
            return read_value(name, value, kind)
        if not (value.is_callable if isinstance(value, Foreign) else callable(value)):
            raise WrongAnswer(f"`{name}` needs to be a function, it is {described(value)}.")
        return lambda *args, **kwargs: self._call(name, args, kwargs)

    def last_call(self) -> str:
        """Write what was looked at last: a value, or a call with its input and what came back."""
        return self._last

    def _call(self, name: str, args: tuple, kwargs: dict):
        """Call the student's function with copies; hand back a copy of its result."""
        self._last = f"input: `{name}({_arguments(args, kwargs)})`"
        try:
            result, changed = self._answers.call(name, args, kwargs)
        except Raised as error:
            raise self._explained(name, error) from error
        if changed:
            raise WrongAnswer(f"`{name}` changed its input {changed[0]} in place: work on a copy.")
        if result is ...:
            raise NotAnswered(f"`{name}` still returns `...`")
        self._last += f", your result: `{brief(result)}`"
        return read_value(f"{name}(…)", result, self._question.answers[name].removeprefix("function -> "))

    def _explained(self, name: str, error: Raised) -> Exception:
        """Turn what the student's function raised into words."""
        if error.kind == "NotImplementedError" or (error.kind == "TypeError" and "ellipsis" in error.text.lower()):
            return NotAnswered(f"a placeholder still stands in `{name}`")
        advice = next((mistake for part, mistake in self._question.raised.items() if part in error.text), "")
        shown = f"{error.kind}: {error.text}" if error.text else error.kind
        return WrongAnswer(" ".join(filter(None, [advice, f"`{name}` raised {shown}."])), where=error.where)


def _arguments(args: tuple, kwargs: dict) -> str:
    return ", ".join([*map(brief, args), *(f"{key}={brief(value)}" for key, value in kwargs.items())])
