"""Cut the solution out of an answer cell, and put what the student gets in its place.

    ### BEGIN SOLUTION      the region that is cut
    ### INSTEAD             below it: commented lines that replace the region; without them it becomes `...`
    ### END SOLUTION
"""

import re
from typing import NamedTuple

from transformer_edu_course.building.cells import Cell, compiled

MARK = re.compile(r"\s*###\s*(BEGIN SOLUTION|INSTEAD|END SOLUTION)\s*")
FOLLOWS = {"BEGIN SOLUTION": ("",), "INSTEAD": ("BEGIN SOLUTION",), "END SOLUTION": ("BEGIN SOLUTION", "INSTEAD")}


class Cut(NamedTuple):
    """What a student starts from, and what solves it."""

    starter: str
    solution: str


def cut(cell: Cell) -> Cut:
    """Cut an answer cell into starter and solution.

    Raises: SourceError for marks that do not belong together, no region at all, and a text that Python cannot read.
    """
    starter, solution, state, indent, replaced = [], [], "", "", False
    for line in cell.text.splitlines():
        found = MARK.fullmatch(line)
        if found is None and line.strip().startswith("###"):
            marks = "### BEGIN SOLUTION, ### INSTEAD or ### END SOLUTION"
            raise cell.error(f"unknown mark {line.strip()!r}. Write {marks}.")
        if found is None:
            solution += [line] if state != "INSTEAD" else []
            starter += [_shown(cell, line, indent)] if state == "INSTEAD" else [line] if not state else []
            continue
        if state not in FOLLOWS[found[1]]:
            after = f"### {state}" if state else "no open ### BEGIN SOLUTION"
            raise cell.error(f"### {found[1]} stands after {after}. Begin, replace and end each region in this order.")
        if found[1] == "END SOLUTION":
            starter += [] if replaced else [f"{indent}..."]
        elif found[1] == "BEGIN SOLUTION":
            indent = line[: len(line) - len(line.lstrip())]
        state, replaced = ("" if found[1] == "END SOLUTION" else found[1]), found[1] == "INSTEAD"
    if state:
        raise cell.error(f"### {state} has no ### END SOLUTION. Add that line.")
    if starter == solution:
        raise cell.error("the answer has no ### BEGIN SOLUTION … ### END SOLUTION. Mark what the student has to write.")
    return Cut(*(compiled(cell, "\n".join(lines).strip("\n")) for lines in (starter, solution)))


def _shown(cell: Cell, line: str, indent: str) -> str:
    """Take the comment mark from a line below INSTEAD."""
    text = line.removeprefix(indent)
    if not line.strip():
        return ""
    if not text.startswith("#") or not line.startswith(indent):
        raise cell.error(f"below ### INSTEAD every line is a comment at the region's indentation, got {line!r}.")
    return f"{indent}{text[1:].removeprefix(' ')}".rstrip()
