"""Content scores: how small is the angle between query and key, whatever their lengths?"""

import torch
from jaxtyping import Float
from torch import Tensor

from transformer_edu.scores.dot import dot_scores
from transformer_edu.softmax import widen


def content_scores(
    queries: Float[Tensor, "*batch query head_dim"],
    keys: Float[Tensor, "*batch key head_dim"],
    *,
    strength: float | Float[Tensor, "*#batch #query 1"] = 1.0,
) -> Float[Tensor, "*batch query key"]:
    """Score each pair by the cosine of its angle, times a strength.

        sᵢⱼ = β · qᵢ · kⱼ / (‖qᵢ‖ ‖kⱼ‖)

    A cosine lies between -1 and 1, so no weight is more than e^{2β} times another: with β = 1 that is 7.4, and among
    many keys none can stand out. Hence the strength, which the model learns or says itself, one for each query. A
    vector of length 0 has no direction: its scores are 0, and it gets no gradient.

    strength: β, a number or one for each query.

    Cost: query · key · head_dim + (query + key) · head_dim multiply-adds; O(query · key) memory.
    Source: [graves2014neural] eq. 5 and 6.
    """
    cosines = dot_scores(_direction(widen(queries)), _direction(widen(keys)))
    return (strength * cosines).to(queries.dtype)


def _direction(vectors: Float[Tensor, "*axes head_dim"]) -> Float[Tensor, "*axes head_dim"]:
    """Give each vector length 1; a vector of zeros stays as it is."""
    lengths = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return torch.where(lengths > 0, vectors / torch.where(lengths > 0, lengths, 1.0), 0.0)
