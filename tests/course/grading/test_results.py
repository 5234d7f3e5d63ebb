"""A result is whole or absent, its file is named safely, and it says what it was made of."""

import json
import math
import re
import stat

import pytest

from tests.course.grading.graded_examples import HOSTILE, result
from transformer_edu_course.grading import results, whole_files
from transformer_edu_course.grading.results import is_current, read_result, read_results, result_files, write_result
from transformer_edu_course.grading.whole_files import replacing, safe_name


def decoded(name: str) -> str:
    """Undo `safe_name`, from its description alone."""
    raw = re.sub(rb"~([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), name.encode())
    return raw.decode("utf-8", "surrogatepass")


@pytest.mark.parametrize("student", [*HOSTILE, "ada", "ada.lovelace@example.org", "12345", "ADA", "a~b", "con.txt"])
def test_a_name_of_a_file_is_safe(student):
    name = safe_name(student)
    assert re.fullmatch(r"[a-z0-9~._-]+", name)
    assert not name.startswith(".") and not name.endswith(".")
    assert len(name) <= 100
    assert name.partition(".")[0] not in {"con", "nul", "aux", "prn"}
    if len(student) < 30:
        assert decoded(name) == student


def test_plain_names_stay_readable():
    assert safe_name("ada.lovelace_1") == "ada.lovelace_1"
    assert safe_name("Ada") == "~41da"


def test_ids_that_differ_have_names_that_differ_on_any_file_system():
    students = [*HOSTILE, "ada", "Ada", "ADA", "", "~", "~41", "a.", "é", "e\u0301", "é" * 99, "x" * 299, "x" * 301]
    assert len({safe_name(student).casefold() for student in students}) == len(set(students))


def test_no_cut_leaves_half_an_escape():
    for length in range(60, 140):
        name = safe_name("a" * (length % 3) + "é" * length)
        assert re.fullmatch(r"(?:[a-z0-9-]|~[0-9a-f]{2})+(?:~~[0-9a-f]{32})?", name)


@pytest.mark.parametrize("student", HOSTILE)
def test_a_result_comes_back_as_it_went(tmp_path, student):
    written = result(student, name=student, note=student, flags=[student])
    path = write_result(tmp_path, written)
    assert path.parent == tmp_path
    assert read_result(path) == written
    assert list(read_results(tmp_path)) == [written]


def test_results_are_read_in_order_and_nothing_else_is(tmp_path):
    for student in ("grace", "ada"):
        write_result(tmp_path, result(student))
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".ada.json.tmp").write_text("{}")
    (tmp_path / "copy of ada.json").write_text((tmp_path / "ada.json").read_text())
    assert [one["student"] for one in read_results(tmp_path)] == ["ada", "grace"]
    assert len(result_files(tmp_path)) == 3


def test_every_broken_file_counts_as_absent(tmp_path):
    path = write_result(tmp_path, result())
    whole = path.read_bytes()
    for cut in range(0, len(whole) - 2, 37):
        path.write_bytes(whole[:cut])
        assert read_result(path) is None
    other = whole.replace(b"ada", b"eve")
    for broken in (b"\0" * len(whole), b"\xff\xfe", b"[]", b"null", b"{}", b"[" * 100_000, other):
        path.write_bytes(broken)
        assert read_result(path) is None
    path.unlink()
    assert read_result(path) is None


@pytest.mark.parametrize(
    "change",
    [
        {"points": "5"}, {"points": True}, {"late": 0}, {"flags": [1]}, {"flags": "x"}, {"digest": {}},
        {"questions": [{}]}, {"seconds": "1"}, {"name": None}, {"digest": {"submission": 1, "exercises": "b"}},
    ],
)  # fmt: skip
def test_a_result_with_a_wrong_field_is_none(tmp_path, change):
    with pytest.raises(ValueError, match="write_result needs a result with every field"):
        write_result(tmp_path, result(**change))
    path = tmp_path / "ada.json"
    path.write_text(json.dumps(result(**change)))
    assert read_result(path) is None


def test_wrong_fields_deep_inside_are_found(tmp_path):
    for spoil in (
        lambda one: one["questions"][0]["tests"][0].pop("hidden"),
        lambda one: one["questions"][0]["tests"][0].update(details=[3]),
        lambda one: one["questions"][0].update(tests=3),
    ):
        broken = result()
        spoil(broken)
        assert not results.is_result(broken)


def test_a_failed_write_changes_nothing(tmp_path, monkeypatch):
    path = write_result(tmp_path, result())
    before = path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        write_result(tmp_path, result(points=3, seconds=math.nan))
    no_space = OSError(28, "No space left on device")
    monkeypatch.setattr(whole_files.os, "fsync", lambda file: (_ for _ in ()).throw(no_space))
    with pytest.raises(OSError, match="No space"):
        write_result(tmp_path, result(points=3))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("old")
    with replacing(path) as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) & 0o400


def test_it_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    calls = []
    fsync, replace = whole_files.os.fsync, whole_files.Path.replace
    monkeypatch.setattr(whole_files.os, "fsync", lambda file: (calls.append("fsync"), fsync(file)))
    monkeypatch.setattr(whole_files.Path, "replace", lambda path, to: (calls.append("replace"), replace(path, to)))
    write_result(tmp_path, result())
    assert calls[:2] == ["fsync", "replace"]


def test_only_the_same_notebook_exercises_and_seed_are_current():
    graded = result()
    assert is_current(graded, "a" * 64, "b" * 64, 7)
    assert not is_current(graded, "c" * 64, "b" * 64, 7)
    assert not is_current(graded, "a" * 64, "c" * 64, 7)
    assert not is_current(graded, "a" * 64, "b" * 64, 8)
    assert not is_current(None, "a" * 64, "b" * 64, 7)
