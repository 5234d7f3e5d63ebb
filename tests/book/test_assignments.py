"""The notebooks for students on the site: linked below the exercises of their chapter, and as they are in the book."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_extension"))
from transformer_edu_book.assignments import links
from transformer_edu_book.settings import colab_address

from transformer_edu_course.building import read_chapter_source
from transformer_edu_course.building.leaks import leaks, public_files

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
CHAPTERS = sorted(path.stem for path in (ROOT / "assignments").glob("*.ipynb"))


def page_of(chapter: str) -> Path:
    """Find the page that links the notebook of a chapter."""
    mark = f'assignments/{chapter}.ipynb" download>'
    (page,) = [path for path in SITE.rglob("*.html") if mark in path.read_text(encoding="utf-8")]
    return page


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_link_stands_below_the_heading_of_the_exercises(chapter, built_site):
    text = page_of(chapter).read_text(encoding="utf-8")
    below = text.split('<section id="exercises">')[1].split("<p>")[0]
    assert f'href="../assignments/{chapter}.ipynb" download' in below
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    wanted = colab_address(settings["url"], settings["branch"], f"assignments/{chapter}.ipynb")
    button = re.search(r'<a class="exercises-in-colab" href="([^"]+)"', below)
    assert (button and button[1]) == wanted


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_notebook_can_be_downloaded(chapter, visit):
    page = visit(page_of(chapter).relative_to(SITE).as_posix(), width=390).page
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the exercises as a notebook").click()
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
