"""Mechanisms from mechanisms: several at one moment, and one that reads a single number of places that have several."""

from functools import reduce

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.positions.places import Places


class OnAxis(nn.Module):
    """Let a mechanism read one of the numbers that each place has.

        p = (position, segment):   OnAxis(AddLearned(segments), axis=1) reads the segment

    It goes where the mechanism would go, at any moment of Positions. A slice of axes is for one that reads several.

    Cost: that of the mechanism.
    Raises: ValueError where a place is one number, as it is if nobody says where tokens stand.
    Source: a convention of this book.
    """

    reads_rows = True

    def __init__(self, mechanism: nn.Module, *, axis: int | slice):
        super().__init__()
        self.mechanism, self.axis = mechanism, axis

    def forward(self, *vectors_and_places: Tensor) -> Float[Tensor, "..."]:
        """Hand on the vectors as they are, and of the places (the whole numbers) one axis."""
        return self.mechanism(*(part if part.is_floating_point() else self._read(part) for part in vectors_and_places))

    def _read(self, places: Tensor) -> Tensor:
        if places.ndim < 2:
            raise ValueError(
                f"OnAxis needs a row of numbers for each place (it reads one of them), got places.shape="
                f"{tuple(places.shape)}. Say where the tokens stand."
            )
        return places[..., self.axis]


class InTurn(nn.Module):
    """Let several mechanisms change the tokens, one after the other: for the moments place, enter and turn.

        x ← mₙ(… m₂(m₁(x, p), p) …, p)

    BERT adds a vector of the position, then one of the segment.

    Cost: the sum of theirs.
    Raises: ValueError if some read one number of each place, and others a row.
    Source: [devlin2019bert] figure 2.
    """

    def __init__(self, *mechanisms: nn.Module):
        super().__init__()
        self.mechanisms = nn.ModuleList(mechanisms)
        self.reads_rows = _read_alike("InTurn", mechanisms)

    def forward(self, tokens: Float[Tensor, "*batch token dim"], places: Places) -> Float[Tensor, "*batch token dim"]:
        """Return the tokens behind the last mechanism."""
        return reduce(lambda changed, mechanism: mechanism(changed, places), self.mechanisms, tokens)


class SumOf(nn.Module):
    """Let several mechanisms say what is added, and add it all: for the moments bias and mix.

        b = b₁ + b₂ + …

    Cost: the sum of theirs.
    Raises: ValueError if some read one number of each place, and others a row.
    Source: a convention of this book.
    """

    def __init__(self, *mechanisms: nn.Module):
        super().__init__()
        self.mechanisms = nn.ModuleList(mechanisms)
        self.reads_rows = _read_alike("SumOf", mechanisms)

    def forward(self, *vectors_and_places: Tensor) -> Float[Tensor, "..."]:
        """Return the sum of what the mechanisms say."""
        return sum(mechanism(*vectors_and_places) for mechanism in self.mechanisms)


def _read_alike(combination: str, mechanisms: tuple[nn.Module, ...]) -> bool | None:
    """Say whether all read rows of numbers; None if nobody says."""
    said = {type(one).__name__: one.reads_rows for one in mechanisms if getattr(one, "reads_rows", None) is not None}
    if len(set(said.values())) > 1:
        raise ValueError(
            f"{combination} needs mechanisms that read alike (one number of each place, or a row; OnAxis makes one of "
            f"a row), got reads_rows={said}."
        )
    return next(iter(said.values()), None)
