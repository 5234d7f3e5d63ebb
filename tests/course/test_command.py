"""The command line: `transformer-edu exercises build`, run in a repository of its own."""

import json
import sys

import pytest

from tools import first_cell, write_lists
from transformer_edu_course import command
from transformer_edu_course.command import main

BUILD = ["exercises", "build"]


def files(root) -> dict[str, str]:
    """Read every text of the repository but the sources, by name."""
    paths = (path for path in root.rglob("*") if path.is_file() and path.parent.name not in ("exercises", "tools"))
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_a_build_writes_everything_once(repository, capsys):
    assert main(BUILD) == 0
    told = capsys.readouterr().out
    assert told.startswith("made: 3 exercises, 2 assigned (6 points); 9 worked answers earn what they say.\n")
    assert "  written: assignments/made.ipynb\n" in told
    assert told.endswith("  for the instructor: _build/instructor/made\n")
    after = files(repository)
    assert {"assignments/made.ipynb", "transformer_edu/exercises/questions/made.json"} <= after.keys()
    cells = json.loads(after["book/made/why.ipynb"])["cells"]
    assert [cell["id"] for cell in cells] == ["top", "exercise-made"]
    assert "_build/instructor/made/samples/q2-wrong-1.ipynb" in after
    assert main([*BUILD, "made"]) == 0
    assert "written" not in capsys.readouterr().out
    assert files(repository) == after


def test_check_writes_nothing_and_names_what_is_stale(repository, capsys):
    before = files(repository)
    assert main([*BUILD, "--check"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[1] == "assignments/made.ipynb is not what its source says. Type: transformer-edu exercises build"
    assert files(repository) == before
    main(BUILD)
    assert main([*BUILD, "--check"]) == 0
    page = repository / "book" / "made" / "why.ipynb"
    page.write_text(page.read_text(encoding="utf-8").replace("to hand in", "to hand out"), encoding="utf-8")
    assert main([*BUILD, "--check"]) == 1
    assert "book/made/why.ipynb is not" in capsys.readouterr().err


def test_nothing_is_written_while_anything_is_wrong(repository, put, made, capsys):
    put(made | {"wrong:q1:0": "# one more\n# says: Count.\ntotal = 5", "right:q2": "# x\ndef double(n):\n    return n"})
    before = files(repository)
    assert main(BUILD) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "Nothing was written. 2 to correct:"
    assert [line.split(" (")[0].strip() for line in told[1:]] == [
        "made/q1, wrong answer 'one more'",
        "made/q2, right answer 'x'",
    ]
    assert files(repository) == before


def test_a_leak_into_a_page_is_refused(repository, capsys):
    page = repository / "book" / "made" / "why.ipynb"
    content = json.loads(page.read_text())
    content["cells"][0]["source"] = ["# Made: why?\n", "\n", "    secret = torch.randn(5, generator=generator)"]
    page.write_text(json.dumps(content))
    assert main(BUILD) == 1
    told = capsys.readouterr().err
    assert "made/q2: the hidden test 'random numbers' leaks into book/made/why.ipynb" in told
    assert not (repository / "assignments").exists()


def test_a_leak_into_an_old_site_fails_but_lets_the_next_site_be_built(repository, capsys):
    site = repository / "_build" / "html"
    site.mkdir(parents=True)
    (site / "why.html").write_text("<pre>secret = torch.randn(5, generator=generator)</pre>")
    assert main(BUILD) == 1
    told = capsys.readouterr().err
    assert told.startswith("The site in _build/html shows what it should not. If it is older than these exercises")
    assert "made/q2: the hidden test 'random numbers' leaks into _build/html/why.html" in told
    assert (repository / "assignments" / "made.ipynb").is_file()
    assert main([*BUILD, "--check"]) == 1


def test_a_new_address_of_the_book_reaches_the_student_notebook_and_the_link_to_it(repository):
    """`make html` writes the first cells and the links; the build would write the same ones."""
    main(BUILD)
    (repository / "_config.yml").write_text("repository:\n  url: https://github.com/bob/copy\n")
    assert main([*BUILD, "--check"]) == 1
    write_lists.write(write_lists.first_cells(repository), repository)
    cells = json.loads((repository / "assignments" / "made.ipynb").read_text(encoding="utf-8"))["cells"]
    assert [cell["id"] for cell in cells[:3]] == ["title", "first-cell", "imports"]
    assert cells[1]["source"] == [first_cell.first_cell("https://github.com/bob/copy@main")]
    page = (repository / "book" / "made" / "why.ipynb").read_text(encoding="utf-8")
    assert "(https://colab.research.google.com/github/bob/copy/blob/main/assignments/made.ipynb)" in page
    assert main([*BUILD, "--check"]) == 0


def test_samples_of_an_older_pack_go(repository):
    old = repository / "_build" / "instructor" / "made" / "samples" / "q7-wrong-1.ipynb"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    assert main(BUILD) == 0
    assert not old.exists()


def test_a_course_writes_into_its_own_folder_alone(repository, put, capsys):
    main(BUILD)
    before = files(repository)
    put({"card:q1": "assigned = true", "hint:q1": "Ask."}, "my-course")
    assert main([*BUILD, "--exercises", "my-course"]) == 0
    assert "note: the book's page shows a solution of made/q1, which you assign." in capsys.readouterr().out
    after = files(repository)
    new = {name for name in after if name not in before}
    assert {"my-course/student/made.ipynb", "my-course/instructor/made/README.md"} <= new
    assert all(name.startswith("my-course/") for name in new)
    assert {name: after[name] for name in before} == before
    assert "total = 2 + 2" not in after["my-course/student/made.ipynb"]
    assert main([*BUILD, "--exercises", "my-course", "--check"]) == 0
    put({"hint:q1": "Ask twice."}, "my-course")
    assert main([*BUILD, "--exercises", "my-course", "--check"]) == 1
    assert "my-course/student/made.ipynb is not what its source says." in capsys.readouterr().err


def test_a_chapter_of_a_course_alone_needs_no_page(repository, put, made):
    put({tag: text.replace("made/q3", "own/q3") for tag, text in made.items()}, "my-course", "own")
    assert main([*BUILD, "own", "--exercises", "my-course"]) == 0
    title = json.loads((repository / "my-course" / "student" / "own.ipynb").read_text())["cells"][0]["source"][0]
    assert title == "# Exercises · Own\n"


def test_a_malformed_source_is_one_line(repository, put, made, capsys):
    put({("hnt:q1" if tag == "hint:q1" else tag): text for tag, text in made.items()})
    assert main(BUILD) == 1
    told = capsys.readouterr().err
    assert told == "exercises/made.py, line 35, cell 7: unknown tag 'hnt:q1'. Write 'hint' for its first part.\n"


MISTAKES = {
    "unknown chapter": ([*BUILD, "mode"], "exercises build needs chapters with a source notebook (made), got mode.\n"),
    "no such folder": (
        [*BUILD, "--exercises", "nowhere"],
        "exercises build needs --exercises to be a folder with source notebooks, got nowhere.\n",
    ),
    "the book's own folder": (
        [*BUILD, "--exercises", "exercises"],
        "exercises build needs --exercises to be another folder than the book's own, got exercises.\n",
    ),
    "an empty folder": ([*BUILD, "--exercises", "tools"], "exercises build needs chapters with a source notebook"),
    "no command": ([], "transformer-edu: a command is missing. The commands are exercises build, grade, export;"),
    "unknown command": (["grad", "x"], "transformer-edu: no command 'grad x'. The commands are exercises build,"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistaken_command_line_is_told_in_a_sentence(case, repository, capsys):
    arguments, message = MISTAKES[case]
    before = files(repository)
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(message)
    assert files(repository) == before


def test_an_unknown_option_ends_with_the_usage(repository, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*BUILD, "--chek-all"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --chek-all" in capsys.readouterr().err


def test_outside_of_the_repository_it_says_where_to_go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(BUILD) == 2
    assert capsys.readouterr().err.startswith(
        f"exercises build needs to run in the book's repository (it holds the sources), got {tmp_path}. Change into"
    )


def test_a_subfolder_of_the_repository_will_do(repository, monkeypatch):
    monkeypatch.chdir(repository / "book" / "made")
    assert main(BUILD) == 0
    assert (repository / "assignments" / "made.ipynb").is_file()


def test_help_lists_the_commands(capsys):
    assert main(["--help"]) == 0
    assert "transformer-edu exercises build  build exercises from their source notebooks" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("module", "cure"),
    [
        ("transformer_edu.exercises.missing.command", "this version of transformer_edu does not have it."),
        ("no_such_library", "this version of transformer_edu does not have it."),
    ],
)
def test_a_command_that_is_not_there_says_so(module, cure, monkeypatch, capsys):
    monkeypatch.setitem(command.COMMANDS, "grade", (module, "grade"))
    assert main(["grade", "made"]) == 2
    assert capsys.readouterr().err == f"transformer-edu grade cannot run: {cure}\n"


def test_a_command_that_lacks_a_library_names_it(monkeypatch, tmp_path, capsys):
    (tmp_path / "grades_far_away.py").write_text("import no_such_library")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(command.COMMANDS, "grade", ("grades_far_away", "grade"))
    assert main(["grade"]) == 2
    told = capsys.readouterr().err
    cure = 'no_such_library is not installed (pip install "transformer-edu[course]").'
    assert told == f"transformer-edu grade cannot run: {cure}\n"
    sys.modules.pop("grades_far_away", None)
