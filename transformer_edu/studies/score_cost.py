"""What a score function costs, measured: multiply-adds as torch counts them, bytes kept for the way back, seconds."""

from collections.abc import Callable
from time import perf_counter

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from transformer_edu.costs import Cost
from transformer_edu.scores import (
    additive_scores,
    content_scores,
    dot_scores,
    general_scores,
    location_scores,
    scaled_dot_scores,
)


def scores_to_measure(
    *, queries: int, keys: int, dim: int, generator: torch.Generator
) -> dict[str, tuple[Callable[..., Tensor], list[Tensor]]]:
    """Return the six score functions with random inputs of one size; hidden = dim, and all inputs want a gradient."""

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).requires_grad_()

    asked, offered = draw(queries, dim), draw(keys, dim)
    learned = {
        content_scores: [],
        additive_scores: [draw(dim, dim), draw(dim, dim), draw(dim)],
        location_scores: [draw(dim, keys)],
        general_scores: [draw(dim, dim)],
        dot_scores: [],
        scaled_dot_scores: [],
    }
    return {function.__name__: (function, [asked, offered, *more]) for function, more in learned.items()}


def spent_on(function: Callable[..., Tensor], inputs: list[Tensor], *, repeats: int = 3) -> Cost:
    """Measure one score function: counts from one call forward, the time as the best of a few calls there and back.

    The terms are scores, tanh (how many), largest_bytes (of the largest tensor kept), milliseconds.
    """
    kept: list[int] = []
    counter = FlopCounterMode(display=False)
    with counter, torch.autograd.graph.saved_tensors_hooks(lambda saved: _note(kept, saved), lambda saved: saved):
        scores = function(*inputs)
    tanh = _count_tanh(scores.grad_fn)
    times = []
    for _ in range(repeats):
        start = perf_counter()
        torch.autograd.grad(function(*inputs).sum(), inputs, allow_unused=True)
        times.append(perf_counter() - start)
    return Cost(
        {"scores": counter.get_total_flops() // 2},
        {"tanh": tanh, "milliseconds": 1000 * min(times)},
        {"largest_bytes": max(kept)},
    )


def _note(kept: list[int], saved: Tensor) -> Tensor:
    kept.append(saved.numel() * saved.element_size())
    return saved


def _count_tanh(node: torch.autograd.graph.Node | None) -> int:
    """Walk back through the graph and add up the sizes of all tanh results."""
    found, todo, seen = 0, [node], set()
    while todo:
        present = todo.pop()
        if present is None or present in seen:
            continue
        seen.add(present)
        if present.name().startswith("TanhBackward"):
            found += present._saved_result.numel()
        todo += [before for before, _ in present.next_functions]
    return found
