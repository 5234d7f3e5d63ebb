"""Grade many notebooks on one machine: a few judges, each in a process of its own with a sandbox of its own."""

import ctypes
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

from transformer_edu_course.grading.grade import Exercises, grade, unreadable
from transformer_edu_course.grading.missing_sandbox import Blocked
from transformer_edu_course.grading.sandbox import Limits, Sandbox

TRIES = 2  # how often a notebook may end a judge that was busy with nothing else
PDEATHSIG = 1
MEMORY = 16 * 2**30  # bytes of addresses of one judge: far above what torch maps, far below what ends a machine
EXTRA = 60.0  # seconds that judging may take besides the notebook's own

_sandbox: Sandbox | None = None


class Job(NamedTuple):
    """One notebook to grade."""

    student: str
    name: str
    read: Callable[[], bytes]

    def load(self, exercises: Exercises) -> bytes | dict[str, Any]:
        """Read the notebook, or return the result of one that cannot be read."""
        try:
            return self.read()
        except ValueError as reason:
            return unreadable(exercises, str(reason), student=self.student, name=self.name)


class Setting(NamedTuple):
    """What all notebooks of a run share."""

    exercises: Exercises
    limits: Limits
    confined: bool


class Lost(NamedTuple):
    """Stand for the result of a notebook on which judges died."""

    reason: str


def failed_on(error: Exception) -> Lost:
    """Say that the grader failed, which must not stop the others of a class."""
    return Lost(f"The grader failed on this notebook ({type(error).__name__}: {error}). Look at it by hand.")


def run_local(jobs: Iterable[Job], setting: Setting, count: int) -> Iterator[tuple[Job, dict[str, Any] | Lost]]:
    """Grade with `count` processes and yield each result as it comes. A judge that dies is replaced."""
    waiting = iter(jobs)
    while True:
        suspects = yield from _until_broken(waiting, setting, count, ahead=2 * count)
        if not suspects:
            return
        yield from _one_by_one(suspects, setting)


def _one_by_one(suspects: list[Job], setting: Setting) -> Iterator[tuple[Job, dict[str, Any] | Lost]]:
    """Grade those among whom one may have ended a judge, each alone, so that the next death names it."""
    deaths: dict[Job, int] = {}
    while suspects:
        waiting = iter(suspects)
        broken = yield from _until_broken(waiting, setting, 1, ahead=1)
        for job in broken:
            deaths[job] = deaths.get(job, 0) + 1
            if deaths[job] == TRIES:
                yield job, Lost("The grader itself ended on this notebook, twice. Look at it by hand.")
        suspects = [job for job in broken if deaths[job] < TRIES] + list(waiting)


def _until_broken(
    waiting: Iterator[Job], setting: Setting, count: int, *, ahead: int
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Grade until nothing is left, or until a judge dies: then return the jobs that were under way."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(os.getpid(), setting))
    under_way: dict[Future, Job] = {}
    next_one: list[Job] = []
    try:
        while True:
            while len(under_way) < ahead and (job := next(waiting, None)) is not None:
                next_one = [job]  # a broken pool takes no work: this one must not be lost then
                content = job.load(setting.exercises)
                if isinstance(content, bytes):
                    under_way[pool.submit(_work, setting.exercises, content, job.student, job.name)] = job
                else:
                    yield job, content
                next_one = []
            if not under_way:
                return []
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                yield under_way.pop(future), result
    except BrokenProcessPool:
        return [*under_way.values(), *next_one]
    finally:
        _stop(pool)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the judges now: their sandboxes die with them."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


def _begin(driver: int, setting: Setting) -> None:
    """Prepare a judge: it dies with its driver, leaves Ctrl-C to it, and takes no more memory than it may need."""
    global _sandbox
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setresuid"):  # Linux
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    if os.getppid() != driver:
        os._exit(1)
    _sandbox = Sandbox(setting.limits, confined=setting.confined)


def _work(exercises: Exercises, content: bytes, student: str, name: str) -> dict[str, Any] | Lost:
    """Grade one notebook. Whatever it does to the judge, the others are graded: only a blocked sandbox stops all."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, _sandbox.limits.total + EXTRA)
    try:
        return grade(content, exercises, _sandbox, student=student, name=name)
    except Blocked:
        raise
    except Exception as error:  # noqa: BLE001  no notebook may stop a class
        return failed_on(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _too_long(*_: Any) -> None:
    raise TimeoutError("judging took too long")
