"""Show a short message in a notebook (a line that screen readers announce) or in a terminal (plain text)."""

import html
import re
import sys
from typing import NamedTuple

# The role whose color marks each tone; the words say the same. Outside the book the color is that of the text.
TONES = {"passed": "value", "failed": "key", "unanswered": "soft", "hint": "query", "card": "query"}


class Notice(NamedTuple):
    """A heading, a message and details, in which `backticks` mark code. It has one form as text and one as HTML."""

    heading: str
    message: str
    details: tuple[str, ...]
    tone: str

    def __repr__(self) -> str:
        lines = [f"{self.heading}: {self.message}", *(f"  {detail}" for detail in self.details)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        details = "".join(f'<p style="margin:.2em 0 0;font-size:.9em">{_marked(detail)}</p>' for detail in self.details)
        bar = f"border-inline-start:4px solid var(--te-{TONES[self.tone]},currentColor)"
        return (
            f'<div class="exercise-notice" data-tone="{self.tone}" role="status" '
            f'style="{bar};padding:.3em .8em;line-height:1.5;overflow-wrap:anywhere">'
            f'<p style="margin:0"><strong>{_marked(self.heading)}</strong></p>'
            f'<p style="margin:.2em 0 0">{_marked(self.message)}</p>{details}</div>'
        )


def show(shown: object) -> None:
    """Display a notice, or anything else that knows how it looks, in a notebook; print it anywhere else."""
    if shell() is None:
        print(shown)
        return
    from IPython.display import display

    display(shown)


def shell():
    """Return the running IPython shell, or None in plain Python."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module else None


def _marked(text: str) -> str:
    """Escape a text for HTML and set what stands in backticks as code."""
    code = r'<code style="color:inherit;background:none;white-space:pre-wrap">\1</code>'
    return re.sub(r"`([^`]+)`", code, html.escape(text)).replace("\n", "<br>")
