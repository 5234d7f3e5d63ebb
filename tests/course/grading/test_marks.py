"""One notebook at a time, in the real sandbox: the marks are exact, whatever else the notebook does."""

import argparse
import json
import re
import resource
import socket
import subprocess
import sys
import threading
from pathlib import Path

import jupytext
import nbformat
import pytest

from tests.course.grading.conftest import LIMITS, SOON, TINY, write_source
from tests.course.grading.hostile import (
    BEFORE,
    CAUSAL,
    EMPTY,
    FORBIDDEN,
    FORGED,
    GOOD,
    NUMBER,
    SCORES,
    SEARCHES,
    SWALLOW,
    WRONG,
    looking_for,
    notebook,
)
from transformer_edu_course.grading import protocol
from transformer_edu_course.grading.command import add_arguments
from transformer_edu_course.grading.grade import grade
from transformer_edu_course.grading.graded_folder import open_folder
from transformer_edu_course.grading.order import read_order
from transformer_edu_course.grading.room import Ended
from transformer_edu_course.grading.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[3]


def points(result: dict) -> dict[str, int]:
    return {question["id"].split("/")[1]: question["points"] for question in result["questions"]}


def messages(result: dict) -> list[str]:
    return [test["message"] for question in result["questions"] for test in question["tests"] if test["message"]]


# Exact marks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (GOOD, 10),
        ([SCORES, NUMBER], 6),
        ([CAUSAL.replace("tril", "triu"), NUMBER, SCORES], 6),
        (["def scores(queries, keys):\n    return queries @ keys.mT / 2", CAUSAL], 5),
        (WRONG, 0),
        (EMPTY, 0),
        ([], 0),
        (["def scores(queries, keys:\n    return", CAUSAL, NUMBER], 6),
    ],
    ids=["correct", "one missing", "one wrong", "partial", "wrong", "blank", "no answers", "syntax error"],
)
def test_marks_are_exact(marked, cells, wanted):
    result = marked(notebook(cells))
    assert (result["points"], result["possible"], result["state"]) == (wanted, 10, "graded")
    assert sum(points(result).values()) == wanted


def test_a_failed_test_gets_one_sentence_and_what_was_called(marked):
    result = marked(notebook([WRONG[0]]))
    by_hand, random = result["questions"][0]["tests"]
    assert by_hand["message"] == "The scores are not divided by √head_dim."
    assert by_hand["details"][0].startswith("input: `scores(tensor([[1, 1, 1, 1]]), ")
    assert random["message"] == "The divisor is √head_dim, whatever head_dim is."
    assert result["questions"][1]["tests"][0]["message"] == "Not answered: `causal`."


def test_a_syntax_error_is_named_in_the_note(marked):
    note = marked(notebook([CAUSAL, "def broken(:\n    pass"]))["note"]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert note == f"code cell 3 is no Python {version} (SyntaxError in line 1: invalid syntax)."


def test_a_starter_that_stands_counts_as_unanswered_even_with_comments(marked):
    result = marked(notebook(["def scores(queries, keys):\n    # thinking\n    ...\n    pass"]))
    assert result["questions"][0]["state"] == "unanswered"


def test_the_same_notebook_gets_the_same_result(marked):
    first, second = (marked(notebook(["import torch\nx = torch.rand(3)", *GOOD])) for _ in range(2))
    assert first | {"seconds": 0} == second | {"seconds": 0}


# Who one is ---------------------------------------------------------------------------------------------------------


def test_a_copied_prediction_fails_for_another_student(marked):
    """The value 3 belongs to nobody in particular: whoever signs with another id needs another number."""
    mine = {
        who: points(marked(notebook(["edges = 2 * 7"], who), who))["q3"] for who in ("ada", "bob", "eve", "kim", "zoe")
    }
    assert set(mine.values()) == {0, 2}


def test_an_id_that_is_not_the_files_own_is_flagged(marked):
    assert marked(notebook(GOOD, "bob"), "ada")["flags"] == ["declares the id 'bob'"]
    assert marked(notebook(GOOD, "Ada"), "ada")["flags"] == []
    assert marked(notebook(GOOD, "bob"), "12345")["flags"] == []  # a platform's number is not what students sign with
    assert marked(notebook(["student_id = ..."]))["flags"] == [
        "declares no id, and got the values that belong to nobody"
    ]


# The state of the notebook ------------------------------------------------------------------------------------------


def test_order_metadata_and_extra_cells_do_not_count(marked):
    cells = ["# mine", NUMBER, "x = 1", CAUSAL, "1/0", SCORES, "scores(torch.ones(1, 4), torch.ones(1, 4))"]
    content = json.loads(notebook(cells))
    for cell in content["cells"]:
        del cell["metadata"], cell["id"], cell["outputs"]
    assert marked(json.dumps(content).encode())["points"] == 10


def test_renamed_and_edited_answers_lose_their_own_points_only(marked):
    assert points(marked(notebook([SCORES.replace("scores", "score"), CAUSAL, NUMBER]))) == {"q1": 0, "q2": 4, "q3": 2}
    assert points(marked(notebook(["def scores(a, b, c):\n    return a", CAUSAL]))) == {"q1": 0, "q2": 4, "q3": 0}


def test_magics_and_shell_commands_do_no_harm(marked):
    cells = [
        "%pip install x\n!ls\n%matplotlib inline",
        "%%time\n" + SCORES,
        "%time y = 1",
        "%%bash\nls",
        CAUSAL,
        "await z()",
    ]
    result = marked(notebook(cells))
    assert points(result) == {"q1": 4, "q2": 4, "q3": 0}
    assert result["note"] == "code cell 7 raised NameError: name 'z' is not defined."


def test_older_notebooks_are_read(marked):
    cells = [{"cell_type": "code", "input": [SCORES, "\n"]}, {"cell_type": "code", "input": CAUSAL}]
    old = {"worksheets": [{"cells": cells}], "nbformat": 3, "nbformat_minor": 0, "metadata": {}}
    assert marked(json.dumps(old).encode())["points"] == 8


BROKEN = {
    "empty": (b"", "The file is empty."),
    "cut off": (notebook(GOOD)[:-40], "its JSON is broken (line 1). Was it cut off while saving?"),
    "not JSON": (b"%PDF-1.4", "its JSON is broken"),
    "binary": (bytes(range(128, 256)), "it is not text in UTF-8"),
    "a list": (b"[]", "it holds no cells"),
    "cells of another type": (b'{"cells": {"a": 1}}', "it holds no cells"),
    "no code": (b'{"cells": [{"cell_type": "markdown", "source": "hello"}, 7, null]}', "no code cell"),
    "deep": (b"[" * 200_000, "nested too deeply"),
    "many cells": (notebook(["x = 1"] * 2000), "2001 code cells"),
    "much code": (notebook(["x = 1\n" * 200_000]), "1 MB of code"),
    "huge": (b" " * (21 * 2**20), "21 MB; 20 MB is the limit"),
    "long number": (b'{"cells": ' + b"9" * 10_000 + b"}", "its JSON is broken"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_is_no_notebook_gets_zero_and_the_reason(marked, case):
    content, reason = case
    result = marked(content)
    assert (result["state"], result["points"], result["possible"]) == ("unreadable", 0, 10)
    assert reason in result["note"]


OLD = {
    "in a cell": "from transformer_edu.tasks.dates import TARGET_LENGTH",
    "in an answer": "def scores(q, k):\n    import transformer_edu.transformer",
}
NOT_OLD = {
    "in a comment": "# from transformer_edu.tasks.dates import TARGET_LENGTH\n1 / 0",
    "tried before the new place": "try:\n    import transformer_edu.pretrained\nexcept ImportError:\n    pass",
    "mistyped": "from transformer_edu.taskss import dates",
    "never reached": "def unused():\n    import transformer_edu.tasks",
}


@pytest.mark.parametrize("code", OLD.values(), ids=OLD.keys())
def test_a_notebook_of_an_earlier_edition_gets_no_points_and_no_zero(marked, code):
    result = marked(notebook([*GOOD, code]))
    assert (result["state"], result["points"], result["possible"]) == ("earlier edition", None, 10)
    assert result["note"].startswith("made with an earlier edition of the book: it imports transformer_edu.t")
    assert "git checkout part-1, then transformer-edu grade tiny" in result["note"]


@pytest.mark.parametrize("code", NOT_OLD.values(), ids=NOT_OLD.keys())
def test_a_notebook_of_this_edition_is_not_taken_for_an_old_one(marked, code):
    result = marked(notebook([*GOOD, code]))
    assert (result["state"], result["points"]) == ("graded", 10)


# What may not be used -----------------------------------------------------------------------------------------------

SHORTCUTS = {
    "directly": "import torch\ndef scores(q, k):\n    return torch.cdist(q, k)",
    "under another name": "from torch import cdist as d\ndef scores(q, k):\n    return d(q, k)",
    "through a helper": "import torch\ndef f(q, k): return torch.cdist(q, k)\ndef scores(q, k):\n    return f(q, k)",
    "in a lambda": "import torch\nf = lambda q, k: torch.cdist(q, k)\nscores = lambda q, k: f(q, k)",
    "in a class": "import torch\nclass F:\n    f = torch.cdist\ndef scores(q, k):\n    return F.f(q, k)",
    "as a default": "import torch\ndef scores(q, k, f=torch.cdist):\n    return f(q, k)",
    "in a list": "import torch\nfs = [torch.cdist]\ndef scores(q, k):\n    return fs[0](q, k)",
    "put on torch": "import torch\ntorch.mine = torch.cdist\ndef scores(q, k):\n    return torch.mine(q, k)",
    "set on torch": "import torch\nsetattr(torch, 'mine', torch.cdist)\ndef scores(q, k):\n    return torch.mine(q, k)",
    "decorated": "import torch\ndef use(_): return torch.cdist\n@use\ndef scores(q, k):\n    pass",
    "imported inside": "def scores(q, k):\n    from torch import cdist as d\n    return d(q, k)",
    "by getattr": "import torch\ndef scores(q, k):\n    return getattr(torch, 'cdist')(q, k)",
    "in a loop": "import torch\nfor scores in [torch.cdist]:\n    pass",
    "before a decoy": "import torch\nscores = torch.cdist\nif False:\n    def scores(q, k):\n        return q",
    "walrus": "import torch\nprint(f := torch.cdist)\ndef scores(q, k):\n    return f(q, k)",
}
# What no reading of the text finds: the sandbox notices the call itself. The flag tells a person where to look.
HIDDEN = {
    "by a built text": ("def scores(q, k):\n    return getattr(torch, 'cd' + 'ist')(q, k)", "__getattribute__"),
    "by eval": ("def scores(q, k):\n    return eval('torch.cd' 'ist')(q, k)", "eval()"),
    "by globals": ("f = getattr(torch, 'cd' + 'ist')\ndef scores(q, k):\n    return globals()['f'](q, k)", "globals()"),
    "by __dict__": ("def scores(q, k):\n    return torch.__dict__['cd' + 'ist'](q, k)", "__dict__"),
    "by import": ("def scores(q, k):\n    return vars(__import__('torch'))['cd' 'ist'](q, k)", "__import__()"),
    "in a queue": ("import queue\nx = queue.Queue()\nx.put(torch.cdist)\nscores = lambda q, k: x.get()(q, k)", ""),
    "in a set": ("x = set()\n(lambda: x.add(torch.cdist))()\nscores = lambda q, k: [*x][0](q, k)", ""),
    "by an alias of getattr": ("look = getattr\nscores = lambda q, k: look(torch, 'cdi' + 'st')(q, k)", ""),
    "in a file": (
        "open('h.py', 'w').write('from torch import cdist as f')\nimport h\nscores = lambda q, k: h.f(q, k)",
        "",
    ),
    "in a magic's file": ("%%writefile g.py\nfrom torch import cdist as f", ""),
    "by pickle": ("import pickle\nf = pickle.loads(b'ctorch\\ncdi' b'st\\n.')\nscores = lambda q, k: f(q, k)", ""),
    "in an error": ("e = ValueError(torch.cdist)\nscores = lambda q, k: e.args[0](q, k)", ""),
    "by a global": ("def set_up():\n    global f\n    f = torch.cdist\nset_up()\nscores = lambda q, k: f(q, k)", ""),
    "swallowed": (
        "def scores(q, k):\n    try:\n        return [torch.cdist][0](q, k)\n    except Exception:\n        return q",
        "",
    ),
}


@pytest.mark.parametrize("code", SHORTCUTS.values(), ids=SHORTCUTS.keys())
def test_what_an_answer_may_not_use_is_found(marked, code):
    result = marked(notebook([code, CAUSAL]))
    assert messages(result)[0] == "The answer uses `cdist`, which this exercise does not allow."
    assert points(result) == {"q1": 0, "q2": 4, "q3": 0}


@pytest.mark.parametrize("case", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_call_that_no_text_shows_is_noticed_when_it_is_made(marked, case):
    code, named = case
    more = ["import g\nscores = lambda q, k: g.f(q, k)"] if "%%writefile" in code else []
    first = code if "%%writefile" in code else f"import torch\n{code}"
    result = marked(notebook([first, *more, CAUSAL]))
    assert messages(result)[0] == "The answer uses `cdist`, which this exercise does not allow."
    assert points(result) == {"q1": 0, "q2": 4, "q3": 0}
    assert any(named in flag for flag in result["flags"]) == bool(named)


HONEST = {
    "several at once": "scores, edges_too = (lambda q, k: q @ k.mT / q.shape[-1] ** 0.5), [1, 2]",
    "beside the answer": "check = torch.cdist(torch.ones(1, 2), torch.ones(1, 2))\nweights = torch.cdist\n"
    "def scores(queries, keys):\n    weights = queries @ keys.mT\n    return weights / queries.shape[-1] ** 0.5",
    "in an earlier try": "def scores(q, k):\n    return torch.cdist(q, k)\n" + SCORES,
    "the eval of a model": SCORES + "\nclass Model(torch.nn.Module): pass\nModel().eval()",
    "an unused name": "cdist = 3\n" + SCORES,
    "a name of the answer's own": SCORES.replace("return", "cdist = 1\n    return cdist *"),
    "imported beside": "from torch import cdist, sqrt\n"
    "def scores(q, k): return q @ k.mT / sqrt(q.new_tensor(float(q.shape[-1])))",
    "bound beside": "root, other = 0.5, torch.cdist\ndef scores(q, k): return q @ k.mT / q.shape[-1] ** root",
    "an own function of that name": "def cdist(q, k): return q @ k.mT\n"
    "def scores(q, k): return cdist(q, k) / q.shape[-1] ** 0.5",
    "a parameter of that name": "def f(cdist): return cdist\ndef scores(q, k): return f(q @ k.mT) / q.shape[-1] ** 0.5",
    "in a comprehension": "def scores(q, k): return [cdist for cdist in [q @ k.mT]][0] / q.shape[-1] ** 0.5",
    "type hints": "from torch import Tensor\ndef scores(q: Tensor, k: Tensor) -> Tensor:\n"
    "    scale: float = q.shape[-1] ** 0.5\n    return q @ k.mT / scale",
    "a class": "class S:\n    def __call__(self, q, k): return q @ k.mT / q.shape[-1] ** 0.5\nscores = S()",
    "a decorator": "import functools\n@functools.lru_cache\ndef root(n): return n ** 0.5\n"
    "def scores(q, k): return q @ k.mT / root(q.shape[-1])",
    "everything of torch": "from torch import *\n" + SCORES,
    "einops": "from einops import einsum\n"
    "def scores(q, k): return einsum(q, k, 'a d, b d -> a b') / q.shape[-1] ** 0.5",
    "a plot": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n" + SCORES,
    "try and except": "try:\n    import nothing_there\nexcept ImportError:\n    nothing_there = None\n" + SCORES,
    "the main block": SCORES + "\nif __name__ == '__main__':\n    print(scores(torch.ones(1, 2), torch.ones(1, 2)))",
    "Colab's form": "#@title Answer { run: 'auto' }\nx = 3 #@param {type: 'integer'}\n" + SCORES,
    "a question mark": "torch.ones?\n" + SCORES,
    "getattr by a name": "def get(x, name): return getattr(x, name)\n"
    "def scores(q, k): return q @ get(k, 'mT') / q.shape[-1] ** 0.5",
    "through global": "def make():\n    global scores\n    scores = lambda q, k: q @ k.mT / q.shape[-1] ** 0.5\nmake()",
    "own vars": "vars = [0.5]\ndef scores(q, k): return q @ k.mT / q.shape[-1] ** vars[0]",
    "waits for a key": "input('ready?')\n" + SCORES,
    "a shell's output": "files = !ls\nfor name in files: print(name)\n" + SCORES,
}


@pytest.mark.parametrize("code", HONEST.values(), ids=HONEST.keys())
def test_what_an_answer_does_not_use_is_not_held_against_it(marked, code):
    result = marked(notebook(["import torch", code, CAUSAL, NUMBER]))
    assert (result["points"], result["note"]) == (10, "")


BREAKS = {
    "an argument twice": "def f(a, a): return a",
    "global after use": "def f():\n    print(total)\n    global total\n    total = 1",
    "global parameter": "def f(x):\n    global x",
    "nonlocal at the top": "nonlocal x",
    "import all in a function": "def f():\n    from math import *",
    "yield in a comprehension": "[(yield y) for y in z]",
    "walrus in a class": "class A:\n    x = [y := 1 for _ in range(3)]",
    "return at the top": "return 5",
    "a long sum": "x = " + " + ".join(["1"] * 3000),
    "a long chain": "x = ''" + ".strip()" * 1500,
    "a long hexadecimal": "x = 0x" + "f" * 5000,
    "many magics": "\n".join(["%matplotlib inline"] * 60),
    "non-ASCII megabyte": "# " + "中" * 300_000,
    "control characters": "# " + "\x01" * 900_000,
}


@pytest.mark.parametrize("code", BREAKS.values(), ids=BREAKS.keys())
def test_one_cell_that_cannot_be_read_decides_about_itself_alone(marked, code):
    assert marked(notebook([code, *GOOD]))["points"] == 10


SIGNED = {
    "converted": "student_id = str(12345)",
    "in small letters": "student_id = 'Ada'.lower()",
    "with spaces": "student_id = ' 12345 '.strip()",
    "from a name": "name = '12345'\nstudent_id = name",
    "in a tuple": "student_id, group = '12345', 3",
    "formatted": "number = 12345\nstudent_id = f'{number}'",
    "as a number": "student_id = 12345",
    "in a function": "def sign():\n    global student_id\n    student_id = '12345'\nsign()",
}


@pytest.mark.parametrize("code", SIGNED.values(), ids=SIGNED.keys())
def test_an_id_is_what_the_notebook_makes_of_it(marked, code):
    result = marked(notebook([code, *GOOD]), "12345")
    assert result["points"] == 10
    assert result["declared_id"] in ("12345", "ada")


def test_a_hidden_test_tells_the_kind_of_an_error_and_not_its_input(marked):
    result = marked(notebook(["def scores(q, k):\n    raise ValueError(str(q.tolist()))"]))
    public, hidden = result["questions"][0]["tests"]
    assert public["message"] == "`scores` raised ValueError: [[1.0, 1.0, 1.0, 1.0]]."
    assert hidden["message"] == "`scores` raised ValueError."


ODD = {
    "a subclass that lies": (
        "class T(torch.Tensor):\n    shape = property(lambda s: (1, 2))\n"
        "    def detach(self): return torch.full((1, 2), 2.0)\n"
        "def scores(q, k): return torch.ones(1, 2).as_subclass(T)",
        1,
    ),
    "a constant": ("def scores(q, k): return torch.full((q.shape[0], k.shape[0]), 2.0)", 1),
    "a list of tensors": ("def scores(q, k): return [torch.ones(2, 2)] * 3", 0),
    "in place": ("def scores(q, k):\n    q *= 0\n    return q @ k.mT", 0),
    "no data": ("def scores(q, k): return torch.ones(1, 2, device='meta')", 0),
    "an imaginary part": ("def scores(q, k): return torch.complex(q @ k.mT / 2, torch.ones(1, 2))", 0),
    "ten million rows of nothing": ("def scores(q, k): return torch.empty(10**7, 0)", 0),
    "rows of nothing beyond counting": ("def scores(q, k): return torch.empty(2**40, 0)", 0),
    "a float that equals all": ("class E(float):\n    __eq__ = lambda *_: True\n    __hash__ = None\nedges = E(1)", 0),
    "an endless number": ("class E(int):\n    def __int__(self):\n        while True: pass\nedges = E(1)", 0),
    "an endless list": ("class E(list):\n    def __iter__(self):\n        while True: yield 1\nedges = E()", 0),
    "infinity": ("edges = float('inf')", 0),
    "a huge number": ("edges = 10**5000", 0),
    "truth": ("edges = True", 0),
    "four million numbers": ("edges = torch.ones(4 * 10**6, dtype=torch.uint8)", 0),
}


@pytest.mark.parametrize("case", ODD.values(), ids=ODD.keys())
def test_an_odd_value_gets_its_marks_and_costs_the_judge_little(marked_soon, case):
    code, wanted = case
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = marked_soon(notebook(["import torch", code, CAUSAL]))
    assert result["points"] == 4 + wanted
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def test_tensors_that_share_bytes_are_refused(sandbox):
    """A small frame must not become a large value."""
    forge = """
import json, transformer_edu_course.grading.protocol as p
value = ["list", [["tensor", "uint8", [1000000], 0]] * 60]
def pack(message, *values):
    text = json.dumps({"message": message, "values": [value]}).encode()
    return p.HEADER.pack(len(text), 1000000) + text + bytes(1000000)
p.pack = pack
"""
    room = sandbox.open()
    with pytest.raises(Ended, match="sent something that is no answer"):
        room.ask({"do": "run", "number": 1, "code": forge}, seconds=1.5)


def test_a_notebook_that_ends_its_process_again_and_again_is_not_run_for_ever(marked_soon):
    oddly = "import ctypes, os, time\nif os.fork() == 0:\n    ctypes.CDLL(None).prctl(15, b'\\xff\\xfe', 0, 0, 0)\n"
    oddly += "    time.sleep(60)\ntime.sleep(0.2)\nos._exit(1)"
    result = marked_soon(notebook([oddly] * 60 + GOOD))
    assert result["state"] == "graded"


# Hostile notebooks --------------------------------------------------------------------------------------------------


@pytest.fixture
def listener():
    """Listen where no sandbox may reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        yield server


@pytest.mark.parametrize("name", BEFORE)
def test_a_hostile_cell_leaves_the_other_marks(marked_soon, listener, name):
    code, wanted = BEFORE[name]
    result = marked_soon(notebook([code.replace("PORT", str(listener.getsockname()[1])), *GOOD]))
    assert result["points"] == wanted
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_a_room_forbids_fails_where_it_is_tried(marked, listener, name):
    """The note tells how the cell ended: it was run, and refused."""
    code, refusal = FORBIDDEN[name]
    result = marked(notebook([code.replace("PORT", str(listener.getsockname()[1])), *GOOD]))
    assert result["note"].startswith("code cell 2 raised ")
    assert re.search(refusal, result["note"])
    assert result["points"] == 10
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_result_earns_nothing(marked_soon, name):
    code, wanted = FORGED[name]
    assert marked_soon(notebook([*WRONG, code]))["points"] == wanted
    assert marked_soon(notebook([code, *WRONG]))["points"] == wanted


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_comes_to_its_end_in_the_sandbox_and_finds_nothing(marked, name):
    result = marked(notebook([*WRONG, SEARCHES[name]]))
    assert (result["points"], result["note"]) == (0, "")


def test_a_search_finds_in_the_sandbox_what_lies_there_and_answers_with_it(marked):
    assert marked(notebook([*WRONG, looking_for("'def softmax(' in text")]))["points"] == 10


@pytest.fixture
def in_the_open(tmp_path) -> dict[str, set[Path]]:
    """Lay out what each search looks for, as it lies on the grader's machine: a course's sources, a graded folder."""
    source = write_source(tmp_path / "course") / "tiny.ipynb"
    text = tmp_path / "own" / "tiny.py"
    text.parent.mkdir()
    text.write_text(jupytext.writes(nbformat.read(source, 4), fmt="py:percent"), encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ada.ipynb").write_bytes(notebook(GOOD))
    told = ["tiny", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--exercises", str(tmp_path / "course")]
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    open_folder(read_order(parser.parse_args(told)))
    return {"hidden tests": {source, text}, "the seed": {tmp_path / "out" / "tiny" / "grading.json"}}


@pytest.mark.parametrize("name", SEARCHES)
def test_outside_of_the_sandbox_each_search_finds_what_it_looks_for(name, in_the_open, tmp_path):
    names = run_from(SEARCHES[name], tmp_path)
    assert set(map(Path, names["found"])) == in_the_open[name]
    assert {"scores", "causal", "edges"} <= names.keys()


def test_outside_of_the_sandbox_the_search_finds_the_sources_of_the_book():
    sources = {str(path) for path in (ROOT / "exercises").iterdir() if path.suffix in (".py", ".ipynb")}
    assert sources and sources <= set(run_from(SEARCHES["hidden tests"], ROOT)["found"])


def run_from(code: str, folder: Path) -> dict:
    """Run a search of the whole machine in one folder alone, here in the open; return its names."""
    names: dict = {}
    exec(code.replace("os.walk('/')", f"os.walk({str(folder)!r})").replace("mine('tiny/q3')", "3"), names)
    return names


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("while True: pass", "`scores` took longer than 3 s and was stopped."),
        (SWALLOW.replace("\n", "\n    "), "`scores` took longer than 3 s and was stopped."),
        ("import os; os._exit(3)", "`scores` ended the Python process (exit code 3)."),
        ("import ctypes; ctypes.string_at(0)", "`scores` ended the Python process (signal 11)."),
        ("import torch; return torch.zeros(10**8)", "`scores` gives more than can be looked at (a tensor of shape"),
        ("return [0] * 10**7", "`scores` gives more than can be looked at (too many entries)."),
    ],
)
def test_an_answer_that_never_comes_back_fails_with_the_reason_alone(marked_soon, body, told):
    result = marked_soon(notebook([f"def scores(q, k):\n    {body}", CAUSAL, NUMBER]))
    assert points(result) == {"q1": 0, "q2": 4, "q3": 2}
    assert messages(result)[0].startswith(told)


def test_a_notebook_of_loops_ends_when_its_time_is_used_up(marked_soon, impatient, monkeypatch):
    monkeypatch.setattr(impatient, "limits", SOON._replace(seconds=1.0, total=5.0))
    result = marked_soon(notebook([SWALLOW] * 30 + GOOD))
    assert result["state"] == "graded"
    assert "took longer than" in result["note"]


def test_processes_that_together_take_too_much_memory_are_stopped():
    """No limit on one process sees this: the sandbox adds up what a notebook and all that it started take."""
    fork = "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        kept = b'x' * 2**26\n"
    fork += "        time.sleep(99)"
    small = Sandbox(LIMITS._replace(seconds=9.0, memory=2**28))
    try:
        result = grade(notebook([fork + "\ntime.sleep(99)", *GOOD]), TINY, small, student="ada")
    finally:
        small.close()
    assert result["points"] == 10
    assert result["note"] == "code cell 2 took more memory than 0.25 GB and was stopped."


def test_a_sandbox_that_someone_kills_costs_no_points():
    """Out of memory, or an operator's hand: the notebook is graded again, since it did nothing."""
    own = Sandbox(LIMITS)
    own.open().close()
    killer = threading.Timer(0.6, own._process.kill)
    killer.start()
    try:
        result = grade(notebook(["import time; time.sleep(1)", *GOOD]), TINY, own, student="ada")
    finally:
        own.close()
    assert not killer.is_alive()
    assert (result["points"], result["note"]) == (10, "")


def test_a_cell_that_is_stopped_keeps_what_it_had_defined(marked_soon):
    result = marked_soon(notebook([SCORES + "\nwhile True:\n    pass", CAUSAL, NUMBER]))
    assert result["points"] == 10
    assert result["note"] == "code cell 2 took longer than 3 s and was stopped."


def test_nothing_of_one_notebook_is_left_for_the_next(marked):
    leave = "import os, torch, builtins\nopen('/tmp/left', 'w').write('x')\nopen('/dev/shm/left', 'w').write('x')\n"
    leave += "torch.left = builtins.left = os.environ['LEFT'] = 'x'\ntorch.set_default_dtype(torch.float64)\n"
    leave += "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        import time; time.sleep(99)"
    marked(notebook([leave, *GOOD], "first"))
    look = "import os, torch, builtins\nfound = [os.path.exists('/tmp/left'), os.path.exists('/dev/shm/left')]\n"
    look += "found += [hasattr(torch, 'left'), hasattr(builtins, 'left'), 'LEFT' in os.environ]\n"
    look += "assert torch.get_default_dtype() == torch.float32\nassert not any(found), found"
    result = marked(notebook([look, *GOOD]))
    assert (result["points"], result["note"]) == (10, "")


def test_no_process_is_left(marked, sandbox):
    spawn = "import subprocess, sys\nfor _ in range(5): subprocess.Popen(['sleep', '98765'], start_new_session=True)"
    marked(notebook([spawn, *GOOD]))
    marked(
        notebook([*GOOD, "import os\nif os.fork() == 0:\n    os.setsid()\n    os.execvp('sleep', ['sleep', '98765'])"])
    )
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 98765" not in running


def test_the_room_shows_nothing_of_the_machine(marked, tmp_path):
    """What a student's code sees: no home, no temporary folder, no process and no network but its own."""
    (tmp_path / "secret").write_text("hidden")
    look = f"""
import os, socket
assert os.getuid() == 65534 and os.getpid() == 1
assert not os.path.exists({str(tmp_path)!r})
assert sorted(os.listdir('/tmp')) == []
assert not any(os.path.exists(place) for place in ('/home', '/etc/passwd', '/var', '/work', '/sys', '/run'))
assert [name for name in os.listdir('/proc') if name.isdigit() and name != '1'] == []
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    assert sock.connect_ex(('192.0.2.1', 53)) == 101  # network is unreachable
def is_open(number):
    try:
        return bool(os.fstat(number))
    except OSError:
        return False
assert len([number for number in range(64) if is_open(number)]) == 4  # input, output, errors, the channel
known = 'PATH HOME TMPDIR USER LANG PYTHONPATH PYTHONUNBUFFERED PYTHONHASHSEED OMP_NUM_THREADS MPLBACKEND'
known += ' MPLCONFIGDIR HF_HUB_OFFLINE PWD LC_CTYPE KMP_INIT_AT_FORK'
assert set(os.environ) <= set(known.split()), os.environ
for place in ('/', '/usr', '/dev', '/env', '/env/book/transformer_edu', '/bin/', '/tmp/../usr'):
    try:
        open(place + '/written', 'w')
    except OSError:
        continue
    raise AssertionError(place)
"""
    result = marked(notebook([look, *GOOD]))
    assert (result["points"], result["note"]) == (10, "")


def test_an_answer_that_comes_before_its_question_is_none(sandbox):
    """Every question carries a number that cannot be guessed: a well-formed frame sent early answers nothing."""
    early = protocol.pack({"id": "0" * 24, "done": True}, 42)
    room = sandbox.open()
    code = f"import os\nfor f in range(3, 64):\n    try: os.write(f, {early!r})\n    except OSError: pass"
    with pytest.raises(Ended, match="sent something that is no answer"):
        room.ask({"do": "run", "number": 1, "code": code}, seconds=1.0)
    room = sandbox.open()
    assert room.ask({"do": "value", "name": "nothing"}, seconds=1.0)[1] == [...]
    room.close()
