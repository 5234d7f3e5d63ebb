"""The coverage penalty: has every word of the source been looked at?"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def coverage_penalty(
    coverage: Float[Tensor, "*batch source"], *, beta: float, real: Bool[Tensor, "*#batch source"] | None = None
) -> Float[Tensor, "*batch"]:
    """Return what is added to a hypothesis' score: 0 if all was looked at, less the more was left out.

        cp(X; Y) = β Σ_i log min(Σ_j p_ij, 1)

    p_ij is the weight that target token j gave to source token i, and coverage is its sum over j. A source token that
    got a weight of 1 or more altogether costs nothing. `real` is False where the source is padding: there nobody looks,
    and log 0 would be −∞ for every hypothesis. A coverage of 0 counts as the smallest normal number of its type.

    Cost: O(source) for each hypothesis.
    Raises: ValueError if beta is negative.
    Source: [wu2016google] eq. 14.
    """
    if beta < 0:
        raise ValueError(f"coverage_penalty needs beta >= 0 (below, it would reward omissions), got beta={beta}.")
    looked = coverage.clamp(min=torch.finfo(coverage.dtype).tiny, max=1.0).log()
    if real is not None:
        looked = looked.where(real, torch.zeros_like(looked))
    return beta * looked.sum(dim=-1)
