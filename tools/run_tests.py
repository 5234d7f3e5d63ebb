"""Run every test and print one summary: `make test` runs this. Standard library only, any Python 3.

    python3 tools/run_tests.py                 every stage, in order
    python3 tools/run_tests.py unit pages      these alone; what they need must be there already
"""

import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tools import times
from tools.stage import ROOT, Stage, kill, run

PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
MOST_NAMES = 20  # of failed tests that the summary lists for a stage
# These start real sandboxes, which need Linux, bubblewrap and the machine for themselves.
GRADING = ["tests/course/grading/test_%s.py" % name for name in ("batch", "cluster", "marks", "memory", "samples")]
APART = ["tests/book", "tests/colab", "tests/test_architecture.py", "tests/test_notebooks.py"] + GRADING


def pytest(*arguments):
    return [PYTHON, "-m", "pytest", "-q", *arguments]


def stages():
    workers = ["-n", str(min(4, os.cpu_count() or 1))]
    some = os.environ.get("UNIT", "tests").split()  # a pull request runs the tests that it reaches
    unit = [*some, *("--ignore=" + path for path in APART), *workers]
    return [
        Stage("setup", [sys.executable, os.path.join("tools", "setup_environment.py"), "tests"], needs=()),
        Stage("browser", [PYTHON, "tools/browser.py", "--install"], beside=True),
        Stage("sandbox", [PYTHON, "tools/sandbox.py", "--install"], system="Linux", beside=True),
        Stage("weights", [PYTHON, "-m", "transformer_edu.minilm.fetch"], beside=True),
        Stage("versions", [PYTHON, "tests/colab/environment.py"], beside=True),
        Stage("lint", [PYTHON, "-m", "ruff", "check", "."]),
        Stage("drawing", [PYTHON, "tools/check_drawing.py"]),
        Stage("architecture", pytest("tests/test_architecture.py")),
        Stage("notebooks", pytest("tests/test_notebooks.py")),
        Stage("unit", pytest(*unit), needs=("setup", "browser", "weights")),
        Stage("grading", pytest(*GRADING), needs=("setup", "sandbox"), system="Linux"),
        Stage("book", [PYTHON, "tools/build_book.py"], needs=("setup", "weights")),
        Stage("pages", pytest("tests/book", *workers, "--dist=loadgroup"), needs=("setup", "browser", "book")),
        Stage("colab", pytest("tests/colab", "-s"), needs=("setup", "versions", "weights")),
    ]


def chosen(names):
    """Return the stages of these names, or all; what a chosen stage needs and is not chosen must be there already."""
    every = stages()
    known = [stage.name for stage in every]
    if unknown := [name for name in names if name not in known]:
        raise ValueError("run_tests needs stages among %s, got %s." % (", ".join(known), ", ".join(unknown)))
    some = [stage for stage in every if not names or stage.name in names]
    some = [stage for stage in some if stage.name != "unit" or os.environ.get("UNIT", "tests")]
    for stage in some:
        stage.needs = tuple(name for name in stage.needs if name in names or not names)
    return some


def counts_of(stage):
    """Return what the summary says of a stage behind its time."""
    if stage.outcome == "not here":
        return "needs %s" % stage.system
    if not stage.is_pytest or stage.outcome == "not run":
        return ""
    counts = "%d passed, %d failed" % (stage.passed, stage.failed)
    return counts + (", %d skipped" % stage.skipped if stage.skipped else "")


def summary(finished):
    """Return the summary: one line for each stage, what failed, the table of times, the counts on the last line."""
    lines = ["", "=" * 72]
    for stage in finished:
        lines.append("%-16s %-8s %6.0f s   %s" % (stage.name, stage.outcome, stage.seconds, counts_of(stage)))
        lines += ["    failed: " + name for name in stage.wrong[:MOST_NAMES]]
        lines += ["    had not ended: " + name for name in stage.running[:MOST_NAMES]]
    passed, failed = sum(stage.passed for stage in finished), sum(stage.failed for stage in finished)
    return "\n".join([*lines, "=" * 72, times.table(finished), "=" * 72, "%d passed, %d failed" % (passed, failed)])


def settle(stage, done):
    """Run a stage, or say why not. What needs another system is neither passed nor failed."""
    print("\n--- %s" % stage.name, flush=True)
    lacking = [name for name in stage.needs if done[name].failed]
    if stage.is_elsewhere:
        print("Not run here: it needs %s, and this is %s." % (stage.system, sys.platform), flush=True)
        stage.outcome = "not here"
    elif lacking:
        print("Not run: it needs the stage '%s', which failed." % lacking[0], flush=True)
        stage.outcome, stage.failed = "not run", 1
    else:
        run(stage)


def run_all(todo):
    """Run the stages in order, go on after a failure, and return the number of failures.

    What waits for a network runs beside the others; a stage waits for those that it needs.
    """
    done, threads = {stage.name: stage for stage in todo}, {}
    try:
        for stage in todo:
            for name in stage.needs:
                if name in threads:
                    threads[name].join()
            if stage.beside:
                threads[stage.name] = threading.Thread(target=settle, args=(stage, done), daemon=True)
                threads[stage.name].start()
            else:
                settle(stage, done)
        for thread in threads.values():
            thread.join()
    except KeyboardInterrupt:
        stop(todo)
        raise
    print(summary(todo), flush=True)
    return sum(stage.failed for stage in todo)


def stop(todo):
    """End what is still running."""
    for stage in todo:
        if stage.process and stage.process.returncode is None:
            kill(stage.process)


def main(names):
    try:
        return 1 if run_all(chosen(names)) else 0
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
