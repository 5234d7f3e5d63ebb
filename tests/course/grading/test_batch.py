"""Whole classes, through the command: hostile ones, interrupted ones, ones that are graded by another user."""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.course.grading.conftest import write_source
from tests.course.grading.hostile import BEFORE, FORBIDDEN, FORGED, GOOD, WRONG, notebook
from transformer_edu_course.command import main

ROOT = Path(__file__).resolve().parents[3]
PATIENT = ["--timeout", "60", "--total", "240", "--memory", "1", "--seed", "7"]  # no honest notebook meets them
BUSY = 1500  # seconds that a whole class may take where eight other things run; it is 40 on a quiet machine
SOON = ["--timeout", "3", "--total", "24"]  # for classes with notebooks that have to be stopped

pytestmark = pytest.mark.timeout(BUSY + 100)


def command(folder: Path, *more: str, program: tuple[str, ...] = ()) -> list[str]:
    grade = [sys.executable, "-m", "transformer_edu_course.command", "grade"]
    places = ["tiny", str(folder / "in"), "--out", str(folder / "out"), "--exercises", str(folder / "course")]
    return [*program, *grade, *places, *PATIENT, *more]


def run(folder: Path, *more: str, program: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    arguments = command(folder, *more, program=program)
    return subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=BUSY, check=False
    )


def results(folder: Path) -> dict[str, dict]:
    found = (json.loads(path.read_text()) for path in (folder / "out/tiny/results").glob("*.json"))
    return {result["student"]: result for result in found}


def kept_in(folder: Path) -> list[Path]:
    """List the results that an interrupted run leaves whole: those whose page was written, too."""
    pages = {path.stem for path in (folder / "out/tiny/feedback").glob("*.html")}
    return [path for path in (folder / "out/tiny/results").glob("*.json") if path.stem in pages]


@pytest.fixture
def course(tmp_path: Path):
    """Return a function that lays out a course with these submissions."""

    def lay_out(submissions: dict[str, bytes]) -> Path:
        write_source(tmp_path / "course")
        (tmp_path / "in").mkdir()
        for name, content in submissions.items():
            (tmp_path / "in" / f"{name}.ipynb").write_bytes(content)
        return tmp_path

    return lay_out


def class_of(count: int, cells: list[str] = GOOD) -> dict[str, bytes]:
    return {f"s{place:03}": notebook(cells, f"s{place:03}") for place in range(count)}


def hostile_class(port: int) -> tuple[dict[str, bytes], dict[str, int]]:
    """Mix every hostile notebook with good ones; return files and the marks that they have to get."""
    files, wanted = {}, {}
    for place, (name, (code, points)) in enumerate([*BEFORE.items(), *FORGED.items()]):
        student = f"h{place:02}"
        answers = GOOD if name in BEFORE else WRONG
        files[student] = notebook([code.replace("PORT", str(port)), *answers], student)
        wanted[student] = points
        if place % 3 == 0:
            files[f"good{place:02}"], wanted[f"good{place:02}"] = notebook(GOOD, f"good{place:02}"), 10
    files |= {"corrupt": b"{", "binary": bytes(range(256))}
    return files, wanted | {"corrupt": 0, "binary": 0}


def test_a_hostile_class_gets_its_marks_and_harms_nobody(course):
    """Everything at once, with two judges: each good notebook has its ten, each other exactly what it earned."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        files, wanted = hostile_class(server.getsockname()[1])
        folder = course(files)
        before = {path: path.read_bytes() for path in [*folder.rglob("*.ipynb"), ROOT / "pyproject.toml"]}
        done = run(folder, "--jobs", "2", *SOON)
        with pytest.raises(TimeoutError):
            server.accept()
    assert done.returncode == 0, done.stderr
    assert len(BEFORE) + len(FORGED) >= 40
    assert {student: result["points"] for student, result in results(folder).items()} == wanted
    assert all(path.read_bytes() == content for path, content in before.items())
    assert not Path("/tmp/evil").exists()
    wait_for(lambda: not children_of(1, "grading.fork_server"))


def children_of(parent: int, word: str) -> list[str]:
    """List the processes below a parent that have a word on their command line."""
    lines = subprocess.run(["ps", "-eo", "ppid,args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if line.split()[0] == str(parent) and word in line]


def test_the_gradebook_and_the_feedback_say_the_same(course):
    folder = course({"ada": notebook(GOOD, "ada"), "bob": notebook(WRONG, "bob"), "=cmd()": notebook(GOOD, "<script>")})
    (folder / "in" / "notes.txt").write_text("x")
    done = run(folder, "--jobs", "1")
    assert "3 graded. Seed 7." in done.stdout
    assert "no notebook: notes.txt" in done.stdout
    with open(folder / "out/tiny/gradebook.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {name: row["points"] for name, row in rows.items()} == {"ada": "10", "bob": "0", "'=cmd()": "10"}
    page = (folder / "out/tiny/feedback/bob.html").read_text(encoding="utf-8")
    assert "The scores are not divided by √head_dim." in page
    assert "torch.full" not in page  # a test's code
    assert all("<script" not in path.read_text(encoding="utf-8") for path in (folder / "out/tiny/feedback").iterdir())


def test_two_who_sign_alike_are_flagged_for_a_person(course):
    folder = course({"ada": notebook(GOOD, "ada"), "bob": notebook(GOOD, "Ada"), "eve": notebook(GOOD, "eve")})
    done = run(folder, "--jobs", "1")
    assert "2 to look at: column flags of the gradebook" in done.stdout
    with open(folder / "out/tiny/gradebook.csv", encoding="utf-8-sig", newline="") as file:
        flags = {row["student"]: row["flags"] for row in csv.DictReader(file)}
    assert flags == {
        "ada": "1 other declares the same id 'ada'",
        "bob": "declares the id 'Ada' · 1 other declares the same id 'Ada'",
        "eve": "",
    }


def test_a_notebook_handed_in_before_parts_of_the_book_moved_says_how_to_grade_it(tmp_path):
    """All exercises of the edition part-1, solved: no points, no zero, in the gradebook, the page and the export."""
    (tmp_path / "in").mkdir()
    shutil.copy(Path(__file__).with_name("handed_in_with_part_1.ipynb"), tmp_path / "in" / "ada.ipynb")
    places = ["transformer", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert "1 earlier edition. Seed" in told_by("grade", *places)
    graded = tmp_path / "out/transformer"
    with open(graded / "gradebook.csv", encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["points"], row["percent"], row["state"]) == ("", "", "earlier edition")
    assert "it imports transformer_edu.tasks, transformer_edu.transformer, which the edition part-1 has" in row["note"]
    assert "To grade it: git checkout part-1, then transformer-edu grade transformer" in row["note"]
    assert "This is no grade yet, and nothing is lost" in (graded / "feedback/ada.html").read_text(encoding="utf-8")
    (tmp_path / "roster.csv").write_text("Identifier,Grade,Last modified (grade)\nada,,-\nbob,,-\n")
    told = told_by("export", str(graded), "--to", "moodle", "--roster", str(tmp_path / "roster.csv"))
    assert "0 students" in told
    assert "1 submission of an earlier edition of the book, without points yet." in told
    assert "1 student of the roster without a submission." in told
    assert "ada" not in (graded / "moodle.csv").read_text(encoding="utf-8")


def told_by(*arguments: str) -> str:
    program = [sys.executable, "-m", "transformer_edu_course.command", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


# Interrupted --------------------------------------------------------------------------------------------------------


def wait_for(condition, seconds: float = BUSY / 2) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def test_a_killed_driver_loses_nothing(course):
    """The same command grades the others, and only the others; the judges and sandboxes of the first are gone."""
    folder = course(class_of(12, ["import time; time.sleep(0.4)", *GOOD]))
    with subprocess.Popen(command(folder, "--jobs", "2"), cwd=folder, stderr=subprocess.DEVNULL) as driver:
        wait_for(lambda: len(kept_in(folder)) >= 2)
        driver.kill()
    kept = {path: path.stat().st_mtime_ns for path in kept_in(folder)}
    assert 2 <= len(kept) < 12
    done = run(folder, "--jobs", "2")
    assert f"12 graded ({len(kept)} of them before)" in done.stdout, done.stderr
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items())
    assert {result["points"] for result in results(folder).values()} == {10}
    assert len(results(folder)) == 12
    wait_for(lambda: not children_of(1, "grading.fork_server"))


def test_a_killed_judge_loses_nothing(course):
    folder = course(class_of(8, ["import time; time.sleep(0.5)", *GOOD]))
    with subprocess.Popen(command(folder, "--jobs", "2"), cwd=folder, stdout=subprocess.PIPE, text=True) as driver:
        wait_for(lambda: len(results(folder)) >= 1)
        judges = subprocess.run(["pgrep", "-P", str(driver.pid), "-f", "spawn_main"], capture_output=True, text=True)
        os.kill(int(judges.stdout.split()[0]), signal.SIGKILL)
        assert "8 graded" in driver.communicate(timeout=BUSY)[0]
    assert driver.returncode == 0
    assert {result["points"] for result in results(folder).values()} == {10}


def test_a_killed_fork_server_loses_nothing(course):
    folder = course(class_of(6, ["import time; time.sleep(0.5)", *GOOD]))
    with subprocess.Popen(command(folder, "--jobs", "1"), cwd=folder, stdout=subprocess.PIPE, text=True) as driver:
        wait_for(lambda: len(results(folder)) >= 1)
        found = subprocess.run(
            ["pgrep", "-f", f"bwrap .*{ROOT}.*grading.fork_server"], capture_output=True, text=True
        ).stdout
        assert found
        for process in found.split():
            os.kill(int(process), signal.SIGKILL)
        assert "6 graded" in driver.communicate(timeout=BUSY)[0]
    assert {result["points"] for result in results(folder).values()} == {10}


def test_a_result_cut_off_by_a_power_failure_is_graded_again(course):
    folder = course(class_of(3))
    run(folder)
    broken = next((folder / "out/tiny/results").glob("*.json"))
    broken.write_text(broken.read_text()[:100])
    done = run(folder)
    assert "3 graded (2 of them before)" in done.stdout
    assert len(results(folder)) == 3


def test_a_notebook_handed_in_again_is_graded_again(course):
    folder = course({"ada": notebook(WRONG, "ada"), "bob": notebook(GOOD, "bob")})
    run(folder)
    (folder / "in/ada.ipynb").write_bytes(notebook(GOOD, "ada"))
    assert "2 graded (1 of them before)" in run(folder).stdout
    assert results(folder)["ada"]["points"] == 10


# Wrong commands -----------------------------------------------------------------------------------------------------


def refused(folder: Path, *more: str) -> str:
    """Give a command that has to be refused, in this process, and make sure that it left every file as it was."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}
    arguments = command(folder, *more)
    with contextlib.chdir(folder), contextlib.redirect_stderr(io.StringIO()) as said:
        status = main(arguments[arguments.index("grade") :])
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}
    assert status == 2
    assert after == before
    return said.getvalue()


def test_another_seed_is_refused(course):
    folder = course(class_of(1))
    run(folder)
    assert "needs the seed that" in refused(folder, "--seed", "8")


def test_changed_exercises_are_graded_again_only_when_asked(course):
    folder = course(class_of(1))
    run(folder)
    source = folder / "course/tiny.ipynb"
    source.write_text(source.read_text().replace("Count both directions.", "Count them twice."))
    assert "they have changed. Add --regrade" in refused(folder)
    assert "1 graded. Seed 7." in run(folder, "--regrade").stdout


def test_regrade_grades_everything_again(course):
    """A limit that was too low, or a grader that was mended: what was graded before is graded anew."""
    folder = course({"ada": notebook(["import time; time.sleep(0.8)", *GOOD], "ada")})
    assert "took longer than 0.3 s" in (run(folder, "--timeout", "0.3"), results(folder)["ada"]["note"])[1]
    assert "1 graded (1 of them before)" in run(folder).stdout
    assert "1 graded. Seed 7." in run(folder, "--regrade").stdout
    assert results(folder)["ada"]["note"] == ""


def test_the_summary_tells_a_wrong_chapter_and_results_without_a_notebook(course):
    folder = course({"ada": notebook(GOOD, "ada"), "bob": notebook(GOOD, "bob")})
    run(folder)
    (folder / "in/ada.ipynb").unlink()
    assert "1 of earlier runs have no notebook here; they stay in the gradebook" in run(folder).stdout
    shutil.rmtree(folder / "out")
    (folder / "in/bob.ipynb").write_bytes(notebook(["x = 1"]))
    assert "No notebook answers any question of tiny. Is this the right chapter?" in run(folder).stdout


def test_results_do_not_go_where_they_do_not_belong(course):
    folder = course(class_of(1))
    run(folder)
    assert "outside of the submissions" in refused(folder, "--out", str(folder / "in"))
    assert "which holds one chapter's results" in refused(folder, "--out", str(folder / "out/tiny"))
    assert "needs --out to be a folder" in refused(folder, "--out", str(folder / "course/tiny.ipynb"))


def test_wrong_input_gets_one_clear_sentence_and_changes_nothing(course):
    folder = course({})
    assert "needs at least one notebook" in refused(folder)
    (folder / "in/ada").mkdir()
    (folder / "in/ada/x.ipynb").write_bytes(notebook(GOOD))
    (folder / "in/Ada.ipynb").write_bytes(notebook(GOOD))
    told = refused(folder)
    assert "Ada.ipynb" in told
    assert "x.ipynb" in told
    (folder / "in/Ada.ipynb").unlink()
    (folder / "out/tiny").mkdir(parents=True)
    (folder / "out/tiny/thesis.txt").write_text("x")
    assert "which holds other files" in refused(folder)
    shutil.rmtree(folder / "out")
    assert "needs --timeout of at least 0.1, got timeout=0.0" in refused(folder, "--timeout", "0")
    (folder / "course/tiny.ipynb").rename(folder / "course/other.ipynb")
    assert "got chapter='tiny'" in refused(folder)
    assert not (folder / "out").exists()


def test_two_runs_into_one_folder_do_not_meet(course):
    """Whoever holds the lock is at work: here this test, so that no moment has to be met."""
    folder = course(class_of(1))
    assert "1 graded" in run(folder).stdout
    with FileLock(folder / "out/tiny/.lock", timeout=0):
        second = run(folder)
    assert (second.returncode, second.stdout) == (2, "")
    assert "Another run is grading into" in second.stderr


# Where the sandbox runs ---------------------------------------------------------------------------------------------


def without_bubblewrap(folder: Path) -> dict[str, str]:
    """Return an environment whose PATH has everything but bwrap."""
    places = folder / "bin"
    places.mkdir()
    for program in ("apt-get", "sh", "ps"):
        if found := shutil.which(program):
            (places / program).symlink_to(found)
    return os.environ | {"PATH": str(places)}


def test_without_bubblewrap_nothing_is_graded_and_the_cure_is_printed(course):
    folder = course(class_of(1))
    environment = without_bubblewrap(folder)
    done = subprocess.run(command(folder), cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "bubblewrap is not installed. Type:\n    sudo apt-get install bubblewrap" in done.stderr
    assert "No notebook was graded." in done.stderr
    assert results(folder) == {}


def test_a_blocked_bubblewrap_is_refused_with_its_own_words(course):
    folder = course(class_of(1))
    environment = without_bubblewrap(folder)
    fake = folder / "bin/bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    done = subprocess.run(command(folder), cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "It said: bwrap: setting up uid map: Permission denied" in done.stderr
    assert results(folder) == {}


def test_without_a_sandbox_only_when_asked_and_with_a_warning(course):
    """A second process computes even then: what it prints or patches earns nothing."""
    folder = course(class_of(2) | {"eve": notebook([*WRONG, FORGED["patches the judge"][0]], "eve")})
    environment = without_bubblewrap(folder)
    arguments = command(folder, "--unsafe-no-sandbox")
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("WARNING: without a sandbox every notebook can read, change and delete")
    assert {student: result["points"] for student, result in results(folder).items()} == {
        "s000": 10,
        "s001": 10,
        "eve": 0,
    }


ORDINARY = 61234  # a user who is nobody in particular


def as_ordinary_user() -> tuple[str, ...]:
    """Return what to put before a command so that a user without any privilege runs it.

    Root's home is closed to others, and Python may lie in it: that user sees an open home with nothing but Python.
    """
    if os.geteuid() != 0:
        return ()
    home, python = os.path.expanduser("~root"), os.path.realpath(sys.base_prefix)
    walls = ["bwrap", "--dev-bind", "/", "/"]
    if Path(python).is_relative_to(home):
        parents = [str(parent) for parent in reversed(Path(python).parents) if parent.is_relative_to(home)]
        walls += ["--tmpfs", home, *(part for parent in parents[1:] for part in ("--dir", parent))]
        walls += ["--chmod", "0755", home, "--ro-bind", python, python]
    who = [
        "setpriv",
        f"--reuid={ORDINARY}",
        f"--regid={ORDINARY}",
        "--clear-groups",
        "--bounding-set=-all",
        "--inh-caps=-all",
    ]
    return (*walls, "--cap-add", "ALL", "--", *who, "--")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that stays open to other users: pytest closes its own again whenever another pytest starts."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_an_ordinary_user_grades_a_hostile_class(course, open_folder):
    """Root hands its sandboxes to another user; an ordinary user needs a namespace of their own. Both must hold."""
    hostile = ("exits at once", "takes memory", "forks", "kills all", "loops and swallows", "deletes everything")
    chosen = {name: BEFORE[name][0] for name in hostile} | {name: code for name, (code, _) in FORBIDDEN.items()}
    files = {name: notebook([code.replace("PORT", "9"), *GOOD]) for name, code in chosen.items()}
    files |= {"forger": notebook([*WRONG, FORGED["patches the judge"][0]])}
    folder = shutil.copytree(course(files | class_of(4)), open_folder / "course")
    if os.geteuid() == 0:
        hand_over(folder)
    who = subprocess.run([*as_ordinary_user(), "id", "-u"], capture_output=True, text=True, check=True).stdout
    assert int(who) != 0
    done = run(folder, "--jobs", "2", *SOON, program=as_ordinary_user())
    assert done.returncode == 0, done.stderr
    found = results(folder)
    marks = {student: result["points"] for student, result in found.items()}
    assert marks == dict.fromkeys(chosen, 10) | {"forger": 0} | {f"s{place:03}": 10 for place in range(4)}
    for name, (_, refusal) in FORBIDDEN.items():
        assert re.search(f"^code cell 2 raised .*({refusal})", found[name]["note"]), (name, found[name]["note"])


def hand_over(folder: Path) -> None:
    """Give a folder to the ordinary user, and open the way to it."""
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, ORDINARY, ORDINARY)
    for path in folder.parents:
        if path.is_relative_to("/tmp") and path != Path("/tmp"):
            path.chmod(path.stat().st_mode | 0o055)


def test_a_python_environment_below_the_temporary_folder_works(course, tmp_path):
    """Each notebook gets an empty /tmp of its own; the packages of a clone below /tmp are mounted elsewhere."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "transformer_edu", clone / "transformer_edu", ignore=shutil.ignore_patterns("__pycache__"))
    folder = course(
        {
            "ada": notebook(
                ["import transformer_edu\nassert transformer_edu.__path__ == ['/env/book/transformer_edu']", *GOOD]
            )
        }
    )
    environment = os.environ | {"PYTHONPATH": str(clone), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command(folder), cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (results(folder)["ada"]["points"], results(folder)["ada"]["note"]) == (10, "")
