"""Draw lines over a common axis: learning curves, a cost over a length, theory beside measurement."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import torch

from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer
from transformer_edu.explorers.palette import SERIES
from transformer_edu.explorers.panels import Lines, Series


def curves(
    x: Sequence[float | int],
    lines: Mapping[str, Sequence[float | int]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    domain: tuple[float | int, float | int],
    x_log: bool = False,
    y_log: bool = False,
    dashed: Sequence[str] = (),
    number_format: str = ".3s",
) -> Explorer:
    """Draw up to four named lines. Names in `dashed` are theory; all others are measurement.

    Raises: ValueError for more than four lines (use several figures, not more colors) or a line of another length.
    """
    if len(lines) > len(SERIES):
        raise ValueError(f"curves needs at most {len(SERIES)} lines (small multiples beyond), got lines={len(lines)}.")
    if wrong := [name for name, values in lines.items() if len(values) != len(x)]:
        raise ValueError(f"curves needs a value for each x ({len(x)}), got line={wrong[0]!r}.")
    answer = {"x": torch.tensor(list(x), dtype=torch.float32)} | {
        f"line_{i + 1}": torch.tensor(list(values), dtype=torch.float32) for i, values in enumerate(lines.values())
    }
    declared = {name: Shown["point", ".6s" if name == "x" else number_format] for name in answer}

    def lines_as_given() -> TypedDict("Curves", declared):
        return answer

    series = [Series(f"line_{i + 1}", name, SERIES[i], dash=name in dashed) for i, name in enumerate(lines)]
    return Explorer(
        id="curves",
        title=title,
        compute=lines_as_given,
        panels=[
            Lines(
                title=y_label,
                x="x",
                series=series,
                domain=domain,
                x_label=x_label,
                x_log=x_log,
                y_log=y_log,
                height=260,
            )
        ],
        alt=f"{title} Lines: {', '.join(lines)}.",
    )
