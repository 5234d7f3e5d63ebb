"""Decoders: layers in a row that look back at the target, and across at a source if there is one."""

from collections.abc import Iterable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers import NOTHING, Extended, Given, Passed
from transformer_edu.machines.stack import Stack


class Decoder(nn.Module):
    """Write a sequence: pass its tokens through given layers; a token sees itself and those before it.

        X ← norm(layer_L(… layer_1(X, source) …, source)),   token i sees target tokens j ≤ i and all of the source

    The layers are those of decoder_layer, and all look at the same source. Without one, they are those of
    encoder_layer: what then is left of a decoder layer is an encoder layer under a causal mask. That mask is drawn
    here, whatever else is given: a decoder without it is never wanted. It also hides filler at the end of a target from
    every real token, so that targets need no padding mask; sources do (`source_allowed`), and filler in front does.
    norm: what stands behind the last layer; None behind post-norm layers, which end normalized (see Stack).

    Cost: the sum of the layers' costs.
    Source: [vaswani2017attention] section 3.1; without a source, [radford2019language] section 2.3.
    """

    def __init__(self, layers: Iterable[nn.Module], *, norm: nn.Module | None):
        super().__init__()
        self.stack = Stack(layers, norm=norm)

    def forward(self, tokens: Float[Tensor, "*batch target dim"], given: Given = NOTHING) -> Passed:
        """Return the last layer's tokens, and a tuple of what the layers have to show."""
        return self.stack(tokens, given._replace(causal=True))

    def fused(
        self, tokens: Float[Tensor, "*batch target dim"], given: Given = NOTHING
    ) -> Float[Tensor, "*batch target dim"]:
        """Return the same tokens alone, with torch's fused kernels."""
        return self.stack.fused(tokens, given._replace(causal=True))

    def start(self, given: Given = NOTHING) -> tuple[Any, ...]:
        """Return what the layers remember before the first token: of a source, its keys and values."""
        return self.stack.start(given)

    def extend(self, tokens: Float[Tensor, "batch token dim"], given: Given, state: tuple[Any, ...]) -> Extended:
        """Let tokens continue a target. What is `allowed` covers all tokens so far, the new ones included."""
        return self.stack.extend(tokens, given._replace(causal=True), state)
