"""A study runs every setting with every seed, goes on where it stopped, and says on what it was measured."""

import json
import runpy

import pytest
import torch
from safetensors.torch import load_file

from tests.studies.trial import SETTINGS
from transformer_edu.studies import measure_all
from transformer_edu.studies.point import how_it_was_made, one_thread


class Run:
    """Count the calls; stop at one of them, as a reader who presses Ctrl-C."""

    def __init__(self, stop_at=None):
        self.calls, self.stop_at = [], stop_at

    def __call__(self, *, size, kind, seed):
        if len(self.calls) == self.stop_at:
            raise KeyboardInterrupt
        self.calls.append((size, seed))
        return {"loss": size + seed / 10}


def measure(run, tmp_path, **others):
    return measure_all(
        "trial", run, **{"settings": SETTINGS, "seeds": (0, 1)} | others, unfinished=tmp_path / "u", folder=tmp_path
    )


def test_every_setting_with_every_seed(tmp_path):
    run = Run()
    written = json.loads(measure(run, tmp_path).read_text(encoding="utf-8"))
    assert run.calls == [(2, 0), (2, 1), (3, 0), (3, 1)]
    assert written["runs"][3] == {"size": 3, "kind": "plain", "seed": 1, "loss": 3.1}
    with one_thread():
        assert written["made"].items() > how_it_was_made().items()
    assert written["made"]["seeds"] == [0, 1] and written["made"]["commit"]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["trial.json"]


def test_a_stopped_study_goes_on_where_it_was(tmp_path):
    with pytest.raises(SystemExit, match=r"Stopped with 3 runs kept in .*The same command goes on"):
        measure(Run(stop_at=3), tmp_path)
    assert not (tmp_path / "trial.json").exists()
    rest = Run()
    place = measure(rest, tmp_path)
    assert rest.calls == [(3, 1)]
    assert [run["loss"] for run in json.loads(place.read_text(encoding="utf-8"))["runs"]] == [2.0, 2.1, 3.0, 3.1]
    again = Run()
    measure(again, tmp_path, seeds=(0, 1, 2))
    assert again.calls == [(2, 2), (3, 2)]


def test_a_changed_study_starts_afresh(tmp_path):
    script, losses = tmp_path / "script.py", []
    for loss in (1, 1, 2):
        script.write_text(f"def run(*, seed):\n    return {{'loss': {loss}}}\n", encoding="utf-8")
        run = runpy.run_path(str(script))["run"]
        place = measure(run, tmp_path, settings=[{}], seeds=(0,))
        losses.append(json.loads(place.read_text(encoding="utf-8"))["runs"][0]["loss"])
    assert losses == [1, 1, 2]
    assert len(list((tmp_path / "u").iterdir())) == 2


def test_how_it_was_made():
    made = how_it_was_made()
    assert made["torch"] == torch.__version__
    assert made["threads"] == torch.get_num_threads() and made["device"]
    assert json.loads(json.dumps(made)) == made


def test_settings_must_differ(tmp_path):
    with pytest.raises(ValueError, match=r"^measure_all needs settings that differ \(each is one row\), got settings="):
        measure(Run(), tmp_path, settings=[{"size": 2, "kind": "plain"}] * 2)


@pytest.mark.parametrize("jobs", [0, -1])
def test_there_is_one_process_at_least(tmp_path, jobs):
    with pytest.raises(ValueError, match=rf"^measure_all needs jobs >= 1 \(they are processes\), got jobs={jobs}\.$"):
        measure(Run(), tmp_path, jobs=jobs)


def test_answers_from_two_machines_are_told(tmp_path):
    place = measure(Run(), tmp_path, settings=SETTINGS[:1])
    (first, _) = sorted((tmp_path / "u").rglob("*.json"))
    kept = json.loads(first.read_text(encoding="utf-8"))
    first.write_text(json.dumps(kept | {"made": kept["made"] | {"device": "abacus"}}), encoding="utf-8")
    measure(Run(), tmp_path, settings=SETTINGS[:1])
    made = json.loads(place.read_text(encoding="utf-8"))["made"]
    assert made["device"] == f"abacus; {how_it_was_made()['device']}" and made["threads"] == 1


def test_names_with_marks_of_their_own_make_files(tmp_path):
    run = Run()
    measure(run, tmp_path, settings=[{"size": 1, "kind": "a/b"}, {"size": 1, "kind": "a/../b: 1%"}])
    measure(Run(stop_at=0), tmp_path, settings=[{"size": 1, "kind": "a/b"}])
    assert len(run.calls) == 4


def test_weights_lie_beside_the_answers(tmp_path):
    class Trained(Run):
        def __call__(self, *, size, kind, seed):
            network = {"weight": torch.full((size,), 1.5 + seed).half()}
            more = {"weights": {f"net_{size}": network}} if seed == 0 else {}
            return super().__call__(size=size, kind=kind, seed=seed) | more

    with pytest.raises(SystemExit):
        measure(Trained(stop_at=3), tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))
    place = measure(Trained(), tmp_path)
    assert all("weights" not in run for run in json.loads(place.read_text(encoding="utf-8"))["runs"])
    assert load_file(tmp_path / "net_3.safetensors")["weight"].tolist() == [1.5] * 3
    assert sorted(path.name for path in tmp_path.glob("*.safetensors")) == ["net_2.safetensors", "net_3.safetensors"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"settings": [{"size": 1}, {"size": "1"}]}, r"^measure_all needs settings that differ .*'size': '1'\}\]\.$"),
        ({"seeds": (0, 1, 0)}, r"^measure_all needs seeds that differ .*got seeds=\[0, 1, 0\]\.$"),
    ],
)
def test_no_two_points_share_a_file(tmp_path, asked, message):
    with pytest.raises(ValueError, match=message):
        measure(Run(), tmp_path, **asked)
    assert not list(tmp_path.iterdir())
