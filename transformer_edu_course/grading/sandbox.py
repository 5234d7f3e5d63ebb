"""Start bubblewrap with a fork server in it, and open rooms there for notebooks: the judge's side of the wall."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any, NamedTuple

from transformer_edu_course.grading import protocol
from transformer_edu_course.grading.bubblewrap import Inside, bubblewrap_command, clear_environment, python_inside
from transformer_edu_course.grading.missing_sandbox import Blocked, cure

MODULE = "transformer_edu_course.grading.fork_server"
USER = 62000  # from here on: the users that root hands a sandbox to, since no process limit holds root
START = 120.0  # seconds that importing torch may take on a busy machine


class Limits(NamedTuple):
    """What one notebook may take. `seconds` is for one cell or one call of an answer, `total` for all of them."""

    seconds: float = 20.0
    total: float = 80.0
    memory: int = 2 * 2**30
    scratch: int = 64 * 2**20


class Ended(Exception):
    """Say, in words for the student, why a room is gone; `how` is slow, itself, memory or malformed."""

    def __init__(self, how: str, words: str):
        super().__init__(words)
        self.how = how


class Dead(Exception):
    """Say that the fork server is gone; what it said last is the text."""


class Sandbox:
    """A fork server behind a wall. It serves one judge, one room at a time.

    Raises: Blocked, with the exact cure, where bubblewrap is missing or the machine does not let it work.
    """

    def __init__(self, limits: Limits, *, confined: bool = True):
        self.limits, self._confined = limits, confined
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None

    def open(self) -> "Room":
        """Fork a fresh room, and start the fork server first where there is none. Raises: Blocked."""
        try:
            return self._opened()
        except Dead:
            self.close()  # someone killed it: a new one serves as well
        try:
            return self._opened()
        except Dead as dead:
            raise Blocked(cure(str(dead))) from dead

    def ended(self) -> dict[str, Any]:
        """End the room that is open and hear how it went."""
        try:
            self._control.send(json.dumps({"do": "close"}).encode())
            return self._heard(20.0)
        except (Dead, OSError):
            self.close()
            return {"ended": "gone", "status": None}

    def close(self) -> None:
        """End the fork server and everything below it."""
        if self._process is not None:
            self._control.close()
            self._process.kill()
            self._process.wait()
            self._process.stderr.close()
            if self._scratch is not None:
                self._scratch.cleanup()
            self._process = None

    def _opened(self) -> "Room":
        if self._process is None or self._process.poll() is not None:
            self._start()
        here, there = socket.socketpair()
        try:
            with there:
                socket.send_fds(self._control, [json.dumps({"do": "open"}).encode()], [there.fileno()])
            answer = self._heard(START)
        except (OSError, Dead) as error:
            here.close()
            raise Dead(str(error)) from error
        if "error" in answer:
            here.close()
            raise Blocked(cure(answer["error"]))
        return Room(self, here)

    def _start(self) -> None:
        self.close()
        as_root = self._confined and os.geteuid() == 0
        inside = python_inside() if self._confined else Inside(sys.executable, [], [p for p in sys.path if p])
        around = bubblewrap_command(inside, as_root=as_root) if self._confined else []
        settings = {
            "confined": self._confined,
            "become": USER + os.getpid() % 1000 if as_root else 0,
            "memory": self.limits.memory,
            "scratch": self.limits.scratch,
            "seconds": int(self.limits.total) + 30,
        }
        self._scratch = None if self._confined else tempfile.TemporaryDirectory(prefix="transformer-edu-")
        self._control, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        inner = [inside.python, "-s", "-B", "-P", "-m", MODULE, str(there.fileno()), json.dumps(settings)]
        command = [*around, *inner]
        environment = clear_environment(inside, self._scratch.name if self._scratch else "/tmp")
        self._process = subprocess.Popen(
            command,
            env=environment,
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        there.close()
        self._heard(START)

    def _heard(self, seconds: float) -> dict[str, Any]:
        """Receive the fork server's next message. Raises: Dead with what it, or bubblewrap, said last."""
        self._control.settimeout(seconds)
        try:
            text = self._control.recv(65536)
        except (TimeoutError, ConnectionError):
            text = b""
        if text:
            return json.loads(text)
        self._process.kill()
        said = self._process.stderr.read().decode(errors="replace")
        self.close()
        raise Dead(said.strip())


class Room:
    """One shut-in process: the judge asks, it answers, or it is gone."""

    def __init__(self, sandbox: Sandbox, channel: socket.socket):
        self._sandbox, self._channel = sandbox, channel

    def ask(self, message: dict[str, Any], *values: Any, seconds: float) -> tuple[dict[str, Any], list[Any]]:
        """Ask and wait for the answer, `seconds` and a little. Raises: Ended, after which the room is gone."""
        message = message | {"id": os.urandom(12).hex(), "limit": seconds}
        deadline = time.monotonic() + seconds + 1.0  # the room's own alarm comes first, if the cell lets it
        try:
            self._channel.settimeout(seconds + 1.0)
            self._channel.sendall(protocol.pack(message, *values, largest=protocol.LARGEST_REQUEST))
            answer, content = protocol.unpack(lambda count: self._receive(count, deadline))
        except TimeoutError:
            raise self._ended("slow", seconds) from None
        except (ConnectionError, EOFError):
            raise self._ended("itself", seconds) from None
        except protocol.Malformed:
            raise self._ended("malformed", seconds) from None
        if answer.get("id") != message["id"] or not set(answer) & {"done", "slow", "raised", "large"}:
            raise self._ended("malformed", seconds)
        return answer, content

    def close(self) -> None:
        """End the room with everything that it started."""
        self._channel.close()
        self._sandbox.ended()

    def _ended(self, how: str, seconds: float) -> Ended:
        self._channel.close()
        told = self._sandbox.ended()
        if told["ended"] == "gone":  # the sandbox itself: not the notebook's doing
            raise Dead("The sandbox ended.")
        if told["ended"] == "memory":
            how = "memory"
        words = {
            "slow": f"took longer than {seconds:g} s and was stopped",
            "memory": f"took more memory than {self._sandbox.limits.memory / 2**30:g} GB and was stopped",
            "malformed": "sent something that is no answer",
            "itself": f"ended the Python process ({_how(told['status'])})",
        }
        return Ended(how, words[how])

    def _receive(self, count: int, deadline: float) -> bytes:
        content = bytearray()
        while len(content) < count:
            self._channel.settimeout(max(deadline - time.monotonic(), 0.001))
            part = self._channel.recv(min(count - len(content), 2**20))
            if not part:
                raise EOFError
            content += part
        return bytes(content)


def _how(status: int | None) -> str:
    if status is None or status < 0:
        return "stopped"
    return f"signal {status - 128}" if status > 128 else f"exit code {status}"
