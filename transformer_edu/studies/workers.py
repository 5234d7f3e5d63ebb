"""Where the points of a study run: here, in processes of this machine, or on a Dask cluster."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import Any

from transformer_edu.studies.point import Answer, Point, measure, text_of

PATIENCE = 10.0  # seconds in which a scheduler has to answer


def answers(
    run: Callable[..., dict[str, Any]], points: Sequence[Point], *, jobs: int = 1, dask: str | None = None
) -> Iterator[tuple[Point, Answer | BaseException]]:
    """Measure the points; yield each, as it is ready, with its answer or with what it raised.

    Raises: ConnectionError where a cluster cannot be used, or goes away.
    """
    text = text_of(run)
    if dask is None and jobs == 1:
        for point in points:
            yield point, _tried(run, point, text)
        return
    with _cluster(dask) if dask else _processes(jobs) as pool:
        under_way = {pool.submit(measure, run, point, text): point for point in points}
        for future in as_completed(under_way):
            point = under_way.pop(future)
            try:
                raised = future.exception()
            except CancelledError:
                raise ConnectionError(f"The Dask scheduler at {dask} is gone. The same command goes on.") from None
            yield point, future.result() if raised is None else raised


def _tried(run: Callable[..., dict[str, Any]], point: Point, text: str) -> Answer | Exception:
    try:
        return measure(run, point, text)
    except Exception as error:  # noqa: BLE001  one point that fails leaves the others their time
        return error


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    """Offer fresh processes (torch does not survive a fork); end them when the study is stopped."""
    before = set(active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_settle)
    try:
        yield pool
    except BaseException:
        for process in set(active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _settle() -> None:
    """Draw no bars in a process of many, and end at once when all are interrupted."""
    os.environ["TRANSFORMER_EDU_STATIC"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    """Offer a Dask cluster. Dask itself repeats what a lost worker had.

    The workers need this package, and one thread each: settings of torch hold for a whole process.

    Raises: ConnectionError where Dask is not installed, no scheduler answers, or its workers are not fit.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ConnectionError('--dask needs the package distributed. Type:\n    pip install "distributed"') from None
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ConnectionError(f"No Dask scheduler answers at {address} ({type(error).__name__}).") from None
    with client:
        threads = client.nthreads().values()
        if not threads or max(threads) > 1:
            raise ConnectionError(
                f"A study needs Dask workers with one thread each; those at {address} have {sorted(threads)}. Start "
                f"some: dask worker {address} --nthreads 1 --nworkers 4"
            )
        pool = client.get_executor(pure=False)
        try:
            yield pool
        finally:
            pool.shutdown(wait=False)  # what is under way is called off; when all is done, that is nothing
