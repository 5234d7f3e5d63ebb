"""Wait inside the sandbox with torch already imported, and fork a shut-in child for each notebook that comes.

`python -m transformer_edu_course.grading.fork_server CONTROL` speaks over the socket CONTROL, one JSON message a
packet: {"do": "open"} with one end of a socket attached starts a child on it; {"do": "close"} ends that child and tells
how it went. No line of a student's runs in this process.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time

from transformer_edu_course.grading import confinement, notebook_process
from transformer_edu_course.grading.process_memory import memory_below

PAUSE = 0.1  # seconds between two looks at a child's memory


def main() -> None:
    """Serve one judge until it goes away."""
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = json.loads(sys.argv[2])
    if settings["become"]:
        confinement.become(settings["become"])
    notebook_process.prepare()
    gc.collect()
    gc.freeze()  # children share these pages instead of copying them
    _say(control, {"ready": True, "uid": os.getuid()})
    keeper = Keeper(control, settings)
    while True:
        text, channels, _, _ = socket.recv_fds(control, 4096, 1)
        if not text:
            keeper.end("closed")
            return
        message = json.loads(text)
        if message["do"] == "open":
            _say(control, keeper.open(channels[0]))
        else:
            _say(control, keeper.end("closed"))
        keeper.watch()


class Keeper:
    """Keep the one child that lives at a time."""

    def __init__(self, control: socket.socket, settings: dict):
        self._control, self._settings = control, settings
        self._middle = self._inner = 0
        self._ending = ""

    def open(self, channel: int) -> dict:
        """Fork a child that serves this channel."""
        self.end("closed")
        self._ending = ""
        report, tell = os.pipe()
        self._middle = os.fork()
        if self._middle == 0:
            os.close(report)
            _be_the_middle(self._control, channel, tell, self._settings)
        os.close(channel)
        os.close(tell)
        with open(report, "rb") as file:
            answer = json.loads(file.readline() or b'{"error": "the child died at once"}')
        self._inner = answer.get("pid", 0)
        return answer

    def watch(self) -> None:
        """Until the judge speaks again, kill a child that takes more memory than it may."""
        while self._middle:
            ready, _, _ = select.select([self._control], [], [], PAUSE)
            if ready:
                return
            if self._inner and memory_below(self._inner) > self._settings["memory"]:
                self._ending = "memory"
                self._kill()

    def end(self, why: str) -> dict:
        """Kill the child with everything that it started, and tell how it ended: its status, memory, or nothing."""
        if not self._middle:
            return {"ended": self._ending or why, "status": None}
        finished, status = os.waitpid(self._middle, os.WNOHANG)
        if not finished:
            for _ in range(5):  # a child that ended by itself is reaped a moment later
                time.sleep(0.002)
                finished, status = os.waitpid(self._middle, os.WNOHANG)
                if finished:
                    break
        by_itself = bool(finished)
        if not finished:
            self._kill()
            _, status = os.waitpid(self._middle, 0)
        self._middle = self._inner = 0
        return {"ended": self._ending or ("itself" if by_itself else why), "status": os.waitstatus_to_exitcode(status)}

    def _kill(self) -> None:
        if not self._inner:
            os.kill(self._middle, signal.SIGKILL)
            return
        kill = os.kill if self._settings["confined"] else os.killpg
        with contextlib.suppress(ProcessLookupError):
            kill(self._inner, signal.SIGKILL)  # process 1 of its namespace: all others go with it


def _be_the_middle(control: socket.socket, channel: int, tell: int, settings: dict) -> None:
    """Enter new namespaces, fork their process 1, and wait for it. Never returns."""
    control.close()
    try:
        if settings["confined"]:
            confinement.enter_namespaces(scratch=settings["scratch"])
        inner = os.fork()
    except BaseException as error:  # noqa: BLE001  whatever it is, the judge has to hear of it
        os.write(tell, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode() + b"\n")
        os._exit(1)
    if inner == 0:
        try:
            os.close(tell)
            notebook_process.serve(channel, settings)
        finally:
            os._exit(1)
    os.write(tell, json.dumps({"pid": inner}).encode() + b"\n")
    os.close(tell)
    os.close(channel)
    _, status = os.waitpid(inner, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _say(control: socket.socket, message: dict) -> None:
    control.send(json.dumps(message).encode())


if __name__ == "__main__":
    main()
