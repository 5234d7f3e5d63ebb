"""The grader takes as much memory after hundreds of notebooks as after a few: nothing of one is kept for the next."""

import os
import subprocess

from tests.course.grading.conftest import TINY
from tests.course.grading.hostile import GOOD, WRONG, notebook
from transformer_edu_course.grading.grade import grade


def resident(process: int) -> int:
    """Return the memory of a process and all below it, in MB, each page counted once."""
    below = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True, check=False).stdout.split()
    with open(f"/proc/{process}/smaps_rollup") as file:
        own = next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon:")) // 1024
    return own + sum(resident(int(child)) for child in below)


def test_memory_stays_flat(sandbox):
    """200 after 60 that warm up: a leak of a thousandth of a notebook's process would show."""
    contents = [notebook(GOOD), notebook(WRONG), b"{", notebook(["import torch; x = torch.ones(2**20)", *GOOD])]
    for place in range(260):
        grade(contents[place % 4], TINY, sandbox, student="ada")
        if place == 59:
            before = resident(os.getpid())
    assert resident(os.getpid()) - before < 4
