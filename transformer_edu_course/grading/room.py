"""Talk with one shut-in process: ask it, wait no longer than it may take, and say in words how it ended."""

import os
import socket
import time
from collections.abc import Callable
from typing import Any

from transformer_edu_course.grading import protocol

FORMS = {"done", "slow", "raised", "large"}  # of which an answer has one


class Ended(Exception):
    """Say, in words for the student, why a room is gone; `how` is slow, itself, memory or malformed."""

    def __init__(self, how: str, words: str):
        super().__init__(words)
        self.how = how


class Dead(Exception):
    """Say that the fork server is gone; what it said last is the text."""


class Room:
    """One shut-in process: the judge asks, it answers, or it is gone. `end` ends it and tells how it went."""

    def __init__(self, channel: socket.socket, *, end: Callable[[], dict[str, Any]], memory: int):
        self._channel, self._end, self._memory = channel, end, memory

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
        if answer.get("id") != message["id"] or not set(answer) & FORMS:
            raise self._ended("malformed", seconds)
        return answer, content

    def close(self) -> None:
        """End the room with everything that it started."""
        self._channel.close()
        self._end()

    def _ended(self, how: str, seconds: float) -> Ended:
        self._channel.close()
        told = self._end()
        if told["ended"] == "gone":  # the sandbox itself: not the notebook's doing
            raise Dead("The sandbox ended.")
        if told["ended"] == "memory":
            how = "memory"
        words = {
            "slow": f"took longer than {seconds:g} s and was stopped",
            "memory": f"took more memory than {self._memory / 2**30:g} GB and was stopped",
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
