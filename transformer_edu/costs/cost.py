"""What something costs, as named counts that add up."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Counts = Mapping[str, int | float]


@dataclass(frozen=True)
class Cost:
    """Named counts for one forward pass over one batch. Costs add, and n * cost is n of them, one behind the other.

    products: multiply-adds of matrix products, term by term (projections, scores, mixing, feed_forward, logits, …)
    counts:   what adds up besides them: exponentials, parameters, bytes that are kept, steps in a row, …
    peaks:    what does not add up: the larger one stays. The way between two tokens in a layer, the largest tensor, …

    Each term is read by its name, cost.scores, and a new mechanism may bring a new one; a term that is not there is an
    error. Parameters that a token does not pass, those of experts that it was not sent to, are `idle_parameters`.

    Cost: that of its counts.
    Source: a convention of this book.
    """

    products: Counts = field(default_factory=dict)
    counts: Counts = field(default_factory=dict)
    peaks: Counts = field(default_factory=dict)

    @property
    def multiply_adds(self) -> int | float:
        """Sum up the multiply-adds; flop counters count each of them twice."""
        return sum(self.products.values())

    @property
    def pairs(self) -> int | float:
        """Sum up scores and mixing: the part that grows with query · key."""
        return self.products.get("scores", 0) + self.products.get("mixing", 0)

    @property
    def active_parameters(self) -> int | float:
        """Count the parameters that one token passes."""
        return self.parameters - self.counts.get("idle_parameters", 0)

    def __add__(self, other: "Cost") -> "Cost":
        if not isinstance(other, Cost):
            return NotImplemented
        return Cost(
            _merged(self.products, other.products, sum),
            _merged(self.counts, other.counts, sum),
            _merged(self.peaks, other.peaks, max),
        )

    def __radd__(self, nothing: int) -> "Cost":
        """Let sum(costs) start at 0."""
        return self if nothing == 0 else NotImplemented

    def __mul__(self, times: int) -> "Cost":
        products, counts = ({name: times * n for name, n in kind.items()} for kind in (self.products, self.counts))
        return Cost(products, counts, self.peaks)

    __rmul__ = __mul__

    def __getattr__(self, name: str) -> int | float:
        for term, count in self._terms():
            if term == name:
                return count
        there = ", ".join(dict(self._terms()))
        raise AttributeError(f"Cost needs a term that was counted ({there}), got name={name!r}.")

    def __dir__(self) -> list[str]:
        """Offer the terms where names are completed."""
        return [*super().__dir__(), *dict(self._terms())]

    def _terms(self) -> Iterator[tuple[str, int | float]]:
        for kind in ("products", "counts", "peaks"):
            yield from self.__dict__.get(kind, {}).items()  # while it is copied or loaded, there are none


def parameter_counts(numbers: int, *, bytes_per_number: int) -> dict[str, int]:
    """Return the two counts of so many parameters: numbers and bytes.

    Cost: O(1).
    Source: a convention of this book.
    """
    return {"parameters": numbers, "parameter_bytes": numbers * bytes_per_number}


def check_counts(function: str, counts: dict[str, int], *, least: int = 1) -> None:
    """Refuse counts that are too small.

    Cost: O(counts).
    Raises: ValueError for a count below `least`.
    Source: a convention of this book.
    """
    for name, count in counts.items():
        if count < least:
            raise ValueError(f"{function} needs {name} >= {least} (it is a count), got {name}={count}.")


def _merged(one: Counts, other: Counts, both: Callable[[tuple[int | float, int | float]], int | float]) -> Counts:
    return {name: both((one.get(name, 0), other.get(name, 0))) for name in {**one, **other}}
