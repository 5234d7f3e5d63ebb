"""A sub-layer: one part of a layer, and the way in which the stream of tokens passes by it."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers.given import NOTHING, Extended, Given, Passed


class Sublayer(nn.Module):
    """Let a part read the stream, and join what it says to the stream.

        x ← join(x, part(read(x)))

    part: what does the work, an object that is called `part(tokens, given)` and returns Passed(outputs, seen). To
    continue a sequence (see `extend`) it has two more methods, `start(given)` and `extend(tokens, given, state)`.
    residual: in which order the two are added and normalized, an object with `read(tokens, given)` and
    `join(tokens, said, given)`. Both are instances. A part that stands in several sub-layers is shared by them: one set
    of weights; each sub-layer has its own residual order, and so its own normalization, unless that is shared too.

    Cost: that of its part and its normalization.
    Source: [vaswani2017attention] section 3.1.
    """

    def __init__(self, part: nn.Module, residual: nn.Module):
        super().__init__()
        self.part = part
        self.residual = residual

    def forward(self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING) -> Passed:
        """Return the new tokens, and what the part has to show."""
        said, seen = self.part(self.residual.read(tokens, given), given)
        return Passed(self.residual.join(tokens, said, given), seen)

    def start(self, given: Given) -> Any:
        """Return what the part remembers before the first token."""
        return self.part.start(given)

    def extend(self, tokens: Float[Tensor, "*batch token dim"], given: Given, state: Any) -> Extended:
        """Let tokens continue a sequence of which the part remembers what it needs."""
        said, seen, state = self.part.extend(self.residual.read(tokens, given), given, state)
        return Extended(self.residual.join(tokens, said, given), seen, state)
