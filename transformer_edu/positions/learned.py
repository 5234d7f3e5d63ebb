"""A table with one learned vector for each position, as in BERT, GPT-2 and ViT."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.softmax import widen


class LearnedPositions(nn.Module):
    """Hold a vector for each of `positions` places; all are learned with the rest of the model.

        PE[p] = E[p],   E of shape positions × dim

    Nothing is assumed about what "near" means; training has to find out. In return a place has a vector only if the
    table has a row for it, and a trained one only if a training text was long enough. Rows behind the longest training
    text stay as they were drawn. BERT's table has 512 rows; a token in front (CLS) takes a row too.

    Cost: O(positions · dim) parameters; looking up is free.
    Raises: ValueError beyond the end of the table.
    Source: [gehring2017convolutional] section 3.1; [devlin2019bert]. The deviation 0.02 of the start is BERT's.
    """

    def __init__(self, positions: int, dim: int, *, generator: torch.Generator | None = None):
        super().__init__()
        if positions < 1 or dim < 1:
            raise ValueError(
                f"LearnedPositions needs positions and dim >= 1 (they count), got positions={positions}, dim={dim}."
            )
        self.table = nn.Parameter(0.02 * torch.randn(positions, dim, generator=generator))

    def forward(self, length: int, *, first: int = 0) -> Float[Tensor, "token dim"]:
        """Return the rows of `length` positions from `first` on."""
        if length < 1 or first < 0 or first + length > len(self.table):
            raise ValueError(
                f"LearnedPositions needs positions within 0 … {len(self.table) - 1} (the table ends there; nothing is "
                f"known beyond), got first={first}, length={length}."
            )
        return self.table[first : first + length]

    def at(self, places: Int[Tensor, "*place"]) -> Float[Tensor, "*place dim"]:
        """Return the rows of any places."""
        if places.numel() and not 0 <= int(places.min()) <= int(places.max()) < len(self.table):
            wrong = sorted(set(places[(places < 0) | (places >= len(self.table))].tolist()))
            raise ValueError(
                f"LearnedPositions needs positions within 0 … {len(self.table) - 1} (the table ends there; nothing is "
                f"known beyond), got places={wrong}."
            )
        return self.table[places]


class AddLearned(nn.Module):
    """Be the `place` of Positions, or the `enter`: each token gets the learned vector of its place.

        x ← x + E[p]

    Segments are places, too: a second table, read with the number of the segment.

    Cost: O(token · dim).
    Raises: ValueError beyond the end of the table.
    Source: [devlin2019bert] figure 2; at each layer's queries and keys, [carion2020end] section 3.2.
    """

    reads_rows = False

    def __init__(self, codes: LearnedPositions):
        super().__init__()
        self.codes = codes

    def forward(
        self, tokens: Float[Tensor, "*batch token dim"], places: Int[Tensor, "*#batch token"]
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the tokens with the vectors of their places added."""
        return (widen(tokens) + widen(self.codes.at(places))).to(tokens.dtype)
