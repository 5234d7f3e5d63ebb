"""What a model that reads one sequence and writes another returns."""

from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor


class Decoded(NamedTuple):
    """All logits of a target that is known (teacher forcing), and where each of its tokens looked in the source.

    logits[:, t] scores the token that follows targets_in[:, t]. weights is None for a model without attention.
    """

    logits: Float[Tensor, "batch target vocab"]
    weights: Float[Tensor, "batch target source"] | None


class Step(NamedTuple):
    """The logits of the next token, where its query looked in the source, and what the next step has to remember.

    state is a NamedTuple of tensors (nested ones allowed), each with the batch axis first: a beam search reorders
    hypotheses by choosing entries of that axis in every tensor.
    """

    logits: Float[Tensor, "batch vocab"]
    weights: Float[Tensor, "batch source"] | None
    state: Any
