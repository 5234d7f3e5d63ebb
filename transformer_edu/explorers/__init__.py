"""What happens if I turn this knob? Figures that answer in the page, with torch's numbers and no kernel behind them.

A folder here holds the explorers of a chapter, a file each, named as the explorer that it declares. Importing one does
not import the others' needs: a file loads when its name is asked for.
"""

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from transformer_edu.explorers.declaration import Explorer
from transformer_edu.explorers.show import mimebundle

# Found by walking: explorer -> its module, seen from here. The folder `panels` belongs to the machinery.
FILES = {
    path.stem: f"{path.parent.name}.{path.stem}"
    for path in sorted(Path(__file__).parent.glob("*/*.py"))
    if path.stem != "__init__" and path.parent.name != "panels"
}
PLACES = FILES | dict.fromkeys(("Explorer", "Param", "Pick", "Prediction"), "declaration")

__all__ = list(PLACES)

Explorer._repr_mimebundle_ = mimebundle  # how an explorer is shown; its declaration does not know


def __getattr__(name: str):
    if name not in PLACES:
        near = " or ".join(get_close_matches(name, PLACES)) or "one of dir(transformer_edu.explorers)"
        raise AttributeError(f"transformer_edu.explorers has no {name!r}. Did you mean {near}?")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
