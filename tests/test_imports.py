"""What an import brings along, each in a fresh process: the mathematics stays small, and a student's kernel too."""

import subprocess
import sys

import pytest

LIBRARIES = ("torch", "einops", "jaxtyping")
COURSE_ONLY = {"transformer_edu_course", "jinja2", "jupytext", "distributed", "dask", "filelock"}
BROUGHT = """
import importlib, sys
for name in {before!r}:
    importlib.import_module(name)
before = set(sys.modules)
importlib.import_module({name!r})
print(*sorted({{name.split(".")[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names))
"""


def brought(name: str, before: tuple[str, ...] = ()) -> set[str]:
    """Import a module in a fresh process, after others, and return the packages that came with it."""
    text = BROUGHT.format(name=name, before=before)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_mathematics_brings_three_libraries():
    """Whatever these bring by themselves counts as theirs."""
    assert brought("transformer_edu.attention", LIBRARIES) == {"transformer_edu"}


@pytest.mark.parametrize("name", ["transformer_edu.exercises", "transformer_edu.exercises.judge"])
def test_a_students_kernel_gets_nothing_of_the_grader(name):
    found = brought(name, ("torch",))
    assert "transformer_edu" in found
    assert not found & COURSE_ONLY


def test_what_an_import_brings_is_seen():
    assert {"transformer_edu_course", "transformer_edu", "torch"} <= brought("transformer_edu_course.grading.grade")
