"""Sub-layers or layers one after the other: the stream passes them all, and each hands up what it saw."""

from collections.abc import Iterable, Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers.given import NOTHING, Extended, Given, Passed


def pass_through(
    modules: Iterable[nn.Module], tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING
) -> Passed:
    """Pass tokens through modules one after the other, and collect what they have to show.

        x ← module_n(… module_2(module_1(x)))

    Cost: the sum of theirs.
    Source: [vaswani2017attention] section 3.1.
    """
    seen = []
    for module in modules:
        tokens, shown = module(tokens, given)
        seen.append(shown)
    return Passed(tokens, tuple(seen))


def extend_through(
    modules: Iterable[nn.Module], tokens: Float[Tensor, "*batch token dim"], given: Given, states: Sequence[Any]
) -> Extended:
    """Pass tokens that continue a sequence; each module has a state of its own, and returns the next one.

    Cost: the sum of theirs.
    Raises: ValueError if there is not one state for each module.
    Source: [shazeer2019fast] section 2.4.
    """
    seen, kept = [], []
    for module, state in zip(modules, states, strict=True):
        tokens, shown, state = module.extend(tokens, given, state)
        seen.append(shown)
        kept.append(state)
    return Extended(tokens, tuple(seen), tuple(kept))
