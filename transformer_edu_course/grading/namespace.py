"""Hold the names of one notebook while its cells run, and do what the judge asks of them: run, show a value, call.

Nothing in here is trusted by the judge: a student's code shares this process and can change every line of it.
"""

import ast
import asyncio
import builtins
import contextlib
import inspect
import linecache
import pkgutil
import signal
import sys
from collections.abc import Iterator
from typing import Any

import transformer_edu
from transformer_edu_course.grading import forbidden_calls, inspection, protocol
from transformer_edu_course.grading.silent_shell import SilentShell

NO_MECHANISMS = {"explorers", "figures", "exercises"}  # what no answer is asked to write


class TooSlow(BaseException):
    """Stop a cell that runs over its time; no `except Exception` swallows it."""


def families() -> list[str]:
    """Name the families whose functions an exercise may ask for: every folder of the package but those for pages."""
    folders = (module.name for module in pkgutil.iter_modules(transformer_edu.__path__) if module.ispkg)
    return sorted(set(folders) - NO_MECHANISMS)


class Namespace:
    """The namespace of one notebook and what may be asked of it."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}

    def answer(self, message: dict[str, Any], values: list[Any]) -> bytes:
        """Do what a request asks and write the answer; whatever happens becomes an answer."""
        told: dict[str, Any] = {"id": message["id"]}
        content: tuple = ()
        try:
            with _limited(message.get("limit", 0)):
                told["done"], content = getattr(self, f"_{message['do']}")(message, values)
        except TooSlow:
            told["slow"] = True
        except BaseException as error:  # noqa: BLE001  a cell may raise anything
            told["raised"] = _told(error)
        try:
            return protocol.pack(told, *content)
        except protocol.TooLarge as error:
            return protocol.pack({"id": message["id"], "large": str(error)})
        except Exception as error:  # noqa: BLE001  a value may fight being looked at
            return protocol.pack({"id": message["id"], "raised": _told(error)})

    def _questions(self, message: dict, values: list) -> tuple[bool, tuple]:
        """Know the questions as they are graded, and the names that a student version starts with."""
        import transformer_edu.exercises as exercises
        from transformer_edu.exercises.question import use_questions

        use_questions(message["chapter"], message["text"])
        watched = [sys.modules[f"transformer_edu.{name}"] for name in families()]
        forbidden_calls.wrap_functions(message["forbid"], watched)
        self.names |= {name: getattr(exercises, name) for name in ("check", "hint", "card", "progress", "mine")}
        return True, ()

    def _inspect(self, message: dict, values: list) -> tuple[Any, tuple]:
        """Look at cells without running them. The judge asks this of a process that has run no cell."""
        return inspection.inspect_cells(message["cells"], message["questions"]), ()

    def _run(self, message: dict, values: list) -> tuple[bool, tuple]:
        name = f"<cell {message['number']}>"
        text = inspection.as_python(message["code"])
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        self.names["get_ipython"] = SilentShell
        builtins.input = lambda *_: ""
        self.names.setdefault("display", lambda *_, **__: None)
        code = compile(text, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, self.names))
        else:
            exec(code, self.names)
        return True, ()

    def _value(self, message: dict, values: list) -> tuple[bool, tuple]:
        return True, (self.names.get(message["name"], ...),)

    def _call(self, message: dict, values: list) -> tuple[Any, tuple]:
        from transformer_edu.exercises.answers import Kernel, Raised

        named = dict(zip(message["keys"], values[1], strict=True))
        try:
            with forbidden_calls.CallWatch(message["forbid"]):
                result, changed = Kernel(self.names).call(message["name"], tuple(values[0]), named)
        except forbidden_calls.Forbidden as error:
            return {"kind": "Forbidden", "text": str(error)[:80]}, ()
        except Raised as error:
            return {"kind": error.kind[:80], "text": error.text[:400], "where": error.where[:200]}, ()
        return {"changed": [str(label)[:80] for label in changed[:1]]}, (result,)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TooSlow in whatever runs after so many seconds. The judge has a deadline of its own behind this one."""

    def stop(*_: Any) -> None:
        raise TooSlow

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _told(error: BaseException) -> dict[str, str]:
    text = " ".join(str(error).split())
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    return {"kind": type(error).__name__[:80], "text": text[:400], "line": str(line or "")}
