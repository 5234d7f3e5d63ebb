"""Studies are found by walking, and one command runs each."""

import inspect
import json

import pytest

from transformer_edu.studies import __main__ as command
from transformer_edu.studies import measured


def test_every_study_has_the_form_and_is_listed(capsys):
    command.main([])
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == command.names() and "delay_copy" in command.names()
    for name, line in zip(command.names(), listed, strict=True):
        study = command._study(name)
        assert line.endswith("?"), "a study is a question"
        assert f"    python -m transformer_edu.studies {name}\n" in study.__doc__
        asked = inspect.signature(study.run).parameters
        assert set(asked) - {"seed"} <= set(study.SETTINGS[0]) and len(set(study.SEEDS)) == len(study.SEEDS) >= 3


def test_committed_results_are_those_of_the_settings():
    for name in command.names():
        study, found = command._study(name), measured(name)
        for setting in study.SETTINGS:
            assert [run["seed"] for run in found.where(**setting)] == list(study.SEEDS), (name, setting)
        assert len(found.runs) == len(study.SETTINGS) * len(study.SEEDS)


def test_the_command_runs_a_study_with_other_seeds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    study = command._study("delay_copy")
    monkeypatch.setattr(study, "SETTINGS", study.SETTINGS[:1])
    monkeypatch.setattr(study, "run", lambda *, delay, every, frozen, seed: {"seen": [delay, every, frozen]})
    command.main(["delay_copy", "--seeds", "5", "7", "--out", "kept"])
    assert "Written: " in capsys.readouterr().out
    runs = json.loads((tmp_path / "kept" / "delay_copy.json").read_text(encoding="utf-8"))["runs"]
    assert [run["seed"] for run in runs] == [5, 7] and runs[0]["seen"] == [1, 1, False]
    assert len(list((tmp_path / "_build" / "studies").rglob("*.json"))) == 2


@pytest.mark.parametrize(("name", "told"), [("delay_cpy", "did you mean delay_copy"), ("zzz", "there are: ")])
def test_a_wrong_name_is_told(name, told):
    with pytest.raises(SystemExit, match=f"^There is no study '{name}'; {told}"):
        command.main([name])


def test_other_seeds_do_not_overwrite_what_the_book_shows(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "measure_all", lambda *_, **asked: asked["folder"])
    with pytest.raises(SystemExit, match=r"^Other seeds than \(0, 1, 2\) would overwrite .* Say where with --out\.$"):
        command.main(["delay_copy", "--seeds", "9"])
    command.main(["delay_copy", "--seeds", "0", "1", "2"])
    command.main(["delay_copy", "--seeds", "9", "--out", str(tmp_path)])
