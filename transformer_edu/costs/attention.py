"""What multi-head attention costs: multiply-adds and bytes, term by term."""

from typing import NamedTuple


class Cost(NamedTuple):
    """Counts for one forward pass over one batch."""

    projections: int  # multiply-adds of the four matrices
    scores: int  # multiply-adds of Q Kᵀ
    mixing: int  # multiply-adds of the weights with V
    exponentials: int  # one for each weight, on top of the multiply-adds
    parameter_bytes: int  # the four matrices
    projected_bytes: int  # Q, K, V and the joined outputs of the heads
    table_bytes: int  # the weights of all heads: what the fused path never stores

    @property
    def multiply_adds(self) -> int:
        """Sum up the multiply-adds; flop counters count each of them twice."""
        return self.projections + self.scores + self.mixing


def attention_cost(*, queries: int, keys: int, dim: int, heads: int, batch: int = 1, bytes_per_number: int = 4) -> Cost:
    """Count what multi-head attention costs for so many queries and keys (biases are left out).

        projections   2 (query + key) dim²
        scores        query · key · dim
        mixing        query · key · dim
        exponentials  heads · query · key

    In self-attention with n tokens that is 4 n dim² + 2 n² dim: the two parts are equal at n = 2 dim. Below it the
    projections dominate, and "attention is quadratic" is not yet what one pays for. The number of heads changes no
    multiply-add, only the table and the exponentials. Softmax is not free: one exponential outlasts many multiply-adds.

    bytes_per_number: 4 for float32, 2 for bfloat16.

    Cost: O(1).
    Raises: ValueError if a count is below 1, or if heads does not divide dim.
    Source: [vaswani2017attention] table 1, with the constants that O(·) hides.
    """
    counts = {"queries": queries, "keys": keys, "dim": dim, "heads": heads, "batch": batch}
    for name, count in (counts | {"bytes_per_number": bytes_per_number}).items():
        if count < 1:
            raise ValueError(f"attention_cost needs {name} >= 1 (it is a count), got {name}={count}.")
    if dim % heads:
        raise ValueError(f"attention_cost needs heads that divide dim={dim} (all heads are alike), got heads={heads}.")
    pairs = batch * queries * keys
    return Cost(
        projections=2 * batch * (queries + keys) * dim**2,
        scores=pairs * dim,
        mixing=pairs * dim,
        exponentials=pairs * heads,
        parameter_bytes=4 * dim**2 * bytes_per_number,
        projected_bytes=2 * batch * (queries + keys) * dim * bytes_per_number,
        table_bytes=pairs * heads * bytes_per_number,
    )
