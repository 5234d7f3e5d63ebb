"""`make test` goes on after a failure, names what failed even when it is stopped, and says what a chapter costs."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import report_tests, run_tests, times
from tools import stage as stages

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def reports(tmp_path, monkeypatch):
    """Keep the reports of pretended stages out of the real ones."""
    monkeypatch.setattr(stages, "REPORTS", str(tmp_path / "reports"))


def stage(name, text, **settings):
    return run_tests.Stage(name, [sys.executable, "-c", text], **{"needs": (), **settings})


def pytest_stage(name, folder, text, *options):
    """Return a stage that runs one file of tests with pytest."""
    test = folder / f"test_{name}.py"
    test.write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(folder), str(test), *options]
    return run_tests.Stage(name, command, needs=())


def test_the_summary_goes_on_after_a_failure_and_counts_it(capfd):
    todo = [
        stage("first", "raise SystemExit(3)"),
        stage("second", "pass"),
        stage("third", "pass", needs=("first",)),
        run_tests.Stage("fourth", ["/no/such/command"], needs=()),
    ]
    assert run_tests.run_all(todo) == 3
    assert [one.outcome for one in todo] == ["FAILED", "passed", "not run", "FAILED"]
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1] == "0 passed, 3 failed"
    begin = lines.index("=" * 72)
    assert [line.split()[0] for line in lines[begin + 1 : begin + 5]] == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_the_summary_adds_the_counts_of_pytest(workers, tmp_path, capfd):
    text = """import pytest
@pytest.fixture
def broken(): 1 / 0
@pytest.fixture
def breaks(): yield; 1 / 0
def test_a(): pass
def test_b(): assert 0
def test_c(broken): pass
def test_d(): pytest.skip("x")
def test_e(breaks): pass
"""
    unit = pytest_stage("unit", tmp_path, text, *workers)
    assert run_tests.run_all([unit, stage("lint", "pass")]) == 3
    out = capfd.readouterr().out
    assert out.splitlines()[-1] == "1 passed, 3 failed"
    assert "1 passed, 3 failed, 1 skipped" in out
    named = [line.split("::")[-1] for line in out.splitlines() if line.startswith("    failed: ")]
    assert sorted(named) == ["test_b", "test_c", "test_e"]  # the last lines of a long log must say which
    assert unit.running == []


def test_a_file_that_cannot_be_read_is_named(tmp_path, capfd):
    unit = pytest_stage("broken", tmp_path, "import no_such_module")
    assert run_tests.run_all([unit]) == 1
    assert unit.wrong == ["test_broken.py"]


def test_a_stage_that_is_silent_is_stopped_and_says_what_failed_and_what_was_running(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(stages, "SILENCE", 20)  # seconds; Python and pytest start in them on a busy machine, too
    text = "import time\ndef test_a(): assert 0\ndef test_b(): pass\ndef test_c(): time.sleep(600)\n"
    slow = pytest_stage("slow", tmp_path, text)
    assert run_tests.run_all([slow]) == 1
    assert (slow.passed, slow.failed, slow.wrong) == (1, 1, ["test_slow.py::test_a"])
    assert slow.running == ["test_slow.py::test_c"]
    out = capfd.readouterr().out
    assert "nothing came from it for 20 seconds" in out
    assert "    failed: test_slow.py::test_a" in out
    assert "    had not ended: test_slow.py::test_c" in out


def test_a_stage_that_speaks_is_not_stopped(monkeypatch, capfd):
    monkeypatch.setattr(stages, "SILENCE", 8)
    text = "import time\nfor _ in range(12): print(end='.', flush=True); time.sleep(1)"
    assert run_tests.run_all([stage("talking", text)]) == 0
    assert "." * 12 in capfd.readouterr().out


def test_a_stage_for_another_system_is_neither_passed_nor_failed(monkeypatch, capfd):
    monkeypatch.setattr(stages.sys, "platform", "darwin")
    command = [sys.executable, "-m", "pytest", "/no/such/test.py"]
    todo = [stage("first", "pass"), run_tests.Stage("walls", command, needs=(), system="Linux")]
    assert run_tests.run_all(todo) == 0
    assert [one.outcome for one in todo] == ["passed", "not here"]
    lines = capfd.readouterr().out.splitlines()
    assert "Not run here: it needs Linux, and this is darwin." in lines
    assert any(re.fullmatch(r"walls +not here +0 s +needs Linux", line) for line in lines)
    assert lines[-1] == "0 passed, 0 failed"


def test_what_waits_for_a_network_runs_beside_and_is_waited_for(tmp_path, capfd):
    mark = tmp_path / "there"
    beside = stage("beside", f"import time; time.sleep(2); open({str(mark)!r}, 'w')", beside=True)
    todo = [
        beside,
        stage("first", f"import os; raise SystemExit(os.path.exists({str(mark)!r}))"),
        stage("second", f"import os; raise SystemExit(not os.path.exists({str(mark)!r}))", needs=("beside",)),
    ]
    assert run_tests.run_all(todo) == 0


def test_stages_can_be_chosen_and_need_what_is_chosen_with_them(capsys):
    assert [one.name for one in run_tests.chosen(["pages", "book"])] == ["book", "pages"]
    assert run_tests.chosen(["pages", "book"])[1].needs == ("book",)
    assert [one.name for one in run_tests.chosen([])] == [one.name for one in run_tests.stages()]
    assert run_tests.main(["unit", "grammar"]) == 2
    assert "got grammar." in capsys.readouterr().err


def test_what_runs_in_a_sandbox_waits_for_it_and_runs_alone():
    named = {one.name: one for one in run_tests.stages()}
    assert "sandbox" in named["grading"].needs
    assert named["sandbox"].system == named["grading"].system == "Linux"
    assert [*named].index("sandbox") < [*named].index("grading")
    assert all(f"--ignore={path}" in named["unit"].command for path in run_tests.GRADING)
    folder = ROOT / "tests" / "course" / "grading"
    words = re.compile(r"\b(?:Sandbox|marked|sandbox)\b|from tests\.course\.grading\.test_batch")
    real = [path for path in folder.glob("test_*.py") if words.search(path.read_text(encoding="utf-8"))]
    assert sorted(path.relative_to(ROOT).as_posix() for path in real) == run_tests.GRADING


def test_every_test_runs_in_one_stage():
    runs = [one.command for one in run_tests.stages() if one.is_pytest]
    named = [argument for command in runs for argument in command if argument.startswith("tests")]
    assert sorted(named) == sorted(["tests", *run_tests.APART])
    assert all((ROOT / path).exists() for path in run_tests.APART)


# What it costs -------------------------------------------------------------------------------------------------------

CHAPTERS = [("softmax", "part/why_sqrt_d"), ("scores", "part/how_well")]


@pytest.mark.parametrize(
    ("test", "grows"),
    [
        ("tests/attention/test_masks.py::test_causal", True),
        ("tests/test_setup.py::test_a_second_setup", False),
        ("tests/exercises/test_check.py::test_it", False),
        ("tests/course/building/test_book.py::test_every_answer[softmax]", True),
        ("tests/course/building/test_book.py::test_every_answer[softmax-seed]", True),
        ("tests/course/building/test_book.py::test_every_answer[swin]", False),
        ("tests/book/test_explorers.py::test_readouts[softmax_collapse]@part/why_sqrt_d.html", True),
        ("tests/book/test_site.py::test_barrier[notation.html]@notation.html", False),
        ("tests/colab/test_colab.py::test_notebook[part/how_well]", True),
        ("part/how_well", True),
        ("index", False),
    ],
)
def test_a_test_belongs_to_a_chapter_by_its_folder_or_its_parameters(test, grows):
    assert times.grows(test, CHAPTERS, ["attention", "softmax"]) == grows


def test_the_table_separates_what_is_fixed_from_what_a_chapter_costs():
    unit, setup, fetch = (run_tests.Stage(name, []) for name in ("unit", "setup", "fetch"))
    unit.seconds, unit.processor = 60.0, 100.0
    unit.shares = {"tests/attention/test_a.py::test_a": 30.0, "tests/test_setup.py::test_b": 10.0}
    setup.seconds = 90.0
    fetch.seconds, fetch.beside = 1000.0, True
    lines = times.table([setup, fetch, unit], CHAPTERS, ["attention"]).splitlines()
    assert lines[3].split() == ["unit", "60", "100", "15", "22.5"]
    assert lines[-2].split() == ["together", "150", "100", "105", "22.5"]
    assert lines[-1] == "2 chapters now; 34 chapters would take 14 minutes."  # (105 + 34 · 22.5) / 60


def test_the_chapters_are_those_of_the_plan():
    from tools.plan import read_plan

    assert times.read_chapters() == [(chapter.id, chapter.page) for chapter in read_plan().written]
    assert {"softmax", "attention", "explorers"} <= set(times.families())


def test_the_report_is_written_test_by_test(tmp_path, monkeypatch):
    monkeypatch.setenv(report_tests.FILE, str(tmp_path / "report"))
    report_tests.write(began="a")
    assert json.loads((tmp_path / "report").read_text()) == {"began": "a"}
    monkeypatch.delenv(report_tests.FILE)
    report_tests.write(began="b")
    assert (tmp_path / "report").read_text().count("\n") == 1


def test_an_interruption_ends_what_runs(tmp_path):
    """Ctrl-C reaches the script alone: every stage has a group of its own."""
    mark = tmp_path / "child"
    text = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    code = f"""
import sys
from tools import run_tests
stage = run_tests.Stage("slow", [sys.executable, "-c", {text!r}], needs=(), beside=True)
run_tests.chosen = lambda names: [stage]
sys.exit(run_tests.main([]))
"""
    start = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True, **start
    ) as process:
        while not (mark.exists() and mark.read_text()):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    child = int(mark.read_text())
    while is_alive(child):
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and is not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
