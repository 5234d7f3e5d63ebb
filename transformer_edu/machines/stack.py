"""A stack: layers in a row, and a norm behind the last one or none."""

from collections.abc import Iterable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers import NOTHING, Extended, Given, Passed, extend_through, pass_through


class Stack(nn.Module):
    """Pass tokens through given layers, one after the other, then normalize them if a norm is given.

        X ← norm(layer_L(… layer_2(layer_1(X))))

    Layers may differ; one that stands in the row twice is shared (save it with safetensors' `save_model`: `save_file`
    refuses tensors that two names share). A stack of post-norm layers ends normalized as it is:
    norm=None. With pre-norm nothing else bounds the sum of all that the layers added: without the last norm the tokens
    leave with the size that the residual stream has grown to. So it has to be said, one way or the other.
    What the layers show comes back as a tuple with an entry for each layer; it is never stacked to one tensor.

    Cost: the sum of the layers' costs, and the norm.
    Source: [vaswani2017attention] section 3.1; the last norm, [xiong2020layer] section 3.1.
    """

    def __init__(self, layers: Iterable[nn.Module], *, norm: nn.Module | None):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.norm = nn.Identity() if norm is None else norm

    def forward(self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING) -> Passed:
        """Return the last layer's tokens, and a tuple of what the layers have to show."""
        outputs, seen = pass_through(self.layers, tokens, given)
        return Passed(given.form(self.norm)(outputs), seen)

    def fused(
        self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the same tokens alone, with torch's fused kernels: nobody sees the weights."""
        return self(tokens, given._replace(fused=True)).outputs

    def start(self, given: Given = NOTHING) -> tuple[Any, ...]:
        """Return what the layers remember before the first token."""
        return tuple(layer.start(given) for layer in self.layers)

    def extend(self, tokens: Float[Tensor, "*batch token dim"], given: Given, state: tuple[Any, ...]) -> Extended:
        """Let tokens continue a sequence of which the layers remember what they need."""
        outputs, seen, state = extend_through(self.layers, tokens, given, state)
        return Extended(given.form(self.norm)(outputs), seen, state)
