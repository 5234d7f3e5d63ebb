"""A decoder's look at a source: scored by a small network, from the state that the decoder had before this step."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.attention import Attended
from transformer_edu.recurrent.weights import uniform_weight
from transformer_edu.scores import additive_scores_of_projected
from transformer_edu.softmax import masked_softmax


class Source(NamedTuple):
    """What a decoder can look at: the states h of all source tokens, their keys U h, and which tokens are real."""

    states: Float[Tensor, "batch source source_dim"]
    keys: Float[Tensor, "batch source hidden"]
    real: Bool[Tensor, "batch source"]


class AdditiveAttention(nn.Module):
    """Hold the weights W, U and v of additive attention.

        e_ij = v · tanh(s_{i-1} W + h_j U),   α_i = softmax over the real j of e_ij,   c_i = Σ_j α_ij h_j

    s_{i-1} is the decoder's state *before* step i: what it is about to write is not known yet. U h_j does not depend on
    i, so `read` computes it once for a whole sentence. No bias, as in the paper's formula (see additive_scores).

    Cost: source · source_dim · hidden multiply-adds once, then state_dim · hidden + source · (hidden + source_dim) a
    step; O(source · hidden) memory a step, and that of all steps for gradients.
    Source: [bahdanau2015neural] section 3.1 and appendix A.1.2.
    """

    def __init__(self, state_dim: int, *, source_dim: int, hidden: int, generator: torch.Generator | None = None):
        super().__init__()
        self.query_weight = uniform_weight(state_dim, hidden, fan=state_dim, generator=generator)
        self.key_weight = uniform_weight(source_dim, hidden, fan=source_dim, generator=generator)
        self.vector = uniform_weight(hidden, fan=hidden, generator=generator)

    def read(self, states: Float[Tensor, "batch source source_dim"], real: Bool[Tensor, "batch source"]) -> Source:
        """Prepare a source for all the looks that will follow."""
        return Source(states, states @ self.key_weight, real)

    def forward(self, before: Float[Tensor, "batch state_dim"], source: Source) -> Attended:
        """Return the context c_i "batch source_dim" and the weights α_i "batch source"."""
        scores = additive_scores_of_projected(before[:, None], source.keys, self.query_weight, self.vector)
        weights = masked_softmax(scores, source.real[:, None])
        return Attended((weights @ source.states)[:, 0], weights[:, 0])
