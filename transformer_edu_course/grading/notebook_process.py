"""Run a notebook's cells and answer for its names, inside the sandbox, in a process of its own.

Nothing in here is trusted by the judge: a student's code shares this process and can change every line of it.
"""

import ast
import asyncio
import builtins
import contextlib
import inspect
import linecache
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from transformer_edu_course.grading import confinement, forbidden_calls, inspection, protocol

FAMILIES = ("softmax", "positions", "scores", "attention", "normalization", "layers", "machines", "decoding")
FAMILIES += ("recurrent", "costs", "training")
OPEN_FILES = 3  # standard input, output and errors stay, all else but the channel is closed


class TooSlow(BaseException):
    """Stop a cell that runs over its time; no `except Exception` swallows it."""


def prepare() -> None:
    """Import what notebooks import, once, and make `check` and its kin silent: here they only cost time."""
    import importlib

    import torch

    for name in (*FAMILIES, "data", "studies"):
        importlib.import_module(f"transformer_edu.{name}")
    with contextlib.suppress(ImportError):
        importlib.import_module("matplotlib.pyplot")
    import transformer_edu.exercises as exercises

    torch.set_num_threads(1)
    torch.softmax(torch.zeros(2, 2) @ torch.zeros(2, 2), -1)  # what the first call sets up
    for name in ("check", "hint", "card", "progress"):
        setattr(exercises, name, lambda *_: None)
    inspection.prepare()


def serve(channel: int, settings: dict) -> None:
    """Shut this process in, then answer requests until the judge hangs up."""
    file = socket.socket(fileno=channel)
    _close_all_but(file.fileno())
    limits = {key: settings[key] for key in ("memory", "seconds", "scratch")}
    confinement.set_limits(**limits)
    if settings["confined"]:
        confinement.show_own_processes()
        confinement.give_up_privileges()
    else:
        os.setsid()  # so that what it starts can be ended with it
    os.chdir(os.environ["TMPDIR"])
    sys.path.insert(0, os.environ["TMPDIR"])
    place = NotebookProcess()
    while True:
        try:
            message, values = protocol.unpack(partial(_receive, file), largest=protocol.LARGEST_REQUEST)
        except EOFError:
            return
        file.sendall(place.answer(message, values))


class NotebookProcess:
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
        forbidden_calls.wrap_functions(message["forbid"], [sys.modules[f"transformer_edu.{name}"] for name in FAMILIES])
        self.names |= {name: getattr(exercises, name) for name in ("check", "hint", "card", "progress", "mine")}
        return True, ()

    def _inspect(self, message: dict, values: list) -> tuple[Any, tuple]:
        """Look at cells without running them. The judge asks this of a process that has run no cell."""
        return inspection.inspect_cells(message["cells"], message["questions"]), ()

    def _run(self, message: dict, values: list) -> tuple[bool, tuple]:
        name = f"<cell {message['number']}>"
        text = inspection.as_python(message["code"])
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        self.names["get_ipython"] = Magics
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


class Magics:
    """Stand in for the notebook's shell: magics and shell commands do nothing, but a module may be written."""

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        """Write the file of %%writefile, where the notebook's next cells can import it."""
        if name == "writefile" and line.split():
            with open(os.path.join(os.environ["TMPDIR"], os.path.basename(line.split()[-1])), "w") as file:
                file.write(cell)

    def getoutput(self, *_: Any) -> list[str]:
        """Return what a shell command printed: nothing."""
        return []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


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


def _receive(channel: socket.socket, count: int) -> bytes:
    content = bytearray()
    while len(content) < count:
        part = channel.recv(min(count - len(content), 2**20))
        if not part:
            raise EOFError
        content += part
    return bytes(content)


def _close_all_but(channel: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(OPEN_FILES):
        os.dup2(nothing, standard)
    os.closerange(OPEN_FILES, channel)
    os.closerange(channel + 1, 4096)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115  they live as long as this
