"""A notebook of an earlier edition is known by what it imports and what Python said about that, never by one alone."""

import ast
import importlib

import pytest

from tests.course.grading.graded_examples import result
from transformer_edu_course.grading.earlier_edition import MODULES, NAMES, missed, moved_imports
from transformer_edu_course.grading.feedback import feedback_page

# What the student notebooks of the edition part-1 import of this package.
IMPORTED = {
    "transformer_edu.attention": ("attention_cost",),
    "transformer_edu.decoding": ("greedy", "length_penalty"),
    "transformer_edu.exercises": ("check", "hint", "mine", "progress"),
    "transformer_edu.pretrained": ("MissingWeights", "load_minilm", "read"),
    "transformer_edu.recurrent": ("LSTMState", "lstm_cell"),
    "transformer_edu.softmax": ("softmax",),
    "transformer_edu.tasks.dates": ("TARGET_LENGTH", "decode_answers", "encode_spellings"),
    "transformer_edu.tasks.dates_models": ("load_date_model",),
    "transformer_edu.transformer": ("EncoderLayer", "growth_exponent", "layer_cost", "saved_bytes"),
}


@pytest.mark.parametrize("module", IMPORTED)
def test_what_an_old_notebook_imports_is_there_or_known_as_moved(module):
    for name in IMPORTED[module]:
        if not _is_there(module, name):
            assert moved_imports([ast.parse(f"from {module} import {name}")]), (module, name)


def _is_there(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("place", sorted(MODULES | {".".join(name) for name in NAMES}))
def test_what_counts_as_moved_is_not_there(place):
    """Otherwise a mistake in today's notebooks would pass for an old edition."""
    module, _, name = place.rpartition(".")
    assert not _is_there(module, name)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(place)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from transformer_edu.tasks.dates import TARGET_LENGTH", ["transformer_edu.tasks"]),
        ("import transformer_edu.measured as m, math", ["transformer_edu.measured"]),
        ("from transformer_edu import transformer", ["transformer_edu.transformer"]),
        ("def f():\n    from transformer_edu.pretrained import read", ["transformer_edu.pretrained"]),
        ("from transformer_edu.attention import attention_cost as c", ["transformer_edu.attention.attention_cost"]),
        ("# from transformer_edu.tasks import x\ntext = 'import transformer_edu.tasks'", []),
        ("from transformer_edu.transformers import x\nimport tasks, transformer\nfrom .tasks import y", []),
        ("from transformer_edu.attention import causal_mask", []),
    ],
)
def test_imports_are_read_and_not_words(text, found):
    assert moved_imports([ast.parse(text)]) == found


@pytest.mark.parametrize(
    ("error", "is_missed"),
    [
        ("ModuleNotFoundError: No module named 'transformer_edu.tasks'", True),
        ("ImportError: cannot import name 'tasks' from 'transformer_edu' (/env/book/transformer_edu)", True),
        ("ModuleNotFoundError: No module named 'transformer_edu.taskss'", False),
        ("ValueError: No module named 'transformer_edu.tasks'", False),
        ("ModuleNotFoundError: No module named 'pandas'", False),
    ],
)
def test_the_error_has_to_be_about_that_import(error, is_missed):
    assert missed(["transformer_edu.tasks"], ["NameError: name 'x' is not defined", error]) == (
        ["transformer_edu.tasks"] if is_missed else []
    )


def test_the_page_says_that_this_is_no_grade():
    note = "made with an earlier edition of the book: it imports transformer_edu.tasks."
    old = result(state="earlier edition", points=None, practice_points=None, questions=[], note=note)
    page = feedback_page(old)
    assert "This is no grade yet, and nothing is lost" in page and note in page
    assert "0 of" not in page and "None" not in page
