"""How well do two vectors match? Six score functions with one signature."""

from transformer_edu.scores.additive import additive_scores, additive_scores_of_projected
from transformer_edu.scores.content import content_scores
from transformer_edu.scores.dot import dot_scores, scaled_dot_scores
from transformer_edu.scores.general import general_scores
from transformer_edu.scores.location import location_scores

__all__ = [
    "additive_scores",
    "additive_scores_of_projected",
    "content_scores",
    "dot_scores",
    "general_scores",
    "location_scores",
    "scaled_dot_scores",
]
