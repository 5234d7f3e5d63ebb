"""Write files that are either whole or not there, under names that any disk takes."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

LONGEST_NAME = 100  # characters of a file's name, without its ending
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


def safe_name(student: str) -> str:
    """Name a student's files: ASCII, no separator, never hidden or reserved; ids that differ have names that differ.

    Lower-case letters, digits, `-` and inner `.` and `_` stand for themselves, every other byte is `~` and two digits
    (`Ada` is `~41da`: some file systems take upper and lower case for the same). A long name ends in a hash.
    """
    raw = student.encode("utf-8", "surrogatepass")
    pieces = [chr(byte) if _is_plain(raw, place) else f"~{byte:02x}" for place, byte in enumerate(raw)]
    name = "".join(pieces) or "~"
    if name.partition(".")[0] in RESERVED:
        name = f"~{raw[0]:02x}{name[1:]}"
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(raw).hexdigest()[:32]
    return re.sub(r"~.?$", "", name[: LONGEST_NAME - 34]) + "~~" + digest


def _is_plain(raw: bytes, place: int) -> bool:
    inner = 0 < place < len(raw) - 1
    return raw[place] in b"abcdefghijklmnopqrstuvwxyz0123456789-" or (inner and raw[place] in b"._")


@contextlib.contextmanager
def replacing(path: Path, encoding: str = "utf-8", newline: str | None = None) -> Iterator[IO[str]]:
    """Open a file that takes its name once it is whole and on the disk; if the writing fails, nothing has changed."""
    temporary = path.with_name(f".{path.name[:60]}.{os.urandom(6).hex()}.tmp")
    try:
        with temporary.open("x", encoding=encoding, newline=newline, errors="backslashreplace") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk, too, where the system can do that."""
    with contextlib.suppress(OSError):
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)
