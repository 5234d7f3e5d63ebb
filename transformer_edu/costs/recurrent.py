"""What does a recurrent layer cost? Work, steps that have to wait for each other, and the way between two tokens."""

from transformer_edu.costs.cost import Cost, check_counts


def recurrent_cost(*, tokens: int, dim: int, gates: int = 1) -> Cost:
    """Count what one recurrent layer of width dim needs for a sequence.

        recurrent = gates · 2 · token · dim²,   steps = token,   path = token - 1

    gates is 1 for a plain recurrent network and 4 for an LSTM. The steps are those that wait for each other: no machine
    gets below them. Within one, all gates · dim numbers can be computed at the same time.

    Cost: O(1).
    Raises: ValueError if a count is below 1.
    Source: [vaswani2017attention] table 1, with factors; the table says O(n d²), O(n), O(n).
    """
    check_counts("recurrent_cost", {"tokens": tokens, "dim": dim, "gates": gates})
    return Cost({"recurrent": gates * 2 * tokens * dim**2}, {"steps": tokens}, {"path": tokens - 1})
