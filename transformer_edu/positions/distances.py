"""How far is each key from each query?"""

import torch
from jaxtyping import Int, Shaped
from torch import Tensor


def distances(
    queries: int, keys: int, *, first: int = 0, device: torch.device | str | None = None
) -> Int[Tensor, "query key"]:
    """Return the signed distance from each query to each key: negative to what stands before, positive to what follows.

        distances[i, j] = j − (first + i)

    first: the position of the first query, where keys are counted from 0. Queries that continue a sequence (key/value
    cache, segments with a memory) start behind the keys that are there already.

    Cost: O(query · key).
    Raises: ValueError if there are no queries or keys.
    Source: [shaw2018self] section 3.2, whose sign of j − i this is; ALiBi and Transformer-XL write i − j.
    """
    if queries < 1 or keys < 1:
        raise ValueError(f"distances needs queries and keys (a table of pairs), got queries={queries}, keys={keys}.")
    return torch.arange(keys, device=device) - torch.arange(first, first + queries, device=device)[:, None]


def skew(products: Shaped[Tensor, "*batch query distance"]) -> Shaped[Tensor, "*batch query key"]:
    """Turn a table over (query, distance) into one over (query, key), without gathering.

        skew(P)[i, j] = P[i, j − i + query − 1],   key = distance − query + 1

    Distance runs from the farthest before the last query to the farthest behind the first, query + key − 1 in all. In
    row i the wanted part starts one place further left than in row i − 1. Reading the whole table as one long line and
    cutting it into rows that are one shorter does that shift for all rows at once.

    Cost: O(query · distance) memory; no arithmetic.
    Raises: ValueError if there are fewer distances than queries.
    Source: [huang2019music] section 3.4, there for causal attention; [dai2019transformerxl] appendix B.
    """
    *batch, query, distance = products.shape
    key = distance - query + 1
    if query < 1 or key < 1:
        raise ValueError(
            f"skew needs query + key − 1 distances (one for each pair that occurs), got products.shape="
            f"{tuple(products.shape)}."
        )
    line = products.reshape(*batch, query * distance)
    return line[..., query - 1 :].unfold(-1, key, max(distance - 1, 1))[..., :query, :]
