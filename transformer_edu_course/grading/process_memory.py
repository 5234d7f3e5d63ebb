"""Add up what a process and all that it started take: no limit on one process sees the others."""

import contextlib
import os

UNREADABLE = (OSError, ValueError, IndexError, StopIteration)  # what reading of a process that ends can raise


def memory_below(process: int) -> int:
    """Add up what a process and all that it started take, in bytes; shared pages are shared out among them."""
    total = 0
    for pid in [process, *_descendants(process)]:
        try:
            total += _proportional(f"/proc/{pid}")
        except UNREADABLE:
            total += _resident(pid)
    return total


def _proportional(place: str) -> int:
    """Read the proportional set size of a process. Where its first thread has ended, another one tells."""
    with open(f"{place}/smaps_rollup", errors="replace") as file:
        found = [int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")]
    if found or "/task/" in place:
        return found[0]
    for thread in os.listdir(f"{place}/task"):
        with contextlib.suppress(*UNREADABLE):
            return _proportional(f"{place}/task/{thread}")
    return 0


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * 4096
    except UNREADABLE:
        return 0


def _descendants(process: int) -> list[int]:
    """Find all processes below one, by the parents that /proc tells."""
    parents = {}
    if not os.path.isdir("/proc"):
        return []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", errors="replace") as file:  # a process may call itself anything
                    parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
            except UNREADABLE:
                continue
    found = [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one and child not in found]
    return found[1:]
