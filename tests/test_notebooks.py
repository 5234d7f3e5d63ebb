"""A notebook is a page, a Colab document and a source file at once. These rules keep it all three.

Each rule is a function from a notebook to a list of violations, and is shown a wrong example first.
"""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

from tools.first_cell import FIND, first_cell, repository_address
from tools.plan import read_plan
from tools.write_lists import notebooks

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
LONGEST_CELL = 12
WORDS_PER_LINE = 5
EXERCISES = 4
HTML_ALLOWED = {"details", "summary"}
PARTS = {
    "a prediction (a quotation that starts with **Predict.**)": r"^> \*\*Predict\b",
    "a heading Summary": r"^#{2,3} .*\bsummary\b",
    "a heading Limits": r"^#{2,3} .*\blimits\b",
    "a heading References": r"^#{2,3} .*\breferences\b",
}
MYST = {
    "a directive": r"^\s*(?:`{3,}|~{3,}|:{3,})\s*\{",
    "a colon fence": r"^\s*:{3,}",
    "a role": r"(?<!`)\{[A-Za-z][\w:+.-]*\}`(?=[^`\s])",
    "a label": r"^\([\w:.-]+\)=\s*$",
    "a comment": r"^% ",
    "a block break": r"^\+\+\+",
    "a substitution": r"\{\{.*?\}\}",
    "front matter": r"\A---\n",
    "a formula with a label": r"\$\$ *\([\w:.-]+\) *$",
}


def source(cell: dict) -> str:
    return "".join(cell["source"])


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def markdown(notebook: dict) -> list[str]:
    return [source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]


def prose(text: str) -> str:
    """Return Markdown without its code and formulas, with as many lines."""

    def blank(match: re.Match) -> str:
        return "\n" * match[0].count("\n")

    text = re.sub(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1", blank, text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$", blank, text, flags=re.DOTALL)
    return re.sub(r"(`+)[^`].*?\1|\$[^$\n]+\$", "code", text)


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def may_define(cell: dict) -> bool:
    return any(name.startswith(("exercise", "answer")) for name in [cell.get("id", ""), *tags(cell)])


def begins(cell: dict) -> str:
    return repr((source(cell).strip().splitlines() or [""])[0][:60])


# The rules for every notebook ----------------------------------------------------------------------------------------


def outputs_are_stripped(notebook: dict) -> list[str]:
    wrong = [
        f"{begins(cell)} keeps its output: run .venv/bin/nbstripout --keep-id book/*.ipynb book/*/*.ipynb"
        for cell in code_cells(notebook)
        if cell["outputs"] or cell["execution_count"] is not None
    ]
    return wrong + (["the notebook keeps the state of its widgets"] if "widgets" in notebook["metadata"] else [])


def kernel_is_python(notebook: dict) -> list[str]:
    """Colab and Jupyter start the kernel that the notebook names."""
    name = notebook["metadata"].get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"the kernel is {name!r}, not 'python3'"]


def first_cell_is_written(notebook: dict, line: str) -> list[str]:
    """The first cell, and no other, makes the package available, with the address of _config.yml."""
    cells = notebook["cells"]
    good = cells and cells[0]["cell_type"] == "code" and source(cells[0]) == line
    wrong = [] if good else ["the first cell is not the one of _config.yml: run make html, which writes it"]
    return wrong + [f"{begins(cell)} stands twice" for cell in cells[1:] if source(cell).startswith(FIND)]


def code_cells_are_short(notebook: dict) -> list[str]:
    return [
        f"{begins(cell)} has {lines} lines, more than {LONGEST_CELL}"
        for cell in code_cells(notebook)
        if (lines := len(source(cell).strip().splitlines())) > LONGEST_CELL
    ]


def definitions_live_in_the_package(notebook: dict) -> list[str]:
    """No def or class outside the cells of exercises."""
    wrong = []
    for cell in code_cells(notebook):
        text = re.sub(r"^\s*[%!].*$", "pass", source(cell), flags=re.MULTILINE)
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        names = [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
        if names and not may_define(cell):
            wrong.append(f"{begins(cell)} defines {', '.join(names)}: move it to the package, or tag the cell exercise")
    return wrong


def prose_outweighs_code(notebook: dict) -> list[str]:
    """At least five words of prose to a line of code; the first cell does not count."""
    cells = [cell for cell in code_cells(notebook) if not source(cell).startswith(FIND)]
    lines = sum(1 for cell in cells for line in source(cell).splitlines() if line.strip())
    text = re.sub(r"<[^>]+>", " ", "\n".join(prose(text) for text in markdown(notebook)))
    words = len(re.findall(r"[^\W\d_]+(?:['’-]\w+)*", text))
    return [] if words >= WORDS_PER_LINE * lines else [f"{words} words of prose for {lines} lines of code"]


def markdown_is_plain(notebook: dict) -> list[str]:
    """CommonMark, dollar mathematics and <details>: Colab shows Sphinx's roles and directives as raw text."""
    wrong = []
    for text in markdown(notebook):
        formulas = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)
        fences_kept = re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", formulas.sub("", text))
        for what, pattern in MYST.items():
            subject = text if what in {"a role", "a formula with a label", "front matter"} else fences_kept
            wrong += [f"{what}: {found[0].strip()[:60]!r}" for found in re.finditer(pattern, subject, re.MULTILINE)]
        for tag in re.findall(r"</?([a-zA-Z][\w-]*)(?:\s[^<>]*)?/?>", prose(text)):
            if tag.lower() not in HTML_ALLOWED:
                wrong.append(f"HTML other than <details>: <{tag}>")
        if text.count("<details") != text.count("</details>"):
            wrong.append(f"a <details> that is not closed: {text[:60]!r}")
    return wrong


def links(text: str) -> list[tuple[str, str, str]]:
    """Return (mark, text, target) of each link and image; the mark of an image is '!'."""
    inline = re.findall(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(\s*<?([^\s)>]*)>?[^)]*\)", prose(text))
    return inline + [("", name, target) for name, target in re.findall(r"^\[([^\]]+)\]:\s*(\S+)", text, re.MULTILINE)]


def links_lead_somewhere(notebook: dict, folder: Path) -> list[str]:
    """A link to another page names its file, with its ending: so it works in Jupyter, on GitHub and on the site."""
    wrong = []
    for text in markdown(notebook):
        for _, name, target in links(text):
            path = target.split("#")[0]
            if not target:
                wrong.append(f"[{name}] leads nowhere")
            elif path and not re.match(r"[a-z][a-z0-9+.-]*:", target):
                found = (folder / path).resolve()
                if not found.is_file() or ROOT not in found.parents:
                    wrong.append(f"[{name}]({target}): there is no such file")
    return wrong


def images_have_a_text(notebook: dict) -> list[str]:
    return [
        f"the image {target} has no alternative text"
        for text in markdown(notebook)
        for mark, name, target in links(text)
        if mark and not name.strip()
    ]


# The rules for a chapter ---------------------------------------------------------------------------------------------


def chapter_has_its_parts(notebook: dict) -> list[str]:
    text = "\n".join(markdown(notebook))
    flags = re.MULTILINE | re.IGNORECASE
    return [f"{what} is missing" for what, pattern in PARTS.items() if not re.search(pattern, text, flags)]


def chapter_opens_with_its_question(notebook: dict) -> list[str]:
    """The first text is the title, and the only heading of its size."""
    texts = markdown(notebook)
    titles = re.findall(r"^# \S", prose("\n".join(texts)), re.MULTILINE)
    good = bool(texts) and texts[0].startswith("# ") and len(titles) == 1
    return [] if good else [f"the page needs one title, in its first text; it has {len(titles)}"]


def chapter_leads_to_its_exercises(notebook: dict, chapter: str) -> list[str]:
    """One cell under the heading Exercises, with the id that the build puts the exercises in place of."""
    found = [cell.get("id") for cell in notebook["cells"] if re.match(r"## Exercises$", source(cell), re.MULTILINE)]
    wanted = f"exercise-{chapter}"
    return [] if found == [wanted] else [f"the cells with the heading Exercises are {found}, not one {wanted}"]


# The rules for the exercises of a chapter, which its page shows as a part of it --------------------------------------


def exercises_are_enough(questions: list[dict]) -> list[str]:
    return [] if len(questions) >= EXERCISES else [f"{len(questions)} exercises, fewer than {EXERCISES}"]


def exercises_are_numbered(questions: list[dict], chapter: str) -> list[str]:
    """The id of an exercise never changes: what belongs to a student is drawn by it."""
    ids = [question["id"] for question in questions]
    return [f"{name} is no {chapter}/q1 of its own" for name in ids if not re.fullmatch(rf"{chapter}/q[1-9]\d*", name)]


def as_cells(questions: list[dict]) -> dict:
    """Make a notebook of everything that a page shows of exercises, so that the rules for notebooks hold for it."""
    texts = [text for one in questions for text in [one["statement"], *one["hints"], one["because"]]]
    return example(*texts, *(code(one["starter"], tags=("exercise",)) for one in questions))


# The book keeps every rule -------------------------------------------------------------------------------------------

ALL = notebooks(ROOT)
CHAPTERS = [path for path in ALL if path.parent != BOOK]
RULES = [
    outputs_are_stripped,
    kernel_is_python,
    code_cells_are_short,
    definitions_live_in_the_package,
    markdown_is_plain,
    images_have_a_text,
    chapter_opens_with_its_question,
]
CHAPTER_RULES = [prose_outweighs_code, chapter_has_its_parts]
PLAN = {ROOT / "book" / f"{chapter.page}.ipynb": chapter.id for chapter in read_plan().written}
QUESTIONS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "transformer_edu" / "exercises" / "questions").glob("*.json"))
}


def load(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def complain(path: Path, wrong: list[str]) -> str:
    return f"{path.relative_to(ROOT)}, {len(wrong)} times:\n" + "\n".join(wrong)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_notebook_keeps_the_rule(path, rule):
    wrong = rule(load(path))
    assert not wrong, complain(path, wrong)


@pytest.mark.parametrize("rule", CHAPTER_RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_keeps_the_rule(path, rule):
    wrong = rule(load(path))
    assert not wrong, complain(path, wrong)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_has_exercises_and_leads_to_them(path):
    chapter = PLAN[path]
    wrong = chapter_leads_to_its_exercises(load(path), chapter) + exercises_are_enough(QUESTIONS.get(chapter, []))
    assert not wrong, complain(path, wrong)


@pytest.mark.parametrize("chapter", QUESTIONS)
def test_the_exercises_of_a_page_keep_its_rules(chapter):
    questions = QUESTIONS[chapter]
    rules = [code_cells_are_short, definitions_live_in_the_package, markdown_is_plain, images_have_a_text]
    wrong = [violation for rule in rules for violation in rule(as_cells(questions))]
    wrong += exercises_are_numbered(questions, chapter) + links_lead_somewhere(as_cells(questions), BOOK / "any part")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_notebook_begins_with_the_line_of_the_settings(path):
    wrong = first_cell_is_written(load(path), first_cell(repository_address()))
    assert not wrong, complain(path, wrong)


@pytest.mark.parametrize("path", [*ALL, *sorted(BOOK.glob("*.md"))], ids=lambda path: path.stem)
def test_every_link_leads_somewhere(path):
    page = load(path) if path.suffix == ".ipynb" else example(path.read_text(encoding="utf-8"))
    wrong = links_lead_somewhere(page, path.parent)
    assert not wrong, complain(path, wrong)


def test_the_book_has_chapters_and_lists_each_of_them():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = re.findall(r"'(?:file|root)': '([^']+?)(?:\.ipynb|\.md)?'", str(contents))
    assert len(CHAPTERS) >= 2
    assert {path.relative_to(BOOK).with_suffix("").as_posix() for path in ALL} <= set(listed)


# Each rule sees a wrong example --------------------------------------------------------------------------------------


def code(text: str, *, tags: tuple[str, ...] = (), outputs: tuple = (), count: int | None = None) -> dict:
    metadata = {"tags": list(tags)} if tags else {}
    cell = {"cell_type": "code", "metadata": metadata, "source": [text]}
    return {**cell, "outputs": list(outputs), "execution_count": count}


def example(*cells: str | dict, **metadata: object) -> dict:
    written = [
        cell if isinstance(cell, dict) else {"cell_type": "markdown", "metadata": {}, "source": [cell]}
        for cell in cells
    ]
    return {"cells": written, "metadata": {"kernelspec": {"name": "python3"}, **metadata}}


def links_from_the_book(notebook: dict) -> list[str]:
    return links_lead_somewhere(notebook, BOOK)


def begins_with_x(notebook: dict) -> list[str]:
    return first_cell_is_written(notebook, FIND + "x")


def leads_to_x(notebook: dict) -> list[str]:
    return chapter_leads_to_its_exercises(notebook, "x")


WRONG = {
    "output": (outputs_are_stripped, example(code("1", outputs=({"output_type": "stream"},)))),
    "count": (outputs_are_stripped, example(code("1", count=3))),
    "widgets": (outputs_are_stripped, example(widgets={})),
    "kernel": (kernel_is_python, example(kernelspec={"name": "my-env"})),
    "first cell: none": (begins_with_x, example("# Title")),
    "first cell: edited": (begins_with_x, example(code(FIND + "y"))),
    "first cell: second": (begins_with_x, example(code(FIND + "x"), code(FIND + "x"))),
    "13 lines": (code_cells_are_short, example(code("x = 1\n" * 13))),
    "def": (definitions_live_in_the_package, example(code("%time 1\ndef f():\n    pass"))),
    "class in a block": (definitions_live_in_the_package, example(code("if 1:\n    class F:\n        pass"))),
    "def with another tag": (definitions_live_in_the_package, example(code("def f(): pass", tags=("hide-input",)))),
    "terse": (prose_outweighs_code, example("Four words stand here.", code("x = 1"))),
    "code is no prose": (prose_outweighs_code, example("A\n```\none two three four five six\n```", code("x = 1"))),
    "a formula is no prose": (prose_outweighs_code, example("A $x + y + z + a + b + c$", code("x = 1"))),
    "directive": (markdown_is_plain, example("```{note}\nHello\n```")),
    "directive with colons": (markdown_is_plain, example(":::\nHello")),
    "role": (markdown_is_plain, example("See {cite}`doe2020`.")),
    "label": (markdown_is_plain, example("(here)=\n\n# Title")),
    "comment": (markdown_is_plain, example("% not shown")),
    "break": (markdown_is_plain, example("+++")),
    "substitution": (markdown_is_plain, example("Take {{ number }} of it.")),
    "formula with a label": (markdown_is_plain, example("$$x = 1$$ (eq1)")),
    "div": (markdown_is_plain, example("<div class='note'>Hello")),
    "open details": (markdown_is_plain, example("<details><summary>Answer</summary>\n\nHello")),
    "missing page": (links_from_the_book, example("[softmax](softmax/no_such_page.ipynb)")),
    "page without ending": (links_from_the_book, example("[notation](notation)")),
    "page outside": (links_from_the_book, example("[files](../../../etc/passwd)")),
    "no target": (links_from_the_book, example("[notation]()")),
    "reference to nowhere": (links_from_the_book, example("See [it].\n\n[it]: no_such_page.md")),
    "image": (images_have_a_text, example("![](picture.svg)")),
    "two titles": (chapter_opens_with_its_question, example("# One", "# Two")),
    "late title": (chapter_opens_with_its_question, example("Hello", "# One")),
    "no way to the exercises": (leads_to_x, example("## Exercises\n\nNone.")),
    "the way to another chapter's": (leads_to_x, example({**example("## Exercises")["cells"][0], "id": "exercise-y"})),
    "exercises without heading": (leads_to_x, example({**example("# Exercise")["cells"][0], "id": "exercise-x"})),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_rule_finds_a_wrong_example(case):
    rule, notebook = WRONG[case]
    assert len(rule(notebook)) == 1


GOOD = example(
    code(FIND + "x", tags=("remove-cell",)),
    "# Why?\n\n> **Predict.** What comes out? A set such as $\\{a\\}$, `{like}` this, or x < y and a > b.\n\n"
    "![The curve falls](assets/favicon.svg) and [notation](notation.md#heads), [paper](https://example.org/a_(b)).\n\n"
    "$$\ny = \\{\\{x\\}\\}\n$$\n\n<details><summary>Answer</summary>\n\nOne.\n\n</details>",
    "```python\n# a comment, not a title\n```",
    code("x = 1\nx"),
    {**example("## Exercises\n\nThey are a notebook of their own.")["cells"][0], "id": "exercise-x"},
    code("def f():\n    pass", tags=("exercise-q1",)),
    {**code("def g():\n    pass"), "id": "exercise-softmax-q1-answer"},
    "## Summary\n\nThree sentences.\n\n## Limits\n\nSmall.\n\n## References\n\nNone.",
)  # fmt: skip


def test_a_good_chapter_breaks_no_rule():
    rules = [*RULES, *CHAPTER_RULES, begins_with_x, leads_to_x, links_from_the_book]
    assert [violation for rule in rules for violation in rule(GOOD)] == []


def test_too_few_exercises_and_those_of_another_chapter_are_found():
    questions = [{"id": "x/q1"}, {"id": "y/q2"}, {"id": "x/2"}]
    assert exercises_are_enough(questions) == ["3 exercises, fewer than 4"]
    assert exercises_are_numbered(questions, "x") == ["y/q2 is no x/q1 of its own", "x/2 is no x/q1 of its own"]


@pytest.mark.parametrize("what", ["Predict", "Summary", "Limits", "References"])
def test_a_missing_part_is_found(what):
    text = json.dumps(GOOD).replace(f"**{what}", "**Guess").replace(f"## {what}", "## Other")
    assert len(chapter_has_its_parts(json.loads(text))) == 1
