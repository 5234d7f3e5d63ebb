"""Measure how fast submissions are graded, and what the grader's memory does; write benchmarks/grading.md.

    .venv/bin/transformer-edu exercises build attention && .venv/bin/python benchmarks/grading.py

The submissions are those of the instructor's pack: solved, empty, and each wrong and right answer that the source
notebook lists, in the real sandbox; to them come cells that exit, that crash and that break the file. "Start-up" is the
time until the first result. "Notebooks a second" counts what comes after it. Memory is that of all processes of the
grader together (proportional set size, private pages). Two loops that run into their time limit are told apart.
"""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "transformer_edu_course.command", "grade"]
TIMEOUT = 5


def with_cell(notebook: bytes, code: str) -> bytes:
    """Put a cell before all others."""
    content = json.loads(notebook)
    cell = {"cell_type": "code", "id": "extra", "metadata": {}, "execution_count": None, "outputs": [], "source": code}
    return json.dumps(content | {"cells": [cell, *content["cells"]]}).encode()


def submissions(samples: Path, count: int) -> list[bytes]:
    """Mix the samples with broken ones: every tenth exits, crashes, is cut off or raises."""
    whole = [path.read_bytes() for path in sorted(samples.glob("*.ipynb"))]
    bad = ["import os; os._exit(1)", "import ctypes; ctypes.string_at(0)", "raise SystemExit", "def f(:"]
    mixed = []
    for place in range(count):
        content = whole[place % len(whole)]
        if place % 10 == 9:
            content = with_cell(content, bad[place // 10 % 4]) if place % 20 == 9 else content[:-100]
        mixed.append(content)
    return mixed


def lay_out(folder: Path, contents: list[bytes]) -> None:
    """Write the submissions as files."""
    folder.mkdir()
    for place, content in enumerate(contents):
        (folder / f"s{place:05}.ipynb").write_bytes(content)


def resident(process: int) -> float:
    """Return the private memory of a process and all below it, in MB."""
    below = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True, check=False).stdout.split()
    own = 0.0
    with contextlib.suppress(OSError, StopIteration), open(f"/proc/{process}/smaps_rollup") as file:
        own = next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon:")) / 1024
    return own + sum(resident(int(child)) for child in below)


def measure(folder: Path, chapter: str, jobs: int) -> dict:
    """Grade a folder; note when results came, and the memory as they did."""
    arguments = [chapter, str(folder / "in"), "--out", str(folder / "out"), "--jobs", str(jobs)]
    began = time.time()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*COMMAND, *arguments, "--timeout", str(TIMEOUT)], cwd=ROOT, **quiet)
    memory: list[tuple[int, float]] = []
    results = folder / "out" / chapter / "results"

    def watch() -> None:
        while process.poll() is None:
            count = len(list(results.glob("[!.]*.json"))) if results.is_dir() else 0
            if count:
                memory.append((count, resident(process.pid)))
            time.sleep(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    watcher.join()
    times = sorted(path.stat().st_mtime for path in results.glob("*.json"))
    seconds = sorted(json.loads(path.read_text())["seconds"] for path in results.glob("*.json"))
    return {
        "count": len(times),
        "start": times[0] - began,
        "rate": (len(times) - 1) / (times[-1] - times[0]),
        "total": time.time() - began,
        "median": seconds[len(seconds) // 2],
        "slowest": seconds[-1],
        "memory": memory,
    }


def row(name: str, found: dict) -> str:
    """Write one line of the table."""
    early = [megabytes for count, megabytes in found["memory"] if count <= found["count"] // 4] or [0]
    late = [megabytes for count, megabytes in found["memory"] if count > 3 * found["count"] // 4] or [0]
    cells = [name, str(found["count"]), f"{found['start']:.1f}", f"{found['rate']:.1f}", f"{found['total']:.0f}"]
    cells += [f"{found['median']:.2f}", f"{sum(early) / len(early):.0f}", f"{sum(late) / len(late):.0f}"]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chapter", default="attention")
    parser.add_argument("--samples", type=Path, help="default: the instructor's pack")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "grading.md")
    options = parser.parse_args()
    samples = options.samples or ROOT / "_build" / "instructor" / options.chapter / "samples"
    loop = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    rows = []
    for name, contents in (
        ("200 mixed", submissions(samples, 200)),
        ("1,000 mixed", submissions(samples, 1000)),
        ("20, two of them loop", [*submissions(samples, 18), *(with_cell(submissions(samples, 2)[1], loop),) * 2]),
    ):
        with tempfile.TemporaryDirectory() as place:
            lay_out(Path(place) / "in", contents)
            rows.append(row(name, measure(Path(place), options.chapter, options.jobs)))
            print(rows[-1], flush=True)
    head = [
        "| submissions | graded | start-up, s | notebooks a second | whole run, s | one notebook, s (median) "
        "| memory, MB: first quarter | last quarter |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    where = (
        f"Chapter `{options.chapter}`, {options.jobs} judges on {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}; `--timeout {TIMEOUT}`."
    )
    options.out.write_text("\n".join([*head, *rows, "", where, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
