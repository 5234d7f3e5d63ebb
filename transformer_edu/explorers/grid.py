"""Compute every point of an explorer's grid with torch, and refuse a grid that is too large for a page."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from transformer_edu.explorers.declaration import Explorer
from transformer_edu.explorers.numbers import number_text
from transformer_edu.explorers.packing import as_array, is_words, pack_array, point_count
from transformer_edu.explorers.panel import Panel

MOST_POINTS = 400  # of one explorer
MOST_BYTES = 150_000  # of all grids of one page, gzipped


class BudgetError(ValueError):
    """An explorer or a page of explorers is larger than a reader should have to load."""


def sizes(explorer: Explorer) -> list[int]:
    """Return the number of stops of each knob in the book."""
    return [len(param.values) for param in explorer.params]


def points(explorer: Explorer) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
    """Walk over the grid: the index of each point and the values of the knobs there."""
    names = [param.name for param in explorer.params]
    for index in product(*(range(size) for size in sizes(explorer))):
        values = (param.values[i] for param, i in zip(explorer.params, index, strict=True))
        yield index, dict(zip(names, values, strict=True))


def grid(explorer: Explorer) -> dict[str, Any]:
    """Compute and pack all points; the result is JSON that the drawing module reads."""
    count = point_count(sizes(explorer))
    if count > MOST_POINTS:
        raise BudgetError(
            f"{explorer.id} needs at most {MOST_POINTS} grid points (a page must load fast), got {count}."
        )
    answers = {index: explorer.answer(**values) for index, values in points(explorer)}
    packed = {}
    for name in explorer.used_arrays():
        entries = {
            i: answer[name] if is_words(answer[name]) else as_array(answer[name]) for i, answer in answers.items()
        }
        packed[name] = pack_array(entries, sizes(explorer), explorer.format_of(name))
    return packed


def sweeps(explorer: Explorer) -> list[tuple[str, list[str]]]:
    """Return, for each knob that a panel sweeps, the scalar arrays it needs."""
    swept: dict[str, list[str]] = {}
    for panel in explorer.panels:
        if over := panel.swept():
            swept.setdefault(over, []).extend(panel.arrays())
    return list(swept.items())


def start_rows(explorer: Explorer, answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the read-outs of the `answer` at the start as text: what a page without JavaScript shows."""
    rows = []
    picks = {pick.name: pick.start for pick in explorer.picks}
    for readout in explorer.readouts:
        place = picks[readout.pick] if readout.pick else ()
        numbers = [
            number_text(float(as_array(answer[name])[place]), explorer.format_of(name)) for name in readout.arrays()
        ]
        rows.append((readout.label, f"{' → '.join(numbers)} {readout.unit}".strip()))
    return rows


def panel_arrays(panel: Panel) -> list[str]:
    """Return the arrays of a panel that change from point to point (a sweep shows numbers of all points)."""
    return [] if panel.swept() else panel.arrays()
