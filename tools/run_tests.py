"""Run every test and print one summary: `make test` runs this. Standard library only, any Python 3."""

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPORTS = os.path.join(ROOT, "_build", "test-reports")
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
LIMIT = 1200  # seconds that one stage may take: a browser that hangs must not hang everything
MOST_NAMES = 20  # of failed tests that the summary lists for a stage
# These start real sandboxes, which need Linux, bubblewrap and the machine for themselves.
GRADING = ["tests/course/grading/test_%s.py" % name for name in ("batch", "cluster", "marks", "memory", "samples")]
APART = ["tests/book", "tests/colab", "tests/test_architecture.py", "tests/test_notebooks.py"] + GRADING


class Stage:
    """One line of the summary: a command, the stages without which it cannot run, and the system that it needs."""

    def __init__(self, name, command, needs=("setup",), system=""):
        self.name, self.command, self.needs, self.system = name, command, needs, system
        self.passed = self.failed = self.skipped = 0
        self.seconds, self.outcome = 0.0, ""
        self.wrong = []  # the names of the tests that failed

    @property
    def report(self):
        return os.path.join(REPORTS, self.name.replace(" ", "-") + ".xml")

    @property
    def is_pytest(self):
        return "pytest" in self.command

    @property
    def is_elsewhere(self):
        return not sys.platform.startswith(self.system.lower())


def pytest(*arguments):
    return [PYTHON, "-m", "pytest", "-q", *arguments]


def stages():
    workers = str(min(4, os.cpu_count() or 1))
    unit = ["tests", *("--ignore=" + path for path in APART), "-n", workers]
    return [
        Stage("setup", [sys.executable, os.path.join("tools", "setup_environment.py"), "tests"], needs=()),
        Stage("browser", [PYTHON, "tools/browser.py", "--install"]),
        Stage("sandbox", [PYTHON, "tools/sandbox.py", "--install"], system="Linux"),
        Stage("weights", [PYTHON, "-m", "transformer_edu.minilm.fetch"]),
        Stage("lint", [PYTHON, "-m", "ruff", "check", "."]),
        Stage("architecture", pytest("tests/test_architecture.py")),
        Stage("notebooks", pytest("tests/test_notebooks.py")),
        Stage("unit tests", pytest(*unit)),
        Stage("grading", pytest(*GRADING), needs=("setup", "sandbox"), system="Linux"),
        Stage("book", [PYTHON, "tools/build_book.py"]),
        Stage("browser tests", pytest("tests/book", "-n", workers), needs=("setup", "browser", "book")),
        Stage("Colab versions", pytest("tests/colab", "-s")),
    ]


def count(report):
    """Return (passed, failed, skipped, names of the failed) of a pytest report; an error counts as failed."""
    passed = failed = skipped = 0
    wrong = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            failed += 1
            wrong.append("%s::%s" % (case.get("classname"), case.get("name")))
        elif "skipped" in outcomes:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped, wrong


def run(stage):
    """Run one stage and note how it went. A stage that fails without a failed test counts as one failure."""
    command = list(stage.command)
    if stage.is_pytest:
        if os.path.exists(stage.report):
            os.unlink(stage.report)
        command.append("--junitxml=" + stage.report)
    began = time.time()
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    environment.setdefault("OMP_NUM_THREADS", "1" if "-n" in command else str(min(4, os.cpu_count() or 1)))
    try:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        try:
            status = process.wait(timeout=LIMIT)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    except subprocess.TimeoutExpired:
        print("The stage was stopped after %d seconds." % LIMIT, flush=True)
        status = 1
    except OSError as error:
        print(error, flush=True)
        status = 1
    stage.seconds = time.time() - began
    if stage.is_pytest:
        try:
            stage.passed, stage.failed, stage.skipped, stage.wrong = count(stage.report)
        except (OSError, ElementTree.ParseError):
            pass
    if status != 0:
        stage.failed = max(stage.failed, 1)
    stage.outcome = "FAILED" if stage.failed else "passed"


def summary(finished):
    """Return the summary: one line for each stage, then the counts alone on the last line."""
    lines = ["", "=" * 72]
    for stage in finished:
        counts = "needs %s" % stage.system if stage.outcome == "not here" else ""
        if stage.is_pytest and stage.outcome in ("passed", "FAILED"):
            counts = "%d passed, %d failed" % (stage.passed, stage.failed)
            counts += ", %d skipped" % stage.skipped if stage.skipped else ""
        lines.append("%-16s %-8s %6.0f s   %s" % (stage.name, stage.outcome, stage.seconds, counts))
        lines += ["    failed: " + name for name in stage.wrong[:MOST_NAMES]]
    passed, failed = sum(stage.passed for stage in finished), sum(stage.failed for stage in finished)
    return "\n".join([*lines, "=" * 72, "%d passed, %d failed" % (passed, failed)])


def run_all(todo):
    """Run the stages in order, go on after a failure, and return the number of failures.

    What needs another system is neither passed nor failed: the summary says that it was not run here.
    """
    bad = set()
    for stage in todo:
        print("\n--- %s" % stage.name, flush=True)
        if stage.is_elsewhere:
            print("Not run here: it needs %s, and this is %s." % (stage.system, sys.platform), flush=True)
            stage.outcome = "not here"
            continue
        lacking = [name for name in stage.needs if name in bad]
        if lacking:
            print("Not run: it needs the stage '%s', which failed." % lacking[0], flush=True)
            stage.outcome, stage.failed = "not run", 1
        else:
            run(stage)
        if stage.failed:
            bad.add(stage.name)
    print(summary(todo), flush=True)
    return sum(stage.failed for stage in todo)


def main():
    os.makedirs(REPORTS, exist_ok=True)
    try:
        return 1 if run_all(stages()) else 0
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
