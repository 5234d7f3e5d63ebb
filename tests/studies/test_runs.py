"""An experiment runs every setting with every seed, goes on where it stopped, and says on what it was measured."""

import json
import runpy

import pytest
import torch

from transformer_edu.studies import measure_all
from transformer_edu.studies.runs import how_it_was_made

SETTINGS = ({"size": 2, "kind": "plain"}, {"size": 3, "kind": "plain"})


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
    assert written["made"] == how_it_was_made((0, 1))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["trial.json"]


def test_a_stopped_experiment_goes_on_where_it_was(tmp_path):
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


def test_a_changed_script_starts_afresh(tmp_path):
    script, losses = tmp_path / "script.py", []
    for loss in (1, 1, 2):
        script.write_text(f"def run(*, seed):\n    return {{'loss': {loss}}}\n", encoding="utf-8")
        run = runpy.run_path(str(script))["run"]
        place = measure(run, tmp_path, settings=[{}], seeds=(0,))
        losses.append(json.loads(place.read_text(encoding="utf-8"))["runs"][0]["loss"])
    assert losses == [1, 1, 2]
    assert len(list((tmp_path / "u").iterdir())) == 2


def test_how_it_was_made():
    made = how_it_was_made((0, 2))
    assert made["seeds"] == [0, 2] and made["torch"] == torch.__version__
    assert made["threads"] == torch.get_num_threads() and made["device"]
    assert json.loads(json.dumps(made)) == made


def test_settings_must_differ(tmp_path):
    with pytest.raises(ValueError, match=r"^measure_all needs settings that differ \(each is one row\), got settings="):
        measure(Run(), tmp_path, settings=[{"size": 2, "kind": "plain"}] * 2)
