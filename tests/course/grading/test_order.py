"""What the command line asks for is read once, frozen, and handed on; one folder owns what comes of it."""

import argparse
import contextlib
import dataclasses
import hashlib
from pathlib import Path

import pytest

from tests.course.grading.conftest import TINY, write_source
from tests.course.grading.graded_examples import result
from tests.course.grading.hostile import GOOD, notebook
from transformer_edu_course.grading.command import add_arguments
from transformer_edu_course.grading.graded_folder import open_folder
from transformer_edu_course.grading.order import Order, read_order


@pytest.fixture
def ordered(tmp_path: Path):
    """Return a function that reads the order of a command line about one notebook of ada's."""
    write_source(tmp_path / "course")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/ada.ipynb").write_bytes(notebook(GOOD))
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    places = ["tiny", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--exercises", str(tmp_path / "course")]

    def read(*more: str) -> Order:
        with contextlib.chdir(tmp_path):
            return read_order(parser.parse_args([*places, *more]))

    return read


def test_an_order_says_everything_and_stays_as_it_is(ordered, tmp_path):
    order = ordered("--timeout", "5", "--memory", "0.5", "--jobs", "3", "--seed", "4")
    assert (order.limits.seconds, order.limits.total, order.limits.memory) == (5, 20, 2**29)
    assert (order.workers, order.seed, order.cluster, order.confined, order.regrade) == (3, 4, "", True, False)
    assert (order.folder, order.exercises.chapter) == (tmp_path / "out/tiny", "tiny")
    assert [one.student for one in order.submissions.found] == ["ada"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        order.seed = 5


def test_a_folder_keeps_the_seed_that_it_was_begun_with(ordered):
    first = open_folder(ordered())
    again = open_folder(ordered())
    assert first.exercises.seed == again.exercises.seed
    assert first.exercises.digest == ordered().exercises.digest != TINY.digest
    with pytest.raises(ValueError, match=f"the same seed, {first.exercises.seed}"):
        open_folder(ordered("--seed", str(first.exercises.seed + 1)))


def test_a_broken_file_of_a_folder_is_told_and_kept(ordered):
    folder = open_folder(ordered()).path
    (folder / "grading.json").write_text("{")
    with pytest.raises(ValueError, match=r"needs a whole file, got .*grading\.json, which is broken"):
        open_folder(ordered())
    assert (folder / "grading.json").read_text() == "{"


def test_a_submission_is_done_when_its_result_and_its_page_are_there(ordered):
    """A run may end between the two."""
    order = ordered("--seed", "7")
    folder, (ada,) = open_folder(order), order.submissions.found
    assert not folder.is_done(ada)
    digest = {"submission": _digest(ada.read()), "exercises": folder.exercises.digest}
    folder.keep(ada, result("ada", digest=digest, seed=7))
    assert folder.is_done(ada)
    assert open_folder(order).is_done(ada)
    (folder.feedback / "ada.html").unlink()
    assert not folder.is_done(ada)


def test_the_folder_adds_whose_file_it_was_and_writes_the_gradebook(ordered):
    order = ordered()
    folder, (ada,) = open_folder(order), order.submissions.found
    folder.keep(ada, result("ada", source="another.ipynb", late=True))
    folder.write_gradebook()
    (kept,) = folder.compared()
    assert (kept["source"], kept["late"]) == ("ada.ipynb", False)
    assert "ada" in folder.gradebook.read_text(encoding="utf-8-sig")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
