"""A roster is read as any program wrote it, and each student finds one row or none."""

import pytest

from transformer_edu_course.grading import roster as module
from transformer_edu_course.grading.matching import match_students
from transformer_edu_course.grading.roster import read_roster

TEXT = "name,login,note\r\nÉva Ünal,eva,x\r\nBob,bob,\r\n"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def roster(tmp_path, text):
    return read_roster(write(tmp_path / "roster.csv", text))


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        "\ufeff" + TEXT,
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t"),
        "sep=;\r\n" + TEXT.replace(",", ";"),
        TEXT.encode("cp1252"),
        TEXT.encode("utf-16"),
        TEXT.replace("\r\n", "\n"),
        "\n\n" + TEXT + "\n,,\n",
        TEXT.replace("name", '"name"').replace("Bob", '"Bob"'),
        "\ufeff" + TEXT.replace("name", '"name"'),
        TEXT.replace("bob,", "bob"),
        TEXT.replace("bob,", "bob,,, "),
    ],
)
def test_every_way_to_write_it_reads_the_same(tmp_path, content):
    _, columns, rows = roster(tmp_path, content)
    assert columns == ["name", "login", "note"]
    assert rows == [["Éva Ünal", "eva", "x"], ["Bob", "bob", ""]]


def test_cells_keep_separators_quotes_lines_and_spaces(tmp_path):
    assert roster(tmp_path, 'a,b\n"x, ""y""", 1 \n"two\nlines",2\n').rows == [['x, "y"', " 1 "], ["two\nlines", "2"]]


@pytest.mark.parametrize(
    ("content", "needs"),
    [
        (b"", "a line of column names"),
        (b"name,login\n", "a row for each student"),
        (b"PK\x03\x04\x00\x00\x81\x8d", "a spreadsheet can save as one"),
        ("a,b\n1,2\n".encode("utf-16-le"), "a spreadsheet can save as one"),
        (b"a,b\n1,2,3\n", "at most 2 cells in a row .* row 2 has 3"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "needs a CSV"),
    ],
)
def test_what_is_no_roster_is_refused(tmp_path, content, needs):
    with pytest.raises(ValueError, match=needs) as caught:
        roster(tmp_path, content)
    assert "roster.csv" in str(caught.value)


def test_a_missing_or_huge_roster_is_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="a file that exists"):
        read_roster(tmp_path / "none.csv")
    monkeypatch.setattr(module, "LARGEST_ROSTER", 10)
    with pytest.raises(ValueError, match="at most"):
        roster(tmp_path, TEXT)


CANVAS = "Student,ID,SIS User ID,SIS Login ID,Section\nPoints Possible,,,,\nL,11,u1,ada@x.edu,A\nB,12,u2,bob@x.edu,A\n"
MOODLE = "Identifier,Full name,Email address,Grade\nParticipant 11,Ada,ada@x.edu,\nParticipant 12,Bob,bob@x.edu,\n"


@pytest.mark.parametrize(
    ("text", "students", "column", "rows"),
    [
        (CANVAS, ["12", "11"], "ID", [2, 1]),
        (CANVAS, ["u1", "99"], "SIS User ID", [1]),
        (CANVAS, ["ADA@X.edu ", "bob@x.edu"], "SIS Login ID", [1, 2]),
        (MOODLE, ["11", "12"], "Identifier", [0, 1]),
        (MOODLE, ["Participant 12"], "Identifier", [1]),
        (MOODLE.replace("Participant ", "Teilnehmer/in"), ["12"], "Identifier", [1]),
        (MOODLE, ["ada@x.edu"], "Email address", [0]),
        (MOODLE, ["Bob"], "Full name", [1]),
        ("Student ID,x\ne\u0301va,1\n", ["ÉVA"], "Student ID", [0]),
        ("id,login\n1,a\n2,b\n3,c\n", ["a", "b", "3"], "login", [0, 1]),
    ],
)
def test_the_column_with_most_ids_is_found(tmp_path, text, students, column, rows):
    found = match_students(students, roster(tmp_path, text))
    assert (found.column, list(found.rows.values())) == (column, rows)


def test_a_column_can_be_chosen(tmp_path):
    found = match_students(["x"], roster(tmp_path, "id,Team\nx,y\nz,X\n"), "team")
    assert found == ("Team", {"x": 1})


def test_numbers_count_only_in_the_column_of_participants(tmp_path):
    with pytest.raises(ValueError, match="No submission's student is in the roster"):
        match_students(["11"], roster(tmp_path, "Username,x\nada11,1\n"))


@pytest.mark.parametrize(
    ("text", "students", "column", "needs"),
    [
        ("a,b\n1,2\n", ["1"], "c", r"--match needs a column of the roster \('a', 'b'\), got column='c'"),
        ("a,b\n1,2\n", ["1"], "", r"no column known to hold ids: choose one of 'a', 'b' with --match"),
        ("ID,b\n1,2\n", ["7"], "", r"searched: 'ID'; the first is '7'"),
        ("ID,b\n1,2\n3,4\n1,5\n", ["1"], "", r"'1' stands twice in the roster's column 'ID' \(rows 2 and 4\)"),
        ("ID,b\nAda,2\nada,5\n", ["ADA"], "", "stands twice"),
        ("ID,b\nada,2\n", ["ADA", "ada"], "", "Two results fit row 2 of the roster, those of 'ADA' and 'ada'"),
    ],
)
def test_what_cannot_be_matched_is_said(tmp_path, text, students, column, needs):
    with pytest.raises(ValueError, match=needs):
        match_students(students, roster(tmp_path, text), column)


def test_rows_without_an_id_and_doubles_that_no_one_needs_do_no_harm(tmp_path):
    found = match_students(["", "x"], roster(tmp_path, "ID,b\n,1\n,2\ny,3\ny,4\nx,5\n"))
    assert found.rows == {"x": 4}
