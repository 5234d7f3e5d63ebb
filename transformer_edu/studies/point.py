"""Measure one point of a study, a setting with a seed, and keep what came out in a file of its own."""

import hashlib
import inspect
import json
import os
import platform
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import torch


class Point(NamedTuple):
    """A setting and a seed: one call of a study's `run`."""

    setting: dict[str, Any]
    seed: int

    def __str__(self) -> str:
        """Write the point as it is called."""
        return ", ".join(f"{name}={value}" for name, value in {**self.setting, "seed": self.seed}.items())

    def file(self, folder: Path) -> Path:
        """Say where the point's answer is kept."""
        words = "_".join(f"{name}={value}" for name, value in {**self.setting, "seed": self.seed}.items())
        return folder / f"{quote(words, safe=' =,+')}.json"


class Answer(NamedTuple):
    """What a point gave: on what it was measured, the record, and the weights of trained networks, as files."""

    made: dict[str, Any]
    record: dict[str, Any]
    weights: dict[str, bytes]

    def keep(self, file: Path) -> None:
        """Write the weights into a folder beside the file, and then the answer: the file says that all is there."""
        file.parent.mkdir(parents=True, exist_ok=True)
        for name, content in self.weights.items():
            file.with_suffix("").mkdir(exist_ok=True)
            write(file.with_suffix("") / f"{name}.safetensors", content)
        write(file, json.dumps({"made": self.made, "answer": self.record}).encode())


def measure(run: Callable[..., dict[str, Any]], point: Point, text: str) -> Answer:
    """Call `run` for a point, with one torch thread: so the numbers are the same wherever it runs.

    Raises: RuntimeError where the study's file is not the one that was started.
    """
    from safetensors.torch import save

    if text_of(run) != text:
        raise RuntimeError(
            f"The study on {socket.gethostname()} differs from the one that was started: install it there."
        )
    with one_thread():
        record = {**point.setting, "seed": point.seed, **run(**point.setting, seed=point.seed)}
        made = how_it_was_made()
    weights = {name: save(tensors) for name, tensors in record.pop("weights", {}).items()}
    return Answer(made, record, weights)


def how_it_was_made() -> dict[str, Any]:
    """Say on what the numbers are measured."""
    return {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else _processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def text_of(run: Callable[..., Any]) -> str:
    """Name the text of the file that defines a function, in eight characters: another text, another name."""
    file = inspect.getsourcefile(run if inspect.isfunction(run) else type(run))
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:8]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread for a while."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def write(file: Path, content: bytes) -> None:
    """Write by rename: a stopped run leaves no half file."""
    draft = file.with_name(file.name + ".part")
    draft.write_bytes(content)
    draft.replace(file)


def _processor() -> str:
    """Name the processor, as the system does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
