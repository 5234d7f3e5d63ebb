"""Encoders: layers in a row, in which every token sees every other one."""

from collections.abc import Iterable

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers import NOTHING, Given, Passed
from transformer_edu.machines.stack import Stack


class Encoder(nn.Module):
    """Read a sequence as a whole: pass its tokens through given layers, each of which sees all that is allowed.

        X ← norm(layer_L(… layer_2(layer_1(X))))

    norm: what stands behind the last layer; None behind post-norm layers, which end normalized (see Stack).

    Cost: the sum of the layers' costs.
    Source: [vaswani2017attention] section 3.1.
    """

    def __init__(self, layers: Iterable[nn.Module], *, norm: nn.Module | None):
        super().__init__()
        self.stack = Stack(layers, norm=norm)

    def forward(self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING) -> Passed:
        """Return the last layer's tokens, and a tuple of what the layers have to show."""
        return self.stack(tokens, given)

    def fused(
        self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the same tokens alone, with torch's fused kernels."""
        return self.stack.fused(tokens, given)
