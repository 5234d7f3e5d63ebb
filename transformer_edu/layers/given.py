"""What is handed to a layer, and what comes back: the same for a part, a sub-layer, a layer and a stack."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


class Given(NamedTuple):
    """What a layer is told besides its stream of tokens. All layers of a stack are told the same.

    places: where each token stands, as whole numbers (with one axis more for images); None counts 0, 1, 2, …
    allowed: which tokens a token may look at; causal: only itself and those before it, whatever else is allowed.
    source: what another machine made of another sequence; the next two are its places, and what may be looked at.
    fused: take each part in its fused form, where it has one: the same outputs, but nobody sees the weights.
    """

    places: Int[Tensor, "..."] | None = None
    allowed: Bool[Tensor, "*#batch #token #key"] | None = None
    causal: bool = False
    source: Float[Tensor, "*batch source source_dim"] | None = None
    source_places: Int[Tensor, "..."] | None = None
    source_allowed: Bool[Tensor, "*#batch #token #source"] | None = None
    fused: bool = False

    def form(self, module: nn.Module) -> Callable[..., Any]:
        """Return what is to be called: the module, or its fused form if that is wanted and there is one."""
        return getattr(module, "fused", module) if self.fused else module


NOTHING = Given()  # what a layer is told if there is nothing to say


class Passed(NamedTuple):
    """The tokens behind a part, a layer or a stack, and what was seen on the way.

    A part hands up whatever it has to show: an attention its weights (None on the fused path), experts their routing
    and their loss. A layer hands up a tuple with an entry for each sub-layer, a stack a tuple with an entry for each
    layer. Nothing is stacked to one tensor: layers may differ.
    """

    outputs: Float[Tensor, "*batch token dim"]
    seen: Any


class Extended(NamedTuple):
    """The same for tokens that continue a sequence, and what has to be remembered for the next ones.

    The state of a part is its own affair: tensors with the batch axis first, None, or a (named) tuple of states. A
    layer's is a tuple with an entry for each sub-layer, a stack's a tuple with an entry for each layer.
    """

    outputs: Float[Tensor, "*batch token dim"]
    seen: Any
    state: Any
