"""Pre-norm: a part reads a normalized copy, and the residual stream itself is never normalized."""

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers.given import Given


class PreNorm(nn.Module):
    """Let a part read a normalized copy of the token, and add what it says to the token as it is.

        x ← x + part(LN(x))

    From the last layer back to the first runs a path of additions alone, on which the gradient passes unchanged: deep
    stacks train without warm-up. The price: nothing bounds the sum, so that it grows from layer to layer, and after the
    last layer *one more* normalization is due. The stack has it, not the layer.

    Cost: that of the normalization, and one sum.
    Source: [xiong2020layer] figure 1 (b).
    """

    def __init__(self, norm: nn.Module):
        super().__init__()
        self.norm = norm

    def read(self, tokens: Float[Tensor, "*batch token dim"], given: Given) -> Float[Tensor, "*batch token dim"]:
        """Return what the part reads: the tokens, normalized."""
        return given.form(self.norm)(tokens)

    def join(
        self, tokens: Float[Tensor, "*batch token dim"], said: Float[Tensor, "*batch token dim"], given: Given
    ) -> Float[Tensor, "*batch token dim"]:
        """Add what the part said."""
        return tokens + said
