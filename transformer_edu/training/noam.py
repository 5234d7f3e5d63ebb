"""The learning rate of the first Transformer: up in a straight line, then down with the root of the step."""


def noam_rate(step: int, *, dim: int, warmup: int) -> float:
    """Return the learning rate of a step, counted from 1.

        rate = dim^(-½) · min(step^(-½), step · warmup^(-3/2))

    The two terms are equal at step = warmup; there the rate is highest, 1/√(dim · warmup). A warm-up four times as long
    halves the peak, and long after it the rate no longer depends on it. Wider models get smaller steps. The name is
    that of Noam Shazeer, one of the paper's authors.

    Cost: O(1).
    Raises: ValueError if step, dim or warmup is below 1.
    Source: [vaswani2017attention] eq. 3.
    """
    for name, count in {"step": step, "dim": dim, "warmup": warmup}.items():
        if count < 1:
            raise ValueError(f"noam_rate needs {name} >= 1 (steps are counted from 1), got {name}={count}.")
    return dim**-0.5 * min(step**-0.5, step * warmup**-1.5)
