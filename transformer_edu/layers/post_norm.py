"""Post-norm: add, then normalize, as in the first Transformer and in BERT."""

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers.given import Given


class PostNorm(nn.Module):
    """Let a part read the token itself, add what it says, and normalize the sum.

        x ← LN(x + part(x))

    Every sub-layer ends normalized, so no token grows. The price is on the way back: each normalization scales the
    gradient, so that it shrinks from layer to layer, and deep stacks want a warm-up.

    Cost: that of the normalization, and one sum.
    Source: [vaswani2017attention] section 3.1; the name is that of [xiong2020layer] figure 1 (a).
    """

    def __init__(self, norm: nn.Module):
        super().__init__()
        self.norm = norm

    def read(self, tokens: Float[Tensor, "*batch token dim"], given: Given) -> Float[Tensor, "*batch token dim"]:
        """Return what the part reads: the tokens as they are."""
        return tokens

    def join(
        self, tokens: Float[Tensor, "*batch token dim"], said: Float[Tensor, "*batch token dim"], given: Given
    ) -> Float[Tensor, "*batch token dim"]:
        """Add what the part said, and normalize."""
        return given.form(self.norm)(tokens + said)
