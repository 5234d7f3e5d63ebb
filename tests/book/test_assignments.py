"""The notebooks for students on the site: linked below the exercises of their chapter, and as they are in the book."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_extension"))
from transformer_edu_book import assignments, exercises
from transformer_edu_book.assignments import links
from transformer_edu_book.settings import colab_address

from tests.book.chapters import PLAN, ROOT, SITE, html
from transformer_edu.exercises.question import as_json, read_chapter
from transformer_edu_course.building import read_chapter_source
from transformer_edu_course.building.leaks import leaks, public_files

CHAPTERS = sorted(path.stem for path in (ROOT / "assignments").glob("*.ipynb"))
PAGES = {chapter.id: f"{chapter.page}.html" for chapter in PLAN.written if chapter.id in CHAPTERS}


def test_every_notebook_has_the_page_of_its_chapter():
    assert sorted(PAGES) == CHAPTERS


def reading(path: Path) -> SimpleNamespace:
    """Make what an event of Sphinx needs of the application while it reads this file."""
    return SimpleNamespace(env=SimpleNamespace(doc2path=lambda name: path))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_link_stands_below_the_heading_of_the_exercises(chapter, built_site):
    text = html(PAGES[chapter])
    below = text.split('<section id="exercises">')[1].split("<p>")[0]
    assert f'href="../assignments/{chapter}.ipynb" download' in below
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    wanted = colab_address(settings["url"], settings["branch"], f"assignments/{chapter}.ipynb")
    button = re.search(r'<a class="exercises-in-colab" href="([^"]+)"', below)
    assert (button and button[1]) == wanted


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_page_shows_every_exercise_in_its_order(chapter, built_site):
    """With its starter, what its check says before an answer, its hints, and its solution unless it is assigned."""
    text, questions = html(PAGES[chapter]), read_chapter(chapter)
    below = text.split('<section id="exercises">')[1].split("<h2>")[1]
    assert re.findall(r"<h3>Exercise (\S+) ·", below) == [question.id for question in questions]
    assert below.count("not answered yet") == len(questions)
    assert below.count("<summary>Hint ") == sum(len(question.hints) for question in questions)
    assert below.count("<summary>Solution</summary>") == sum(not question.assigned for question in questions)
    assert "are a notebook of their own" not in text


def test_the_exercises_are_put_where_the_notebook_leads_to_them(monkeypatch, tmp_path):
    """A chapter's setup, which no chapter of the book has yet, comes from the notebook for students."""
    cells = [new_markdown_cell(text) for text in ("# Why?", "## Exercises", "## Summary")]
    cells[1].id = "exercise-made"
    page, student = tmp_path / "why.ipynb", new_notebook(cells=[new_code_cell("ready = 3", id="setup-1")])
    nbformat.write(new_notebook(cells=cells), page)
    nbformat.write(student, tmp_path / "made.ipynb")
    (tmp_path / "made.json").write_text(as_json(read_chapter("softmax")[:2]), encoding="utf-8")
    for module, name in ((exercises, "ASSIGNMENTS"), (exercises, "QUESTIONS"), (assignments, "ASSIGNMENTS")):
        monkeypatch.setattr(module, name, tmp_path)
    content = [page.read_text(encoding="utf-8")]
    exercises.put(reading(page), "why", content)
    ids = [cell["id"] for cell in json.loads(content[0])["cells"]]
    of_one = ["statement", "answer", "check", "help"]
    wanted = ["exercise-made", "exercise-made-imports", "exercise-made-setup-1"]
    wanted += [f"exercise-softmax-{name}-{part}" for name in ("q1", "q2") for part in of_one]
    assert ids == [cells[0].id, *wanted, cells[2].id]
    content = ["# A page of text"]
    exercises.put(reading(page.with_suffix(".md")), "why", content)
    assert content == ["# A page of text"]


@pytest.mark.parametrize(("path", "chapter"), [(page, chapter) for chapter, page in PAGES.items()])
def test_the_notebook_can_be_downloaded(chapter, path, narrow):
    with narrow.page.expect_download() as download:
        narrow.page.get_by_role("link", name="Download the exercises as a notebook").click()
    content = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert content == json.loads((ROOT / "assignments" / f"{chapter}.ipynb").read_text(encoding="utf-8"))


def test_colab_opens_the_notebook_of_the_repository():
    colab = "https://colab.research.google.com"
    options = {"repository_url": "https://github.com/ada/book", "launch_buttons": {"colab_url": colab}}
    wanted = f'<a class="exercises-in-colab" href="{colab}/github/ada/book/blob/main/assignments/softmax.ipynb">'
    assert wanted in links("softmax", "../", options)
    assert "colab" not in links("softmax", "../", options | {"repository_url": "https://github.com/OWNER/book"})


def test_no_solution_and_no_hidden_test_is_on_the_site(built_site):
    """Pages, `_sources`, search index, student notebooks: every text file, for all chapters in one pass."""
    chapters = [read_chapter_source(chapter, [ROOT / "exercises"]) for chapter in CHAPTERS]
    found = leaks(chapters, public_files(SITE, "_build/html"))
    assert not found, "\n".join(found)
