"""Show where a reader stands: every exercise of a chapter, checked at once, in one table."""

import html
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple, no_type_check

from transformer_edu.exercises.check import names_of, review
from transformer_edu.exercises.notice import show
from transformer_edu.exercises.question import Question, chapters, read_chapter

SIGNS = {"passed": "✔ passed", "failed": "✘ not yet", "unanswered": "… open"}
TONES = {"passed": "value", "failed": "key", "unanswered": "soft"}
CELL = "padding:.2em .8em .2em 0;text-align:start;vertical-align:top"


class Row(NamedTuple):
    """One exercise, and what became of it."""

    exercise: str
    title: str
    state: str
    purpose: str


class Overview(NamedTuple):
    """A table of exercises and how many of them pass. It has one form as text and one as HTML."""

    rows: tuple[Row, ...]

    @property
    def heading(self) -> str:
        """Count what passes."""
        parts = []
        for purpose in ("assigned", "practice"):
            states = [row.state for row in self.rows if row.purpose == purpose]
            parts += [f"{states.count('passed')} of {len(states)} {purpose}"] if states else []
        return f"{' and '.join(parts)} exercises pass their checks"

    def __repr__(self) -> str:
        cells = [(row.exercise, row.title, SIGNS[row.state], row.purpose) for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)) for line in cells]
        return "\n".join([self.heading, *(f"  {line}".rstrip() for line in lines)])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in ("Exercise", "Title", "State", ""))
        head = head.replace("></th>", ">For</th>")
        return (
            '<div class="exercise-progress" role="status" style="line-height:1.5;overflow-x:auto">'
            f'<table style="border-collapse:collapse"><caption style="text-align:start;font-weight:600">{self.heading}'
            f"</caption><thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, self.rows))}</tbody></table></div>"
        )


@no_type_check  # a type checker's wrapper would stand between it and its caller
def progress(chapter: str | None = None) -> None:
    """Check every exercise of a chapter, and show all of them in one table. Nothing is stored or sent.

    Without a chapter, it takes those of which some answer's name is defined.

    Raises: ValueError for a chapter without exercises.
    """
    names = names_of(sys._getframe(1))
    chosen = [chapter] if chapter is not None else begun(names)
    questions = [question for name in chosen for question in read_chapter(name)]
    if not questions:
        print("No exercise is begun here: run the cells of its answer, or name a chapter, such as progress('softmax').")
        return
    show(Overview(tuple(_look(question, names) for question in questions)))


def begun(names: Mapping[str, Any]) -> list[str]:
    """Name the chapters of which some answer's name is defined."""
    return [name for name in chapters() if any(answer in names for q in read_chapter(name) for answer in q.answers)]


def _look(question: Question, names: Mapping[str, Any]) -> Row:
    purpose = "assigned" if question.assigned else "practice"
    return Row(question.id, question.title, review(question, names).state, purpose)


def _row(row: Row) -> str:
    color = f"border-inline-start:4px solid var(--te-{TONES[row.state]},currentColor);padding-inline-start:.5em"
    entries = (f'<td style="{CELL}">{html.escape(text)}</td>' for text in (row.title, SIGNS[row.state], row.purpose))
    first = f'<th scope="row" style="{CELL};{color};font-weight:400">{html.escape(row.exercise)}</th>'
    return f"<tr>{first}{''.join(entries)}</tr>"
