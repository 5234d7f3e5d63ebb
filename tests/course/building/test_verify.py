"""The build refuses wrong chapters. Each rule is shown one; the good chapter of conftest.py breaks none."""

import dataclasses
import re
from pathlib import Path

import pytest

from transformer_edu.exercises import question as package
from transformer_edu_course.building import leaks as module
from transformer_edu_course.building import read_chapter_source
from transformer_edu_course.building.leaks import leaks, public_files
from transformer_edu_course.building.outputs import pack_outputs, public_outputs, students_notebook
from transformer_edu_course.building.repository import Workplace
from transformer_edu_course.building.verify import problems


def found(root: Path, course: Path | None = None) -> list[str]:
    place = Workplace(root, course)
    chapter = read_chapter_source("made", place.folders)
    return problems(chapter, students_notebook(chapter, place))


def test_a_good_chapter_has_no_problem_and_leaves_nothing_behind(repository):
    known = package.chapters()
    assert found(repository) == []
    assert package.chapters() == known


SECRET = '# what it is\nassert student.total == 4, "Not 4."'
WRONG = {
    "solution that earns less": (
        {"answer:q2": "### BEGIN SOLUTION\ndef double(numbers):\n    return numbers + 2 - 1\n### END SOLUTION"},
        "made/q2: the solution earns 1 of 4 with seed 0, student 'ada': Not doubled everywhere.",
    ),
    "solution for some seeds only": (
        {"hidden-test:q2:3": '# even seeds\nassert seed < 3, "Not this one."'},
        "made/q2: the solution earns 1 of 4 with seed 3, student 'ada': Not this one.",
    ),
    "solution for some students only": (
        {"answer:q3": "### BEGIN SOLUTION\nsquare = 25\n### INSTEAD\n# square = ...\n### END SOLUTION"},
        "made/q3: the solution earns 0 of 2 with seed 0, student 'ada': Not the square of your own number.",
    ),
    "solution that is forbidden": (
        {"answer:q2": "def double(numbers):\n    ### BEGIN SOLUTION\n    return numbers.mul(2)\n    ### END SOLUTION"},
        "made/q2: the solution earns 0 of 4 with seed 0, student 'ada': Your answer uses `mul`",
    ),
    "solution that raises": (
        {"answer:q1": "### BEGIN SOLUTION\ntotal = 2 + two\n### INSTEAD\n# total = ...\n### END SOLUTION"},
        "made/q1: the code stops with NameError: name 'two' is not defined",
    ),
    "starter that raises": (
        {"answer:q1": "### BEGIN SOLUTION\ntotal = 4\n### INSTEAD\n# total = ... + 1\n### END SOLUTION"},
        "made/q1: the code stops with TypeError",
    ),
    "starter that earns points": (
        {"answer:q1": "total = 4\n### BEGIN SOLUTION\ntotal = 2 + 2\n### END SOLUTION"},
        "made/q1: the starter earns 1 for the test 'the sum'. Take the answer out.",
    ),
    "points for the right shape": (
        {"hidden-test:q2:3": "# its shape\nassert student.double(torch.ones(2)).shape == (2,), 'Two.'"},
        "made/q2: the test 'its shape' gives 3 points to random numbers of the right shape. Add a case that they fail.",
    ),
    "starter that earns points where no one looks for it": (
        {"hidden-test:q2:3": "# anything\ntry:\n    student.double(torch.ones(1))\nexcept Exception:\n    pass"},
        "made/q2: the starter earns 3 for the test 'anything'. Take the answer out.",
    ),
    "starter that answers wrongly": (
        {"answer:q1": "total = 3\n### BEGIN SOLUTION\ntotal = 2 + 2\n### END SOLUTION"},
        "made/q1: the starter answers part of the question. Leave `...` for every name in it.",
    ),
    "one wrong answer": ({"wrong:q1:0 ": None}, "made/q1 has 1 wrong answers, fewer than 2. Add what students"),
    "another message": (
        {"wrong:q1:0": "# one more\n# says: Count.\ntotal = 5"},
        "made/q1, wrong answer 'one more' (exercises/made.py, line L, cell 9), seed 0, student 'ada': "
        "earns 0 of 1 ('Count again.'). It should earn 0 and says 'Count.'.",
    ),
    "other points": (
        {"wrong:q2:1": "# nothing\n# says: One is not doubled.\ndef double(numbers):\n    return numbers"},
        "earns 0 of 4 ('One is not doubled.'). It should earn 1.",
    ),
    "a wrong answer that is right": (
        {"wrong:q2:1": "# fine\n# says: No.\ndef double(numbers):\n    return 2 * numbers"},
        "wrong answer 'fine' (exercises/made.py, line L, cell 19), seed 0, student 'ada': earns 4 of 4 ('')",
    ),
    "a wrong answer for all points": ({"wrong:q1:0": None, "wrong:q1:1": "# x\n# says: y\ntotal = 4"}, "all 1 points"),
    "a wrong answer that is right for some": (
        {"wrong:q3:0": "# lucky\n# says: Not the square of your own number.\nsquare = 49"},
        "made/q3, wrong answer 'lucky' (exercises/made.py, line L, cell 28), seed 0, student ",
    ),
    "a wrong answer that raises": ({"wrong:q1:0": "# x\n# says: y\ntotal = 1 / 0"}, "stops with ZeroDivisionError"),
    "a right answer that is wrong": (
        {"right:q2": "# thrice\ndef double(numbers):\n    return 3 * numbers"},
        "right answer 'thrice' (exercises/made.py, line L, cell 22), seed 0, student 'ada': earns 0 of 4 ('One is",
    ),
    "one name for two answers": (
        {
            "card:q3": "total",
            "answer:q3": "### BEGIN SOLUTION\ntotal = 4\n### INSTEAD\n# total = ...\n### END SOLUTION",
            "public-test:q3:0": SECRET,
            "hidden-test:q3:2": SECRET,
        },
        "made/q1 and made/q3 both ask for `total`: the later answer replaces the earlier. Rename one.",
    ),
    "no points at all": ({"public-test:q1:1": None, "public-test:q1:0": SECRET}, "made/q1 has no points"),
}


def changed(made: dict[str, str], change: dict[str, str | None]) -> dict[str, str]:
    """Replace cells; None removes one, and a cell of a new tag takes the place of the removed one."""
    new = dict(change)
    if new.get("card:q3") == "total":
        new["card:q3"] = made["card:q3"].replace("square", "total").replace("mine = [3, 5, 7]", "")
    added = {tag: text for tag, text in new.items() if tag not in made}
    cells: dict[str, str] = {}
    for tag, text in made.items():
        replaced = new.get(tag, text)
        cells |= {tag: replaced} if replaced is not None else added
    return cells


@pytest.mark.parametrize("case", WRONG)
def test_each_rule_finds_a_wrong_chapter(case, repository, put, made):
    change, message = WRONG[case]
    put(changed(made, change))
    told = [re.sub(r"line \d+", "line L", line) for line in found(repository)]
    assert any(message in line for line in told), told


def test_tests_that_a_course_adds_leave_the_books_wrong_answers_as_they_are(repository, put):
    """The book's wrong answer to q2 passes this new test. It was not written for it."""
    extra = {"hidden-test:q2:5": "# one becomes two\nassert student.double(torch.ones(1)) == 2, 'No.'"}
    assert found(repository, put(extra, "my-course").parent) == []


def test_a_course_cannot_break_the_books_solutions(repository, put):
    extra = {"hidden-test:q2:5": "# never\nassert student.double(torch.ones(1)) == 3, 'No.'"}
    told = found(repository, put(extra, "my-course").parent)
    assert told[0] == "made/q2: the solution earns 4 of 9 with seed 0, student 'ada': No."
    assert "right answer 'times two' (exercises/made.py, line 118, cell 22), seed 0, student" in told[1]
    assert "'ada': earns 4 of 9" in told[1]


# Leaks ---------------------------------------------------------------------------------------------------------------

SOLUTION = "doubled = numbers + numbers  # twice the same"
HIDDEN = "secret = torch.randn(5, generator=generator)"
BECAUSE = "A number and itself make twice the number."


def chapter_and_texts(root: Path) -> tuple:
    place = Workplace(root)
    chapter = read_chapter_source("made", place.folders)
    return chapter, {place.shown(path): text for path, text in public_outputs(chapter, place).items()}


def test_nothing_leaks_from_a_good_chapter(repository):
    chapter, texts = chapter_and_texts(repository)
    assert len(texts) == 3
    assert leaks([chapter], texts.items()) == []


def test_the_instructors_pack_would_be_a_leak(repository):
    chapter, _ = chapter_and_texts(repository)
    files = pack_outputs(chapter, Workplace(repository))
    told = leaks([chapter], [("solutions", text) for path, text in files.items() if path.name == "solutions.ipynb"])
    assert [line.split(" leaks")[0] for line in told] == ["made/q2: the solution", "made/q3: the solution"]


@pytest.mark.parametrize("secret", [SOLUTION, BECAUSE, HIDDEN])
@pytest.mark.parametrize("name", ["assignments/made.ipynb", "book/made/why.ipynb", "made.json"])
def test_a_secret_planted_in_an_output_is_found(secret, name, repository):
    chapter, texts = chapter_and_texts(repository)
    full, text = next((full, text) for full, text in texts.items() if full.endswith(name))
    place = "## Exercises" if name.startswith("book/") else "def double(numbers):"  # a page leads to them, no more
    planted = text.replace(place, f"{place}\\n    {secret}", 1)
    assert planted != text
    what = "the hidden test 'random numbers'" if secret == HIDDEN else "the solution"
    assert leaks([chapter], [(full, planted)]) == [f"made/q2: {what} leaks into {full}: `{secret}`"]


SITE = {
    "page.html": '<pre><span class="n">secret</span> <span class="o">=</span> torch.randn(<b>5</b>, '
    "generator=generator)\n</pre>",
    "attribute.html": '<div data-cells="{&quot;code&quot;: &quot;x = 1\\nsecret = torch.randn(5, generator=generator)'
    '\\ny&quot;}"></div>',
    "_sources/page.ipynb": '{"source": [\n "x = 1\\n",\n "secret = torch.randn(5, generator=generator)\\n"]}',
    "searchindex.js": '{"all": "' + "word " * 200 + 'secret = torch.randn(5, generator=generator) more"}',
    "notes.txt": "> # secret = torch.randn(5,  generator=generator)",
}


@pytest.mark.parametrize("name", SITE)
def test_a_secret_planted_in_the_site_is_found(name, repository):
    path = repository / "_build" / "html" / name
    path.parent.mkdir(parents=True)
    path.write_text(SITE[name], encoding="utf-8")
    path.with_name("picture.png").write_bytes(b"\x89PNG\0" + HIDDEN.encode())
    chapter, _ = chapter_and_texts(repository)
    told = leaks([chapter], public_files(repository / "_build" / "html", "_build/html"))
    assert told == [f"made/q2: the hidden test 'random numbers' leaks into _build/html/{name}: `{HIDDEN}`"]


@pytest.mark.parametrize(
    "line",
    [
        "import torch",
        "def double(numbers):",
        "total = 2 + 2",
        "",
        "...",
        "return doubled",
        "from torch.nn import Linear",
    ],
)
def test_lines_that_are_public_on_purpose_are_no_leak(line, repository):
    chapter, _ = chapter_and_texts(repository)
    assert leaks([chapter], [("page", f"text\n{line}\ntext")]) == []


def test_each_chapter_that_has_a_secret_is_named_and_each_text_is_read_once(repository, put, made, monkeypatch):
    """However many chapters there are: time must not grow with chapters times files."""
    put({tag: text.replace("made/q3", "other/q3") for tag, text in made.items()}, name="other")
    chapters = [read_chapter_source(name, [repository / "exercises"]) for name in ("other", "made")]
    read, views = [], module._views
    monkeypatch.setattr(module, "_views", lambda text: read.append(text) or views(text))
    texts = [("first page", f"<p>{HIDDEN}</p>"), ("second page", f"text\n{HIDDEN}")]
    what = "q2: the hidden test 'random numbers' leaks into"
    wanted = [f"{name}/{what} {page} page: `{HIDDEN}`" for name in ("other", "made") for page in ("first", "second")]
    assert leaks(chapters, texts) == wanted
    assert read == [text for _, text in texts]


def test_what_another_chapter_shows_on_purpose_is_no_leak_of_this_one(repository):
    chapter, _ = chapter_and_texts(repository)
    assert leaks([chapter], [("page", HIDDEN)])
    shown = dataclasses.replace(chapter.questions[0], id="other/q1", starter=f"torch.ones(1)\n{HIDDEN}")
    with package.using_questions("other", package.as_json([shown.public()])):
        assert leaks([chapter], [("page", HIDDEN)]) == []
    with package.using_questions("made", package.as_json([shown.public()])):  # as built before
        assert leaks([chapter], [("page", HIDDEN)])
