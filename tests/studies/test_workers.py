"""The same points in processes of this machine and on a cluster: the same answers, whatever ends on the way."""

import sys
from collections.abc import Iterator
from multiprocessing import active_children

import pytest
from distributed import LocalCluster

from tests.studies import trial
from transformer_edu.studies import measure_all
from transformer_edu.studies.point import Answer, Point
from transformer_edu.studies.point import measure as point_of_a_study


def measure(run, tmp_path, *, settings=trial.SETTINGS, seeds=(0, 1), **others):
    return measure_all(
        "trial", run, settings=settings, seeds=seeds, unfinished=tmp_path / "u", folder=tmp_path, **others
    )


def calls(folder) -> list[int]:
    return sorted(int(line.split()[0]) for line in (folder / "calls").read_text().splitlines())


def processes(folder) -> set[int]:
    return {int(line.split()[-1]) for line in (folder / "calls").read_text().splitlines()}


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1") as started:
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


@pytest.mark.parametrize("where", ["processes", "cluster"])
def test_a_study_that_is_stopped_waits_for_nothing_and_leaves_no_process(tmp_path, cluster, monkeypatch, where):
    keep, places = Answer.keep, {"processes": {"jobs": 2}, "cluster": {"dask": cluster.scheduler_address}}

    def keep_and_stop(answer, file):
        keep(answer, file)
        raise KeyboardInterrupt

    monkeypatch.setattr(Answer, "keep", keep_and_stop)
    try:
        with pytest.raises(SystemExit, match=r"Stopped with 1 runs kept"):
            measure(trial.wait, tmp_path, settings=[{"folder": str(tmp_path)}], **places[where])
        if where == "processes":
            assert not {process.pid for process in active_children()} & processes(tmp_path)
    finally:
        (tmp_path / "end").touch()


def test_another_text_of_the_study_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match=r"^The study on .* differs from the one that was started: install it there"):
        point_of_a_study(trial.run, Point(trial.SETTINGS[0], 0), "0" * 8)


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
