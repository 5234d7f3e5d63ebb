"""Choose a place of a grid: which other places have a similar code?"""

from typing import TypedDict

import torch

from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Heatmap, Readout
from transformer_edu.positions import sinusoidal, sinusoidal_2d

SIDE, DIM = 8, 32


class GridCodes(TypedDict):
    """What `grid` returns."""

    rows: Words
    columns: Words
    plane: Shown["row column", ".2f"]
    line: Shown["row column", ".2f"]
    plane_below: Shown[".2f"]
    line_below: Shown[".2f"]
    plane_next_row: Shown[".2f"]
    line_next_row: Shown[".2f"]


def grid(*, row: int, column: int, base: float) -> GridCodes:
    """Compare the code of one place with all others: two-dimensional codes, and one-dimensional ones row by row."""
    plane = torch.nn.functional.normalize(sinusoidal_2d(SIDE, SIDE, DIM, base=base).flatten(0, 1), dim=-1)
    line = torch.nn.functional.normalize(sinusoidal(SIDE * SIDE, DIM, base=base), dim=-1)
    place = row * SIDE + column
    below, end = (place + SIDE) % SIDE**2, (place // SIDE * SIDE + SIDE) % SIDE**2
    cosines = {"plane": plane @ plane[place], "line": line @ line[place]}
    return {
        "rows": [f"row {y}" for y in range(SIDE)],
        "columns": [str(x) for x in range(SIDE)],
        "plane": cosines["plane"].reshape(SIDE, SIDE),
        "line": cosines["line"].reshape(SIDE, SIDE),
        "plane_below": cosines["plane"][below],
        "line_below": cosines["line"][below],
        "plane_next_row": cosines["plane"][end],
        "line_next_row": cosines["line"][end],
    }


def square(title: str, array: str) -> Heatmap:
    """Draw the grid of places, the chosen one outlined; a click chooses another."""
    return Heatmap(
        title=title,
        array=array,
        scale="signed",
        domain=(-1, 1),
        rows="rows",
        columns="columns",
        column_label="column",
        mark=["row", "column"],
        height=320,
    )


grid_codes = Explorer(
    id="grid-codes",
    title="Choose a place of a grid: which places have a similar code?",
    compute=grid,
    params=[
        Param(name="row", label="row y", values=tuple(range(SIDE)), start=3),
        Param(name="column", label="column x", values=tuple(range(SIDE)), start=2),
        Param(name="base", label="base", values=(10.0, 100.0, 10000.0), start=100.0),
    ],
    panels=[
        square("Cosine with the chosen place: two-dimensional code", "plane"),
        square("Cosine with the chosen place: one-dimensional code", "line"),
    ],
    readouts=[
        Readout("plane_below", "cosine with the place below: two-dimensional → one-dimensional", then="line_below"),
        Readout("plane_next_row", "cosine with the start of the next row", then="line_next_row"),
    ],
    prediction=Prediction(
        question="patches are numbered row by row, 8 in a row, and get one-dimensional codes. Nearer to the code of "
        "the patch at the end of a row is that of",
        answers=("the patch below it", "the first patch of the next row", "both alike"),
        right=1,
        because="Its number is one larger. On the picture it lies at the other side. The patch below has a number that "
        "is 8 larger, and its code is less similar. A two-dimensional code has no such seam.",
    ),
    code="import torch\n"
    "from transformer_edu.positions import sinusoidal_2d\n\n"
    "codes = torch.nn.functional.normalize(sinusoidal_2d(8, 8, 32, base={base}), dim=-1)\n"
    "codes @ codes[{row}, {column}]",
    alt="Cosines of the code of row {row}, column {column} with all others. With the place below: {plane_below} "
    "two-dimensional, {line_below} one-dimensional; with the start of the next row: {plane_next_row} and "
    "{line_next_row}.",
    note="Codes of width 32: half for the row and half for the column, or places numbered row by row. Below the last "
    "row comes the first: the read-outs count on from there.",
)
