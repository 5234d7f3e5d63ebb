"""What does a recurrent layer cost? Work, steps that have to wait for each other, and the way between two tokens."""

from typing import NamedTuple

from transformer_edu.costs.attention import attention_cost


class LayerBill(NamedTuple):
    """Multiply-adds in all, steps in a row, and the most steps that a signal takes between two tokens."""

    work: int
    steps: int
    path: int


def recurrent_bill(tokens: int, *, dim: int, gates: int = 1) -> LayerBill:
    """Count what one recurrent layer of width dim needs for a sequence.

        work = gates · 2 · token · dim²,   steps = token,   path = token - 1

    gates is 1 for a plain recurrent network and 4 for an LSTM. The steps are those that wait for each other: no machine
    gets below them. Within one, all gates · dim numbers can be computed at the same time.

    Cost: O(1).
    Raises: ValueError if a count is below 1.
    Source: [vaswani2017attention] table 1, with factors; the table says O(n d²), O(n), O(n).
    """
    if min(tokens, dim, gates) < 1:
        raise ValueError(f"recurrent_bill needs counts >= 1 (of a layer that exists), got {tokens=}, {dim=}, {gates=}.")
    return LayerBill(gates * 2 * tokens * dim**2, tokens, tokens - 1)


def attention_bill(tokens: int, *, dim: int) -> LayerBill:
    """Count what one layer of self-attention of width dim needs for a sequence, projections included.

        work = 4 · token · dim² + 2 · token² · dim,   steps = 1,   path = 1

    Scores, softmax and mixing come one after the other, but their number does not depend on the length: one step.

    Cost: O(1).
    Raises: ValueError if a count is below 1.
    Source: [vaswani2017attention] table 1, with factors; the table says O(n² d), O(1), O(1) and leaves the projections
    out.
    """
    if min(tokens, dim) < 1:
        raise ValueError(f"attention_bill needs counts >= 1 (of a layer that exists), got {tokens=}, {dim=}.")
    work = attention_cost(queries=tokens, keys=tokens, dim=dim, heads=1).multiply_adds
    return LayerBill(work, 1, min(1, tokens - 1))
