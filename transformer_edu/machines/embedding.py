"""From the number of a token to its vector, and from a vector back to scores for every token."""

import torch
from einops import einsum
from jaxtyping import Float, Int
from torch import Tensor, nn


def embed(token_ids: Int[Tensor, "*batch"], table: Float[Tensor, "vocab dim"]) -> Float[Tensor, "*batch dim"]:
    """Look tokens up in a table: row t is the vector of token t.

        x = onehot(t) E = E[t]

    It is a linear layer on one-hot vectors, without the multiplications by 0. Only rows that were looked up get a
    gradient, and a row that was looked up twice gets the sum.

    Cost: O(token · dim); the product with one-hot vectors would cost token · vocab · dim multiply-adds.
    Raises: ValueError if a number is not that of a row.
    Source: [vaswani2017attention] section 3.4.
    """
    if token_ids.numel() and not 0 <= int(token_ids.min()) <= int(token_ids.max()) < len(table):
        wrong = sorted(set(token_ids[(token_ids < 0) | (token_ids >= len(table))].tolist()))
        raise ValueError(
            f"embed needs numbers from 0 to {len(table) - 1} (each one has a row of the table), got token_ids={wrong}."
        )
    return table[token_ids]


def unembed(tokens: Float[Tensor, "*batch dim"], table: Float[Tensor, "vocab dim"]) -> Float[Tensor, "*batch vocab"]:
    """Score every token of the vocabulary with the same table: how well does this vector match each row?

        logits = x Eᵀ

    Output weights *tied* to the embedding: one table in the place of two, and every step teaches every row, the rare
    tokens' rows too. The rows then have two jobs; how long they should be at the start is discussed at Embedding.

    Cost: token · vocab · dim multiply-adds; often the largest single product of a small model.
    Source: [press2017using] section 3, [vaswani2017attention] section 3.4.
    """
    return einsum(tokens, table, "... dim, vocab dim -> ... vocab")


class Embedding(nn.Module):
    """Hold one table for both ends of a model; it starts with numbers of standard deviation 1/√dim.

    With that start a row has length 1, so that logits of a normalized token have variance 1. As inputs, such rows
    are √dim times smaller than position codes, whose numbers are of size 1: hence the factor √dim of the first
    Transformer. It is `scale`, for what is looked up, not for the logits. BERT and GPT-2 tie without it; their tables
    and their learned positions both start small (0.02; GPT-2's positions 0.01). So the factor belongs to the start, not
    to the tying.

    Cost: vocab · dim parameters, once.
    Source: [vaswani2017attention] section 3.4; the start is that of its authors' code.
    """

    def __init__(self, vocab: int, dim: int, *, scale: float = 1.0):
        super().__init__()
        self.scale = scale
        self.table = nn.Parameter(torch.randn(vocab, dim) * dim**-0.5)

    def forward(self, token_ids: Int[Tensor, "*batch"]) -> Float[Tensor, "*batch dim"]:
        """Look tokens up, and scale them."""
        return self.scale * embed(token_ids, self.table)

    def logits(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch vocab"]:
        """Score every token of the vocabulary with the rows of the same table."""
        return unembed(tokens, self.table)
