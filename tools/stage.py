"""Run one stage of the tests, and read from its report how it went. Standard library only, any Python 3.

A stage has no limit of time, which a busy machine would meet. It is stopped when nothing has come from it for `SILENCE`
seconds; the report, written test by test, then says what failed before and what was running.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPORTS = os.path.join(ROOT, "_build", "test-reports")
SILENCE = 1800  # seconds without a byte of output or a line of the report; pytest ends a test that hangs before


class Stage:
    """A command, the stages without which it cannot run, and the system that it needs.

    `beside` lets it run while others do: it waits for a network, not for a processor.
    """

    def __init__(self, name, command, needs=("setup",), system="", beside=False):
        self.name, self.command, self.needs, self.system, self.beside = name, command, needs, system, beside
        self.passed = self.failed = self.skipped = 0
        self.seconds = self.processor = 0.0
        self.outcome = ""
        self.wrong, self.running = [], []  # names of the tests that failed, and of those that had not ended
        self.shares = {}  # the seconds of each test
        self.process = None

    @property
    def report(self):
        return os.path.join(REPORTS, self.name + ".jsonl")

    @property
    def is_pytest(self):
        return "pytest" in self.command

    @property
    def is_elsewhere(self):
        return not sys.platform.startswith(self.system.lower())


def read_report(stage):
    """Note passed, failed and skipped tests from a report, whole or broken off; an error counts as failed."""
    outcomes, stage.running = {}, []
    try:
        with open(stage.report, encoding="utf-8") as report:
            lines = [json.loads(line) for line in report if line.endswith("\n")]
    except OSError:
        return
    for line in lines:
        if "began" in line:
            stage.running.append(line["began"])
            continue
        name, outcome = line["test"], line["outcome"]
        stage.shares[name] = stage.shares.get(name, 0) + line["seconds"]
        if outcome == "failed" or line["when"] == "call" or name not in outcomes:
            outcomes[name] = "failed" if outcomes.get(name) == "failed" else outcome
        if line["when"] == "teardown" and name in stage.running:
            stage.running.remove(name)
    stage.wrong = [name for name, outcome in outcomes.items() if outcome == "failed"]
    counts = [outcome for name, outcome in outcomes.items() if outcome == "failed" or name not in stage.running]
    stage.passed, stage.failed, stage.skipped = (counts.count(word) for word in ("passed", "failed", "skipped"))


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


class Silence:
    """Ends a process from which nothing has come for too long."""

    def __init__(self, process, report, limit):
        self.process, self.report, self.limit = process, report, limit
        self.heard, self.size, self.stopped = time.time(), 0, False

    def hear(self):
        self.heard = time.time()

    def watch(self):
        while self.process.returncode is None:
            if size_of(self.report) != self.size:
                self.size = size_of(self.report)
                self.hear()
            if time.time() - self.heard > self.limit:
                self.stopped = True
                kill(self.process)
                return
            time.sleep(min(1, self.limit / 4))


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass  # it has ended by itself


def run(stage, silence=None):
    """Run one stage and note how it went. A stage that fails without a failed test counts as one failure."""
    began = time.time()
    os.makedirs(REPORTS, exist_ok=True)
    if os.path.exists(stage.report):
        os.unlink(stage.report)
    try:
        status = follow(stage, SILENCE if silence is None else silence)
    except OSError as error:
        print(error, flush=True)
        status = 1
    stage.seconds = time.time() - began
    read_report(stage)
    if status != 0:
        stage.failed = max(stage.failed, 1)
    stage.outcome = "FAILED" if stage.failed else "passed"


def follow(stage, silence):
    """Start the command, pass on what it prints, and return its status."""
    command = [*stage.command, *(["-p", "tools.report_tests"] if stage.is_pytest else [])]
    environment = dict(os.environ, PYTHONUNBUFFERED="1", TRANSFORMER_EDU_REPORT=stage.report)
    environment.setdefault("OMP_NUM_THREADS", "1")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    stage.process = process
    quiet = Silence(process, stage.report, silence)
    watcher = threading.Thread(target=quiet.watch, daemon=True)
    watcher.start()
    try:
        with process.stdout:
            relay(process.stdout, quiet)
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        kill(process)
        process.wait()
        raise
    process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    stage.processor = usage.ru_utime + usage.ru_stime
    if quiet.stopped:
        print("\nThe stage was stopped: nothing came from it for %d seconds." % silence, flush=True)
    return process.returncode


def relay(output, quiet):
    """Print what comes, as it comes: dots have no line of their own."""
    while True:
        part = os.read(output.fileno(), 65536)
        if not part:
            return
        quiet.hear()
        sys.stdout.write(part.decode("utf-8", "replace"))
        sys.stdout.flush()
