"""Write what a student reads about their submission: one HTML file that needs nothing else.

It runs no script and asks no one for anything, and its content security policy says so. Every text is escaped. It
shows the sentence of each test that failed, and what that test looked at where the test is public. The code of tests,
solutions, what a hidden test put in and expected, and flags (they are for the instructor) are never in it.
"""

import base64
import hashlib
import re
from html import escape
from importlib.resources import files
from pathlib import Path

from transformer_edu_course.grading.results import QuestionResult, Result, TestResult, replacing

LONGEST_TEXT = 2000  # characters of one message or detail
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # no page may hold them
STATES = {  # a symbol and words: color never stands alone
    "passed": ("✔", "right"),
    "partial": ("◐", "partly right"),
    "failed": ("✘", "not right yet"),
    "unanswered": ("○", "not answered"),
}


def write_feedback(result: Result, path: Path) -> None:
    """Write a student's page. The file takes its name once it is whole."""
    with replacing(path) as file:
        file.write(feedback_page(result))


def feedback_page(result: Result) -> str:
    """Write a student's page as text."""
    css = (files("transformer_edu_course.grading") / "feedback.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = f"Feedback: {result['chapter'].replace('-', ' ').replace('_', ' ')}"
    shown = [] if result["state"] == "unreadable" else result["questions"]
    assigned_first = sorted(shown, key=lambda question: not question["assigned"])
    questions = "\n".join(map(_question, assigned_first))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{_plain(title)}</title>
<style>{css}</style>
</head>
<body>
<header>
<h1>{_plain(title)}</h1>
<p class="soft">{_student(result)}</p>
{_total(result)}
</header>
<main>
{questions}
</main>
<footer><p>A test that you can run yourself shows what it looked at. A hidden test shows its verdict, not its input.</p>
</footer>
</body>
</html>
"""


def _student(result: Result) -> str:
    """Name the student, and the file that was graded."""
    name = f"<bdi>{_plain(result['name'])}</bdi>, " if result["name"] not in ("", result["student"]) else ""
    late = " · handed in late" if result["late"] else ""
    return f"{name}<bdi>{_plain(result['student'])}</bdi> · <bdi>{_plain(result['source'])}</bdi>{late}"


def _total(result: Result) -> str:
    """Write the points, a bar of them, and what went wrong with the notebook as a whole."""
    parts = []
    if result["possible"] or not result["practice_possible"]:
        total = f"<strong>{result['points']}</strong> of {_points(result['possible'])}"
        parts.append(f'<p class="total">{total}</p>\n{_bar(result)}')
    if result["practice_possible"]:
        practice = f"{result['practice_points']} of {_points(result['practice_possible'])}"
        parts.append(f'<p class="soft">Practice, which does not count: {practice}.</p>')
    if result["note"]:
        leads = {"unreadable": "Your notebook could not be graded. ", "stopped": "Grading was stopped. "}
        lead = leads.get(result["state"], "When your notebook ran: ")
        parts.append(f'<p class="note">{lead}{_marked(result["note"])}</p>')
    return "\n".join(parts)


def _bar(result: Result) -> str:
    """Draw each assigned exercise as wide as its points, and fill what was earned. The text beside it says the same."""
    pieces, place, whole = [], 0.0, max(result["possible"], 1)
    for question in (question for question in result["questions"] if question["assigned"]):
        width = 1000 * question["possible"] / whole
        earned = 1000 * question["points"] / whole
        gap = 4 if width > 8 else 0
        pieces.append(f'<rect x="{place:.1f}" width="{max(width - gap, 0):.1f}" height="14"/>')
        if earned:
            pieces.append(f'<rect class="earned" x="{place:.1f}" width="{max(earned - gap, 1):.1f}" height="14"/>')
        place += width
    view = 'viewBox="0 0 1000 14" preserveAspectRatio="none" aria-hidden="true"'
    return f'<svg class="bar" {view}>{"".join(pieces)}</svg>'


def _question(question: QuestionResult) -> str:
    """Write the card of an exercise."""
    tests = "\n".join(map(_test, question["tests"]))
    place = question["id"].rpartition("/")[2]
    kind = "" if question["assigned"] else " · practice, does not count"
    return f"""<section class="card">
<div class="head"><h2>{_plain(question["title"])}</h2><p class="points">{_of(question)}</p></div>
<p>{_words(question)} <span class="soft">· {_plain(place)}{kind}</span></p>
<ul class="tests">
{tests}
</ul>
</section>"""


def _test(test: TestResult) -> str:
    """Write one test: its name and points, and for one that failed a sentence, with what it looked at folded away."""
    hidden = ' <span class="soft">(hidden test)</span>' if test["hidden"] else ""
    lines = [f'<div class="row"><p>{_words(test)} <span class="soft">·</span> {_marked(test["name"])}{hidden}</p>']
    lines.append(f'<p class="points">{_of(test)}</p></div>')
    if test["state"] != "passed":
        lines.append(f'<p class="message">{_marked(test["message"])}</p>')
        if test["details"] and not test["hidden"]:
            details = "".join(f"<li>{_marked(detail)}</li>" for detail in test["details"])
            lines.append(f"<details><summary>What the test looked at</summary><ul>{details}</ul></details>")
    return f"<li>{''.join(lines)}</li>"


def _words(entry: QuestionResult | TestResult) -> str:
    """Say how it went: a symbol and words."""
    state = entry["state"] if entry["state"] in STATES else "failed"
    symbol, words = STATES[state]
    return f'<span class="state {state}"><span aria-hidden="true">{symbol}</span> {words}</span>'


def _of(entry: QuestionResult | TestResult) -> str:
    return f"{entry['points']} of {_points(entry['possible'])}" if entry["possible"] else ""


def _points(number: int) -> str:
    return f"{number} point{'s' * (number != 1)}"


def _plain(text: str) -> str:
    """Escape a text, without what HTML does not allow in it, cut to a length."""
    text = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
    return escape(FORBIDDEN.sub(" ", text))


def _marked(text: str) -> str:
    """Escape a text and set what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _plain(text))
