"""Tensors in, a figure out: what is drawn is what came in, and what cannot be drawn is refused."""

import inspect
import json
import re
from html import unescape

import pytest
import torch

from transformer_edu.explorers.page import static_html
from transformer_edu.figures import attention_map, curves, matrix, source, table
from transformer_edu.figures.source import Source
from transformer_edu.softmax import entropy, softmax


def data_of(figure) -> dict:
    html = static_html(figure)
    assert html.count("<figure") == 1
    return json.loads(re.search(r'class="explorer-data">(.*?)</script>', html, re.S)[1])


def test_a_matrix_keeps_numbers_words_and_labels():
    numbers = torch.tensor([[0.25, 0.5, 0.0], [1.0, 0.125, 0.75]])
    figure = matrix(numbers, title="T", rows=["a", "b"], columns=["x", "y", "z"], row_label="r", number_format=".2f")
    panel, data = data_of(figure)["spec"]["panels"][0], data_of(figure)["arrays"]
    assert (panel["row_label"], panel["scale"], panel["domain"]) == ("r", "weights", [0.0, 1.0])
    assert data["rows"]["words"] == [["a", "b"]] and data["columns"]["words"] == [["x", "y", "z"]]
    assert torch.equal(figure.compute()["numbers"], numbers) and data["numbers"]["format"] == ".2f"
    assert "<td>1.00 0.13 0.75</td>" in static_html(figure)


def test_a_signed_matrix_is_drawn_from_its_largest_size():
    panel = data_of(matrix(torch.tensor([[-3.0, 1.0]]), title="T", rows="a", columns="xy", signed=True))["spec"]
    assert panel["panels"][0]["scale"] == "signed" and panel["panels"][0]["domain"] == [-3.0, 3.0]


def test_words_that_do_not_match_the_matrix_are_refused():
    with pytest.raises(ValueError, match=r"matrix needs one word a row and column \(2 × 1\), got shape=\(2, 3\)"):
        matrix(torch.zeros(2, 3), title="T", rows=["a", "b"], columns=["x"])


def test_an_attention_map_names_queries_and_keys():
    figure = attention_map(torch.eye(2), title="T", queries=["a", "b"])
    panel = data_of(figure)["spec"]["panels"][0]
    assert (panel["row_label"], panel["column_label"]) == ("query", "key")
    assert figure.compute()["columns"] == ["a", "b"]
    assert attention_map(torch.ones(1, 2), title="T", queries=["a"], keys=["x", "y"]).compute()["columns"] == ["x", "y"]


def test_curves_keep_their_lines_and_dash_theory():
    figure = curves([1, 2, 4], {"found": [3, 2, 1], "theory": [3, 3, 3]}, title="T", x_label="n", y_label="loss",
                    domain=(0, 4), x_log=True, dashed=["theory"])  # fmt: skip
    panel = data_of(figure)["spec"]["panels"][0]
    assert [series["dash"] for series in panel["series"]] == [False, True] and panel["x_log"] and not panel["y_log"]
    assert len({series["role"] for series in panel["series"]}) == 2
    arrays = figure.compute()
    assert arrays["x"].tolist() == [1, 2, 4] and arrays["line_1"].tolist() == [3, 2, 1]


def test_too_many_curves_and_curves_of_another_length_are_refused():
    settings = {"title": "T", "x_label": "n", "y_label": "y", "domain": (0, 1)}
    with pytest.raises(ValueError, match=r"curves needs at most 4 lines \(small multiples beyond\), got lines=5"):
        curves([1], {name: [0] for name in "abcde"}, **settings)
    with pytest.raises(ValueError, match=r"curves needs a value for each x \(2\), got line='b'"):
        curves([1, 2], {"a": [0, 1], "b": [0]}, **settings)


def test_source_of_a_method_begins_at_the_margin():
    text = repr(source(Source.__repr__, brief=True))
    assert text.startswith("def __repr__(self) -> str:\n    return")


def test_source_is_the_text_of_the_package_itself(monkeypatch):
    shown = source(softmax, entropy)
    assert repr(shown) == f"{inspect.getsource(softmax).rstrip()}\n\n{inspect.getsource(entropy).rstrip()}\n"
    monkeypatch.setenv("TRANSFORMER_EDU_STATIC", "0")
    assert shown._repr_html_().startswith("<style>")
    monkeypatch.setenv("TRANSFORMER_EDU_STATIC", "1")
    html = shown._repr_html_()
    assert html.startswith('<div class="te-source">')  # the book's own style sheet colors it
    text = unescape(re.sub("<[^>]+>", "", html))
    assert text.strip() == repr(shown).strip()


def test_a_table_writes_numbers_as_the_figures_do():
    shown = table({"a": [0.0625, -2], "b <": [torch.tensor(3.0), 40]}, columns=["x", "y"], number_format=".3f")
    assert shown.rows == [["a", "0.063", "−2.000"], ["b <", "3.000", "40.000"]]
    assert repr(shown).splitlines() == ["         x       y", "a    0.063  −2.000", "b <  3.000  40.000"]
    assert '<th scope="row">b &lt;</th><td>3.000</td><td>40.000</td>' in shown._repr_html_()


def test_a_table_leaves_words_as_they_are():
    assert table({"a": ["yes", 0.5]}, columns=["x", "y"], first="n").rows == [["a", "yes", "0.500"]]


def test_a_row_without_an_entry_for_each_column_is_refused():
    with pytest.raises(ValueError, match=r"table needs an entry a column \(2\), got row='a' with 1"):
        table({"a": [1]}, columns=["x", "y"])
