"""Check one chapter in a minute or two: `make check CHAPTER=softmax`.

Lists and style; the tests of what its page and explorers import; its explorers; its exercises, without the sandbox; and
its page, the only one that is executed, in the browser. `make test` checks the rest.
"""

import os
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import transformer_edu.explorers as explorers
from tools.affected import unit_tests
from tools.imports import ROOT, code_of, direct, imported
from tools.plan import Chapter, read_plan
from tools.run_tests import PYTHON, pytest, run_all
from tools.stage import Stage

SITE = ROOT / "_build" / "check" / "html"  # `tools/build_book.py PAGE` builds it


def find_chapter(name: str) -> Chapter:
    """Return a written chapter by its id. Raises: ValueError that lists those there are."""
    written = {chapter.id: chapter for chapter in read_plan().written}
    if name not in written:
        raise ValueError(f"check needs CHAPTER= one of {', '.join(written)}, got CHAPTER={name!r}.")
    return written[name]


def explorers_of(page: Path) -> list[str]:
    """Return the names of the explorers that a page imports."""
    return sorted({name.rsplit(".", 1)[-1] for name in imported(code_of(page))} & set(explorers.FILES))


def subjects(page: Path) -> set[Path]:
    """Return the files that a page and its explorers import themselves, and the explorers."""
    files, folder = direct(page), Path(explorers.__file__).parent
    own = {path for path in files if folder in path.parents and path.stem in explorers_of(page)}
    return {path for path in files.union(*map(direct, own)) if path.parent != folder and path.name != "__init__.py"}


def tests_of(page: Path) -> list[str]:
    """Return the tests of a page's subjects, each in the folder of its own; what most chapters use is left out."""
    pages = [ROOT / "book" / f"{chapter.page}.ipynb" for chapter in read_plan().written]
    uses = Counter(path for one in pages for path in subjects(one))
    wanted = {path for path in subjects(page) if uses[path] <= len(pages) / 2}
    found = []
    for path in unit_tests():
        folder = ROOT / "transformer_edu" / path.parent.relative_to(ROOT / "tests")
        if any(subject.parent == folder for subject in direct(path) & wanted):
            found.append(str(path.relative_to(ROOT)))
    return found


def stages(chapter: Chapter) -> list[Stage]:
    """Return what is checked of a chapter: without a test a stage is left out (pytest takes none for all)."""
    page = ROOT / "book" / f"{chapter.page}.ipynb"
    shown, units, workers = explorers_of(page), tests_of(page), ["-n", str(min(2, os.cpu_count() or 1))]
    on_page = " or ".join([*shown, chapter.id, Path(chapter.page).name])
    words = f"{page.stem} or {chapter.id} or plan"
    command = str(Path(PYTHON).with_name("transformer-edu"))
    every = [
        Stage("lists", [PYTHON, "tools/write_lists.py", "--check"], needs=()),
        Stage("lint", [PYTHON, "-m", "ruff", "check", "."], needs=()),
        Stage("rules", pytest("tests/test_notebooks.py", "tests/test_plan.py", "-k", words), needs=()),
        Stage("unit", pytest(*units, *workers), needs=()),
        Stage("explorers", pytest("tests/explorers/test_declared.py", "-k", " or ".join(shown)), needs=()),
        Stage("exercises", [command, "exercises", "build", chapter.id, "--check"], needs=()),
        Stage("book", [PYTHON, "tools/build_book.py", chapter.page], needs=()),
        Stage("page", pytest("tests/book", "-k", on_page, *workers, "--dist=loadgroup"), needs=("book",)),
    ]
    nothing = {"unit": not units, "explorers": not shown}
    return [stage for stage in every if not nothing.get(stage.name)]


def main(arguments: list[str]) -> int:
    try:
        chapter = find_chapter(arguments[0] if arguments else "")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    os.environ["TRANSFORMER_EDU_SITE"] = str(SITE)  # the browser looks at the page of this build
    try:
        return 1 if run_all(stages(chapter)) else 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
