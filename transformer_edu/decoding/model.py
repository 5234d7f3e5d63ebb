"""What a search asks of a model: to read a source once, and then to score one next token after the other."""

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Int
from torch import Tensor

from transformer_edu.machines import Step


@runtime_checkable
class Transducer(Protocol):
    """Any sequence-to-sequence model, recurrent or not: it reads in `start` and scores the next token in `step`."""

    def start(self, sources: Int[Tensor, "batch source"]) -> Any:
        """Read the sources and return what the first step has to know: (named tuples of) tensors, batch first."""

    def step(self, tokens: Int[Tensor, "batch"], state: Any) -> Step:
        """Take one token in; return the logits of the next one, the weights on the source, and the new state."""
