"""Read the tags of a source notebook's cells: `card:q1`, `hint:q2`, `hidden-test:q1:3`."""

import difflib
import re
from typing import NamedTuple


class Role(NamedTuple):
    """What a tag asks for: a kind of cell, a place among the cells of its question, and points or none."""

    kind: str
    rank: int
    has_question: bool = True
    has_points: bool = False


ROLES = {
    "about": Role("markdown", 0, has_question=False),
    "setup": Role("code", 0, has_question=False),
    "card": Role("raw", 1),
    "statement": Role("markdown", 2),
    "answer": Role("code", 3),
    "public-test": Role("code", 4, has_points=True),
    "hidden-test": Role("code", 4, has_points=True),
    "hint": Role("markdown", 5),
    "because": Role("markdown", 6),
    "wrong": Role("code", 7, has_points=True),
    "right": Role("code", 7),
}


class Tag(NamedTuple):
    """What the tag of a cell says."""

    role: str
    question: str = ""
    points: int = 0


def read_tag(tags: list[str], kind: str) -> Tag:
    """Read the first tag that the build knows, of a cell of this kind. Raises: ValueError that says what to write."""
    tag = next((tag for tag in tags if tag.split(":")[0] in ROLES), None)
    if tag is None:
        raise ValueError(_unknown(tags))
    head, *rest = tag.split(":")
    role = ROLES[head]
    form = head + ":q1" * role.has_question + ":2" * role.has_points
    if len(rest) != role.has_question + role.has_points:
        raise ValueError(f"the tag {tag!r} needs the form {form!r}. Rename it.")
    if role.has_question and not re.fullmatch(r"q[1-9]\d*", rest[0]):
        raise ValueError(f"the tag {tag!r} needs a question such as q1, got {rest[0]!r}. Write {form!r}.")
    if role.has_points and not re.fullmatch(r"\d{1,4}", rest[1]):
        raise ValueError(f"the tag {tag!r} needs points, an integer of 0 or more, got {rest[1]!r}. Write {form!r}.")
    if kind != role.kind:
        raise ValueError(f"a cell tagged {tag!r} has to be a {role.kind} cell, it is {kind}. Change its type.")
    return Tag(head, *rest[:1], *map(int, rest[1:]))


def _unknown(tags: list[str]) -> str:
    heads = ", ".join(ROLES)
    if not tags:
        return f"the cell has no tag. Give it one of {heads}, or remove it."
    near = difflib.get_close_matches(tags[0].split(":")[0], ROLES, n=1)
    return f"unknown tag {tags[0]!r}. Write {f'{near[0]!r} for its first part' if near else f'one of {heads}'}."
