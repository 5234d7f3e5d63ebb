"""What happens if I turn this knob? Figures that answer in the page, with torch's numbers and no kernel behind them.

Each family lists its explorers and the file that declares each. Importing one does not import the others' needs: a file
loads when one of its names is asked for.
"""

from importlib import import_module

FAMILIES = {
    family: import_module(f"{__name__}.{family}").EXPLORERS
    for family in ("recurrent", "softmax", "scores", "attention", "positions", "transformer")
}
PLACES = {
    **{name: f"{family}.{file}" for family, listed in FAMILIES.items() for name, file in listed.items()},
    **dict.fromkeys(("Explorer", "Param", "Pick", "Prediction"), "declaration"),
}

__all__ = list(PLACES)


def __getattr__(name: str):
    if name not in PLACES:
        raise AttributeError(f"transformer_edu.explorers has no {name!r}; it has {', '.join(PLACES)}.")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
