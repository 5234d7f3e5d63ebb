"""The same points in processes of this machine and on a cluster: the same answers, whatever ends on the way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from distributed import LocalCluster

from tests.studies import trial
from transformer_edu.studies import measure_all


def measure(run, tmp_path, *, settings=trial.SETTINGS, seeds=(0, 1), **others):
    return measure_all(
        "trial", run, settings=settings, seeds=seeds, unfinished=tmp_path / "u", folder=tmp_path, **others
    )


def calls(folder) -> list[int]:
    return sorted(int(line.split()[0]) for line in (folder / "calls").read_text().splitlines())


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1") as started:
        yield started


def test_two_processes_and_a_cluster_give_what_one_gives(tmp_path, cluster):
    alone, two, many = (
        measure(trial.run, tmp_path / name, **where).read_text()
        for name, where in (("alone", {}), ("two", {"jobs": 2}), ("many", {"dask": cluster.scheduler_address}))
    )
    assert alone == two == many
    assert alone.count('"threads": 1') == 5


@pytest.mark.parametrize("where", ["here", "cluster"])
def test_a_point_that_fails_is_named_and_the_others_are_kept(tmp_path, cluster, where):
    dask = {"here": None, "cluster": cluster.scheduler_address}[where]
    told = r"^1 of 4 runs of trial failed\. .*\n  size=2, kind=plain, seed=1: ArithmeticError: no number$"
    with pytest.raises(RuntimeError, match=told) as caught:
        measure(trial.fail, tmp_path, dask=dask)
    assert isinstance(caught.value.__cause__, ArithmeticError)
    assert len(list((tmp_path / "u").rglob("*.json"))) == 3 and not (tmp_path / "trial.json").exists()


def test_a_lost_worker_of_a_cluster_costs_nothing_but_its_point(tmp_path, cluster):
    setting = [{"folder": str(tmp_path)}]
    place = measure(trial.die_once, tmp_path, settings=setting, seeds=range(5), dask=cluster.scheduler_address)
    assert (tmp_path / "died").exists() and place.exists()
    assert set(calls(tmp_path)) == set(range(5)) and calls(tmp_path).count(1) == 1


def test_a_lost_process_is_told_and_the_same_command_goes_on(tmp_path):
    setting = [{"folder": str(tmp_path)}]
    with pytest.raises(RuntimeError, match=r"seed=1: BrokenProcessPool"):
        measure(trial.die_once, tmp_path, settings=setting, seeds=range(3), jobs=2)
    kept = len(list((tmp_path / "u").rglob("*.json")))
    before = len(calls(tmp_path)) if kept else 0
    measure(trial.die_once, tmp_path, settings=setting, seeds=range(3), jobs=1)
    assert len(calls(tmp_path)) - before == 3 - kept


def test_a_stopped_run_leaves_no_process_and_keeps_what_was_ready(tmp_path):
    code = (
        "from pathlib import Path; from tests.studies import trial; from transformer_edu.studies import measure_all\n"
        f"folder = Path({str(tmp_path)!r}); places = {{'unfinished': folder / 'u', 'folder': folder}}\n"
        "if __name__ == '__main__':\n"
        "    measure_all('trial', trial.wait, settings=[{'folder': str(folder)}], seeds=(0, 1), jobs=2, **places)\n"
    )
    script, told = tmp_path / "stopped.py", tmp_path / "calls"
    script.write_text(code, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    with subprocess.Popen([sys.executable, script], stderr=subprocess.PIPE, text=True, env=environment) as process:
        while not (told.exists() and len(calls(tmp_path)) == 2 and list(tmp_path.rglob("*seed=0.json"))):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        words = process.communicate()[1]
    assert process.returncode == 1 and "Stopped with 1 runs kept" in words
    for line in told.read_text().splitlines():
        with pytest.raises(ProcessLookupError):
            os.kill(int(line.split()[-1]), 0)


def test_a_cluster_that_cannot_be_used_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("transformer_edu.studies.workers.PATIENCE", 0.5)
    with pytest.raises(ConnectionError, match=r"^No Dask scheduler answers at tcp://127\.0\.0\.1:9 \("):
        measure(trial.run, tmp_path, dask="tcp://127.0.0.1:9")
    monkeypatch.undo()
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as wide,
        pytest.raises(ConnectionError, match=r"^A study needs Dask workers with one thread each; .* have \[2\]"),
    ):
        measure(trial.run, tmp_path, dask=wide.scheduler_address)


def test_without_dask_the_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConnectionError, match=r"needs the package distributed"):
        measure(trial.run, tmp_path, dask="tcp://127.0.0.1:9")
