"""The causal mask of tokens that continue a sequence."""

from jaxtyping import Bool, Float
from torch import Tensor

from transformer_edu.attention import causal, mask_from


def allowed_after(earlier: int, tokens: Float[Tensor, "*batch token dim"]) -> Bool[Tensor, "token key"]:
    """Draw the causal mask of tokens behind `earlier` ones: query i stands at earlier + i.

        allowed(i, j) = j ≤ earlier + i

    Cost: O(token · key).
    Source: [vaswani2017attention] section 3.2.3, continued.
    """
    count = tokens.shape[-2]
    return mask_from(lambda i, j: causal(i + earlier, j), queries=count, keys=earlier + count, device=tokens.device)
