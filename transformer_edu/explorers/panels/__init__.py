"""What can be drawn. Each kind of panel is a class in a file here and a drawing in `drawing/src/panels/`, same name.

Whoever adds a kind adds these two files (and a `.css` beside the drawing if it needs one): both sides are found by
walking their folders.
"""

from importlib import import_module
from pkgutil import iter_modules

from transformer_edu.explorers.panel import Panel, Readout, Series

KINDS = {
    found.__name__: found
    for module in (import_module(f"{__name__}.{entry.name}") for entry in iter_modules(__path__))
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, Panel) and found.__module__ == module.__name__
}
globals().update(KINDS)

__all__ = ["Panel", "Readout", "Series", *KINDS]  # noqa: PLE0604  the kinds are names, too
