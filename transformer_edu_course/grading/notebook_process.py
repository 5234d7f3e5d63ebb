"""Run a notebook's cells and ask it for its names, inside the sandbox, in a process of its own.

`prepare` runs once, in the fork server; `serve` in each child that is forked from it.
"""

import contextlib
import importlib
import os
import socket
import sys
from functools import partial

from transformer_edu_course.grading import confinement, inspection, protocol
from transformer_edu_course.grading.namespace import Namespace, families

OPEN_FILES = 3  # standard input, output and errors stay, all else but the channel is closed


def prepare() -> None:
    """Import what notebooks import, once, and make `check` and its kin silent: here they only cost time."""
    import torch

    for name in families():
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
    _shut_in(settings)
    namespace = Namespace()
    while True:
        try:
            message, values = protocol.unpack(partial(_receive, file), largest=protocol.LARGEST_REQUEST)
        except EOFError:
            return
        file.sendall(namespace.answer(message, values))


def _shut_in(settings: dict) -> None:
    """Limit what this process may take and do, and move into its empty folder."""
    limits = {key: settings[key] for key in ("memory", "seconds", "scratch")}
    confinement.set_limits(**limits)
    if settings["confined"]:
        confinement.show_own_processes()
        confinement.give_up_privileges()
    else:
        os.setsid()  # so that what it starts can be ended with it
    os.chdir(os.environ["TMPDIR"])
    sys.path.insert(0, os.environ["TMPDIR"])


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
