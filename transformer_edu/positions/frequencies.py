"""How fast each pair of features turns: the clock hands behind sinusoidal and rotary positions."""

import torch
from jaxtyping import Float
from torch import Tensor


def frequencies(
    dim: int, *, base: float = 10000.0, device: torch.device | str | None = None
) -> Float[Tensor, "feature_pair"]:
    """Return the angle, in radians, by which each pair of features turns from one position to the next, in float64.

        ωᵢ = base^(−2i / dim),   i = 0 … dim/2 − 1

    The first pair is the fastest, one radian a step. The wavelength 2π / ωᵢ grows with i, from 2π to almost 2π · base:
    the frequency falls with the dimension, it does not rise. dim is the width of what is turned: the model's for
    sinusoidal, one head's for rotary. Angles are float64 because position · ωᵢ in float32 is off by 1e-3 near 10⁴.

    Cost: O(dim).
    Raises: ValueError if dim is odd or below 2, or if base <= 0.
    Source: [vaswani2017attention] section 3.5.
    """
    if dim < 2 or dim % 2:
        raise ValueError(f"frequencies needs an even dim >= 2 (features turn in pairs), got dim={dim}.")
    if not base > 0:
        raise ValueError(f"frequencies needs base > 0 (it is raised to a power), got base={base}.")
    return base ** (-torch.arange(0, dim, 2, dtype=torch.float64, device=device) / dim)
