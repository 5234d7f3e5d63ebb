"""Write what a student reads about their submission: one HTML file that needs nothing else.

It runs no script and asks no one for anything, and its content security policy says so. Every text is escaped. It
shows the sentence of each test that failed, and what that test looked at where the test is public. The code of tests,
solutions, what a hidden test put in and expected, and flags (they are for the instructor) are never in it.
"""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from transformer_edu_course.grading.results import Result
from transformer_edu_course.grading.whole_files import replacing

LONGEST_TEXT = 2000  # characters of one message or detail
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # no page may hold them
STATES = {  # a symbol and words: color never stands alone
    "passed": ("✔", "right"),
    "partial": ("◐", "partly right"),
    "failed": ("✘", "not right yet"),
    "unanswered": ("○", "not answered"),
}
LEADS = {  # what stands before the note
    "graded": "When your notebook ran: ",
    "unreadable": "Your notebook could not be graded. ",
    "earlier edition": "This is no grade yet, and nothing is lost: your course can grade your notebook. It was ",
}


class Piece(NamedTuple):
    """A rectangle of the bar: an exercise as wide as its points, or what of it was earned."""

    x: str
    width: str
    earned: bool


def write_feedback(result: Result, path: Path) -> None:
    """Write a student's page. The file takes its name once it is whole."""
    with replacing(path) as file:
        file.write(feedback_page(result))


def feedback_page(result: Result) -> str:
    """Write a student's page as text."""
    css = _read("feedback.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    shown = [] if result["state"] == "unreadable" else result["questions"]
    return _template().render(
        result=result,
        title=f"Feedback: {result['chapter'].replace('-', ' ').replace('_', ' ')}",
        questions=sorted(shown, key=lambda question: not question["assigned"]),
        bar=_bar(result),
        has_points=result["points"] is not None,
        lead=LEADS.get(result["state"], LEADS["graded"]),
        states=STATES,
        css=css,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    )


@cache
def _template() -> Template:
    """Read the template: what a variable holds is escaped, and a variable that is not there is an error."""
    settings = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    environment = Environment(undefined=StrictUndefined, **settings)
    environment.filters |= {"plain": plain, "marked": marked, "points": points}
    return environment.from_string(_read("feedback.html"))


def _read(name: str) -> str:
    return (files("transformer_edu_course.grading") / name).read_text(encoding="utf-8")


def _bar(result: Result) -> list[Piece]:
    """Draw each assigned exercise as wide as its points, and fill what was earned. The text beside it says the same."""
    pieces, place, whole = [], 0.0, max(result["possible"], 1)
    for question in (question for question in result["questions"] if question["assigned"]):
        width, earned = (1000 * question[key] / whole for key in ("possible", "points"))
        gap = 4 if width > 8 else 0
        pieces.append(Piece(f"{place:.1f}", f"{max(width - gap, 0):.1f}", False))
        if earned:
            pieces.append(Piece(f"{place:.1f}", f"{max(earned - gap, 1):.1f}", True))
        place += width
    return pieces


def points(number: int) -> str:
    """Write a number of points."""
    return f"{number} point{'s' * (number != 1)}"


def plain(text: str) -> str:
    """Leave out what HTML does not allow, and cut a text to a length. The template escapes it."""
    text = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
    return FORBIDDEN.sub(" ", text)


def marked(text: str) -> Markup:
    """Escape a text and set what stands in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(plain(text)))))
