"""Build the book: `make html` runs this inside `.venv`. With a page, only that one is executed, in `_build/check/html`.

Lists and first cells, weights, then Jupyter Book's Sphinx, which executes the notebooks whose code, imports, data or
lock have changed, two at a time. Warnings are errors. The whole output is in `_build/build.log`; what matters of it is
printed.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools import write_lists
from tools.build_progress import Progress, trouble
from tools.page_keys import CACHE, forget_changed, site_key
from tools.plan import ROOT, read_plan
from tools.report_tests import write

BUILD = ROOT / "_build"
SITE = BUILD / "html"
CHECK = BUILD / "check" / "html"
TOC = ROOT / "_toc.yml"
LOG = BUILD / "build.log"
SITE_KEY = BUILD / ".pages_key"
JOBS = min(2, os.cpu_count() or 1) if sys.platform.startswith("linux") else 1  # macOS cannot fork safely


def pages(toc: Path = TOC) -> list[str]:
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
    return [page.removesuffix(".ipynb").removesuffix(".md") for page in found]


def notebook(page: str) -> Path:
    return ROOT / "book" / f"{page}.ipynb"


def with_exercises(expected: list[str]) -> dict[Path, Path | None]:
    """Return each notebook of these pages, and the student notebook with its exercises if there is one."""
    students = {chapter.page: ROOT / "assignments" / f"{chapter.id}.ipynb" for chapter in read_plan().written}
    there = {page: path for page, path in students.items() if path.is_file()}
    return {notebook(page): there.get(page) for page in expected if notebook(page).is_file()}


def missing_pages(expected: list[str], site: Path = SITE) -> list[str]:
    """Return the pages that the build should have made and did not."""
    return [page for page in expected if not (site / f"{page}.html").is_file()]


def run_sphinx(notebooks: list[str], toc: Path, site: Path) -> tuple[int, Progress]:
    """Run Sphinx, print its progress, and return its status and what was wrong."""
    progress = Progress(notebooks)
    environment = {**os.environ, "TRANSFORMER_EDU_EXECUTED": str(CACHE), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    environment.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # The tensors are small; threads that wait for each other on a busy machine cost more than they give.
    environment.setdefault("OMP_NUM_THREADS", "1")
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    command = [sys.executable, str(ROOT / "tools" / "run_sphinx.py"), str(toc), str(site), str(JOBS)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)
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


def is_up_to_date(expected: list[str]) -> bool:
    """Say whether the last build succeeded and nothing that it depends on has changed since."""
    return SITE_KEY.is_file() and SITE_KEY.read_text() == site_key() and not missing_pages(expected)


def build(expected: list[str], *, toc: Path = TOC, site: Path = SITE) -> int:
    """Build these pages afresh; notebooks that have not changed come from the cache of executed notebooks."""
    began = time.monotonic()
    for old in (site.parent / ".doctrees", site):
        shutil.rmtree(old, ignore_errors=True)
    notebooks = [page for page in expected if notebook(page).is_file()]
    forget_changed(with_exercises(pages()))
    print(f"Building {len(expected)} pages; notebooks that have not changed are not executed again.", flush=True)
    status, progress = run_sphinx(notebooks, toc, site)
    if status != 0:
        print("\nThe book was not built. What is wrong:", file=sys.stderr)
        print("\n".join("  " + line for line in trouble(progress, LOG.read_text(encoding="utf-8"))), file=sys.stderr)
        print(f"The whole output: {LOG.relative_to(ROOT)}", file=sys.stderr)
        return 1
    if missing := missing_pages(expected, site):
        print(f"The build made no page for: {', '.join(missing)}. Check {toc.name}; see {LOG}.", file=sys.stderr)
        return 1
    for page, seconds in progress.seconds.items():
        write(test=page, when="call", outcome="passed", seconds=seconds)
    executed = f"{len(progress.seconds)} of {len(notebooks)} notebooks executed"
    where = (site / "index.html").relative_to(ROOT)
    print(f"Built {len(expected)} pages in {time.monotonic() - began:.0f} s ({executed}): {where}", flush=True)
    return 0


def prepare() -> bool:
    """Write lists and first cells and fetch the weights; say whether the book can be built."""
    BUILD.mkdir(exist_ok=True)
    if write_lists.main() != 0:
        return False
    if subprocess.run([sys.executable, "-m", "transformer_edu.minilm.fetch"], cwd=ROOT).returncode != 0:
        print("The book was not built: it needs the weights of the pretrained encoder (see above).", file=sys.stderr)
        return False
    return True


def build_one(page: str) -> int:
    """Build all pages, for the links between them, but execute one: the others show no outputs."""
    os.environ["TRANSFORMER_EDU_ONLY"] = page
    return build(pages(), site=CHECK)


def main(arguments: list[str]) -> int:
    if not prepare():
        return 1
    if arguments:
        return build_one(arguments[0])
    expected = pages()
    if is_up_to_date(expected):
        print("Nothing has changed since the last build: _build/html/index.html")
        return 0
    SITE_KEY.unlink(missing_ok=True)  # a build that fails leaves no key: the next one must find its warnings again
    before = site_key()
    if build(expected) != 0:
        return 1
    SITE_KEY.write_text(before)  # what was edited during the build is built the next time
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nInterrupted. make html goes on where it stopped.", file=sys.stderr)
        sys.exit(130)
