"""List the files of a folder or a zip, and read one at a time, up to a limit. Links and unsafe names are refused.

A zip comes from strangers: no member is written to disk, and no header is believed. A member is read up to what its
header says and never beyond the limit, so a bomb costs no more memory than an honest notebook.
"""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

LARGEST_NOTEBOOK = 20 * 2**20  # bytes
LARGEST_TOTAL = 32 * 2**30  # bytes of all files in a zip, as its headers say; reading stops there
MOST_FILES = 100_000
FORBIDDEN = re.compile(r"^(/|[A-Za-z]:)|(^|/)\.\.(/|$)|\x00")


class File(NamedTuple):
    """A file: the parts of its path, how to read it, why it cannot be read, and why it is not even looked at."""

    parts: tuple[str, ...]
    load: Callable[[], bytes]
    problem: str = ""
    refused: str = ""

    @property
    def path(self) -> str:
        """Write the path as people see it."""
        return "/".join(self.parts)


def list_folder(folder: Path) -> Iterator[File]:
    """List the files of a folder and of those in it, without following links. Raises: ValueError for too many."""
    count, closed = 0, []
    for where, folders, names in os.walk(folder, followlinks=False, onerror=closed.append):
        links = [name for name in folders if os.path.islink(os.path.join(where, name))]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        for name in sorted([*names, *links]):
            count += 1
            if count > MOST_FILES:
                needs = f"list_folder needs at most {MOST_FILES:,} files"
                raise ValueError(f"{needs}, got folder={str(folder)!r} with more.")
            path = Path(where, name)
            yield read_entry(path, path.relative_to(folder).parts)
    for error in closed:
        path = Path(error.filename)
        parts = path.relative_to(folder).parts or (folder.name,)
        yield File(parts, partial(_read_path, path), refused="a folder that cannot be opened")


def read_entry(path: Path, parts: tuple[str, ...]) -> File:
    """Look at one file of a folder: what it is and how large."""
    try:
        found = path.lstat()
    except OSError as error:
        return File(parts, partial(_read_path, path), problem=_unreadable(error))
    refused = "a link" if stat.S_ISLNK(found.st_mode) else "" if stat.S_ISREG(found.st_mode) else "not a file"
    return File(parts, partial(_read_path, path), _too_large(found.st_size), refused)


def list_zip(path: Path) -> Iterator[File]:
    """List the files in a zip. Raises: ValueError for a damaged one, too many files or too much in them."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, EOFError, NotImplementedError, OSError) as error:
        raise ValueError(f"list_zip needs a zip that is whole ({error}), got path={str(path)!r}.") from None
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_FILES:
        raise ValueError(f"list_zip needs at most {MOST_FILES:,} files, got path={str(path)!r} with {len(members):,}.")
    total = sum(member.file_size for member in members)
    if total > LARGEST_TOTAL:
        needs = f"list_zip needs at most {LARGEST_TOTAL // 2**30} GB in the zip once unpacked"
        raise ValueError(f"{needs}, got path={str(path)!r} with {total / 2**30:.0f} GB.")
    return (_member(archive, member) for member in members)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> File:
    """Look at one file of a zip. Windows' backslashes separate folders, too."""
    name = _decoded(member)
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    refused = "an unsafe name" if FORBIDDEN.search(name) or not parts else "a link" if is_link else ""
    locked = "The file is encrypted in the zip." if member.flag_bits & 1 else ""
    load = partial(_read_member, archive, member)
    return File(parts or (name,), load, locked or _too_large(member.file_size), refused)


def _decoded(member: zipfile.ZipInfo) -> str:
    """Read a member's name: macOS writes UTF-8 without saying so, and Python then reads it as cp437."""
    name = member.orig_filename
    if not member.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = member.orig_filename
    return name.replace("\\", "/")


def _read_path(path: Path) -> bytes:
    """Read a file that is still no link, up to the limit."""
    try:
        place = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(place, "rb") as file:
            return _within_limit(file.read(LARGEST_NOTEBOOK + 1))
    except OSError as error:
        raise ValueError(_unreadable(error)) from None


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Unpack one member into memory, up to the limit."""
    try:
        with archive.open(member) as file:
            return _within_limit(file.read(LARGEST_NOTEBOOK + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        raise ValueError("The file is damaged in the zip.") from None


def _within_limit(content: bytes) -> bytes:
    if problem := _too_large(len(content)):
        raise ValueError(problem)
    return content


def _too_large(size: int) -> str:
    """Say that a file is too large, or nothing."""
    limit = LARGEST_NOTEBOOK
    return f"The file has {-(-size // 2**20)} MB; {limit // 2**20} MB is the limit." if size > limit else ""


def _unreadable(error: OSError) -> str:
    return f"The file cannot be read ({error.strerror or type(error).__name__})."
