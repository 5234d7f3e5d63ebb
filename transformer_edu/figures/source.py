"""Show the package's own source in the page, so that a chapter and the code that it explains can never differ."""

import ast
import inspect
import textwrap
from typing import Any


class Source:
    """The text of a function, class or module, shown as highlighted Python."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer

        colors = "" if _in_book() else f"<style>{HtmlFormatter().get_style_defs('.te-source .highlight')}</style>"
        return f'{colors}<div class="te-source">{highlight(self.text, PythonLexer(), HtmlFormatter())}</div>'


def source(*things: Any, brief: bool = False) -> Source:
    """Return the source of functions, methods, classes or modules; `brief` keeps each docstring's first line."""
    texts = [textwrap.dedent(inspect.getsource(thing)).rstrip() for thing in things]
    return Source("\n\n".join(shortened(text) if brief else text for text in texts) + "\n")


def shortened(text: str) -> str:
    """Cut every docstring of a source text down to its first line."""
    lines = text.split("\n")
    for node in reversed(list(ast.walk(ast.parse(text)))):
        documented = isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node)
        if documented and "\n" in documented:
            first, last = node.body[0].lineno - 1, node.body[0].end_lineno
            lines[first:last] = [lines[first].rstrip() + '"""']
    return "\n".join(lines)


def _in_book() -> bool:
    """Tell whether the book's own style sheet colors the code."""
    from transformer_edu.explorers.show import is_static

    return is_static()
