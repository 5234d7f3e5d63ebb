"""Points reach the right rows of Canvas, Moodle and a spreadsheet, and no one is dropped without a word."""

import argparse
import csv

import pytest

from tests.course.grading.graded_examples import HOSTILE, result
from transformer_edu_course.grading import export
from transformer_edu_course.grading.results import write_result

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Softmax (77),Attention (78),Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,10,7.00,(read only)
"Lovelace, Ada",11,u1,ada@x.edu,"A, B",3,,88
"=Hopper, Grace",12,u2,grace@x.edu,A,,,
"Turing, Alan",13,u3,alan@x.edu,A,9,4,
"Student, Test",14,,abc,A,,,
"""
MOODLE = """\
Identifier,Full name,Email address,Status,Grade,Maximum grade,Editable,Last modified (grade),Feedback comments
Participant 11,Ada Lovelace,ada@x.edu,Submitted,,7.00,Yes,-,
Participant 12,=Grace,grace@x.edu,Submitted,3.00,7.00,Yes,"Friday, 3 May 2024, 10:00 AM","Two
lines"
Participant 13,Alan Turing,alan@x.edu,No submission,,7.00,Yes,-,
"""
PARTICIPANTS = '\ufeff"First name","Last name","Email address"\nAda,L,ada@x.edu\nGrace,H,grace@x.edu\n'


@pytest.fixture
def course(tmp_path):
    """A graded chapter with two students of the rosters; the function runs the command beside it."""
    (tmp_path / "attention" / "results").mkdir(parents=True)

    class Course:
        folder = tmp_path / "attention"
        roster = tmp_path / "roster.csv"

        def add(self, student, **changes):
            write_result(self.folder / "results", result(student, **changes))

        def run(self, to, roster, *options):
            if roster is not None:
                self.roster.write_text(roster, encoding="utf-8", newline="")
            parser = argparse.ArgumentParser()
            export.add_arguments(parser)
            arguments = [str(self.folder), "--to", to, "--roster", str(self.roster), *map(str, options)]
            return export.run(parser.parse_args(arguments))

        def read(self, name):
            with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
                return list(csv.reader(file))

    course = Course()
    course.add("11")
    course.add("12", points=7, late=True)
    return course


def test_canvas(course, capsys):
    assert course.run("canvas", CANVAS) == 0
    assert course.read("canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Attention (78)"],
        ["    Points Possible", "", "", "", "", "7"],
        ["Lovelace, Ada", "11", "u1", "ada@x.edu", "A, B", "5"],
        ["=Hopper, Grace", "12", "u2", "grace@x.edu", "A", "7"],
    ]
    assert (course.folder / "canvas.csv").read_bytes().startswith(b"Student,")
    said = capsys.readouterr()
    assert said.out == f"{course.folder / 'canvas.csv'}: 2 students, points of 7, matched by 'ID'.\n"
    assert "2 students of the roster without a submission." in said.err
    assert "worth" not in said.err and "new one" not in said.err


def test_canvas_with_first_and_last_names(course):
    text = "LastName,FirstName,ID,SIS Login ID,Section,x\n    Points Possible,,,,,\nLovelace,Ada,11,a,A,\nH,G,12,g,A,\n"
    assert course.run("canvas", text) == 0
    assert course.read("canvas.csv")[:3] == [
        ["LastName", "FirstName", "ID", "SIS Login ID", "Section", "attention"],
        ["    Points Possible", "", "", "", "", "7"],
        ["Lovelace", "Ada", "11", "a", "A", "5"],
    ]


def test_canvas_in_percent_under_another_name(course, capsys):
    assert course.run("canvas", CANVAS, "--percent", "--assignment", "Week 3") == 0
    rows = course.read("canvas.csv")
    assert [row[-1] for row in rows] == ["Week 3", "100", "71.43", "100"]
    assert "no assignment 'Week 3': Canvas will offer to make a new one" in capsys.readouterr().err


def test_canvas_worth_something_else_is_said(course, capsys):
    assert course.run("canvas", CANVAS, "--assignment", "Softmax") == 0
    assert course.read("canvas.csv")[0][-1] == "Softmax (77)"
    assert "worth 10 in Canvas and 7 here; --percent writes points of 100" in capsys.readouterr().err


def test_canvas_with_two_assignments_of_a_name_asks_which(course, capsys):
    twice = CANVAS.replace("Softmax (77)", "Attention (77)")
    assert course.run("canvas", twice) == 2
    assert "choose 'Attention (77)' or 'Attention (78)'" in capsys.readouterr().err
    assert course.run("canvas", twice, "--assignment", "attention (77)") == 0
    assert course.read("canvas.csv")[0][-1] == "Attention (77)"


def test_canvas_in_semicolons_and_another_order(course):
    text = "Section;ID;Student\nB;12;H\nA;11;L\n"
    assert course.run("canvas", text) == 0
    assert course.read("canvas.csv")[0] == ["Student", "ID", "Section", "attention"]
    assert course.read("canvas.csv")[2:] == [["H", "12", "B", "7"], ["L", "11", "A", "5"]]


def test_moodle_worksheet(course, capsys):
    assert course.run("moodle", MOODLE) == 0
    given = list(csv.reader(MOODLE.splitlines(keepends=True)))
    header, ada, grace = course.read("moodle.csv")
    assert header == given[0]
    assert ada == [*given[1][:4], "5", *given[1][5:]]
    assert grace == [*given[2][:4], "7", *given[2][5:]]
    assert grace[-1] == "Two\nlines" and grace[1] == "=Grace"
    assert (course.folder / "moodle.csv").read_bytes().startswith(b"Identifier,")
    assert "worth" not in capsys.readouterr().err


def test_moodle_worth_something_else_is_said(course, capsys):
    assert course.run("moodle", MOODLE.replace("7.00", '"5,00"')) == 0
    assert "worth 5,00 in Moodle and 7 here" in capsys.readouterr().err


def test_moodle_worksheet_that_moodle_would_refuse(course, capsys):
    assert course.run("moodle", MOODLE.replace("Last modified (grade)", "Zuletzt geändert (Bewertung)")) == 2
    assert "with a column 'Last modified (grade)', got 'Identifier', 'Full name'" in capsys.readouterr().err


def test_moodle_gradebook(course, capsys):
    for student in ("11", "12"):
        (course.folder / "results" / f"{student}.json").unlink()
    course.add("ADA@x.edu")
    assert course.run("moodle", PARTICIPANTS, "--assignment", "Attention") == 0
    assert course.read("moodle.csv") == [
        ["First name", "Last name", "Email address", "Attention"],
        ["Ada", "L", "ada@x.edu", "5"],
    ]
    assert "map the e-mail address" in capsys.readouterr().err


def test_csv_has_everyone_and_is_safe_for_spreadsheets(course):
    assert course.run("csv", CANVAS) == 0
    header, ada, grace, alan, _ = course.read("csv.csv")
    assert header[-6:] == ["points", "possible", "percent", "practice points", "state", "late"]
    assert ada[:5] + ada[-6:] == ["Lovelace, Ada", "11", "u1", "ada@x.edu", "A, B", "5", "7", "71.4", "0", "graded", ""]
    assert grace[0] == "'=Hopper, Grace" and grace[-1] == "late"
    assert alan[-6:] == ["", "7", "", "", "no submission", ""]
    assert (course.folder / "csv.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("to", ["csv", "canvas", "moodle"])
def test_no_one_is_dropped_without_a_word(course, capsys, to):
    course.add("99", name="=Eve", source="=eve.ipynb")
    assert course.run(to, MOODLE if to == "moodle" else CANVAS) == 0
    said = capsys.readouterr().err
    assert "1 submission without a row in the roster, not in the file: '99'." in said
    assert f"{to}-unmatched.csv" in said
    rows = course.read(f"{to}-unmatched.csv")
    assert rows[:2] == [
        ["what", "student", "name", "points", "file"],
        ["submission without a row in the roster", "99", "'=Eve", "5", "'=eve.ipynb"],
    ]
    kept = {"moodle": ["Participant 13"], "csv": ["13", "14"], "canvas": ["13", "14"]}[to]
    assert [row[1] for row in rows[2:]] == kept
    assert {row[0] for row in rows[2:]} == {"student without a submission"}
    assert "Turing" in rows[2][2]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_students_change_no_other_row(course, hostile):
    course.add(hostile, name=hostile, source=hostile)
    assert course.run("canvas", CANVAS) == 0
    assert [row[-1] for row in course.read("canvas.csv")] == ["Attention (78)", "7", "5", "7"]
    for row in course.read("canvas-unmatched.csv"):
        assert len(row) == 5 and not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_nothing_is_overwritten_unasked(course, capsys):
    assert course.run("canvas", CANVAS) == 0
    before = (course.folder / "canvas.csv").read_bytes()
    course.add("11", points=1)
    assert course.run("canvas", CANVAS) == 2
    assert "canvas.csv' exists: choose another --out, or replace it with --overwrite" in capsys.readouterr().err
    assert (course.folder / "canvas.csv").read_bytes() == before
    assert course.run("canvas", CANVAS, "--overwrite") == 0
    assert (course.folder / "canvas.csv").read_bytes() != before


def test_a_list_that_is_no_longer_true_goes_away(course):
    assert course.run("canvas", CANVAS) == 0
    course.add("13")
    course.add("14")
    assert course.run("canvas", CANVAS, "--overwrite") == 0
    assert not (course.folder / "canvas-unmatched.csv").exists()


@pytest.mark.parametrize("name", ["roster.csv", "x.csv"])
def test_the_roster_is_never_overwritten(course, capsys, name):
    course.roster = course.roster.with_name("x-unmatched.csv" if name == "x.csv" else name)
    assert course.run("canvas", CANVAS, "--out", course.roster.with_name(name), "--overwrite") == 2
    assert "a file other than the roster" in capsys.readouterr().err
    assert course.roster.read_text() == CANVAS


@pytest.mark.parametrize("name", ["gradebook.csv", "grading.json", "results/x.csv", "feedback/x.csv"])
def test_what_the_grader_wrote_is_never_overwritten(course, capsys, name):
    (course.folder / "feedback").mkdir()
    (course.folder / "grading.json").write_text("{}", encoding="utf-8")
    assert course.run("csv", PARTICIPANTS, "--out", course.folder / name, "--overwrite") == 2
    assert f"none of the grader's own files, got '{course.folder / name}'" in capsys.readouterr().err


def test_without_out_it_lies_beside_what_the_grader_wrote(course):
    (course.folder / "grading.json").write_text("{}", encoding="utf-8")
    assert course.run("canvas", CANVAS) == 0
    assert len(course.read("canvas.csv")) == 4


def test_out_elsewhere(course, tmp_path, capsys):
    assert course.run("canvas", CANVAS, "--out", tmp_path / "none" / "x.csv") == 2
    assert "--out needs a folder that exists" in capsys.readouterr().err
    assert course.run("canvas", CANVAS, "--out", tmp_path / "x.csv") == 0
    assert (tmp_path / "x-unmatched.csv").exists() and not (course.folder / "canvas.csv").exists()


@pytest.mark.parametrize(
    ("to", "roster", "options", "sentence"),
    [
        ("canvas", None, (), "needs a file that exists"),
        ("canvas", MOODLE, (), "needs Canvas's own gradebook"),
        ("canvas", CANVAS, ("--match", "Email"), "--match needs a column of the roster ('Student', 'ID'"),
        ("canvas", CANVAS.replace(",13,", ",11,"), (), "stands twice"),
        ("csv", "a;b\n1;2\n", (), "choose one of 'a', 'b' with --match"),
        ("csv", "", (), "needs a line of column names"),
    ],
)
def test_errors_are_one_sentence_and_write_nothing(course, capsys, to, roster, options, sentence):
    assert course.run(to, roster, *options) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "Traceback" not in said.err
    assert said.err.startswith("transformer-edu export: ") and sentence in said.err
    assert [file.name for file in course.folder.iterdir()] == ["results"]


def test_a_folder_that_was_not_graded(course, capsys):
    for path in (course.folder / "results").iterdir():
        path.unlink()
    for folder in (course.folder, course.folder / "none", course.roster):
        course.folder = folder
        assert course.run("csv", CANVAS) == 2
        assert "export needs a folder with results" in capsys.readouterr().err


def test_results_of_two_states_are_not_mixed(course, capsys):
    course.add("13", digest={"submission": "a", "exercises": "other"})
    assert course.run("csv", CANVAS) == 2
    assert "one state of the exercises (grade again)" in capsys.readouterr().err


def test_a_damaged_result_is_said(course, capsys):
    (course.folder / "results" / "12.json").write_text("{")
    assert course.run("csv", CANVAS) == 0
    assert "1 damaged result file left out" in capsys.readouterr().err


def test_the_table_for_people_has_points_and_percent_anyway(course, capsys):
    assert course.run("csv", CANVAS, "--percent") == 0
    assert course.read("csv.csv")[1][-6:-3] == ["5", "7", "71.4"]
    assert "points of 7," in capsys.readouterr().out


def test_percent_of_nothing(course, capsys):
    for student in ("11", "12"):
        course.add(student, points=0, possible=0)
    assert course.run("csv", CANVAS, "--percent") == 2
    assert "--percent needs assigned exercises with points" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence(course, capsys, monkeypatch):
    def full(file):
        raise OSError(28, "No space left on device", "x.csv")

    monkeypatch.setattr("os.fsync", full)
    assert course.run("csv", CANVAS) == 2
    assert capsys.readouterr().err == "transformer-edu export: x.csv: No space left on device.\n"
    assert [file.name for file in course.folder.iterdir()] == ["results"]
