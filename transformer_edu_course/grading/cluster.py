"""Grade on many machines with Dask: the same function a task, the same files as the truth.

The workers need this package, bubblewrap and one thread each: `dask worker tcp://… --nthreads 1 --nworkers 4`.
"""

import socket
import threading
from asyncio import CancelledError
from collections.abc import Iterable, Iterator
from typing import Any

from transformer_edu_course import INSTALL
from transformer_edu_course.grading.grade import ENGINE, grade
from transformer_edu_course.grading.missing_sandbox import Blocked
from transformer_edu_course.grading.pool import Job, Lost, Setting, failed_on
from transformer_edu_course.grading.sandbox import Limits, Sandbox

AHEAD = 4  # tasks for each thread of the cluster: enough to keep it busy, few enough to hold in memory

_sandboxes: dict[tuple[Limits, bool], Sandbox] = {}
_one_at_a_time = threading.Lock()  # judging settles torch's own random numbers, which all threads share


def run_on_dask(jobs: Iterable[Job], setting: Setting, address: str) -> Iterator[tuple[Job, dict[str, Any] | Lost]]:
    """Grade on the cluster at `address` and yield each result as it comes. Dask itself repeats what a lost worker had.

    Raises: Blocked where Dask is not installed, no scheduler answers, or a worker has no working sandbox.
    """
    try:
        from distributed import Client, KilledWorker, as_completed
        from distributed.client import FutureCancelledError
        from distributed.comm import CommClosedError
    except ImportError:
        raise Blocked(f"--dask needs the package distributed. Type:\n    {INSTALL}") from None
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise Blocked(f"No Dask scheduler answers at {address} ({type(error).__name__}).") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise Blocked(f"The scheduler at {address} has no workers. Start some: dask worker {address} --nthreads 1")
        waiting, under_way = iter(jobs), {}
        tasks = as_completed()
        while True:
            while len(under_way) < AHEAD * threads and (job := next(waiting, None)) is not None:
                content = job.load(setting.exercises)
                if isinstance(content, bytes):
                    future = client.submit(work, ENGINE, setting, content, job.student, job.name, pure=False)
                    under_way[future.key] = job
                    tasks.add(future)
                else:
                    yield job, content
            if not under_way:
                return
            future = next(tasks)
            job = under_way.pop(future.key)
            try:
                yield job, future.result()
            except KilledWorker:
                yield job, Lost("Several workers ended on this notebook. Look at it by hand.")
            except (CancelledError, FutureCancelledError, CommClosedError):
                raise Blocked(f"The Dask scheduler at {address} is gone. The same command grades the rest.") from None


def work(engine: int, setting: Setting, content: bytes, student: str, name: str) -> dict[str, Any] | Lost:
    """Grade one notebook on a worker, in the sandbox that this worker keeps."""
    if engine != ENGINE:
        raise Blocked(f"The worker on {socket.gethostname()} has another version of transformer_edu than the driver.")
    key = (setting.limits, setting.confined)
    with _one_at_a_time:
        sandbox = _sandboxes.setdefault(key, Sandbox(setting.limits, confined=setting.confined))
        try:
            return grade(content, setting.exercises, sandbox, student=student, name=name)
        except Blocked as blocked:
            raise Blocked(f"On the worker {socket.gethostname()}:\n{blocked}") from None
        except Exception as error:  # noqa: BLE001  no notebook may stop a class
            return failed_on(error)
