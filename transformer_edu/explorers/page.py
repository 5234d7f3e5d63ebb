"""Write an explorer as static HTML: the numbers of all its states travel with the page, no kernel behind it."""

import gzip
import json
import re
from html import escape

from transformer_edu.explorers.declaration import Explorer
from transformer_edu.explorers.grid import MOST_BYTES, BudgetError, grid, panel_arrays, start_rows
from transformer_edu.explorers.numbers import number_text
from transformer_edu.explorers.packing import as_array, is_words

MOST_ROWS = 64  # of a table for readers without JavaScript


def static_html(explorer: Explorer) -> str:
    """Return the figure: a table of the start values, and the whole grid for the drawing module to take over."""
    title = escape(explorer.title)
    return (
        f'<figure class="explorer" data-explorer="{escape(explorer.id)}" role="group" aria-label="{title}">'
        f'<div class="explorer-fallback"><p class="explorer-title">{title}</p>{fallback(explorer)}</div>'
        f'<script type="application/json" class="explorer-data">{data_text(explorer)}</script></figure>'
    )


def data_text(explorer: Explorer) -> str:
    """Write the declaration and the whole grid as JSON that cannot close its own tag."""
    data = {"spec": explorer.spec(live=False), "arrays": grid(explorer)}
    return json.dumps(data, separators=(",", ":")).replace("</", "<\\/")


def fallback(explorer: Explorer) -> str:
    """Return tables of what the explorer shows when it opens: its knobs, its read-outs, the arrays of its panels."""
    answer = explorer.answer(**explorer.start())
    tables = [table("At the start values", [*start_knobs(explorer), *start_rows(explorer, answer)])]
    for panel in explorer.panels:
        for name in dict.fromkeys(panel_arrays(panel)):
            values = as_array(answer[name])
            if values.ndim and values.shape[0] <= MOST_ROWS:
                labels = row_labels(explorer, answer, name, values.shape[0])
                text = [number_row(row, explorer.format_of(name)) for row in values]
                tables.append(table(f"{panel.title}: {name}", list(zip(labels, text, strict=True))))
    return "".join(tables)


def start_knobs(explorer: Explorer) -> list[tuple[str, str]]:
    """Return the knobs that a reader can turn, and where each stands when the explorer opens."""
    turned = [param for param in explorer.params if len(param.values) > 1]
    return [(param.label, param.stop_labels(live=False)[list(param.values).index(param.start)]) for param in turned]


def row_labels(explorer: Explorer, answer, name: str, count: int) -> list[str]:
    """Name the rows of an array by the words of its first axis where there are some, else by number."""
    axis = (explorer.axes_of(name) or ["row"])[0]
    words = next((value for key, value in answer.items() if is_words(value) and key.rstrip("s") == axis), None)
    return list(words) if words and len(words) == count else [f"{axis} {i + 1}" for i in range(count)]


def number_row(row, number_format: str) -> str:
    """Write one entry, or one row of a matrix, as text."""
    return " ".join(number_text(float(number), number_format) for number in row.reshape(-1))


def table(caption: str, rows: list[tuple[str, str]]) -> str:
    """Write a table of two columns."""
    body = "".join(f'<tr><th scope="row">{escape(a)}</th><td>{escape(b)}</td></tr>' for a, b in rows)
    return f"<table><caption>{escape(caption)}</caption><tbody>{body}</tbody></table>"


def check_page(html: str, name: str) -> tuple[int, int]:
    """Return how many explorers a page holds and the gzipped bytes of their grids; refuse a page above the budget."""
    grids = re.findall(r'<script type="application/json" class="explorer-data">(.*?)</script>', html, re.S)
    size = len(gzip.compress("".join(grids).encode(), 6)) if grids else 0
    if size > MOST_BYTES:
        raise BudgetError(f"check_page needs at most {MOST_BYTES} gzipped bytes of grids a page, got {name}={size}.")
    return len(grids), size
