"""Where is a token? Codes added to tokens, terms added to scores, and turns of queries and keys."""

from transformer_edu.positions.frequencies import frequencies
from transformer_edu.positions.sinusoidal import sinusoidal, sinusoidal_at, sinusoidal_halves

__all__ = [
    "frequencies",
    "sinusoidal",
    "sinusoidal_at",
    "sinusoidal_halves",
]
