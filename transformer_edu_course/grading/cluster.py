"""Grade on many machines with Dask: the same function a task, the same files as the truth.

The workers need this package, bubblewrap and one thread each: `dask worker tcp://… --nthreads 1 --nworkers 4`.
"""

import socket
import threading
from asyncio import CancelledError
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from transformer_edu_course import INSTALL
from transformer_edu_course.grading.exercises import ENGINE
from transformer_edu_course.grading.grade import grade
from transformer_edu_course.grading.handing_out import Lost, Outcome, Setting, failed_on, read_content
from transformer_edu_course.grading.missing_sandbox import Blocked
from transformer_edu_course.grading.sandbox import Limits, Sandbox
from transformer_edu_course.grading.submissions import Submission

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 4  # tasks for each thread of the cluster: enough to keep it busy, few enough to hold in memory

_sandboxes: dict[tuple[Limits, bool], Sandbox] = {}
_one_at_a_time = threading.Lock()  # judging settles torch's own random numbers, which all threads share


def run_on_dask(found: Iterable[Submission], setting: Setting, address: str) -> Iterator[tuple[Submission, Outcome]]:
    """Grade on the cluster at `address` and yield each result as it comes. Dask itself repeats what a lost worker had.

    Raises: Blocked where Dask is not installed, no scheduler answers, or a worker has no working sandbox.
    """
    with _client(address) as client:
        if not client.nthreads():
            raise Blocked(f"The scheduler at {address} has no workers. Start some: dask worker {address} --nthreads 1")
        yield from _graded(found, setting, client, address)


def _client(address: str) -> "Client":
    """Find the scheduler. Raises: Blocked."""
    try:
        from distributed import Client
    except ImportError:
        raise Blocked(f"--dask needs the package distributed. Type:\n    {INSTALL}") from None
    try:
        return Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise Blocked(f"No Dask scheduler answers at {address} ({type(error).__name__}).") from None


def _graded(
    found: Iterable[Submission], setting: Setting, client: "Client", address: str
) -> Iterator[tuple[Submission, Outcome]]:
    """Keep a few tasks for each thread under way, and yield what comes back."""
    from distributed import as_completed

    waiting, under_way, tasks = iter(found), {}, as_completed()
    most = AHEAD * sum(client.nthreads().values())
    while True:
        while len(under_way) < most and (one := next(waiting, None)) is not None:
            content = read_content(one, setting.exercises)
            if isinstance(content, bytes):
                future = client.submit(work, ENGINE, setting, content, one.student, one.name, pure=False)
                under_way[future.key] = one
                tasks.add(future)
            else:
                yield one, content
        if not under_way:
            return
        future = next(tasks)
        yield under_way.pop(future.key), _outcome(future, address)


def _outcome(future: "Future", address: str) -> Outcome:
    """Take what a worker found. Raises: Blocked where the scheduler is gone, or a worker has no working sandbox."""
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError
    from distributed.comm import CommClosedError

    try:
        return future.result()
    except KilledWorker:
        return Lost("Several workers ended on this notebook. Look at it by hand.")
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
