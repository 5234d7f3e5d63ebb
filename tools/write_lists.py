"""Write everything that lists chapters from book/plan.toml, and the first cell of every notebook from _config.yml.

`make html` runs it. With --check it writes nothing, and fails naming each file that is not what it would write.
In files that people write, a list stands between two marks: `<!-- map: … -->` and `<!-- end of map -->`.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools import lists, term
from tools.colab import lead_to_exercises
from tools.first_cell import first_cell, put_first, repository_address
from tools.plan import ROOT, read_plan

GUIDE = "book/teaching_with_this_book.md"
Texts = dict[Path, str]
CURE = "Type: .venv/bin/python tools/write_lists.py"


def notebooks(root: Path = ROOT) -> list[Path]:
    """Return every notebook of the book, in a fixed order."""
    return sorted(path for path in (root / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def student_notebooks(root: Path = ROOT) -> list[Path]:
    """Return the notebooks that students work in, in a fixed order."""
    return sorted((root / "assignments").glob("*.ipynb"))


def first_cells(root: Path = ROOT) -> Texts:
    """Return every notebook with the first cell that the settings ask for, and with the links to its exercises.

    Raises: ValueError for a wrong address.
    """
    line, texts = first_cell(repository_address(root / "_config.yml")), {}
    chapters = {root / "book" / f"{chapter.page}.ipynb": chapter.id for chapter in read_plan(root).written}
    for path in [*notebooks(root), *student_notebooks(root)]:
        texts[path] = path.read_text(encoding="utf-8")
        notebook = json.loads(texts[path])
        changed = put_first(notebook, line, below_title=path.parent.name == "assignments")
        if path in chapters:
            changed |= lead_to_exercises(notebook, chapters[path], path, root)
        if changed:
            texts[path] = as_text(notebook)
    return texts


def written(root: Path = ROOT) -> Texts:
    """Return every file that lists chapters or begins with the first cell, as it should be."""
    plan, texts = read_plan(root), first_cells(root)
    texts[root / "_toc.yml"] = lists.contents(plan)
    front = root / "book" / "index.ipynb"
    notebook = json.loads(texts[front])
    for name, text in {
        "parts": lists.here(plan),
        "state": f"\n\n{lists.finished(plan)}\n\n",
        "map": f"\n\n{lists.book_map(plan)}\n\n",
    }.items():
        put_into_cells(notebook, name, text, front)
    texts[front] = as_text(notebook)
    tables = {"minutes": term.minutes_table(plan, root), "term": term.weeks(plan, root)}
    tables["later weeks"] = term.later_weeks(plan)
    for path, found in {root / GUIDE: tables, root / "README.md": {"chapters": lists.readme_table(plan)}}.items():
        texts[path] = path.read_text(encoding="utf-8")
        for name, text in found.items():
            texts[path] = between_marks(texts[path], name, f"\n\n{text}\n\n", path)
    return texts


def between_marks(page: str, name: str, text: str, path: Path) -> str:
    """Put a text between the two marks of its name. Raises: ValueError where they do not stand in the page once."""
    marks = re.compile(rf"(<!-- {name}: [^>]*-->).*?(<!-- end of {name} -->)", re.DOTALL)
    if len(marks.findall(page)) != 1:
        needs = (
            f"write_lists needs the marks <!-- {name}: … --> and <!-- end of {name} --> once (the list stands there)"
        )
        raise ValueError(f"{needs}, got {len(marks.findall(page))} of them in {path.name}.")
    return marks.sub(lambda found: found[1] + text + found[2], page)


def put_into_cells(notebook: dict, name: str, text: str, path: Path) -> None:
    """Put a text between its marks in the one cell that has them, in place."""
    holding = [cell for cell in notebook["cells"] if f"<!-- {name}: " in "".join(cell["source"])]
    cell = holding[0] if holding else {"source": []}
    cell["source"] = between_marks("".join(cell["source"]), name, text, path).splitlines(keepends=True)


def as_text(notebook: dict) -> str:
    """Write a notebook as the repository keeps it, and as nbformat writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def stale(texts: Texts) -> Texts:
    """Keep the files that are not what they should be."""
    return {
        path: text for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


def write(texts: Texts, root: Path = ROOT) -> None:
    """Write the files that are not what they should be, and name them."""
    for path, text in stale(texts).items():
        path.write_text(text, encoding="utf-8")
        print(f"Written: {path.relative_to(root)}")


def main(root: Path = ROOT, *, check: bool = False, make: Callable[[Path], Texts] = written) -> int:
    """Write or check every list; return the status for the shell."""
    try:
        texts = make(root)
        address = repository_address(root / "_config.yml")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if check:
        for path in (wrong := stale(texts)):
            print(f"{path.relative_to(root)} is not what book/plan.toml and _config.yml say. {CURE}")
        return 1 if wrong else 0
    if address is None:
        print("_config.yml names no repository yet (repository.url says OWNER): no Colab button is shown.")
        print("That matters only if you publish a copy of your own.")
    write(texts, root)
    return 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
