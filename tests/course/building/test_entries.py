"""Percent format and notebook hold the same cells, byte for byte, also where a text looks like the format itself."""

import jupytext
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from transformer_edu_course.building.entries import SourceError, read_entries

AS_TEXT = {"extension": ".py", "format_name": "percent", "comment_magics": False}
MAKE = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
CODE = {
    "magics": "%pip install x\n!ls\nx = 1",
    "a magic for a cell": "%%time\nx = 1",
    "a magic as a comment": "# %matplotlib inline\nx = 1",
    "a help line": "x?\ny = ?x",
    "markers in a string": 'text = """\n# %%\nno cell\n# %% [markdown] tags=["hint:q1"]\nno text\n"""\nx = 1',
    "blank lines": "\n\nleading = 1\n\n\n\nmiddle = 2",
    "a blank end": "x = 1\n\n\n",
    "spaces": "x = 1   \n\ny = 2  \n    z = 3\n\tt = 4",
    "backslashes and quotes": "a = '\\n\\\\ \\'' + \"\\\"\"  # \\",
    "nothing": "",
    "comments only": "# a comment\n#another\n## third",
    "definitions": "def f():\n    return 1\n\n\nclass A:\n    pass",
    "other formats": '# +  tags=["a"]\nx = 1\n# -\n# region\ny = 2\n# endregion',
    "headers": "# ---\n# a: b\n# ---\n#!/usr/bin/env python\n# -*- coding: latin-1 -*-",
    "other letters": "é = 'ß – ∑ √d 🎉 ✔ “quoted” \\u2028'",
}
TEXT = {
    "a title": '# Title "quoted"\n\ntext\n## Second',
    "nothing": "",
    "code": "```python\nx = 1\n# %% no cell\n```\n\nafter",
    "percents in a fence": "```mermaid\n%% no cell\n```",
    "formulas": "$$\n\\frac{1}{2}\n$$ and $\\alpha_{i}\\ \\\\$",
    "blank lines": "\n\nleading\n\n\n\nmiddle",
    "spaces": "two spaces  \nbreak it\n\n    indented\n\ttab",
    "string marks": "'''\na \"\"\" b",
    "comment marks": "#tag\n # spaced\n##",
    "lists of TOML": 'title = "A \\"title\\""\nmine = [1, 2]\n\n[answers]\nx = "number"',
    "front matter": "---\nx: 1\n---",
    "other letters": "é ß – ∑ √d 🎉 ✔ “quoted”",
}
CASES = [("code", name, text) for name, text in CODE.items()]
CASES += [(kind, name, text) for kind in ("markdown", "raw") for name, text in TEXT.items()]


def written(tmp_path, cells, text: str | None = None):
    """Write a notebook and the text that jupytext makes of it (or another text); return both paths."""
    ours = {"notebook_metadata_filter": "-all", "cell_metadata_filter": "tags,-all"}
    notebook = new_notebook(cells=cells, metadata={"jupytext": ours})
    paths = tmp_path / "made.ipynb", tmp_path / "made.py"
    paths[0].write_text(nbformat.writes(notebook), encoding="utf-8")
    paths[1].write_text(text or jupytext.writes(notebook, fmt=AS_TEXT), encoding="utf-8")
    return paths


@pytest.mark.parametrize(("kind", "name", "text"), CASES, ids=[f"{kind}: {name}" for kind, name, _ in CASES])
def test_a_text_goes_there_and_back(kind, name, text, tmp_path):
    """Between two ordinary cells; what stands in a string or in a fence begins no cell and moves no line."""
    cells = [
        MAKE["raw"]("title = 1", metadata={"tags": ["card:q1"]}),
        MAKE[kind](text, metadata={"tags": ["x:q1", "y"]}),
        MAKE["code"]("last = 1", metadata={"tags": ["setup"]}),
    ]
    notebook, percent = (read_entries(path, "made") for path in written(tmp_path, cells))
    want = [("raw", ["card:q1"], "title = 1"), (kind, ["x:q1", "y"], text), ("code", ["setup"], "last = 1")]
    assert [(entry.kind, entry.tags, entry.text.rstrip("\n")) for entry in percent] == [
        (kind, tags, text.rstrip("\n")) for kind, tags, text in want
    ]
    assert [(entry.kind, entry.tags, entry.text) for entry in notebook] == want
    lines = (tmp_path / "made.py").read_text(encoding="utf-8").splitlines()
    assert [entry.line for entry in percent] == [1, 4, len(lines) - 1]
    assert [entry.where for entry in notebook] == ["made, cell 1", "made, cell 2", "made, cell 3"]


def test_the_last_line_of_a_file_belongs_to_its_cell(tmp_path):
    _, percent = written(tmp_path, [], '# %% tags=["setup"]\nx = 1\n\n# %% [markdown] tags=["hint:q1"]\n# no end')
    assert [entry.text for entry in read_entries(percent, "made")] == ["x = 1", "no end"]


@pytest.mark.parametrize(
    "header", ["# a license\n\n", "# ---\n# jupyter:\n#   jupytext:\n#     comment_magics: false\n# ---\n\n", "\n\n"]
)
def test_lines_count_from_the_top_of_the_file(header, tmp_path):
    """Editors put a header there, people a comment: that is a cell without a tag, which the build refuses."""
    _, percent = written(tmp_path, [], header + '# %% tags=["setup"]\nx = 1\n\n# %% tags=["answer:q1"]\ny = 2\n')
    entries = [(entry.line, entry.text) for entry in read_entries(percent, "made") if entry.text]
    first = header.count("\n") + 1
    comment = [(1, "# a license")] if header.startswith("# a") else []
    assert entries == [*comment, (first, "x = 1"), (first + 3, "y = 2")]


@pytest.mark.parametrize(
    "line",
    [
        "# %%[markdown] tags=['hint:q1']",
        "# %%tags=['hint:q1']",
        "# %% tags=[hint:q1]",
        "# %% [markdown] tags=['hint:q1'",
        '# %% tags="hint:q1"',
        "#%% tags=[1]",
    ],
)
def test_a_line_that_was_meant_to_begin_a_cell_is_told(line, tmp_path):
    _, percent = written(tmp_path, [], f'# %% tags=["setup"]\nx = 1\n\n{line}\n# y\n')
    with pytest.raises(SourceError) as caught:
        read_entries(percent, "exercises/made.py")
    assert str(caught.value).startswith(f"exercises/made.py, line 4: cannot read {line!r}. Begin a cell with a line")
