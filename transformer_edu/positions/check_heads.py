"""A bias that belongs to other heads than those that ask."""

from torch import Tensor


def check_heads(mechanism: str, queries: Tensor, *, heads: int) -> None:
    """Refuse queries of another number of heads than a bias has. Without this check one head would serve all.

    Cost: none, it looks at shapes only.
    Raises: ValueError.
    Source: a convention of this book.
    """
    if queries.shape[-3] != heads:
        raise ValueError(
            f"{mechanism} needs queries of {heads} heads (it has a bias for each), got queries.shape="
            f"{tuple(queries.shape)}."
        )
