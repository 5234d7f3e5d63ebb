"""Eight ways to tell a small decoder where a token is, as objects that it asks.

Each may add codes to the tokens, scores queries against keys, and mixes the values; each changes what it needs.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.attention import split_heads
from transformer_edu.positions import (
    LearnedPositions,
    alibi_bias,
    alibi_slopes,
    distance_sinusoids,
    distances,
    rotary,
    shaw_bias,
    shaw_mix,
    sinusoidal,
    t5_bias,
    t5_causal_buckets,
    transformer_xl_scores,
)

DIM, HEADS = 64, 4
HEAD_DIM = DIM // HEADS
TRAINED, LONGEST = 8, 32  # lengths in training go up to the first; the tests go up to the second

Vectors = Float[Tensor, "batch head token head_dim"]


class NoPositions(nn.Module):
    """Say nothing: the causal mask alone breaks the symmetry. The other kinds change what they need."""

    query_start = 1.0  # the query weights start smaller where the scores are not divided

    def place(self, tokens: Float[Tensor, "batch token dim"]) -> Float[Tensor, "batch token dim"]:
        """Change the tokens before the first layer."""
        return tokens

    def scores(self, queries: Vectors, keys: Vectors) -> Float[Tensor, "batch head token token"]:
        """Score queries against keys, in every layer."""
        return queries @ keys.mT / HEAD_DIM**0.5

    def mix(self, weights: Float[Tensor, "batch head token token"], values: Vectors) -> Vectors:
        """Mix the values, in every layer."""
        return weights @ values


class Sinusoidal(NoPositions):
    """Add sinusoidal codes to the tokens."""

    def place(self, tokens):
        return tokens + sinusoidal(tokens.shape[1], DIM, device=tokens.device)


class Learned(NoPositions):
    """Add learned codes. The table has rows for the longest test; training reaches only the first ones."""

    def __init__(self):
        super().__init__()
        self.table = LearnedPositions(2 * LONGEST + 1, DIM)

    def place(self, tokens):
        return tokens + self.table(tokens.shape[1])


class Shaw(NoPositions):
    """Add a vector to each key and value, by distance, clipped at `clip`."""

    def __init__(self, *, clip: int = 8):
        super().__init__()
        rows = 2 * clip + 1
        self.key_vectors, self.value_vectors = (nn.Parameter(0.02 * torch.randn(rows, HEAD_DIM)) for _ in range(2))

    def scores(self, queries, keys):
        return (queries @ keys.mT + shaw_bias(queries, self.key_vectors, keys=keys.shape[-2])) / HEAD_DIM**0.5

    def mix(self, weights, values):
        return shaw_mix(weights, values, self.value_vectors)


class T5(NoPositions):
    """Add a learned number to each score, by head and bucket. The start holds the root that is not divided by."""

    query_start = HEAD_DIM**-0.5

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(0.02 * torch.randn(32, HEADS))

    def scores(self, queries, keys):
        apart = distances(queries.shape[-2], keys.shape[-2], device=queries.device)
        return queries @ keys.mT + t5_bias(self.table, t5_causal_buckets(apart, buckets=32, farthest=128))


class TransformerXL(NoPositions):
    """Score content and distance in four terms."""

    def __init__(self):
        super().__init__()
        self.distance = nn.Linear(DIM, DIM, bias=False)
        self.content_bias, self.distance_bias = (nn.Parameter(torch.zeros(HEADS, HEAD_DIM)) for _ in range(2))

    def scores(self, queries, keys):
        sinusoids = distance_sinusoids(queries.shape[-2], keys.shape[-2], dim=DIM).to(queries)
        by_distance = split_heads(self.distance(sinusoids), heads=HEADS)
        return transformer_xl_scores(queries, keys, by_distance, self.content_bias, self.distance_bias)


class Rotary(NoPositions):
    """Turn queries and keys by their position."""

    def scores(self, queries, keys):
        return super().scores(rotary(queries), rotary(keys))


class Alibi(NoPositions):
    """Subtract a penalty that grows with the distance."""

    def scores(self, queries, keys):
        slopes = alibi_slopes(HEADS, device=queries.device)
        return super().scores(queries, keys) + alibi_bias(slopes, queries=queries.shape[-2], keys=keys.shape[-2])


KINDS: dict[str, Callable[[], NoPositions]] = {
    "none": NoPositions,
    "sinusoidal": Sinusoidal,
    "learned": Learned,
    "Shaw": Shaw,
    "T5": T5,
    "Transformer-XL": TransformerXL,
    "rotary": Rotary,
    "ALiBi": Alibi,
}
