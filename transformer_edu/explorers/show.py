"""Decide how an explorer is shown: static in the book, live in a kernel; never both, since a grid costs every state."""

import os
from typing import Any

from transformer_edu.explorers.declaration import Explorer

STATIC = "TRANSFORMER_EDU_STATIC"  # the book's build sets it to 1, and the kernels that it starts inherit it

NO_KERNEL = "Run the cell to bring this figure to life."  # where a saved notebook is read without a kernel


def is_static() -> bool:
    """Tell whether this kernel works for the book's build."""
    return os.environ.get(STATIC, "") not in ("", "0")


def mimebundle(explorer: Explorer, include: Any = None, exclude: Any = None) -> Any:
    """Return what the notebook displays for an explorer (IPython's `_repr_mimebundle_`)."""
    if is_static():
        from transformer_edu.explorers.page import static_html

        return {"text/html": static_html(explorer), "text/plain": repr(explorer)}
    from transformer_edu.explorers.live import LiveExplorer

    data, metadata = LiveExplorer(explorer)._repr_mimebundle_(include=include, exclude=exclude)
    return data | {"text/plain": f"{explorer!r}. {NO_KERNEL}"}, metadata
