"""One declaration, two ways to show it: the grid of the book and the answers of a kernel hold the same numbers."""

import json
import re
import struct
from html.parser import HTMLParser
from pathlib import Path
from typing import TypedDict

import pytest
import torch

from transformer_edu.explorers.arrays import Shown, Words, declared_arrays
from transformer_edu.explorers.declaration import Explorer, Param, Pick, Prediction
from transformer_edu.explorers.grid import BudgetError, grid
from transformer_edu.explorers.live import LiveExplorer
from transformer_edu.explorers.page import check_page, static_html
from transformer_edu.explorers.panels import KINDS, Bars, Heatmap, Readout, Series, Sweep, Tokens


class Made(TypedDict):
    values: Shown["name", ".2f"]
    total: Shown[".3s"]
    names: Words
    unused: Shown["name", ".1f"]


def compute(*, size: int, shift: float, note: str = "a") -> Made:
    values = torch.arange(3.0) * size + shift
    return {"values": values, "total": values.sum(), "names": [f"</script>{note}", "b", "c"], "unused": torch.zeros(9)}


def declared(**changes) -> Explorer:
    settings = {
        "id": "try", "title": "A try", "compute": compute, "alt": "Sum {total} at size {size}.",
        "params": [Param(name="size", label="size", values=(1, 2, 4), start=2, live=(1, 2, 3, 4)),
                   Param(name="shift", label="shift", values=(0.0, 0.5), start=0.5)],
        "panels": [Bars(title="values", series=[Series("values", "v")], labels="names"),
                   Sweep(title="total", over="size", series=[Series("total", "t")], domain=(0, 10))],
        "readouts": [Readout("total", "total", pick=None), Readout("values", "one value", pick="place")],
        "picks": [Pick(name="place", label="place", of="names", start=1)],
    }  # fmt: skip
    return Explorer(**(settings | changes))


def test_a_panel_says_which_arrays_it_holds_and_over_which_knob():
    bars, sweep = declared().spec(live=False)["panels"]
    assert bars["arrays"] == ["values"] and "over" not in bars
    assert sweep["arrays"] == ["total"] and sweep["over"] == "size"


def test_each_kind_of_panel_is_named_by_its_file_and_has_a_drawing():
    drawn = {path.stem for path in (Path(__file__).parents[2] / "drawing" / "src" / "panels").glob("*.js")}
    assert {kind.kind for kind in KINDS.values()} == drawn
    assert [name.lower() for name in KINDS] == [kind.kind for kind in KINDS.values()]


def test_grid_holds_every_point_and_only_what_is_used():
    arrays = grid(declared())
    assert set(arrays) == {"values", "total", "names"}
    assert arrays["values"]["depends"] == [True, True] and arrays["names"]["depends"] == [False, False]


def test_too_many_points_are_refused():
    wide = Param(name="size", label="size", values=tuple(range(201)), start=0)
    with pytest.raises(BudgetError, match=r"try needs at most 400 grid points .* got 402"):
        grid(declared(params=[wide, declared().params[1]]))


def test_a_page_above_the_budget_is_refused():
    noise = "".join(
        chr(33 + b % 90) for b in torch.randint(0, 90, (220_000,), generator=torch.Generator().manual_seed(0))
    )
    page = f'<script type="application/json" class="explorer-data">{noise}</script>'
    with pytest.raises(BudgetError, match=r"check_page needs at most 150000 gzipped bytes .* got chapter="):
        check_page(page, "chapter")
    assert check_page("<p>no explorer</p>", "empty") == (0, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"readouts": [Readout("missing", "no such")]},
         r"try needs arrays that compute returns \(total, unused, values\) in its Readout, got name='missing'"),
        ({"readouts": [Readout("total", "t", then="names")]}, r"arrays .* in its Readout, got name='names'"),
        ({"readouts": [Readout("values", "v", pick="size")]}, r"picks that are declared \(place\) .* got name='size'"),
        ({"panels": [Bars(title="b", series=[Series("value", "v")])]}, r"arrays .* in its Bars, got name='value'"),
        ({"panels": [Bars(title="b", series=[Series("values", "v")], labels="words")]},
         r"words that compute returns \(names\) in its Bars, got name='words'"),
        ({"panels": [Bars(title="b", series=[Series("values", "v")], pick="row")]},
         r"knobs or picks that are declared \(place, shift, size\) in its Bars, got name='row'"),
        ({"panels": [Sweep(title="s", over="place", series=[Series("total", "t")], domain=(0, 1))]},
         r"knobs that are declared \(shift, size\) in its Sweep, got name='place'"),
        ({"panels": [Heatmap(title="h", array="values", columns="total")]},
         r"words that compute returns \(names\) in its Heatmap, got name='total'"),
        ({"panels": [Tokens(title="t", rows=[Series("names", "n")], strengths=["heat"])]},
         r"arrays .* in its Tokens, got name='heat'"),
        ({"picks": [Pick(name="place", label="place", of="values")]}, r"words .* in its Pick, got name='values'"),
    ],
)  # fmt: skip
def test_what_is_named_and_is_not_there_is_told_at_declaration(changes, message):
    with pytest.raises(ValueError, match=message):
        declared(**changes)


def test_an_answer_that_is_not_what_compute_declares_is_refused():
    def forgets(*, size, shift) -> Made:
        return {name: array for name, array in compute(size=size, shift=shift).items() if name != "total"}

    def adds(*, size, shift) -> Made:
        return compute(size=size, shift=shift) | {"more": torch.tensor(1.0)}

    with pytest.raises(ValueError, match=r"check_answer needs exactly the arrays .* got array='total' missing"):
        grid(declared(compute=forgets))
    with pytest.raises(ValueError, match=r"check_answer needs exactly the arrays .* got array='more' too much"):
        static_html(declared(compute=adds))


def test_a_compute_that_does_not_say_what_it_returns_is_refused():
    with pytest.raises(ValueError, match=r"declared_arrays needs a compute that says .* got None for compute=<lambda>"):
        declared(compute=lambda size, shift: {})

    class Unknown(TypedDict):
        total: float

    def counts() -> Unknown:
        return {"total": 1.0}

    with pytest.raises(ValueError, match=r"declared_array needs Shown\[…\] or Words .* got total=<class 'float'>"):
        declared_arrays(counts)


def test_a_number_format_that_is_none_is_refused_where_it_stands():
    with pytest.raises(ValueError, match=r"decimals needs a number format .* got number_format='query key'"):
        Shown["query key"]


def test_an_array_is_declared_once():
    found = declared_arrays(compute)
    assert found["values"].axes == ("name",) and found["values"].format == ".2f"
    assert found["total"].axes == () and found["names"] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": 3}, r"Param needs a start among its values .* got start=3"),
        ({"labels": ("one",)}, r"Param needs one label a value"),
    ],
)
def test_a_knob_that_cannot_work_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Param(**({"name": "n", "label": "n", "values": (1, 2), "start": 1} | changes))


def test_a_prediction_needs_a_right_answer_among_two_to_four():
    with pytest.raises(ValueError, match="Prediction needs two to four answers"):
        Prediction(question="?", answers=("only",), right=0, because="")
    with pytest.raises(ValueError, match="Prediction needs two to four answers"):
        Prediction(question="?", answers=("a", "b"), right=2, because="")


class Reader(HTMLParser):
    """Collects the tags and the data of a static figure."""

    def __init__(self):
        super().__init__()
        self.tags, self.text, self.data, self.inside = [], [], "", False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.inside = ("class", "explorer-data") in attrs

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.data += data
        else:
            self.text.append(data)


def test_static_figure_is_one_figure_with_data_and_a_table_for_readers_without_javascript():
    reader = Reader()
    reader.feed(static_html(declared()))
    assert reader.tags.count("figure") == 1 and reader.tags.count("script") == 1
    assert {"total", "7.50", "at size 2"} - {"at size 2"} <= set(reader.text)  # (0+2+4) + 3·0.5
    loaded = json.loads(reader.data)
    assert loaded["arrays"]["names"]["words"] == [["</script>a", "b", "c"]]
    assert [param["start"] for param in loaded["spec"]["params"]] == [1, 1]


def test_environment_decides_between_static_and_live(monkeypatch):
    monkeypatch.setenv("TRANSFORMER_EDU_STATIC", "1")
    assert "text/html" in declared()._repr_mimebundle_()
    monkeypatch.setenv("TRANSFORMER_EDU_STATIC", "0")
    data, _ = declared()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data and "text/html" not in data
    assert data["text/plain"] == "Explorer('try': A try). Run the cell to bring this figure to life."


def numbers(reply: dict, buffers: list[bytes], name: str) -> list[float]:
    data = buffers[reply[name]["buffer"]]
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def test_a_kernel_answers_with_the_same_numbers_and_its_own_stops():
    live = LiveExplorer(declared())
    assert live.spec["params"][0]["labels"] == ["1", "2", "3", "4"]
    reply, buffers = live.answer({"request": 5, "state": {"size": 2, "shift": 1}, "sweeps": ["size"]})
    assert reply["request"] == 5
    assert numbers(reply["arrays"], buffers, "values") == [0.5, 3.5, 6.5]
    assert numbers(reply["sweeps"]["size"], buffers, "total") == [4.5, 7.5, 10.5, 13.5]


def test_a_sweep_is_computed_only_when_it_is_asked_for():
    reply, _ = LiveExplorer(declared()).answer({"request": 1, "state": {"size": 0, "shift": 0}, "sweeps": []})
    assert reply["sweeps"] == {}


def test_text_reaches_compute_and_bad_text_is_told(monkeypatch):
    words = Param(name="note", label="note", values=("a",), start="a", text=True)
    live = LiveExplorer(declared(params=[*declared().params, words]))
    state = {"size": 0, "shift": 0, "note": "any <b>text</b>"}
    reply, _ = live.answer({"request": 1, "state": state, "sweeps": []})
    assert reply["arrays"]["names"]["words"][0] == "</script>any <b>text</b>"
    sent = []
    monkeypatch.setattr(live, "send", lambda message, buffers=None: sent.append(message))
    live.receive(live, {"request": 2, "state": state | {"note": "x" * 2001}, "sweeps": []}, [])
    assert sent[0]["request"] == 2 and re.search("note needs 1 to 2000 characters, got 2001", sent[0]["error"])


def test_a_failing_compute_tells_the_reader_and_the_next_request_works(monkeypatch):
    def fails(*, size, shift) -> Made:
        if size == 4:
            raise RuntimeError("out of room")
        return compute(size=size, shift=shift)

    live, sent = LiveExplorer(declared(compute=fails)), []
    monkeypatch.setattr(live, "send", lambda message, buffers=None: sent.append(message))
    for place in (3, 0):
        live.receive(live, {"request": place, "state": {"size": place, "shift": 0}, "sweeps": []}, [])
    assert sent[0] == {"request": 3, "error": "RuntimeError: out of room"} and "arrays" in sent[1]


def test_a_knob_with_one_stop_is_hidden_in_the_book_and_shown_in_a_kernel():
    explorer = declared(
        params=[Param(name="size", label="size", values=(2,), start=2, live=(1, 2)), declared().params[1]]
    )
    assert explorer.spec(live=False)["params"][0]["hidden"] and not explorer.spec(live=True)["params"][0]["hidden"]
