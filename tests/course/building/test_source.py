"""Sources of exercises, text or notebook: what the build reads from them, and how it says what is wrong with one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_chapter import as_notebook
from transformer_edu_course.building import SourceError, read_chapter_source, source_chapters
from transformer_edu_course.building.entries import ENDINGS


def read(*folders: Path):
    return read_chapter_source("made", list(folders))


def test_a_notebook_is_read_into_questions(repository):
    chapter = read(repository / "exercises")
    assert (chapter.name, chapter.about, chapter.setup) == ("made", "# A made chapter", ("import torch\n\nready = 3",))
    first, second, third = chapter.sources
    assert [question.id for question in chapter.questions] == ["made/q1", "made/q2", "made/q3"]
    assert first.question.starter == "total = ..."
    assert first.question.solution == "total = 2 + 2"
    assert (first.question.hints, first.question.because) == (("Use your fingers.",), "Two and two make four.")
    assert first.wrong[0][:4] == ("one too many", "total = 5", 0, "Count again.")
    assert len(first.wrong) == 2
    assert [(r.name, r.code) for r in first.right] == [("a float", "total = 4.0")]
    assert [(t.name, t.points, t.hidden) for t in second.question.tests] == [
        ("one number", 1, False),
        ("random numbers", 3, True),
    ]
    assert (second.question.assigned, second.question.forbid) == (True, ("mul",))
    assert third.question.mine == (3, 5, 7)


def test_a_region_without_instead_becomes_dots(put, made):
    made["answer:q2"] = made["answer:q2"].split("    ### INSTEAD")[0] + "    ### END SOLUTION"
    question = read(put(made).parent).questions[1]
    assert question.starter == "def double(numbers):\n    ..."
    assert question.solution.splitlines()[2:] == ["    return doubled"]


def test_lines_below_instead_keep_their_own_indentation(put, made):
    made["answer:q2"] = (
        "def double(numbers):\n    ### BEGIN SOLUTION\n    return 2 * numbers\n    ### INSTEAD\n"
        "    # for number in numbers:\n    #\n    #     ...  # here\n    ### END SOLUTION\n\n\nlast = 1"
    )
    question = read(put(made).parent).questions[1]
    assert question.starter == "def double(numbers):\n    for number in numbers:\n\n        ...  # here\n\n\nlast = 1"
    assert question.solution == "def double(numbers):\n    return 2 * numbers\n\n\nlast = 1"


def renamed(cells: dict[str, str], old: str, new: str) -> dict[str, str]:
    return {(new if tag == old else tag): text for tag, text in cells.items()}


def without(cells: dict[str, str], *tags: str) -> dict[str, str]:
    return {tag: text for tag, text in cells.items() if tag not in tags}


def moved(cells: dict[str, str], tag: str) -> dict[str, str]:
    return {**without(cells, tag), tag: cells[tag]}


def edited(cells: dict[str, str], tag: str, old: str, new: str) -> dict[str, str]:
    assert old in cells[tag]
    return cells | {tag: cells[tag].replace(old, new)}


HINT = "### BEGIN SOLUTION, ### INSTEAD or ### END SOLUTION"
MALFORMED = {
    "unknown tag": (lambda c: renamed(c, "hint:q1", "hnt:q1"), 7, "unknown tag 'hnt:q1'. Write 'hint' for its first"),
    "strange tag": (lambda c: renamed(c, "hint:q1", "zzz"), 7, "unknown tag 'zzz'. Write one of about, setup, card"),
    "no points": (lambda c: renamed(c, "public-test:q1:1", "public-test:q1"), 6, "the form 'public-test:q1:2'"),
    "points not counted": (lambda c: renamed(c, "wrong:q1:0", "wrong:q1:few"), 9, "of 0 or more, got 'few'"),
    "half a point": (lambda c: renamed(c, "wrong:q1:0", "wrong:q1:0.5"), 9, "needs points, an integer"),
    "too much in a tag": (lambda c: renamed(c, "hint:q1", "hint:q1:2"), 7, "needs the form 'hint:q1'. Rename it."),
    "no question": (lambda c: renamed(c, "hint:q1", "hint:one"), 7, "needs a question such as q1, got 'one'"),
    "no card": (lambda c: without(c, "card:q1"), 3, "q1 has no card cell. Add one with the tag card:q1"),
    "no statement": (lambda c: without(c, "statement:q1"), 3, "q1 has no statement cell"),
    "no answer": (lambda c: without(c, "answer:q1"), 3, "q1 has no answer cell"),
    "no test": (lambda c: without(c, "public-test:q1:1"), 3, "q1 has no test. Add a cell with the tag"),
    "apart": (lambda c: moved(c, "right:q1"), 29, "right of q1 stands too late. Move it to the other cells of q1."),
    "late setup": (lambda c: moved(c, "setup"), 29, "setup stands too late. Move it before the first question."),
    "order": (lambda c: swapped(c, "statement:q1", "answer:q1"), 5, "statement of q1 stands after answer. The"),
    "two answers": (lambda c: doubled(c, "answer:q1"), 6, "q1 has two answer cells. Join them, or remove one."),
    "test without a name": (lambda c: edited(c, "public-test:q1:1", "# the sum\n", ""), 6, "to be its name: write"),
    "wrong without says": (lambda c: edited(c, "wrong:q1:0", "# says: Count again.\n", ""), 9, "write `# says: …`"),
    "wrong with empty says": (lambda c: edited(c, "wrong:q1:0", "says: Count again.", "says:"), 9, "write `# says: …`"),
    "no TOML": (lambda c: edited(c, "card:q1", "minutes = 5", "minutes is 5"), 3, "the card is no TOML ("),
    "unknown key": (lambda c: edited(c, "card:q1", "minutes", "hours"), 3, "the unknown key 'hours'. It may have"),
    "missing key": (lambda c: edited(c, "card:q1", "minutes = 5\n", ""), 3, "the card of q1 has no minutes. Add it."),
    "unknown kind": (lambda c: edited(c, "card:q1", "complete", "guess"), 3, "kind of the card needs to be"),
    "difficulty": (lambda c: edited(c, "card:q1", "difficulty = 1", "difficulty = 6"), 3, "to 5, got 6"),
    "assigned": (lambda c: edited(c, "card:q1", "assigned = false", "assigned = 0"), 3, "true or false, got 0"),
    "answer's kind": (lambda c: edited(c, "card:q1", '"number"', '"nubmer"'), 3, "answers of the card needs to be"),
    "one own value": (lambda c: edited(c, "card:q3", "[3, 5, 7]", "[3]"), 23, "mine of the card needs to be a list"),
    "no begin": (lambda c: edited(c, "answer:q2", "    ### BEGIN SOLUTION\n", ""), 14, "after no open ### BEGIN"),
    "no end": (lambda c: edited(c, "answer:q2", "    ### END SOLUTION", ""), 14, "INSTEAD has no ### END"),
    "two begins": (lambda c: edited(c, "answer:q2", "INSTEAD", "BEGIN SOLUTION"), 14, "after ### BEGIN SOLUTION"),
    "misspelled mark": (lambda c: edited(c, "answer:q2", "INSTEAD", "INSTED"), 14, f"mark '### INSTED'. Write {HINT}"),
    "no region": (lambda c: c | {"answer:q1": "total = 4"}, 5, "has no ### BEGIN SOLUTION … ### END SOLUTION"),
    "bare replacement": (lambda c: edited(c, "answer:q2", "# return", "return"), 14, "every line is a comment"),
    "starter is no Python": (lambda c: edited(c, "answer:q2", "# doubled = ...", "# = ="), 14, "cannot read this cell"),
    "test is no Python": (lambda c: edited(c, "public-test:q1:1", "assert", "asert"), 6, "Python cannot read this"),
    "setup is no Python": (lambda c: c | {"setup": "%pip install x"}, 2, "Python cannot read this cell in line 1"),
}


def swapped(cells: dict[str, str], first: str, second: str) -> dict[str, str]:
    names = {first: second, second: first}
    return {names.get(tag, tag): cells[names.get(tag, tag)] for tag in cells}


def doubled(cells: dict[str, str], tag: str) -> dict[str, str]:
    return {name: text for known, text in cells.items() for name in [known, f"{known} "][: 1 + (known == tag)]}


def line_of(path: Path, cell: int) -> int:
    """Return the line that begins a cell of a source in percent format (the first is 1)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if line.startswith("# %%")][cell - 1]


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_source_names_file_line_cell_and_cure(case, put, made):
    change, cell, message = MALFORMED[case]
    path = put(change(made))
    with pytest.raises(SourceError) as caught:
        read(path.parent)
    assert str(caught.value).startswith(f"exercises/made.py, line {line_of(path, cell)}, cell {cell}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("case", ["unknown tag", "no card", "order", "no TOML", "no begin", "test is no Python"])
def test_a_malformed_notebook_names_file_cell_and_cure(case, put, made):
    change, cell, message = MALFORMED[case]
    path = put(change(made), ending=".ipynb")
    with pytest.raises(SourceError) as caught:
        read(path.parent)
    assert str(caught.value).startswith(f"exercises/made.ipynb, cell {cell}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(("kind", "number"), [("code", 4), ("raw", 6)])
def test_a_cell_of_another_kind_is_refused(kind, number, put, made):
    path = put(made, ending=".ipynb")
    notebook = json.loads(path.read_text())
    notebook["cells"][number - 1]["cell_type"] = kind
    path.write_text(json.dumps(notebook))
    with pytest.raises(SourceError, match=rf"cell {number}: a cell tagged .* has to be a \w+ cell, it is {kind}"):
        read(path.parent)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_cell_without_tag_is_refused_unless_it_is_empty(ending, put, made):
    path = put(made | {"": " \n "}, ending=ending)
    assert len(read(path.parent).sources) == 3
    put(made | {"": "left = 1"}, ending=ending)
    with pytest.raises(SourceError, match=r"cell 30: the cell has no tag\. Give it one of about"):
        read(path.parent)


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"cells": 3}', '{"cells": [{"source": 3}]}'])
def test_a_file_that_is_no_notebook_is_told(text, put, made):
    path = put(made, ending=".ipynb")
    path.write_text(text)
    with pytest.raises(SourceError, match=r"exercises/made\.ipynb is no notebook \(.*Save it in Jupyter"):
        read(path.parent)


def test_a_text_in_another_encoding_is_told(put, made):
    path = put(made)
    path.write_bytes(path.read_text(encoding="utf-8").replace("Use your", "für").encode("latin-1"))
    with pytest.raises(SourceError, match=r"exercises/made\.py is no text \(UnicodeDecodeError.*Save it in UTF-8"):
        read(path.parent)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_source_without_questions_is_told(ending, put):
    path = put({"about": "Nothing yet."}, ending=ending)
    with pytest.raises(SourceError, match=rf"exercises/made\{ending} has no question\. Add cells from card:q1 on"):
        read(path.parent)


def test_two_sources_of_one_chapter_are_refused(put, made):
    path = put(made)
    path.with_suffix(".ipynb").write_text(as_notebook(made))
    with pytest.raises(SourceError, match=r"exercises/made\.py and exercises/made\.ipynb are both the source of made"):
        read(path.parent)


def test_a_script_that_holds_no_cells_is_no_source(put, made):
    path = put(made)
    path.with_name("Grade them.py").write_text("print(1 %% 2)\n")
    assert source_chapters(path.parent) == ["made"]


def test_an_unknown_chapter_gets_the_known_ones(repository):
    with pytest.raises(ValueError, match=r"with a source notebook \(made\), got chapter='mode'"):
        read_chapter_source("mode", [repository / "exercises"])


def test_a_name_that_no_id_can_have_is_told(put, made):
    path = put(made, name="Made Up")
    with pytest.raises(SourceError, match=r"a chapter cannot be named 'Made Up'\. Rename it"):
        source_chapters(path.parent)


# A course's own notebook over the book's -----------------------------------------------------------------------------

OVERLAY = {
    "card:q1": "minutes = 9\nassigned = true",
    "statement:q1": "What is two and two?",
    "hidden-test:q1:2": '# written as a sum\nassert student.total < 4.5, "Too much."',
    "hint:q1": "Ask a friend.",
    "wrong:q1:2": "# a little less\n# says: Not 4.\ntotal = 3",
    "card:q9": 'title = "New"\nkind = "predict"\ndifficulty = 2\nminutes = 3\nteaches = "more"\nanswers.new = "number"',
    "statement:q9": "Write `new`.",
    "answer:q9": "### BEGIN SOLUTION\nnew = 1\n### INSTEAD\n# new = ...\n### END SOLUTION",
    "hidden-test:q9:1": '# new\nassert student.new == 1, "Not 1."',
    "wrong:q9:0": "# two\n# says: Not 1.\nnew = 2",
    "wrong:q9:0 ": "# three\n# says: Not 1.\nnew = 3",
}


def test_a_course_overrides_adds_and_appends(repository, put):
    book, course = repository / "exercises", put(OVERLAY, "my-course").parent
    plain, chapter = read(book), read(book, course)
    first, second, third, new = chapter.sources
    assert [question.id for question in chapter.questions] == ["made/q1", "made/q2", "made/q3", "made/q9"]
    assert [second, third] == list(plain.sources[1:])
    assert first.question == replace(
        plain.questions[0],
        minutes=9,
        assigned=True,
        statement="What is two and two?",
        hints=("Use your fingers.", "Ask a friend."),
        tests=first.question.tests,
    )
    names = [(test.name, test.hidden) for test in first.question.tests]
    assert names == [("the sum", False), ("written as a sum", True)]
    assert [(w.name, w.tests, w.where) for w in first.wrong] == [
        ("one too many", 1, f"exercises/made.py, line {line_of(book / 'made.py', 9)}, cell 9"),
        ("nowhere near", 1, f"exercises/made.py, line {line_of(book / 'made.py', 10)}, cell 10"),
        ("a little less", 2, "my-course/made.py, line 15, cell 5"),
    ]
    assert new.question.title == "New"


def test_a_chapter_may_exist_in_the_course_alone(repository, put, made):
    course = put(made, "my-course", "own").parent
    assert read_chapter_source("own", [repository / "exercises", course]).questions[0].id == "own/q1"


def test_a_new_question_of_a_course_needs_its_card(repository, put):
    course = put({"hint:q9": "Go on."}, "my-course").parent
    with pytest.raises(SourceError, match=r"my-course/made\.py, line 1, cell 1: q9 has no card cell"):
        read(repository / "exercises", course)
