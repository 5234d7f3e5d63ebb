"""Start bubblewrap with a fork server in it, and open rooms there for notebooks: the judge's side of the wall."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from typing import Any, NamedTuple

from transformer_edu_course.grading.bubblewrap import Inside, bubblewrap_command, clear_environment, python_inside
from transformer_edu_course.grading.missing_sandbox import Blocked, cure
from transformer_edu_course.grading.room import Dead, Room

MODULE = "transformer_edu_course.grading.fork_server"
USER = 62000  # from here on: the users that root hands a sandbox to, since no process limit holds root
START = 120.0  # seconds that importing torch may take on a busy machine


class Limits(NamedTuple):
    """What one notebook may take. `seconds` is for one cell or one call of an answer, `total` for all of them."""

    seconds: float = 20.0
    total: float = 80.0
    memory: int = 2 * 2**30
    scratch: int = 64 * 2**20


class Sandbox:
    """A fork server behind a wall. It serves one judge, one room at a time.

    Raises: Blocked, with the exact cure, where bubblewrap is missing or the machine does not let it work.
    """

    def __init__(self, limits: Limits, *, confined: bool = True):
        self.limits, self._confined = limits, confined
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None

    def open(self) -> Room:
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

    def _opened(self) -> Room:
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
        return Room(here, end=self.ended, memory=self.limits.memory)

    def _start(self) -> None:
        self.close()
        as_root = self._confined and os.geteuid() == 0
        inside = python_inside() if self._confined else Inside(sys.executable, [], [p for p in sys.path if p])
        around = bubblewrap_command(inside, as_root=as_root) if self._confined else []
        self._scratch = None if self._confined else tempfile.TemporaryDirectory(prefix="transformer-edu-")
        self._control, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = json.dumps(self._settings(as_root=as_root))
        self._process = subprocess.Popen(
            [*around, inside.python, "-s", "-B", "-P", "-m", MODULE, str(there.fileno()), settings],
            env=clear_environment(inside, self._scratch.name if self._scratch else "/tmp"),
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        there.close()
        self._heard(START)

    def _settings(self, *, as_root: bool) -> dict[str, Any]:
        """Say what the fork server holds its children to."""
        return {
            "confined": self._confined,
            "become": USER + os.getpid() % 1000 if as_root else 0,
            "memory": self.limits.memory,
            "scratch": self.limits.scratch,
            "seconds": int(self.limits.total) + 30,
        }

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
