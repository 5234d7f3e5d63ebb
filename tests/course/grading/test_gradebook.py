"""The gradebook: one row a student, numbers that stay numbers, and no cell that a spreadsheet runs."""

import csv
import tracemalloc

import pytest

from tests.course.grading.graded_examples import HOSTILE, outcome, question, result
from transformer_edu_course.grading.gradebook import defused, write_gradebook


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_one_row_a_student(tmp_path):
    path = tmp_path / "gradebook.csv"
    flags = ["the notebook declares the id 'bob'", "uses eval"]
    write_gradebook([result("grace"), result("Ada", late=True, flags=flags, note="code cell 3 raised KeyError.")], path)
    ada, grace = read(path)
    assert list(ada) == [
        "student", "name", "points", "possible", "percent", "practice points", "attention/q1", "attention/q2",
        "attention/q3", "state", "late", "declared id", "flags", "note",
    ]  # fmt: skip
    assert list(ada.values()) == [
        "Ada", "Ada Lovelace", "5", "7", "71.4", "0", "3", "2", "0", "graded", "late", "Ada",
        "the notebook declares the id 'bob' · uses eval", "code cell 3 raised KeyError.",
    ]  # fmt: skip
    assert (grace["student"], grace["late"], grace["flags"]) == ("grace", "", "")


def test_excel_sees_utf_8(tmp_path):
    write_gradebook([result("Ünïcode")], tmp_path / "g.csv")
    assert (tmp_path / "g.csv").read_bytes().startswith(b"\xef\xbb\xbfstudent,")


def test_an_exercise_that_a_result_lacks_is_empty_and_no_points_are_no_percent(tmp_path):
    extra = question("q9", 1, outcome("new", 1))
    none = result("bob", questions=[extra], points=0, possible=0)
    write_gradebook([result("ada"), none], tmp_path / "g.csv")
    ada, bob = read(tmp_path / "g.csv")
    assert (ada["attention/q1"], ada["attention/q9"]) == ("3", "")
    assert (bob["attention/q1"], bob["attention/q9"], bob["percent"]) == ("", "1", "")


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "=cmd|'/C calc'!A0"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_is_defused(cell):
    assert defused(cell).startswith("'")


def test_a_formula_behind_a_semicolon_is_defused():
    assert defused("x; =1+1") == "x;' =1+1"


def test_what_is_no_formula_stays():
    for cell in ("ada", "12345", "a=b", "x-y", "", "ada@example.org", "Zoë; Ada", 5, -5, 71.4):
        assert defused(cell) == cell


def test_a_cell_is_one_line():
    assert defused("a\nb\r\nc\u2028d\x00e") == "a b  c d e"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_stay_in_their_cell(tmp_path, hostile):
    row = result(hostile, name=hostile, note=hostile, flags=[hostile, hostile])
    row["questions"][0]["id"] = hostile
    write_gradebook([row], tmp_path / "g.csv")
    text = (tmp_path / "g.csv").read_text(encoding="utf-8-sig")
    assert text.count("\n") == 2
    header, cells = csv.reader(text.splitlines())
    assert len(header) == len(cells) == 14
    numbers = {place for place, cell in enumerate(cells) if cell.replace(".", "").isdigit()}
    for place in set(range(14)) - numbers:
        assert not cells[place].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_the_results_of_a_large_class_are_never_in_memory_together(tmp_path):
    count, live = 2_000, {"now": 0, "most": 0}

    class Watched(dict):
        def __init__(self, content):
            super().__init__(content)
            live["now"] += 1
            live["most"] = max(live["most"], live["now"])

        def __del__(self):
            live["now"] -= 1

    one = result()
    results = (Watched(one | {"student": str(number)}) for number in range(count))
    tracemalloc.start()
    write_gradebook(results, tmp_path / "g")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert live["most"] <= 3
    assert most < 2_000 * count
    assert len((tmp_path / "g").read_text().splitlines()) == count + 1


def test_a_failure_leaves_the_old_gradebook(tmp_path):
    path = tmp_path / "gradebook.csv"
    path.write_text("old")

    def failing():
        yield result()
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        write_gradebook(failing(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["gradebook.csv"]
    assert path.read_text() == "old"
