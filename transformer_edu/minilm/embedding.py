"""What enters the first layer: for each word piece the sum of three learned vectors, normalized."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.normalization import LayerNorm


class InputEmbedding(nn.Module):
    """Turn the numbers of word pieces into vectors.

        x = LN(E_token[id] + E_position[0, 1, 2, …] + E_segment[segment])

    The segment says whether a token belongs to the first text or to the second (0 or 1). With one text it
    is 0 everywhere, and *still adds a vector*: without it this is another model.

    Raises: ValueError if there are more tokens than learned positions.
    Source: [devlin2019bert] figure 2.
    """

    def __init__(self, dim: int, *, vocab: int, positions: int, segments: int, eps: float):
        super().__init__()
        self.token = nn.Embedding(vocab, dim)
        self.position = nn.Embedding(positions, dim)
        self.segment = nn.Embedding(segments, dim)
        self.norm = LayerNorm(dim, eps=eps)

    def forward(
        self, token_ids: Int[Tensor, "*batch token"], *, segments: Int[Tensor, "*batch token"] | None = None
    ) -> Float[Tensor, "*batch token dim"]:
        """Return one normalized vector for each token; without `segments`, all tokens are in segment 0."""
        count, limit = token_ids.shape[-1], self.position.num_embeddings
        if count > limit:
            raise ValueError(
                f"InputEmbedding needs at most {limit} tokens (it has no more positions), got token={count}."
            )
        places = torch.arange(count, device=token_ids.device)
        segments = torch.zeros_like(token_ids) if segments is None else segments
        return self.norm(self.token(token_ids) + self.position(places) + self.segment(segments))
