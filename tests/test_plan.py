"""The plan of the book is read as it is written, and wrong plans are told what is wrong with them."""

import json
import re
from pathlib import Path

import pytest

from tools import plan as module
from tools.plan import ROOT, read_plan, roman

CHAPTER = 'id = "swin"\ntitle = "Windows"\nweek = 3\n'
PAGE = 'page = "vision/windows"\nshort = "Windows"\nminutes = 40\n'


@pytest.fixture
def planned(tmp_path):
    """Return a function that reads a plan with these lines in its one chapter, and these behind it."""

    def read(chapter: str, behind: str = ""):
        (tmp_path / "book").mkdir(exist_ok=True)
        text = f'[[part]]\ntitle = "Vision"\n[[part.chapter]]\n{chapter}\n{behind}'
        (tmp_path / "book" / "plan.toml").write_text(text, encoding="utf-8")
        return read_plan(tmp_path)

    return read


def test_a_chapter_without_a_page_is_planned(planned):
    plan = planned(CHAPTER)
    assert [chapter.id for chapter in plan.chapters] == ["swin"]
    assert (plan.written, plan.pages, plan.moved) == ([], ["index"], {})


def test_pages_stand_in_the_order_of_the_contents(planned):
    behind = 'moved = ["swin/windows"]\n[[around]]\ntitle = "At the back"\npages = ["notation"]'
    plan = planned(CHAPTER + PAGE, behind)
    assert plan.pages == ["index", "vision/windows", "notation"]
    assert plan.moved == {"swin/windows": "vision/windows"}
    assert plan.part[0].number == "I"


def test_parts_are_numbered_as_the_romans_did():
    assert [roman(number) for number in (1, 4, 5, 8, 9, 14, 39)] == ["I", "IV", "V", "VIII", "IX", "XIV", "XXXIX"]


WRONG = {
    "a page without its minutes": (CHAPTER + PAGE.replace("minutes = 40", ""), "minutes of a written chapter"),
    "moved from nowhere": (CHAPTER + 'moved = ["a/b"]', "page of a written chapter"),
    "half a lesson": (
        CHAPTER + PAGE + '[[part.chapter.lesson]]\nclass = "look"\n',
        "class and home of each lesson, got .*'look'",
    ),
    "no title": (CHAPTER.replace("title", "tilte"), "unknown tilte, no title in 'swin'"),
    "an id that is no name of a file": (CHAPTER.replace("swin", "Swin/2"), "id='Swin/2'"),
    "one id twice": (CHAPTER + "[[part.chapter]]\n" + CHAPTER, "each id once .*, got swin"),
    "a page that has moved to itself": (CHAPTER + PAGE + 'moved = ["vision/windows"]', "got vision/windows"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_plan_is_told_what_is_wrong(planned, case):
    chapter, told = WRONG[case]
    with pytest.raises(ValueError, match=told):
        planned(chapter)


# The book keeps to its plan ------------------------------------------------------------------------------------------

PLAN = read_plan()
written = pytest.mark.parametrize("chapter", PLAN.written, ids=lambda chapter: chapter.id)


def test_every_page_is_there_and_no_notebook_is_forgotten():
    book = ROOT / "book"
    found = {path.relative_to(book).with_suffix("").as_posix() for path in book.rglob("*.ipynb")}
    found = {page for page in found if ".ipynb_checkpoints" not in page}
    assert found <= set(PLAN.pages)
    sources = {page: [book / f"{page}.ipynb", book / f"{page}.md"] for page in PLAN.pages}
    assert [page for page, paths in sources.items() if not any(path.is_file() for path in paths)] == []


@written
def test_the_page_states_the_minutes_of_the_plan(chapter):
    cells = json.loads((ROOT / "book" / f"{chapter.page}.ipynb").read_text(encoding="utf-8"))["cells"]
    (minutes,) = re.findall(r"\*Time:\* (\d+) minutes", "".join("".join(cell["source"]) for cell in cells))
    assert int(minutes) == chapter.minutes


@pytest.mark.parametrize("part", PLAN.part, ids=lambda part: part.number)
def test_the_pages_of_a_part_lie_in_one_folder(part):
    assert len({Path(chapter.page).parent for chapter in part.written}) <= 1


def test_the_file_needs_nothing_but_the_standard_library():
    imported = re.findall(r"^(?:import|from) (\w+)", Path(module.__file__).read_text(encoding="utf-8"), re.MULTILINE)
    assert set(imported) <= {"re", "tomllib", "dataclasses", "pathlib"}
