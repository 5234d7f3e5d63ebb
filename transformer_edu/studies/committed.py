"""Read the committed results of a study, and the small trained networks that came out of it."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

FOLDER = Path(__file__).parent / "results"


class Measured(NamedTuple):
    """What a study found: how it was made, and one record a run, each with its settings and its seed."""

    made: dict[str, Any]
    runs: list[dict[str, Any]]

    def where(self, **settings: Any) -> list[dict[str, Any]]:
        """Return the runs with these settings, in the order of their seeds."""
        found = [run for run in self.runs if all(run.get(name) == value for name, value in settings.items())]
        return sorted(found, key=lambda run: run.get("seed", 0))


def measured(name: str) -> Measured:
    """Read the results that the study of this name committed.

    Raises: ValueError for a study without results; it lists those that there are.
    """
    return Measured(**json.loads(_place(name, ".json").read_text(encoding="utf-8")))


def measured_weights(name: str) -> dict[str, Tensor]:
    """Read the weights of a small trained network that a study left behind: names to tensors, in float32.

    Raises: ValueError for a name without weights; it lists those that there are.
    """
    from safetensors.torch import load_file

    return {key: tensor.float() for key, tensor in load_file(_place(name, ".safetensors")).items()}


def _place(name: str, ending: str) -> Path:
    there = sorted(path.stem for path in FOLDER.glob(f"*{ending}"))
    if name not in there:
        raise ValueError(f"measured needs a name with committed results ({', '.join(there)}), got name={name!r}.")
    return FOLDER / f"{name}{ending}"
