"""Dask hands the same function to many machines; the files stay the truth."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.course.grading.hostile import BEFORE, GOOD, WRONG, notebook
from tests.course.grading.test_batch import (  # noqa: F401
    BUSY,
    SOON,
    class_of,
    command,
    course,
    kept_in,
    results,
    run,
    wait_for,
)

pytestmark = pytest.mark.timeout(BUSY + 100)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """Start a Dask scheduler on this machine and return its address."""
    file = tmp_path / "scheduler.json"
    arguments = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    process = started(*arguments, "--scheduler-file", str(file))
    try:
        wait_for(lambda: address_in(file))
        yield address_in(file)
    finally:
        process.kill()
        process.wait()


def address_in(file: Path) -> str:
    """Return the address in a scheduler's file, or nothing while it is not written, or half written."""
    try:
        return json.loads(file.read_text())["address"]
    except (FileNotFoundError, ValueError):
        return ""


def started(*arguments: str) -> subprocess.Popen:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL)


def worker(address: str, folder: Path, name: str) -> subprocess.Popen:
    places = ["--no-dashboard", "--no-nanny", "--nthreads", "1", "--local-directory", str(folder / name)]
    return started("-m", "distributed.cli.dask_worker", address, *places)


def test_a_cluster_grades_a_mixed_class_and_survives_a_killed_worker_and_a_killed_driver(course, scheduler):  # noqa: F811
    files = class_of(16, ["import time; time.sleep(0.3)", *GOOD])
    files |= {f"h{place}": notebook([BEFORE[name][0], *GOOD]) for place, name in enumerate(("exits at once", "loops"))}
    folder = course(files | {"wrong": notebook(WRONG), "corrupt": b"{"})
    first, second = (worker(scheduler, folder, name) for name in ("first", "second"))
    try:
        to_grade = command(folder, "--dask", scheduler, *SOON)
        with subprocess.Popen(to_grade, cwd=folder, stderr=subprocess.DEVNULL) as driver:
            wait_for(lambda: len(results(folder)) >= 2)
            first.send_signal(signal.SIGKILL)
            wait_for(lambda: len(results(folder)) >= 5)
            driver.kill()
        kept = len(kept_in(folder))
        assert kept < 20
        done = run(folder, "--dask", scheduler, *SOON)
        assert f"({kept} of them before)" in done.stdout, done.stderr
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
    marks = {student: result["points"] for student, result in results(folder).items()}
    assert marks == dict.fromkeys(files, 10) | {"wrong": 0, "corrupt": 0}


def test_the_result_is_that_of_one_machine(course, scheduler):  # noqa: F811
    folder = course(class_of(2))
    run(folder, "--jobs", "1")
    alone = {student: result | {"seconds": 0} for student, result in results(folder).items()}
    (folder / "out").rename(folder / "alone")
    one = worker(scheduler, folder, "one")
    try:
        run(folder, "--dask", scheduler)
    finally:
        one.kill()
        one.wait()
    assert {student: result | {"seconds": 0} for student, result in results(folder).items()} == alone


def test_a_cluster_that_is_not_there_is_told(course, scheduler):  # noqa: F811
    folder = course(class_of(1))
    began = time.monotonic()
    done = run(folder, "--dask", "tcp://127.0.0.1:9")
    assert (done.returncode, "No Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr) == (3, True)
    assert time.monotonic() - began < 240
    done = run(folder, "--dask", scheduler)
    assert "has no workers. Start some: dask worker" in done.stderr
    assert results(folder) == {}
