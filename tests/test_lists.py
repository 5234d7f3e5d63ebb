"""What lists chapters is written from the plan: each text by a small plan, and the book's own files as they stand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tools import lists, term, write_lists
from tools.plan import Around, Chapter, Part, Plan, read_plan

ONE = Chapter(id="one", title="One: why?", week=1, page="a/one", minutes=30, short="One", map="One (1)")
TWO = Chapter(id="two", title="Two", week=2, page="a/two", minutes=40, short="Two")
LATER = Chapter(id="later", title="Later", week=3)
FIRST = Part(number="I", title="Numbers", chapter=(ONE, TWO))
SECOND = Part(number="II", title="Letters", chapter=(LATER,))
BACK = (Around(title="At the back", pages=("notation",)),)
PLAN = Plan(part=(FIRST, SECOND), around=BACK)


def with_parts(*parts: tuple[Chapter, ...]) -> Plan:
    numbered = [Part(number="I" * place, title=f"P{place}", chapter=part) for place, part in enumerate(parts, 1)]
    return Plan(part=tuple(numbered), around=BACK)


def test_the_contents_hold_what_is_written_in_its_order():
    toc = yaml.safe_load(lists.contents(PLAN))
    assert toc["root"] == "index"
    assert [part["caption"] for part in toc["parts"]] == ["I. Numbers", "At the back"]
    assert toc["parts"][0]["chapters"] == [
        {"file": "a/one", "title": "One: why?"},
        {"file": "a/two", "title": "Two"},
    ]
    assert toc["parts"][1]["chapters"] == [{"file": "notation"}]


@pytest.mark.parametrize("title", ["√d: why?", 'He said "no"', "yes", "- a", "12", "a # b", "Sharing, and more"])
def test_a_title_of_any_kind_comes_back_from_the_contents(title):
    chapter = replace(ONE, title=title)
    toc = yaml.safe_load(lists.contents(with_parts((chapter,))))
    assert toc["parts"][0]["chapters"][0]["title"] == title


SENTENCES = [
    (((ONE, TWO), (LATER,)), "Part I is here; one more part is planned.", "The other parts are planned and marked so."),
    (((ONE,), (TWO,)), "Parts I and II are here.", "Parts I and II are finished."),
    (
        ((ONE,), (TWO, LATER), (LATER,), (LATER,)),
        "Part I is here; 1 of 2 chapters of Part II are here; two more parts are planned.",
        "Part I is finished. Chapters that are planned are marked so.",
    ),
    (((LATER,), (LATER,)), "Two more parts are planned.", "Chapters that are planned are marked so."),
]


@pytest.mark.parametrize(("parts", "here", "finished"), SENTENCES)
def test_the_front_page_says_what_is_there(parts, here, finished):
    assert lists.here(with_parts(*parts)) == here
    assert lists.finished(with_parts(*parts)).endswith(finished)


def test_the_map_links_what_is_written_and_marks_what_is_planned():
    first, second = lists.book_map(PLAN).split("\n\n### ")
    assert first == "### I. Numbers\n\n- [One (1)](a/one.ipynb)\n- [Two](a/two.ipynb)"
    assert second == "II. Letters\n\n- Later *(planned)*"


def test_the_table_of_the_readme_has_a_row_a_part():
    rows = lists.readme_table(PLAN).splitlines()
    assert rows[2:] == [
        "| I. Numbers | [One](book/a/one.ipynb), [Two](book/a/two.ipynb) |",
        "| II. Letters | 1 planned |",
    ]


@pytest.fixture
def cards(tmp_path) -> Path:
    """Return a checkout with two exercises of chapter one: 5 minutes of practice, 7 assigned."""
    folder = tmp_path / "transformer_edu" / "exercises" / "questions"
    folder.mkdir(parents=True)
    questions = [{"minutes": 5, "assigned": False}, {"minutes": 7, "assigned": True}]
    (folder / "one.json").write_text(json.dumps(questions))
    return tmp_path


def test_minutes_come_from_the_plan_and_the_cards(cards):
    rows = term.minutes_table(PLAN, cards).splitlines()
    assert rows[2:] == [
        "| One | 30 | 5 (1 exercises) | 7 (1 exercises) |",
        "| Two | 40 | 0 (0 exercises) | 0 (0 exercises) |",
    ]


def test_a_week_is_a_lesson_and_a_chapter_without_lessons_has_one(cards):
    lessons = (
        {"class": "{one}: look", "home": "{one.read}, {one.assigned}"},
        {"class": "talk", "home": "{one.practice}"},
    )
    plan = with_parts((replace(ONE, lesson=lessons), replace(TWO, week=3)), (LATER,))
    text = term.weeks(plan, cards)
    assert text.startswith("Part I is enough for three weeks. ")
    assert text.splitlines()[4:] == [
        "| 1 | [One](a/one.ipynb): look | 30, 7 |",
        "| 2 | talk | 5 |",
        "| 3 | [Two](a/two.ipynb) | read (40), practice (0), assigned (0) |",
    ]


@pytest.mark.parametrize("place", ["{later}", "{one.reed}", "{onne.read}"])
def test_a_lesson_that_names_no_written_chapter_is_refused(cards, place):
    plan = with_parts((replace(ONE, lesson=({"class": place, "home": ""},)),))
    with pytest.raises(ValueError, match=f"written chapters .one., got {place}"):
        term.weeks(plan, cards)


def test_later_weeks_name_a_part_or_what_is_left_of_it():
    plan = with_parts((ONE, LATER), (replace(LATER, week=4), replace(LATER, week=4)), (replace(LATER, week=4),))
    rows = term.later_weeks(plan).splitlines()
    assert rows[2:] == ["| 3 | I. P1: Later *(planned)* |", "| 4 | II. P2; III. P3 *(planned)* |"]


# The files -----------------------------------------------------------------------------------------------------------


def test_a_list_is_put_between_its_marks_and_nowhere_else():
    page = "a\n<!-- map: x --> old <!-- end of map -->\nb <!-- term: y --><!-- end of term -->"
    wanted = "a\n<!-- map: x -->\\1 new<!-- end of map -->\nb <!-- term: y --><!-- end of term -->"
    assert write_lists.between_marks(page, "map", "\\1 new", Path("p.md")) == wanted
    for broken in (page.replace("end of map", "end"), page + page, "a"):
        with pytest.raises(ValueError, match=r"marks <!-- map: … -->.* of them in p\.md"):
            write_lists.between_marks(broken, "map", "new", Path("p.md"))


def test_the_book_holds_what_its_plan_says(capsys):
    assert write_lists.main(check=True) == 0, capsys.readouterr().out


def test_a_stale_list_is_named_and_written(tmp_path, capsys):
    texts = {tmp_path / "a.md": "new", tmp_path / "b.md": "new"}
    for path, text in zip(texts, ("old", "new"), strict=True):
        path.write_text(text)
    (tmp_path / "_config.yml").write_text("repository:\n  url: https://github.com/ada/x\n")
    assert write_lists.main(tmp_path, check=True, make=lambda root: texts) == 1
    cure = "Type: .venv/bin/python tools/write_lists.py"
    assert capsys.readouterr().out == f"a.md is not what book/plan.toml and _config.yml say. {cure}\n"
    assert (tmp_path / "a.md").read_text() == "old"
    assert write_lists.main(tmp_path, make=lambda root: texts) == 0
    assert capsys.readouterr().out == "Written: a.md\n"
    assert (tmp_path / "a.md").read_text() == "new"


def test_the_contents_of_the_book_are_those_of_its_plan():
    toc = yaml.safe_load((write_lists.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    assert [toc["root"], *pages] == read_plan().pages
