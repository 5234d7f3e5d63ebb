"""How does a cost grow? Bytes that training keeps, measured, and the exponent of a power law through them."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def saved_bytes(compute: Callable[..., Tensor], *inputs: Tensor) -> int:
    """Measure how many bytes autograd keeps between the forward and the backward pass of compute(*inputs).

    Every tensor that a gradient will need is counted once, however many views of it are kept. Parameters and inputs
    that require a gradient are not: they are there anyway.

    Cost: one forward pass.
    Source: a convention of this book; the hooks are torch's saved_tensors_hooks.
    """
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        origin = tensor if tensor._base is None else tensor._base
        if not (origin.is_leaf and origin.requires_grad):
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = compute(*inputs)  # holds the graph, so that no place in memory is used twice
    total = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    del outputs
    return total


def growth_exponent(sizes: Sequence[int | float], amounts: Sequence[int | float]) -> float:
    """Fit amount = c · sizeᵃ and return a: the slope of a straight line through logarithms.

        a = Σ (xᵢ - x̄)(yᵢ - ȳ) / Σ (xᵢ - x̄)²,   x = ln size, y = ln amount

    A sum such as 4 n d² + 2 n² d has no single exponent: it moves from 1 to 2 as n grows past 2 d. Say over which
    sizes a slope was taken.

    Cost: O(sizes).
    Raises: ValueError without two different sizes, or if a number is not positive.
    Source: a convention of this book.
    """
    if len(sizes) != len(amounts) or len(set(sizes)) < 2:
        raise ValueError(
            f"growth_exponent needs two sizes at least and an amount for each (a line through points), "
            f"got sizes={list(sizes)}, amounts={list(amounts)}."
        )
    if min(*sizes, *amounts) <= 0:
        raise ValueError(
            f"growth_exponent needs positive numbers (it takes logarithms), got smallest={min(*sizes, *amounts)}."
        )
    x, y = [math.log(size) for size in sizes], [math.log(amount) for amount in amounts]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    products = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return products / sum((a - mean_x) ** 2 for a in x)
