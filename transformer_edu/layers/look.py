"""How a part looks: one call for every attention, in its plain form or its fused one."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.attention import Projected
from transformer_edu.layers.given import Passed
from transformer_edu.positions import Places


def look(
    attention: nn.Module,
    tokens: Float[Tensor, "*batch query dim"],
    memory: Float[Tensor, "*batch key memory_dim"] | Projected | None = None,
    *,
    query_places: Places | None = None,
    key_places: Places | None = None,
    allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
    fused: bool = False,
) -> Passed:
    """Let tokens look at a memory, or at each other without one; return what they found, and the weights.

        (Y, A) = attention(X, M)

    On the fused path there are no weights to return. An attention without a fused form is called as it is, and then
    the weights are there.

    Cost: that of the attention.
    Source: a convention of this book.
    """
    told = {"query_places": query_places, "key_places": key_places, "allowed": allowed}
    if fused and hasattr(attention, "fused"):
        return Passed(attention.fused(tokens, memory, **told), None)
    return Passed(*attention(tokens, memory, **told))
