"""Committed results can be found by their settings, and weights come back as they were, in float32."""

import json

import pytest
import torch
from safetensors.torch import save_file

from transformer_edu.studies import committed as results
from transformer_edu.studies import measured, measured_weights


@pytest.fixture
def folder(tmp_path, monkeypatch):
    runs = [
        {"size": 2, "seed": 1, "loss": 0.5},
        {"size": 2, "seed": 0, "loss": 0.4},
        {"size": 3, "seed": 0, "loss": 0.1},
    ]
    (tmp_path / "small.json").write_text(json.dumps({"made": {"threads": 1}, "runs": runs}), encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps({"made": {}, "runs": []}), encoding="utf-8")
    save_file({"weight": torch.tensor([1.5, -2.0], dtype=torch.float16)}, tmp_path / "net.safetensors")
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_runs_are_found_by_their_settings_in_the_order_of_seeds():
    found = measured("small")
    assert found.made == {"threads": 1} and len(found.runs) == 3
    assert [run["loss"] for run in found.where(size=2)] == [0.4, 0.5]
    assert [run["loss"] for run in found.where(size=2, seed=1)] == [0.5]
    assert [run["size"] for run in found.where()] == [2, 3, 2]
    assert found.where(size=4) == found.where(width=2) == []


@pytest.mark.usefixtures("folder")
def test_weights_come_back_in_float32():
    weights = measured_weights("net")
    assert list(weights) == ["weight"] and weights["weight"].dtype == torch.float32
    assert weights["weight"].tolist() == [1.5, -2.0]


@pytest.mark.usefixtures("folder")
def test_a_name_without_results_lists_those_that_there_are():
    with pytest.raises(
        ValueError, match=r"^measured needs a name with committed results \(other, small\), got name='net'\.$"
    ):
        measured("net")
    with pytest.raises(ValueError, match=r"\(net\), got name='small'\.$"):
        measured_weights("small")


def test_every_committed_file_can_be_read_and_is_small():
    names = sorted(path.stem for path in results.FOLDER.glob("*.json"))
    assert names
    for name in names:
        found = measured(name)
        assert found.runs and {"device", "threads", "torch", "seeds"} <= set(found.made), name
        assert {run["seed"] for run in found.runs} <= set(found.made["seeds"]), name
    for path in results.FOLDER.glob("*.safetensors"):
        assert path.stat().st_size <= 400_000, path.name
        assert all(torch.isfinite(tensor).all() for tensor in measured_weights(path.stem).values())
