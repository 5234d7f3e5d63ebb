"""Every layout in which submissions arrive, and what hostile folders and zips try."""

import os
import struct
import tracemalloc
import zipfile

import pytest

from tests.course.grading.graded_examples import HOSTILE
from transformer_edu_course.grading import submitted_files
from transformer_edu_course.grading.submissions import Submissions, one_student, read_submissions


def folder(path, *names, content=b"{}"):
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content + name.encode())
    return path


def zipped(path, *names, content=b"{}"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def students(submissions: Submissions):
    return [submission.student for submission in submissions.found]


# Layouts


LAYOUTS = {
    "flat": ("ada.ipynb", "ada", "", False),
    "upper case": ("Ada.IPYNB", "Ada", "", False),
    "folder": ("ada/attention.ipynb", "ada", "", False),
    "deep": ("ada/week 3/x.ipynb", "ada", "", False),
    "canvas": ("lovelaceada_12345_67890_attention.ipynb", "12345", "lovelaceada", False),
    "canvas late": ("lovelaceada_LATE_12345_67890_attention.ipynb", "12345", "lovelaceada", True),
    "canvas again": ("lovelaceada_12345_67890_attention-1.ipynb", "12345", "lovelaceada", False),
    "canvas late again": ("lovelaceada_LATE_12345_67890_attention-2.ipynb", "12345", "lovelaceada", True),
    "canvas file with numbers": ("lovelaceada_12345_67890_lab_1_2_3.ipynb", "12345", "lovelaceada", False),
    "canvas with underscore": ("love_laceada_12345_67890_x.ipynb", "12345", "love_laceada", False),
    "canvas in other letters": ("łukaszjoão_12345_67890_x.ipynb", "12345", "łukaszjoão", False),
    "canvas named late": ("late_12345_67890_x.ipynb", "12345", "late", False),
    "canvas in a folder": ("lovelaceada_12345_67890_attention/x.ipynb", "12345", "lovelaceada", False),
    "canvas anonymous": ("anon_Xy12z_67890_12_x.ipynb", "anon_Xy12z", "", False),
    "canvas anonymous late": ("LATE_anon_Xy12z_67890_x.ipynb", "anon_Xy12z", "", True),
    "moodle": ("Ada Lovelace_1234567_assignsubmission_file/attention.ipynb", "1234567", "Ada Lovelace", False),
    "moodle old": ("Ada Lovelace_1234567_assignsubmission_file_/attention.ipynb", "1234567", "Ada Lovelace", False),
    "moodle deep": ("Ada Lovelace_1234567_assignsubmission_file/a/b.ipynb", "1234567", "Ada Lovelace", False),
    "moodle flat": ("Ada Lovelace_1234567_assignsubmission_file_a_b.ipynb", "1234567", "Ada Lovelace", False),
    "moodle flat twice": ("A_1_assignsubmission_file_B_2_assignsubmission_file_x.ipynb", "1", "A", False),
    "moodle team": ("Default team_assignsubmission_file/attention.ipynb", "Default team", "Default team", False),
    "not moodle": ("assignsubmission_file.ipynb", "assignsubmission_file", "", False),
    "a student's own file name is not read": ("ada/bob_12345_67890_x.ipynb", "ada", "", False),
    "nor in moodle": ("Ada_7_assignsubmission_file/bob_12_67_x.ipynb", "7", "Ada", False),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["folder", "zip", "wrapped zip"])
def test_whose_notebook_it_is(tmp_path, layout, kind):
    name, *wanted = LAYOUTS[layout]
    if kind == "folder":
        place = folder(tmp_path / "in", name)
    else:
        place = zipped(tmp_path / "Week 3.zip", f"Week 3/{name}" if kind == "wrapped zip" else name)
    (found,), ignored = read_submissions(place)
    assert [found.student, found.name, found.late] == wanted
    assert found.source.endswith(name) and ignored == [] and found.problem == ""
    assert found.read().startswith(b"{}")


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if "/" not in LAYOUTS[layout][0]])
def test_one_notebook(tmp_path, layout):
    name, *wanted = LAYOUTS[layout]
    (found,), ignored = read_submissions(folder(tmp_path, name) / name)
    assert [found.student, found.name, found.late] == wanted
    assert found.read() and ignored == []


def test_a_class_is_sorted_and_other_files_are_listed(tmp_path):
    place = folder(
        tmp_path, "grace.ipynb", "Ada.ipynb", "bob/x.ipynb", "bob/data.csv", "notes.pdf", "ada.ipynb.txt", "x_1_2_y.pdf"
    )
    submissions = read_submissions(place)
    assert students(submissions) == ["Ada", "bob", "grace"]
    assert submissions.ignored == ["ada.ipynb.txt", "bob/data.csv", "notes.pdf", "x_1_2_y.pdf"]


CHECKPOINTS = [".ipynb_checkpoints/ada-checkpoint.ipynb", "bob/.ipynb_checkpoints/bob.ipynb"]
QUIET = [".DS_Store", *CHECKPOINTS, "__MACOSX/._ada.ipynb", "Thumbs.db", "._ada.ipynb"]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_systems_leave_behind_is_passed_over(tmp_path, kind):
    names = ["ada.ipynb", *QUIET]
    place = folder(tmp_path / "in", *names) if kind == "folder" else zipped(tmp_path / "in.zip", *names)
    submissions = read_submissions(place)
    assert students(submissions) == ["ada"]
    assert submissions.ignored == []


def test_only_a_folder_with_the_name_of_the_zip_is_left_out(tmp_path):
    assert students(read_submissions(zipped(tmp_path / "x.zip", "ada/a.ipynb"))) == ["ada"]
    assert students(read_submissions(zipped(tmp_path / "Hw.ZIP", "hw/ada.ipynb", "hw/bob/x.ipynb"))) == ["ada", "bob"]
    with pytest.raises(ValueError, match=r"'x' is no student, name that folder itself"):
        read_submissions(zipped(tmp_path / "y.zip", "x/ada.ipynb", "x/bob.ipynb"))


# Errors


def test_what_is_no_place_of_submissions_is_refused(tmp_path):
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 nothing")
    for name, needs in {
        "none": "that exists, got path=",
        "x.txt": "a folder, a zip or a notebook",
        "empty": "at least one notebook",
        "bad.zip": "a zip that is whole",
    }.items():
        with pytest.raises(ValueError, match=needs) as caught:
            read_submissions(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "twins",
    [
        ("ada.ipynb", "ada/x.ipynb"),
        ("ada.ipynb", "ADA.ipynb"),
        ("straße.ipynb", "STRASSE.ipynb"),
        ("é.ipynb", "e\u0301.ipynb"),
        ("ada/a.ipynb", "ada/b.ipynb"),
        ("lovelaceada_12345_1_a.ipynb", "lovelaceada_LATE_12345_2_a-1.ipynb"),
        ("A_7_assignsubmission_file/x.ipynb", "A_7_assignsubmission_file/y.ipynb"),
        ("ada.ipynb", "\u202eada.ipynb"),
    ],
)
def test_two_notebooks_of_one_student_are_refused(tmp_path, twins):
    with pytest.raises(ValueError, match="one notebook a student") as caught:
        read_submissions(zipped(tmp_path / "x.zip", *twins, "zoe.ipynb"))
    for twin in twins:
        assert repr(twin.replace("e\u0301", "é").replace("\u202e", "")) in str(caught.value)


def test_students_of_one_name_differ_by_number(tmp_path):
    names = ["lovelaceada_1_8_x.ipynb", "lovelaceada_2_9_x.ipynb", "L_3_assignsubmission_file/x.ipynb"]
    assert students(read_submissions(zipped(tmp_path / "x.zip", *names))) == ["1", "2", "3"]


def test_one_student_has_one_spelling():
    assert one_student(" E\u0301VA ") == one_student("éva")
    assert one_student("ada") != one_student("adb")


# Hostile names


@pytest.mark.parametrize("name", [name for name in HOSTILE if "/" not in name and "\0" not in name and len(name) < 200])
def test_hostile_names_are_only_names(tmp_path, name):
    (tmp_path / "zoe.ipynb").write_bytes(b"{}")
    (tmp_path / (name.replace("\ud800", "\udcff") + ".ipynb")).write_bytes(b"{}")  # a byte that is no UTF-8
    found, ignored = read_submissions(tmp_path)
    assert len(found) + len(ignored) + name.startswith(".") == 2
    for text in [*ignored, *(one for submission in found for one in (submission.student, submission.source))]:
        assert text.encode("utf-8") and "\n" not in text and "\u202e" not in text
        assert text == text.strip() != ""


@pytest.mark.parametrize(
    "name",
    ["../../x.ipynb", "/etc/x.ipynb", "a/../../x.ipynb", "..\\..\\x.ipynb", "C:\\x.ipynb", "C:x.ipynb", "nul\0.ipynb"],
)
def test_unsafe_names_in_a_zip_are_reported_and_not_read(tmp_path, name):
    path = zipped(tmp_path / "x.zip", "ada.ipynb", "X" * len(name))
    path.write_bytes(path.read_bytes().replace(b"X" * len(name), name.encode()))  # zipfile would write a tame name
    submissions = read_submissions(path)
    assert students(submissions) == ["ada"]
    (ignored,) = submissions.ignored
    assert ignored.endswith("(an unsafe name)")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.zip"]


def test_backslashes_of_windows_separate_folders(tmp_path):
    path = zipped(tmp_path / "x.zip", "adaXattention.ipynb")
    path.write_bytes(path.read_bytes().replace(b"adaX", b"ada\\"))
    assert students(read_submissions(path)) == ["ada"]


def test_macos_writes_utf_8_without_saying_so(tmp_path):
    path = zipped(tmp_path / "x.zip", "JosXX.ipynb")
    path.write_bytes(path.read_bytes().replace(b"JosXX", "José".encode()))
    assert students(read_submissions(path)) == ["José"]


# Links and odd files


def test_no_link_is_followed(tmp_path):
    secret = folder(tmp_path / "secret", "key.ipynb")
    place = folder(tmp_path / "in", "ada.ipynb")
    (place / "eve.ipynb").symlink_to(secret / "key.ipynb")
    (place / "mallory").symlink_to(secret)
    submissions = read_submissions(place)
    assert students(submissions) == ["ada"]
    assert submissions.ignored == ["eve.ipynb (a link)", "mallory (a link)"]


def test_a_notebook_that_becomes_a_link_later_is_not_followed(tmp_path):
    place = folder(tmp_path, "ada.ipynb")
    (found,) = read_submissions(place).found
    (place / "ada.ipynb").unlink()
    (place / "ada.ipynb").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="The file cannot be read"):
        found.read()


def test_a_folder_that_cannot_be_opened_is_said(tmp_path, monkeypatch):
    place, scandir = folder(tmp_path / "in", "ada.ipynb", "bob/x.ipynb"), os.scandir

    def locked(path):
        if str(path).endswith("bob"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    submissions = read_submissions(place)
    assert students(submissions) == ["ada"]
    assert submissions.ignored == ["bob (a folder that cannot be opened)"]


def test_a_pipe_is_no_notebook(tmp_path):
    folder(tmp_path, "ada.ipynb")
    os.mkfifo(tmp_path / "eve.ipynb")
    assert read_submissions(tmp_path).ignored == ["eve.ipynb (not a file)"]


def test_a_link_in_a_zip_is_no_notebook(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        link = zipfile.ZipInfo("eve.ipynb")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("ada.ipynb", "{}")
    submissions = read_submissions(tmp_path / "x.zip")
    assert (students(submissions), submissions.ignored) == (["ada"], ["eve.ipynb (a link)"])


# Size


@pytest.fixture
def small(monkeypatch):
    """Lower the limit, so that the tests need not write 20 MB."""
    monkeypatch.setattr(submitted_files, "LARGEST_NOTEBOOK", 2**20)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_notebook_over_the_limit_keeps_its_student(tmp_path, small, kind):
    content = bytes(3 * 2**20 + 1)
    if kind == "folder":
        folder(tmp_path, "ada.ipynb", content=content)
    else:
        zipped(tmp_path / "in.zip", "ada.ipynb", content=content)
    (found,) = read_submissions(tmp_path if kind == "folder" else tmp_path / "in.zip").found
    assert found.student == "ada"
    assert found.problem == "The file has 4 MB; 1 MB is the limit."
    with pytest.raises(ValueError, match="The file has 4 MB; 1 MB is the limit"):
        found.read()


def test_a_notebook_at_the_limit_is_read(tmp_path, small):
    (tmp_path / "ada.ipynb").write_bytes(bytes(2**20))
    (found,) = read_submissions(tmp_path).found
    assert len(found.read()) == 2**20


def test_a_notebook_that_grows_is_cut_off(tmp_path, small):
    (found,) = read_submissions(folder(tmp_path, "ada.ipynb")).found
    os.truncate(tmp_path / "ada.ipynb", 2**30)
    tracemalloc.start()
    with pytest.raises(ValueError, match="1 MB is the limit"):
        found.read()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4 * 2**20


@pytest.mark.parametrize("claimed", [5, 2**20])
def test_a_bomb_that_lies_about_its_size_costs_no_memory(tmp_path, small, claimed):
    path = zipped(tmp_path / "x.zip", "bomb.ipynb", "zoe.ipynb", content=bytes(16 * 2**20))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 16 * 2**20), struct.pack("<L", claimed)))
    bomb, _ = read_submissions(path).found
    tracemalloc.start()
    with pytest.raises(ValueError, match="damaged in the zip"):
        bomb.read()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4 * 2**20


def test_a_damaged_or_encrypted_member_spoils_only_its_own_student(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("ada", "broken", "locked"):
            archive.writestr(f"{name}.ipynb", f"content of {name}")
    data = bytearray((tmp_path / "x.zip").read_bytes().replace(b"content of broken", b"kontent of broken"))
    place = data.rindex(b"locked.ipynb") - 46
    data[place + 8] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    ada, broken, locked = read_submissions(tmp_path / "x.zip").found
    assert ada.read() == b"content of ada"
    with pytest.raises(ValueError, match="The file is damaged in the zip"):
        broken.read()
    assert locked.problem == "The file is encrypted in the zip."


def test_damage_inside_compressed_data_is_one_sentence(tmp_path):
    path = zipped(tmp_path / "x.zip", "ada.ipynb", content=os.urandom(100) * 10)
    data = bytearray(path.read_bytes())
    start = data.index(b"ada.ipynb") + len("ada.ipynb")
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)
    (found,) = read_submissions(path).found
    with pytest.raises(ValueError, match="The file is damaged in the zip"):
        found.read()


def test_too_many_files_and_too_much_in_them_are_refused(tmp_path, monkeypatch):
    path = zipped(tmp_path / "x.zip", *(f"{n}.ipynb" for n in range(5)), content=bytes(2**20))
    place = folder(tmp_path / "in", *(f"{n}.ipynb" for n in range(5)))
    monkeypatch.setattr(submitted_files, "LARGEST_TOTAL", 4 * 2**20)
    with pytest.raises(ValueError, match="once unpacked"):
        read_submissions(path)
    monkeypatch.setattr(submitted_files, "MOST_FILES", 4)
    with pytest.raises(ValueError, match=r"at most 4 files, got path=.* with 5"):
        read_submissions(path)
    with pytest.raises(ValueError, match="at most 4 files, got folder="):
        read_submissions(place)


def test_a_large_class_is_not_read_into_memory(tmp_path):
    count, size = 500, 100_000
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(count):
            archive.writestr(f"{number}.ipynb", bytes(size))
    tracemalloc.start()
    found = read_submissions(tmp_path / "x.zip").found
    assert all(len(submission.read()) == size for submission in found)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == count
    assert most < 6_000 * count + 4 * size
