"""Results as the grader writes them, for the tests of what is made of them."""

import copy

HOSTILE = [
    "../../x",
    "=cmd|'/C calc'!A0",
    "<script>alert(1)</script>",
    "🦊 fox",
    "\u202egnp.exe",
    "x" * 300,
    "nul\x00byte",
    "CON",
    ".hidden",
    "a/b\\c",
    "Ünïcode",
    " ",
    "-rf",
    "@x;=1+1",
    "line\nbreak",
    "lone \ud800 surrogate",
]


def result(student="ada", **changes):
    """Make a result with 5 of 7 points: one exercise right, one partly, one of practice not answered."""
    base = {
        "student": student, "name": "Ada Lovelace", "chapter": "attention", "source": f"{student}.ipynb", "late": False,
        "declared_id": student, "points": 5, "possible": 7, "practice_points": 0, "practice_possible": 2,
        "state": "graded", "note": "", "flags": [],
        "questions": [
            question("q1", 3, outcome("the same numbers", 1), outcome("the shape", 2, hidden=True)),
            question(
                "q2", 4,
                outcome("rows sum to 1", 2),
                outcome("no overflow", 1, "failed", "Did you scale by `√head_dim`?", ["called with `x = 3`"]),
                outcome("far tokens", 1, "failed", "Positions differ.", ["expected `SECRET`"], hidden=True),
            ),
            question("q3", 2, outcome("a number", 2, "unanswered", "Not answered: `answer`."), assigned=False),
        ],
        "digest": {"submission": "a" * 64, "exercises": "b" * 64}, "seed": 7, "seconds": 0.31,
    }  # fmt: skip
    return copy.deepcopy(base | changes)


def question(place, possible, *tests, assigned=True):
    points = sum(one["points"] for one in tests)
    states = {one["state"] for one in tests}
    state = states.pop() if len(states) == 1 else "partial"
    return {
        "id": f"attention/{place}", "title": f"Title of {place}", "assigned": assigned, "points": points,
        "possible": possible, "state": state, "tests": list(tests),
    }  # fmt: skip


def outcome(name, possible, state="passed", message="", details=(), *, hidden=False):
    points = possible if state == "passed" else 0
    return {
        "name": name, "points": points, "possible": possible, "hidden": hidden, "state": state, "message": message,
        "details": list(details),
    }  # fmt: skip
