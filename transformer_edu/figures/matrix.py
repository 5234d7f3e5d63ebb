"""Draw one matrix: attention weights between words, a mask, a Jacobian."""

from collections.abc import Sequence
from typing import TypedDict

import torch
from jaxtyping import Num
from torch import Tensor

from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer
from transformer_edu.explorers.panels import Heatmap


def attention_map(
    weights: Num[Tensor, "query key"], *, title: str, queries: Sequence[str], keys: Sequence[str] | None = None
) -> Explorer:
    """Draw attention weights: one row a query, one column a key, 0 in the card's color and 1 in full blue."""
    keys = queries if keys is None else keys
    return matrix(weights, title=title, rows=queries, columns=keys, row_label="query", column_label="key")


def matrix(
    numbers: Num[Tensor, "row column"],
    *,
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    row_label: str = "",
    column_label: str = "",
    signed: bool = False,
    most: float | None = None,
    number_format: str = ".3f",
) -> Explorer:
    """Draw a matrix as cells with the number written in each where there is room.

    With `signed` negative entries are rust and positive ones blue, both from the card's color at 0. `most` is the
    number that gets the full color: give it to compare several pictures; the default is the largest entry, or 1.

    Raises: ValueError if the words do not match the matrix.
    """
    if tuple(numbers.shape) != (len(rows), len(columns)):
        raise ValueError(
            f"matrix needs one word a row and column ({len(rows)} × {len(columns)}), got shape={tuple(numbers.shape)}."
        )
    most = most or (float(numbers.abs().max()) if signed else 1.0)
    declared = {"numbers": Shown["row column", number_format], "rows": Words, "columns": Words}

    def matrix_as_given() -> TypedDict("Matrix", declared):
        return {"numbers": numbers.to(torch.float32), "rows": list(rows), "columns": list(columns)}

    return Explorer(
        id="matrix",
        title=title,
        compute=matrix_as_given,
        panels=[
            Heatmap(
                title="",
                array="numbers",
                rows="rows",
                columns="columns",
                row_label=row_label,
                column_label=column_label,
                scale="signed" if signed else "weights",
                domain=(-most if signed else 0.0, most),
                height=400,
            )
        ],
        alt=title,
    )
