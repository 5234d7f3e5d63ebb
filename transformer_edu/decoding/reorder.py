"""Let hypotheses change places: choose entries of the batch axis in everything that a model remembers."""

from typing import Any

from jaxtyping import Int
from torch import Tensor


def reorder(state: Any, chosen: Int[Tensor, "chosen"]) -> Any:
    """Return the state of the chosen batch entries, in their order; one may be chosen several times, or never.

        new[i] = old[chosen_i], in every tensor

    When a search keeps two continuations of one hypothesis and none of another, the caches have to follow. To forget
    this is a classic mistake: the search runs, and each hypothesis goes on with the memory of a stranger.
    A state is a tensor with the batch axis first, None, or a (named) tuple of states.

    Cost: O(size of the state), one copy.
    Raises: ValueError for anything else.
    Source: a convention of this book.
    """
    if state is None:
        return None
    if isinstance(state, Tensor):
        return state.index_select(0, chosen)
    if isinstance(state, tuple):
        parts = [reorder(part, chosen) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
    raise ValueError(
        f"reorder needs tensors, None or tuples of them (their first axis is the batch), got state={state!r}."
    )
