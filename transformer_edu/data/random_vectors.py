"""Draw the random queries and keys that the chapters measure things on: always the same numbers for the same seed."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

ENTRIES = ("normal", "uniform", "±1")  # three laws with mean 0 and variance 1


def random_vectors(
    count: int, dim: int, *, generator: torch.Generator, entries: str = "normal"
) -> Float[Tensor, "count dim"]:
    """Draw vectors with independent entries of mean 0 and variance 1.

    `entries` is 'normal', 'uniform' (between −√3 and √3) or '±1'. The numbers are drawn on the generator's device and
    moved to torch's default device, so that a GPU sees the same vectors as a CPU.

    Raises: ValueError for another law.
    """
    if entries not in ENTRIES:
        raise ValueError(f"random_vectors needs a law among {', '.join(ENTRIES)}, got entries={entries!r}.")
    shape = {"size": (count, dim), "generator": generator, "device": generator.device}
    if entries == "normal":
        vectors = torch.randn(**shape)
    elif entries == "uniform":
        vectors = (torch.rand(**shape) * 2 - 1) * math.sqrt(3)
    else:
        vectors = torch.randint(0, 2, **shape).float() * 2 - 1
    return vectors.to(torch.get_default_device())


def seeded(seed: int) -> torch.Generator:
    """Return a generator on the CPU that starts at `seed`."""
    return torch.Generator("cpu").manual_seed(seed)
