"""Which sequence to write? Greedy and beam search over any model that gives the next token's logits."""

from transformer_edu.decoding.beam import Hypotheses, Search, beam_search
from transformer_edu.decoding.coverage_penalty import coverage_penalty
from transformer_edu.decoding.greedy import Written, greedy
from transformer_edu.decoding.length_penalty import length_penalty
from transformer_edu.decoding.model import Transducer
from transformer_edu.decoding.reorder import reorder

__all__ = [
    "Hypotheses",
    "Search",
    "Transducer",
    "Written",
    "beam_search",
    "coverage_penalty",
    "greedy",
    "length_penalty",
    "reorder",
]
