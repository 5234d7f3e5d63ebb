"""Grade many notebooks on one machine: a few judges, each in a process of its own with a sandbox of its own."""

import ctypes
import multiprocessing
import os
import resource
import signal
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from transformer_edu_course.grading.exercises import Exercises
from transformer_edu_course.grading.grade import grade
from transformer_edu_course.grading.handing_out import Lost, Outcome, Setting, failed_on, read_content
from transformer_edu_course.grading.missing_sandbox import Blocked
from transformer_edu_course.grading.sandbox import Sandbox
from transformer_edu_course.grading.submissions import Submission

TRIES = 2  # how often a notebook may end a judge that was busy with nothing else
PDEATHSIG = 1
MEMORY = 16 * 2**30  # bytes of addresses of one judge: far above what torch maps, far below what ends a machine
EXTRA = 60.0  # seconds that judging may take besides the notebook's own

_sandbox: Sandbox | None = None


def run_local(found: Iterable[Submission], setting: Setting, count: int) -> Iterator[tuple[Submission, Outcome]]:
    """Grade with `count` processes and yield each result as it comes. A judge that dies is replaced."""
    waiting = iter(found)
    while True:
        suspects = yield from _until_broken(waiting, setting, count, ahead=2 * count)
        if not suspects:
            return
        yield from _one_by_one(suspects, setting)


def _one_by_one(suspects: list[Submission], setting: Setting) -> Iterator[tuple[Submission, Outcome]]:
    """Grade those among whom one may have ended a judge, each alone, so that the next death names it."""
    deaths: Counter[Submission] = Counter()
    while suspects:
        waiting = iter(suspects)
        broken = yield from _until_broken(waiting, setting, 1, ahead=1)
        for one in broken:
            deaths[one] += 1
            if deaths[one] == TRIES:
                yield one, Lost("The grader itself ended on this notebook, twice. Look at it by hand.")
        suspects = [one for one in broken if deaths[one] < TRIES] + list(waiting)


def _until_broken(
    waiting: Iterator[Submission], setting: Setting, count: int, *, ahead: int
) -> Generator[tuple[Submission, Outcome], None, list[Submission]]:
    """Grade until nothing is left, or until a judge dies: then return the submissions that were under way."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(os.getpid(), setting))
    under_way: dict[Future, Submission] = {}
    next_one: list[Submission] = []
    try:
        while True:
            while len(under_way) < ahead and (one := next(waiting, None)) is not None:
                next_one = [one]  # a broken pool takes no work: this one must not be lost then
                content = read_content(one, setting.exercises)
                if isinstance(content, bytes):
                    under_way[pool.submit(_work, setting.exercises, content, one.student, one.name)] = one
                else:
                    yield one, content
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


def _work(exercises: Exercises, content: bytes, student: str, name: str) -> Outcome:
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
