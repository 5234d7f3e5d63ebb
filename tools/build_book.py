"""Build the book: `make html` runs this inside `.venv`.

Lists and first cells, weights, then `jupyter-book build`, which executes the notebooks whose code, package or lock has
changed. Warnings are errors. The whole output is in `_build/build.log`; what matters of it is printed.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools import write_lists
from tools.plan import ROOT

BUILD = ROOT / "_build"
SITE = BUILD / "html"
CACHES = BUILD / ".jupyter_cache"
LOG = BUILD / "build.log"
PAGES_KEY = BUILD / ".pages_key"
COMMAND = ["-c", "from jupyter_book.cli.main import main; main()"]
COMMAND += ["build", "book", "--config", str(ROOT / "_config.yml"), "--toc", str(ROOT / "_toc.yml")]
COMMAND += ["--path-output", str(ROOT), "-W", "-n", "--keep-going"]

COLORS = re.compile(r"\x1b\[[0-9;]*m")
EXECUTING = re.compile(r"(\S+?)(?:\.ipynb)?: Executing notebook using")
EXECUTED = re.compile(r"(\S+?)(?:\.ipynb)?: Executed notebook in ([\d.]+) seconds")
PROBLEM = re.compile(r"\b(WARNING|ERROR|CRITICAL): |^Extension error")
ORDINARY = re.compile(r"Exception occurred|build (finished|succeeded)|[a-zA-Z][\w ,()\[\]%-]*\.\.\.( |$)")
CELL_ERROR = re.compile(r"CellExecutionError: (An error occurred .*?)\n\s*\nThe above exception", re.DOTALL)


def fingerprint(*inputs: str, root: Path = ROOT, also: str = "") -> str:
    """Return the SHA-256 of these files, and of all files in these folders, with their names."""
    digest = hashlib.sha256(also.encode())
    for name in inputs:
        top = root / name
        for path in sorted(top.rglob("*") if top.is_dir() else [top]):
            if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts):
                digest.update(path.relative_to(root).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def cache_key(root: Path = ROOT) -> str:
    """Return what an executed notebook depends on besides its own code: the package, results it reads, lock, Python."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return fingerprint("transformer_edu", "experiments", "requirements.txt", root=root, also=python)[:16]


def pages_key(root: Path = ROOT) -> str:
    """Return what the whole site depends on. Sphinx alone would miss settings, extensions and removed anchors."""
    own = ["_config.yml", "_toc.yml", "book", "assignments", "benchmarks", "transformer_edu_course/building"]
    own += ["tools/build_book.py", "tools/colab.py"]
    return cache_key(root) + fingerprint(*own, root=root)[:16]


def pages(toc: Path = ROOT / "_toc.yml") -> list[str]:
    """Return every page of the table of contents, without ending."""
    found: list[str] = []

    def visit(entry: object) -> None:
        if isinstance(entry, dict):
            found.extend(str(entry[key]) for key in ("root", "file") if key in entry)
            for key in ("parts", "chapters", "sections", "subtrees", "entries"):
                visit(entry.get(key))
        elif isinstance(entry, list):
            for child in entry:
                visit(child)

    visit(yaml.safe_load(toc.read_text(encoding="utf-8")))
    return [re.sub(r"\.(ipynb|md|rst)$", "", page) for page in found]


def missing_pages(expected: list[str], site: Path = SITE) -> list[str]:
    """Return the pages that the build should have made and did not."""
    return [page for page in expected if not (site / f"{page}.html").is_file()]


def forget_old_runs(key: str) -> None:
    """Remove the executed notebooks of other versions of the package."""
    if CACHES.is_dir():
        for entry in CACHES.iterdir():
            if entry.name != key:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


class Progress:
    """Turns Sphinx's output into one line for each notebook, and collects what is wrong."""

    def __init__(self, notebooks: list[str]) -> None:
        self.notebooks = notebooks
        self.executed: list[str] = []
        self.problems: list[str] = []
        self.in_problem = False

    def name(self, path: str) -> str:
        for page in self.notebooks:
            if path == page or path.endswith("/" + page):
                return page
        return path

    def read(self, line: str) -> str | None:
        """Take one line of output; return what to print for it, if anything."""
        line = COLORS.sub("", line).rstrip()
        if match := EXECUTING.search(line):
            self.in_problem = False
            number = len(self.executed) + 1
            return f"  executing {self.name(match[1])} ({number} of at most {len(self.notebooks)})"
        if match := EXECUTED.search(line):
            self.in_problem = False
            self.executed.append(self.name(match[1]))
            return f"  executed  {self.name(match[1])} in {float(match[2]):.0f} s"
        if PROBLEM.search(line):
            self.in_problem = True
        elif not line or ORDINARY.match(line):
            self.in_problem = False
        if self.in_problem:
            self.problems.append(line)
        return None


def run_sphinx(key: str, notebooks: list[str]) -> tuple[int, Progress]:
    """Run jupyter-book, print its progress, and return its status and what was wrong."""
    progress = Progress(notebooks)
    environment = {**os.environ, "TRANSFORMER_EDU_CACHE_KEY": key, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    environment.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # The tensors are small; threads that wait for each other on a busy machine cost more than they give.
    environment.setdefault("OMP_NUM_THREADS", "1")
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    process = subprocess.Popen(
        [sys.executable, *COMMAND],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    try:
        with LOG.open("w", encoding="utf-8") as log:
            for line in process.stdout or []:
                log.write(line)
                if shown := progress.read(line):
                    print(shown, flush=True)
        return process.wait(), progress
    except BaseException:
        process.terminate()
        process.wait()
        raise


def report_failure(progress: Progress) -> None:
    """Print briefly what is wrong, and where to read all of it."""
    lines = progress.problems
    output = COLORS.sub("", LOG.read_text(encoding="utf-8"))
    if cell := CELL_ERROR.search(output):
        lines = [*lines, *cell[1].splitlines()]
    elif not lines:
        output = output.split("The above exception was the direct cause")[0]
        lines = [line for line in output.splitlines() if line.strip()][-15:]
    print("\nThe book was not built. What is wrong:", file=sys.stderr)
    for line in lines[:60]:
        print("  " + line, file=sys.stderr)
    if len(lines) > 60:
        print(f"  … and {len(lines) - 60} more lines", file=sys.stderr)
    print(f"The whole output: {LOG.relative_to(ROOT)}", file=sys.stderr)


def is_up_to_date(expected: list[str]) -> bool:
    """Say whether the last build succeeded and nothing that it depends on has changed since."""
    return PAGES_KEY.is_file() and PAGES_KEY.read_text() == pages_key() and not missing_pages(expected)


def build(expected: list[str]) -> int:
    """Build every page afresh; notebooks that have not changed come from the cache of executed notebooks."""
    began, key = time.monotonic(), cache_key()
    PAGES_KEY.unlink(missing_ok=True)  # a build that fails leaves no key: the next one must find its warnings again
    for old in (BUILD / ".doctrees", SITE):
        shutil.rmtree(old, ignore_errors=True)
    forget_old_runs(key)
    notebooks = [page for page in expected if (ROOT / "book" / f"{page}.ipynb").is_file()]
    print(f"Building {len(expected)} pages; notebooks that have not changed are not executed again.", flush=True)
    before = pages_key()
    status, progress = run_sphinx(key, notebooks)
    if status != 0:
        report_failure(progress)
        return 1
    if missing := missing_pages(expected):
        print(f"The build made no page for: {', '.join(missing)}. Check _toc.yml; see {LOG}.", file=sys.stderr)
        return 1
    PAGES_KEY.write_text(before)  # what was edited during the build is built the next time
    executed = f"{len(progress.executed)} of {len(notebooks)} notebooks executed"
    seconds = time.monotonic() - began
    print(f"Built {len(expected)} pages in {seconds:.0f} s ({executed}): _build/html/index.html", flush=True)
    return 0


def main() -> int:
    BUILD.mkdir(exist_ok=True)
    if write_lists.main() != 0:
        return 1
    expected = pages()
    if is_up_to_date(expected):
        print("Nothing has changed since the last build: _build/html/index.html")
        return 0
    if subprocess.run([sys.executable, "-m", "transformer_edu.minilm.fetch"], cwd=ROOT).returncode != 0:
        print("The book was not built: it needs the weights of the pretrained encoder (see above).", file=sys.stderr)
        return 1
    return build(expected)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nInterrupted. make html goes on where it stopped.", file=sys.stderr)
        sys.exit(130)
