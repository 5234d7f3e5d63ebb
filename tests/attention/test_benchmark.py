"""The benchmark compares what computes the same, and its committed table keeps the promise: at most 1.15 of torch's."""

import importlib.util
import re
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark():
    described = importlib.util.spec_from_file_location("benchmark_attention", FOLDER / "attention.py")
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


@pytest.mark.parametrize("pair", ["attention_pair", "layer_pair"])
def test_the_paths_compute_the_same_and_a_wrong_one_is_refused(benchmark, pair):
    paths, _ = getattr(benchmark, pair)("cpu")
    tokens = torch.randn(1, 6, benchmark.DIM, generator=torch.Generator().manual_seed(0))
    benchmark.check(paths, tokens)
    with pytest.raises(AssertionError, match="not close"):
        benchmark.check(paths | {"fused": lambda tokens: paths["fused"](tokens) + 0.01}, tokens)


def test_turns_give_ratios(benchmark):
    paths, _ = benchmark.attention_pair("cpu")
    found = benchmark.ratios(paths, torch.zeros(1, 4, benchmark.DIM), backward=True, turns=3, patience=9.0)
    assert [len(times) for times in found.values()] == [3, 3, 3]
    assert all(value > 0 for times in found.values() for value in times)
    assert benchmark.spread([1.0, 2.0, 3.0]) == "2.00 (1.00–3.00)"


def test_the_table_keeps_the_promise(benchmark):
    rows = [
        line.split("|")[1:-1] for line in (FOLDER / "attention.md").read_text("utf-8").splitlines()[2:] if "|" in line
    ]
    assert [(row[0].strip(), int(row[1])) for row in rows] == [
        (what, length) for what in ("attention", "encoder layer") for length in benchmark.LENGTHS
    ]
    for row in rows:
        fused, transparent = [
            [float(re.match(r" ([\d.]+) \(", row[i])[1]) for i in places] for places in ((3, 6), (4, 7))
        ]
        assert max(fused) <= 1.15, row
        assert min(transparent) > 1, row  # showing the weights costs something at every length
