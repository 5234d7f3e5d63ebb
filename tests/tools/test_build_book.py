"""The build executes what has changed, and nothing else; and it says what is wrong with a page."""

import nbformat
import pytest
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from tools import build_book, imports, page_keys
from tools.build_progress import Progress, trouble
from tools.imports import closure, code_of, data_of, imported, needs

PACKAGE = {
    "__init__.py": "",
    "softmax/__init__.py": "from .rows import rows\nfrom .entropy import entropy\n",
    "softmax/rows.py": "from transformer_edu.softmax import entropy\n",
    "softmax/entropy.py": "def entropy(): return 1\n",
    "softmax/unused.py": "",
    "studies/__init__.py": "from .committed import committed\n",
    "studies/committed.py": "def committed(name): return f'results/{name}.json'\n",
    "studies/results/delay.json": "{}",
    "studies/results/dates_first.safetensors": "x",
    "studies/results/other.json": "{}",
    "explorers/__init__.py": "from importlib import import_module\ndef __getattr__(name): return import_module(name)\n",
    "explorers/softmax/collapse.py": "def f():\n    from ...softmax.rows import rows\n",
    "explorers/softmax/arcs.py": "",
}  # fmt: skip


@pytest.fixture
def house(tmp_path):
    """Return a folder that holds a small package, a lock and a page."""
    for name, text in PACKAGE.items():
        path = tmp_path / "transformer_edu" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "transformer_edu_course").mkdir()
    (tmp_path / "requirements.txt").write_text("torch==2\n")
    write_page(tmp_path, "%pip list\nfrom transformer_edu.explorers import collapse", 'committed("delay")')
    return tmp_path


def write_page(root, *cells):
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(page, root / "page.ipynb")
    return root / "page.ipynb"


def names(paths, root):
    return {path.relative_to(root / "transformer_edu").as_posix() for path in paths}


def test_imports_are_found_inside_functions_and_from_here():
    assert imported("import a.b as c\ndef f():\n    from d.e import g") == {"a.b", "d.e.g"}
    assert imported("from ..softmax import rows\nfrom . import own", "a.b") == {"a.softmax.rows", "a.b.own"}
    assert imported("from a import *") == {"a"}


def test_a_table_of_contents_leads_to_the_file_of_a_name(house):
    found = names(closure("from transformer_edu.softmax import entropy", house), house)
    assert found == {"softmax/entropy.py"}
    found = names(closure("from transformer_edu.softmax import rows", house), house)
    assert found == {"softmax/rows.py", "softmax/entropy.py"}


def test_a_whole_package_brings_all_that_its_table_names(house):
    found = names(closure("import transformer_edu.softmax as softmax", house), house)
    assert found == {"softmax/__init__.py", "softmax/rows.py", "softmax/entropy.py"}


def test_a_name_that_is_looked_up_later_is_found_by_its_file(house):
    found = names(closure("from transformer_edu.explorers import collapse", house), house)
    assert found == {"explorers/__init__.py", "explorers/softmax/collapse.py", "softmax/rows.py", "softmax/entropy.py"}
    every = names(closure("from transformer_edu.explorers import no_such", house), house)
    assert {"explorers/softmax/arcs.py", "explorers/softmax/collapse.py"} <= every


def test_data_are_found_by_their_names_in_quotes(house):
    assert names(data_of(['committed("delay")'], house), house) == {"studies/results/delay.json"}
    assert names(data_of(["f'dates_{kind}'"], house), house) == {"studies/results/dates_first.safetensors"}
    assert names(data_of(["delay = other"], house), house) == set()


CHANGES = {
    "a module that it imports": ("transformer_edu/softmax/entropy.py", True),
    "a result that it reads": ("transformer_edu/studies/results/delay.json", True),
    "the lock": ("requirements.txt", True),
    "another module": ("transformer_edu/softmax/unused.py", False),
    "another result": ("transformer_edu/studies/results/other.json", False),
    "another explorer": ("transformer_edu/explorers/softmax/arcs.py", False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_page_is_executed_again_when_what_it_needs_has_changed(house, change):
    path, again = CHANGES[change]
    before = page_keys.notebook_key(house / "page.ipynb", root=house)
    (house / path).write_text("changed = 1\n")
    for remembered in (imports.imports_of, imports.files_of):
        remembered.cache_clear()
    assert (page_keys.notebook_key(house / "page.ipynb", root=house) != before) == again


def test_a_page_is_executed_again_when_its_exercises_have_changed(house):
    (house / "student").mkdir()
    student = write_page(house / "student", "from transformer_edu.softmax import entropy")
    keys = [page_keys.notebook_key(house / "page.ipynb", student, house)]
    keys.append(page_keys.notebook_key(house / "page.ipynb", None, house))
    write_page(house / "student", "from transformer_edu.softmax import rows")
    keys.append(page_keys.notebook_key(house / "page.ipynb", student, house))
    assert len(set(keys)) == 3


def test_every_chapter_brings_its_exercises():
    found = build_book.with_exercises(build_book.pages())
    assert {path.stem for path in found.values() if path} == {chapter.id for chapter in build_book.read_plan().written}


def test_an_executed_page_that_is_out_of_date_is_forgotten(house):
    cache, page = house / "cache", house / "page.ipynb"
    other = house / "other.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), other)
    page_keys.forget_changed({page: None, other: None}, cache, house)
    store = get_cache(cache)
    for path in (page, other):
        store.cache_notebook_bundle(CacheBundleIn(nbformat.read(path, 4), str(path)), check_validity=False)
    page_keys.forget_changed({page: None, other: None}, cache, house)
    assert {record.uri for record in store.list_cache_records()} == {str(page), str(other)}
    (house / "transformer_edu" / "studies" / "results" / "delay.json").write_text('{"new": 1}')
    page_keys.forget_changed({page: None, other: None}, cache, house)
    assert {record.uri for record in store.list_cache_records()} == {str(other)}


def test_every_page_of_the_book_knows_its_explorers_and_results():
    page = build_book.notebook("attention_from_scratch/the_whole_machine")
    found = {path.name for path in needs(page)}
    assert {"dates.json", "dates_transformer.safetensors", "show.py", "page.py"} <= found
    assert "transformer_edu" in code_of(page)
    assert "dot_products.py" not in found


def test_the_site_depends_on_the_settings_and_the_text(tmp_path):
    keys = []
    for name in ["_config.yml", "_toc.yml", "requirements.txt", "book/a.ipynb", "book/_extension/b.py", "tools/c.py"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(str(len(keys)))
        keys.append(page_keys.site_key(tmp_path))
    assert len(set(keys)) == len(keys)
    (tmp_path / "book" / "__pycache__").mkdir()
    (tmp_path / "book" / "__pycache__" / "b.pyc").write_text("x")
    (tmp_path / "README.md").write_text("x")
    assert page_keys.site_key(tmp_path) == keys[-1]
    # a name that stands at the same place in the order
    (tmp_path / "book" / "a.ipynb").rename(tmp_path / "book" / "aa.ipynb")
    assert page_keys.site_key(tmp_path) != keys[-1]


def test_every_page_of_the_contents_must_exist(tmp_path):
    contents = {"root": "index", "parts": [{"chapters": [{"file": "a/b.ipynb", "sections": [{"file": "a/c"}]}]}]}
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(contents))
    expected = build_book.pages(tmp_path / "_toc.yml")
    assert expected == ["index", "a/b", "a/c"]
    (tmp_path / "a").mkdir()
    for name in ("index", "a/b"):
        (tmp_path / f"{name}.html").touch()
    assert build_book.missing_pages(expected, tmp_path) == ["a/c"]


PRINTED = [
    "\x1b[01mreading sources... \x1b[39;49;00m[ 33%] index",
    "/x/book/softmax/why.ipynb: Executing notebook using local CWD [mystnb]",
    "[IPKernelApp] WARNING | Kernel is running over TCP",
    "/x/book/softmax/why.ipynb: Executed notebook in 30.62 seconds [mystnb]",
    "\x1b[91m/x/book/notation.md:2: WARNING: 'myst' cross-reference target not found: 'x'\x1b[39;49;00m",
    "more about it",
    "generating indices... done",
]


def test_the_progress_names_each_notebook_and_keeps_the_warnings():
    progress = Progress(["index", "softmax/why"])
    shown = [progress.read(line) for line in PRINTED]
    assert [line for line in shown if line] == ["  executed softmax/why in 31 s (1 of at most 2)"]
    assert progress.seconds == {"softmax/why": 30.62}
    assert progress.problems == [
        "/x/book/notation.md:2: WARNING: 'myst' cross-reference target not found: 'x'",
        "more about it",
    ]


def test_a_warning_ends_where_the_next_notebook_begins():
    progress = Progress(["a", "b"])
    for line in ["x.md:1: WARNING: no", "why", "/x/a.ipynb: Executed notebook in 1.00 seconds [mystnb]"]:
        progress.read(line)
    assert progress.problems == ["x.md:1: WARNING: no", "why"]


def test_the_report_shows_the_cell_that_failed_and_stays_short():
    output = (
        "reading\nCellExecutionError: An error occurred in cell 3\n1 / 0\n\nThe above exception was the direct cause"
    )
    assert trouble(Progress([]), output) == ["An error occurred in cell 3", "1 / 0"]
    progress = Progress([])
    progress.problems = [str(number) for number in range(100)]
    assert trouble(progress, "")[-2:] == ["59", "… and 40 more lines"]
    assert trouble(Progress([]), "one\n\ntwo") == ["one", "two"]
