"""Where is a token? Codes added to tokens, terms added to scores, and turns of queries and keys.

A mechanism is a pure function, by lengths (tokens stand at 0, 1, 2, …) or by places (`…_at`), and a small module that
stands at one moment of Positions. Any machine takes any Positions. A new kind is a file with the two:

    place, enter, turn     module(tokens, places) → tokens
    bias                   module(queries, keys, query_places, key_places) → what is added to the scores
    mix                    module(weights, query_places, key_places) → what is added to the outputs
"""

from transformer_edu.positions.alibi import Alibi, alibi_bias, alibi_bias_at, alibi_slopes
from transformer_edu.positions.check_heads import check_heads
from transformer_edu.positions.combine import InTurn, OnAxis, SumOf
from transformer_edu.positions.distances import distances, skew
from transformer_edu.positions.frequencies import frequencies
from transformer_edu.positions.grid_bias import GridBias, grid_bias, grid_steps, grid_steps_at
from transformer_edu.positions.hooks import Positions
from transformer_edu.positions.integer import integer_positions
from transformer_edu.positions.learned import AddLearned, LearnedPositions
from transformer_edu.positions.places import (
    Places,
    check_places,
    count_places,
    count_real,
    distances_between,
    grid_places,
)
from transformer_edu.positions.requirements import Requirements, requirements, token_kept
from transformer_edu.positions.rotary import Rotary, rotary, rotary_at, rotary_halves, rotary_halves_at
from transformer_edu.positions.shaw import (
    ShawKeys,
    ShawValues,
    clipped,
    shaw_bias,
    shaw_bias_at,
    shaw_mix,
    shaw_mix_at,
    shaw_scores,
)
from transformer_edu.positions.sigmoid import sigmoid_positions
from transformer_edu.positions.single_sine import single_sine
from transformer_edu.positions.sinusoidal import AddSinusoidal, sinusoidal, sinusoidal_at, sinusoidal_halves
from transformer_edu.positions.t5_bias import T5Bias, t5_bias, t5_buckets, t5_causal_buckets
from transformer_edu.positions.transformer_xl import (
    TransformerXLBias,
    distance_sinusoids,
    transformer_xl_bias_at,
    transformer_xl_scores,
)
from transformer_edu.positions.turn_matrix import turn_matrix
from transformer_edu.positions.two_dimensional import AddSinusoidal2d, sinusoidal_2d, sinusoidal_2d_at

__all__ = [
    "AddLearned",
    "AddSinusoidal",
    "AddSinusoidal2d",
    "Alibi",
    "GridBias",
    "InTurn",
    "LearnedPositions",
    "OnAxis",
    "Places",
    "Positions",
    "Requirements",
    "Rotary",
    "ShawKeys",
    "ShawValues",
    "SumOf",
    "T5Bias",
    "TransformerXLBias",
    "alibi_bias",
    "alibi_bias_at",
    "alibi_slopes",
    "check_heads",
    "check_places",
    "clipped",
    "count_places",
    "count_real",
    "distance_sinusoids",
    "distances",
    "distances_between",
    "frequencies",
    "grid_bias",
    "grid_places",
    "grid_steps",
    "grid_steps_at",
    "integer_positions",
    "requirements",
    "rotary",
    "rotary_at",
    "rotary_halves",
    "rotary_halves_at",
    "shaw_bias",
    "shaw_bias_at",
    "shaw_mix",
    "shaw_mix_at",
    "shaw_scores",
    "sigmoid_positions",
    "single_sine",
    "sinusoidal",
    "sinusoidal_2d",
    "sinusoidal_2d_at",
    "sinusoidal_at",
    "sinusoidal_halves",
    "skew",
    "t5_bias",
    "t5_buckets",
    "t5_causal_buckets",
    "token_kept",
    "transformer_xl_bias_at",
    "transformer_xl_scores",
    "turn_matrix",
]
