"""What multi-head attention costs: multiply-adds and bytes, term by term."""

from transformer_edu.costs.cost import Cost, check_counts, parameter_counts


def attention_cost(
    *,
    queries: int,
    keys: int,
    dim: int,
    heads: int,
    key_value_heads: int | None = None,
    kept: int = 0,
    batch: int = 1,
    bytes_per_number: int = 4,
) -> Cost:
    """Count what multi-head attention costs for so many queries and keys (biases are left out).

        projections   2 (query + key) dim²      key: without those that are kept
        scores        query · key · dim
        mixing        query · key · dim
        exponentials  heads · query · key

    In self-attention with n tokens that is 4 n dim² + 2 n² dim: the two parts are equal at n = 2 dim. Below it the
    projections dominate, and "attention is quadratic" is not yet what one pays for. The number of heads changes no
    multiply-add, only the table and the exponentials. Softmax is not free: one exponential outlasts many multiply-adds.

    parameter_bytes are those of the four matrices, projected_bytes those of Q, K, V and the joined outputs of the
    heads; table_bytes are the weights of all heads, which the fused path never stores. It is one step in a row: scores,
    softmax and mixing come one after the other, but their number does not depend on the length.

    key_value_heads: fewer heads of keys and values are projected and kept, and mixed as often as before. kept: so many
    keys were projected before, for a cache or for a memory. bytes_per_number: 4 for float32, 2 for bfloat16.

    Cost: O(1).
    Raises: ValueError if a count is below 1, if heads does not divide dim or key_value_heads heads, or if more keys are
    kept than there are.
    Source: [vaswani2017attention] table 1, with the constants that O(·) hides.
    """
    counts = {"queries": queries, "keys": keys, "dim": dim, "heads": heads, "batch": batch}
    key_value_heads = heads if key_value_heads is None else key_value_heads
    counts |= {"bytes_per_number": bytes_per_number, "key_value_heads": key_value_heads}
    _check(counts, kept)
    pairs, narrow = batch * queries * keys, dim // heads * key_value_heads
    projected = batch * queries * dim * dim, batch * (keys - kept) * dim * narrow
    return Cost(
        products={"projections": 2 * sum(projected), "scores": pairs * dim, "mixing": pairs * dim},
        counts={
            "exponentials": pairs * heads,
            "projected_bytes": 2 * batch * (queries * dim + keys * narrow) * bytes_per_number,
            "table_bytes": pairs * heads * bytes_per_number,
            "steps": 1,
            **parameter_counts(2 * dim * (dim + narrow), bytes_per_number=bytes_per_number),
        },
        peaks={"path": min(1, max(queries, keys) - 1)},
    )


def _check(counts: dict[str, int], kept: int) -> None:
    check_counts("attention_cost", counts)
    dim, heads, few, keys = (counts[name] for name in ("dim", "heads", "key_value_heads", "keys"))
    if dim % heads:
        raise ValueError(f"attention_cost needs heads that divide dim={dim} (all heads are alike), got heads={heads}.")
    if heads % few:
        raise ValueError(
            f"attention_cost needs key_value_heads that divide heads={heads} (all groups are alike), "
            f"got key_value_heads={few}."
        )
    if not 0 <= kept <= keys:
        raise ValueError(f"attention_cost needs 0 <= kept <= keys={keys} (they are among the keys), got kept={kept}.")
