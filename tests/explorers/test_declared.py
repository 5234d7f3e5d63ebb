"""What every declared explorer must keep: a pure `compute`, whole numbers, names that exist, lines that run."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import transformer_edu.explorers as explorers
from transformer_edu.explorers.declaration import Explorer
from transformer_edu.explorers.grid import MOST_POINTS, points, sizes, sweeps
from transformer_edu.explorers.live import LiveExplorer
from transformer_edu.explorers.numbers import number_text
from transformer_edu.explorers.packing import as_array, is_words, point_count
from transformer_edu.explorers.panels import Sweep

FOLDER = Path(explorers.__file__).parent
NAMES = list(explorers.FILES)
declared = pytest.mark.parametrize("name", NAMES)


def explorer_of(name: str) -> Explorer:
    return getattr(explorers, name)


def far(explorer: Explorer) -> dict:
    """Return the values of a point that is neither the start nor a corner where there is another."""
    return {param.name: param.values[len(param.values) // 3] for param in explorer.params}


@cache
def answers(name: str) -> tuple[dict, dict, dict]:
    """Compute at the start, far from it, and at the start once more."""
    explorer = explorer_of(name)
    start = explorer.start()
    return explorer.compute(**start), explorer.compute(**far(explorer)), explorer.compute(**start)


def same(left, right) -> bool:
    if is_words(left):
        return left == right
    return np.array_equal(as_array(left), as_array(right), equal_nan=True)


def test_every_file_declares_the_explorer_of_its_name():
    files = [path for path in FOLDER.glob("*/*.py") if path.stem != "__init__" and path.parent.name != "panels"]
    assert len(NAMES) == len(files)  # no name twice
    assert all(isinstance(explorer_of(name), Explorer) for name in NAMES)
    assert len({explorer_of(name).id for name in NAMES}) == len(NAMES)
    taken = {path.stem for path in FOLDER.glob("*.py")} | {path.parent.name for path in FOLDER.glob("*/__init__.py")}
    assert set(NAMES) & taken == set()  # importing a folder or a file would hide the explorer of its name


def test_importing_the_explorers_imports_nothing_heavy():
    command = (
        "import sys, transformer_edu.explorers as e; print({'torch', 'anywidget', 'safetensors'} & set(sys.modules))"
    )
    command += "; e.attention_by_hand; print('transformer_edu.minilm' in sys.modules, 'torch' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, timeout=120)
    assert printed.stdout.splitlines() == ["set()", "False True"]


@pytest.mark.parametrize(
    ("asked", "answer"), [("softmax_colapse", "softmax_collapse"), ("zyx", r"one of dir\(transformer_edu\.explorers\)")]
)
def test_a_name_that_is_not_there_is_answered_with_the_nearest(asked, answer):
    with pytest.raises(AttributeError, match=rf"has no '{asked}'. Did you mean {answer}"):
        getattr(explorers, asked)
    assert set(NAMES) <= set(dir(explorers))


@declared
def test_compute_is_pure(name):
    first, elsewhere, second = answers(name)
    assert all(same(first[key], second[key]) for key in first)
    assert not all(same(first[key], elsewhere[key]) for key in first)


@declared
def test_compute_leaves_the_shared_randomness_alone(name):
    before = torch.random.get_rng_state()
    explorer_of(name).compute(**explorer_of(name).start())
    assert torch.equal(before, torch.random.get_rng_state())


@declared
def test_numbers_are_finite_and_the_grid_is_small(name):
    explorer = explorer_of(name)
    assert point_count(sizes(explorer)) <= MOST_POINTS
    every = list(points(explorer))
    for _, values in every[:: max(1, len(every) // 12)]:
        for key, array in explorer.compute(**values).items():
            assert is_words(array) or np.isfinite(as_array(array)).all(), (key, values)


@declared
def test_compute_returns_what_it_declares(name):
    explorer = explorer_of(name)
    for answer in answers(name):
        assert set(answer) == set(explorer.arrays)
        for array, value in answer.items():
            declared_as = explorer.arrays[array]
            assert is_words(value) == (declared_as is None), array
            assert declared_as is None or len(declared_as.axes) == as_array(value).ndim, array


@declared
def test_every_read_out_can_be_written(name):
    explorer, (answer, _, _) = explorer_of(name), answers(name)
    for readout in explorer.readouts:
        for array in readout.arrays():
            assert number_text(float(as_array(answer[array]).ravel()[0]), explorer.format_of(array))
    for array in explorer.used_arrays():
        if not is_words(answer[array]):
            assert all(number_text(float(n), explorer.format_of(array)) for n in as_array(answer[array]).ravel()[:8])


@declared
def test_sweeps_are_single_numbers_over_knobs_that_turn(name):
    explorer, (answer, _, _) = explorer_of(name), answers(name)
    knobs = {param.name: param for param in explorer.params}
    for over, arrays in sweeps(explorer):
        assert len(knobs[over].values) > 1
        assert all(as_array(answer[array]).ndim == 0 for array in arrays)
    for panel in explorer.panels:
        if isinstance(panel, Sweep):
            stops = [value for value in knobs[panel.over].stops(live=True) if isinstance(value, (int, float))]
            assert stops == sorted(stops) and (not panel.x_log or stops[0] > 0)
            assert not panel.y_log or panel.domain[0] > 0


@declared
def test_words_picks_and_marks_name_what_exists(name):
    explorer, (answer, _, _) = explorer_of(name), answers(name)
    picks = {pick.name: pick for pick in explorer.picks}
    for pick in picks.values():
        assert pick.start in range(len(answer[pick.of]))
    for panel in explorer.panels:
        for words, array, axis in panel.names():
            assert as_array(answer[array]).shape[axis] == len(answer[words])
    for readout in explorer.readouts:
        wanted = len(answer[picks[readout.pick].of]) if readout.pick else None
        assert all(as_array(answer[array]).shape == ((wanted,) if wanted else ()) for array in readout.arrays())


@declared
def test_the_description_names_knobs_and_single_numbers(name):
    explorer, (answer, _, _) = explorer_of(name), answers(name)
    knobs = {param.name for param in explorer.params}
    for word in re.findall(r"\{(\w+)\}", explorer.alt):
        assert word in knobs or as_array(answer[word]).ndim == 0, word
    assert set(re.findall(r"\{(\w+)\}", explorer.code)) <= knobs


@declared
@pytest.mark.parametrize("place", ["start", "far"])
def test_the_lines_of_code_give_an_array_of_compute(name, place):
    explorer = explorer_of(name)
    values = explorer.start() if place == "start" else far(explorer)
    lines = explorer.code
    for _ in range(2):  # the code of a stop may hold the name of another knob
        for param in explorer.params:
            code = param.stop_codes(live=False)[list(param.values).index(values[param.name])]
            lines = lines.replace(f"{{{param.name}}}", code)
    *body, last = ast.parse(lines).body
    space: dict = {}
    exec(compile(ast.Module(body, []), "code", "exec"), space)
    result = eval(compile(ast.Expression(last.value), "code", "eval"), space)
    answer = [as_array(array) for array in answers(name)[place == "far"].values() if not is_words(array)]
    for part in result if isinstance(result, tuple) else [result]:
        found = as_array(part)
        near = [np.isclose(found.ravel(), a.ravel(), rtol=1e-5).all() for a in answer if a.size == found.size]
        assert any(near), lines


@declared
def test_a_kernel_offers_what_the_book_offers_and_computes_the_same(name):
    explorer = explorer_of(name)
    book, live = explorer.spec(live=False), LiveExplorer(explorer)
    for inside, outside, param in zip(book["params"], live.spec["params"], explorer.params, strict=True):
        assert len(outside["labels"]) == len(outside["codes"]) == len(outside["values"])
        assert outside["labels"][outside["start"]] == inside["labels"][inside["start"]]
        assert param.stops(live=True)[outside["start"]] == param.start
    assert {key: book[key] for key in book if key != "params"} == {
        key: live.spec[key] for key in live.spec if key != "params"
    }
    state = {param["name"]: param["start"] for param in live.spec["params"]}
    reply, buffers = live.answer({"request": "a", "state": state, "sweeps": []})
    for array, meta in reply["arrays"].items():
        wanted = answers(name)[0][array]
        if is_words(wanted):
            assert meta["words"] == list(wanted)
        else:
            data = np.frombuffer(buffers[meta["buffer"]], "<f4")
            np.testing.assert_allclose(data, as_array(wanted).ravel(), rtol=1e-6)
            assert meta["shape"] == list(as_array(wanted).shape)


@declared
def test_a_prediction_is_asked(name):
    assert explorer_of(name).prediction is not None and explorer_of(name).note
