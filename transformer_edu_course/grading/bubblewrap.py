"""Write the bubblewrap command: what of this machine a sandbox sees, and what it does not."""

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import transformer_edu
import transformer_edu_course
from transformer_edu_course.grading.missing_sandbox import Blocked, cure


class Inside(NamedTuple):
    """How Python is started behind the wall: its program, what is mounted for it, and its search path there."""

    python: str
    mounts: list[tuple[str, str]]
    path: list[str]


def python_inside() -> Inside:
    """Mount the Python that runs here, read-only: its home at its place, its packages and this one below /env.

    A virtual environment may lie anywhere, below /tmp too, where each notebook gets an empty folder of its own.
    Raises: Blocked where Python itself lies below /tmp.
    """
    home = os.path.realpath(sys.base_prefix)
    if Path("/tmp") in Path(home).parents:
        raise Blocked(f"Python itself lies in {home}, and /tmp is hidden in the sandbox. Install it outside /tmp.")
    python = os.path.join(home, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    mounts = [] if home in ("/usr", "/") else [(home, home)]
    packages = {os.path.realpath(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}
    packages |= {os.path.realpath(p) for p in sys.path if p.endswith(("site-packages", "dist-packages"))}
    outside = sorted(folder for folder in packages if os.path.isdir(folder) and Path(home) not in Path(folder).parents)
    mounts += [(folder, f"/env/{place}") for place, folder in enumerate(outside)]
    for package in (transformer_edu, transformer_edu_course):
        mounts.append((os.path.realpath(os.path.dirname(package.__file__)), f"/env/book/{package.__name__}"))
    return Inside(python, mounts, ["/env/book", *(f"/env/{place}" for place, _ in enumerate(outside))])


def bubblewrap_command(inside: Inside, *, as_root: bool) -> list[str]:
    """Write the command that builds the sandbox: nothing of the machine but Python, and that read-only.

    Raises: Blocked where bubblewrap is not installed.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise Blocked(cure("bwrap: not found"))
    command = [program, "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox", "--cap-drop", "ALL"]
    if as_root:
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    for folder in ("/usr", "/bin", "/lib", "/lib64", "/sbin"):
        if os.path.islink(folder):
            command += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            command += ["--ro-bind", folder, folder]
    command += ["--dir", "/etc", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--proc", "/proc"]
    command += ["--dev", "/dev", "--dev-bind", "/dev/null", "/dev/zero"]  # shared, /dev/zero is memory without a limit
    command += ["--perms", "1777", "--tmpfs", "/tmp"]  # for the fork server; each notebook gets its own over it
    for outside, place in inside.mounts:
        for parent in reversed(Path(place).parents[:-1]):
            command += ["--dir", str(parent)]  # what --ro-bind makes on its way is closed to other users
        command += ["--ro-bind", outside, place]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]


def clear_environment(inside: Inside, scratch: str) -> dict[str, str]:
    """Write the whole environment of a sandbox: nothing of the grader's own gets in."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": scratch,
        "TMPDIR": scratch,
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(inside.path),
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": scratch,
        "HF_HUB_OFFLINE": "1",
    }
