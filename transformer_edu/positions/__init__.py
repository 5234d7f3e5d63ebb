"""Where is a token? Codes added to tokens, terms added to scores, and turns of queries and keys."""

from transformer_edu.positions.alibi import alibi_bias, alibi_slopes
from transformer_edu.positions.distances import distances, skew
from transformer_edu.positions.frequencies import frequencies
from transformer_edu.positions.grid_bias import grid_bias, grid_steps
from transformer_edu.positions.integer import integer_positions
from transformer_edu.positions.learned import LearnedPositions
from transformer_edu.positions.requirements import Requirements, requirements, token_kept
from transformer_edu.positions.rotary import rotary, rotary_halves
from transformer_edu.positions.shaw import clipped, shaw_bias, shaw_mix, shaw_scores
from transformer_edu.positions.sigmoid import sigmoid_positions
from transformer_edu.positions.single_sine import single_sine
from transformer_edu.positions.sinusoidal import sinusoidal, sinusoidal_at, sinusoidal_halves
from transformer_edu.positions.t5_bias import t5_bias, t5_buckets, t5_causal_buckets
from transformer_edu.positions.transformer_xl import distance_sinusoids, transformer_xl_scores
from transformer_edu.positions.turn_matrix import turn_matrix
from transformer_edu.positions.two_dimensional import sinusoidal_2d

__all__ = [
    "LearnedPositions",
    "Requirements",
    "alibi_bias",
    "alibi_slopes",
    "clipped",
    "distance_sinusoids",
    "distances",
    "frequencies",
    "grid_bias",
    "grid_steps",
    "integer_positions",
    "requirements",
    "rotary",
    "rotary_halves",
    "shaw_bias",
    "shaw_mix",
    "shaw_scores",
    "sigmoid_positions",
    "single_sine",
    "sinusoidal",
    "sinusoidal_2d",
    "sinusoidal_at",
    "sinusoidal_halves",
    "skew",
    "t5_bias",
    "t5_buckets",
    "t5_causal_buckets",
    "token_kept",
    "transformer_xl_scores",
    "turn_matrix",
]
