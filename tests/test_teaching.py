"""The instructor's guide says what is so: its options exist, its cures are the grader's, its example builds."""

import argparse
import importlib
import re
from pathlib import Path

import pytest

from transformer_edu_course import command
from transformer_edu_course.grading import missing_sandbox

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "book" / "teaching_with_this_book.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(language: str) -> list[str]:
    """Return the blocks of code in the guide."""
    return [text for kind, text in FENCE.findall(GUIDE) if kind == language]


def typed() -> list[tuple[str, list[str]]]:
    """Return each command of ours that the guide has its reader type, and its options."""
    lines = [line for text in blocks("bash") for line in text.replace("\\\n", " ").splitlines()]
    ours = [line.removeprefix("transformer-edu ") for line in lines if line.startswith("transformer-edu ")]
    names = [next(name for name in command.COMMANDS if line.startswith(name)) for line in ours]
    return [(name, re.findall(r"--[a-z-]+", line)) for name, line in zip(names, ours, strict=True)]


def parser_of(name: str) -> argparse.ArgumentParser:
    """Return the parser of a command."""
    parser = argparse.ArgumentParser()
    importlib.import_module(command.COMMANDS[name][0]).add_arguments(parser)
    return parser


def test_every_command_and_option_of_the_guide_exists():
    assert {name for name, _ in typed()} == set(command.COMMANDS)
    for name, options in typed():
        assert set(options) <= set(parser_of(name)._option_string_actions), name
    known = {option for name in command.COMMANDS for option in parser_of(name)._option_string_actions}
    others = {"--nthreads", "--nworkers", "--install", "--security-opt", "--cap-add"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", GUIDE)) <= known | others


def test_the_limits_that_the_guide_shows_are_those_of_the_help():
    text = " ".join(parser_of("grade").format_help().split())
    for option in ("timeout", "total", "memory"):
        (shown,) = re.findall(rf"^  --{option} .*$", GUIDE, re.MULTILINE)
        assert " ".join(shown.split()) in text


@pytest.mark.parametrize("setting", missing_sandbox.SETTINGS)
def test_the_cures_are_those_that_the_grader_prints(setting):
    assert f"`sudo sysctl -w {setting.replace('/', '.')}={missing_sandbox.SETTINGS[setting][1]}`" in GUIDE
    for program, installs in missing_sandbox.INSTALL.items():
        assert program in GUIDE and installs.startswith("sudo ")
    assert re.search(r"docker run .*SYS_ADMIN", missing_sandbox.CONTAINER)[0] in GUIDE
    for words in ("wsl --install", "brew install lima", "limactl start"):
        assert words in GUIDE and words in missing_sandbox.ELSEWHERE


def test_the_worked_example_builds(tmp_path, monkeypatch, capsys):
    """The build itself holds every answer of the example to its points and its message."""
    (source,) = [text for text in blocks("python") if "card:q1" in text]
    (tmp_path / "sizes.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(ROOT)
    status = command.main(["exercises", "build", "sizes", "--exercises", str(tmp_path)])
    told = capsys.readouterr()
    assert status == 0, told.err
    assert told.out.splitlines()[0] in GUIDE
    assert (tmp_path / "student" / "sizes.ipynb").is_file()
    (shown,) = re.findall(r"^student,points,possible\nempty.*?(?=^```)", GUIDE, re.DOTALL | re.MULTILINE)
    samples = (tmp_path / "instructor" / "sizes" / "samples").glob("*.ipynb")
    assert [line.split(",")[0] for line in shown.splitlines()[1:]] == sorted(path.stem for path in samples)
