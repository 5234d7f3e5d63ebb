"""A layer: a few sub-layers in a row."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers.given import NOTHING, Extended, Given, Passed
from transformer_edu.layers.in_a_row import extend_through, pass_through
from transformer_edu.layers.sublayer import Sublayer


class Layer(nn.Module):
    """Hold a tuple of sub-layers, and pass the tokens through them.

        x ← sublayer_n(… sublayer_2(sublayer_1(x)))

    The usual ones are built by encoder_layer and decoder_layer. Any other is written down in the same way:

        Layer(Sublayer(SelfAttention(attention), PreNorm(norm)), Sublayer(TokenNetwork(network), PreNorm(other_norm)))

    Cost: the sum of its sub-layers' costs; in its fused form each part takes its own fused form, or its plain one.
    Source: [vaswani2017attention] section 3.1.
    """

    def __init__(self, *sublayers: Sublayer):
        super().__init__()
        self.sublayers = nn.ModuleList(sublayers)

    def forward(self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING) -> Passed:
        """Return the new tokens, and a tuple of what the sub-layers have to show."""
        return pass_through(self.sublayers, tokens, given)

    def fused(
        self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the same new tokens alone, with torch's fused kernels: nobody sees the weights."""
        return self(tokens, given._replace(fused=True)).outputs

    def start(self, given: Given = NOTHING) -> tuple[Any, ...]:
        """Return what the sub-layers remember before the first token."""
        return tuple(sublayer.start(given) for sublayer in self.sublayers)

    def extend(self, tokens: Float[Tensor, "*batch token dim"], given: Given, state: tuple[Any, ...]) -> Extended:
        """Let tokens continue a sequence of which the sub-layers remember what they need."""
        return extend_through(self.sublayers, tokens, given, state)
