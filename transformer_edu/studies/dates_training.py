"""Teach a model to write dates, and read the learning curves of those that were taught.

All models see the same batches for the same seed: 32 spellings a step, drawn afresh. Adam, a warm-up of 200 steps, then
a rate that falls in a straight line to 0 at the last step (or Noam's schedule, to compare); the recurrent models'
gradients are clipped to norm 1.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.data.dates import Dates, date_batch, days_of, exact_match
from transformer_edu.machines import EncoderDecoder, shift_right
from transformer_edu.studies.dates_models import held_out_dates, write_dates
from transformer_edu.training import noam_rate, smoothed_cross_entropy
from transformer_edu.training.loop import train

Schedule = Literal["linear", "noam"]
PEAK, WARMUP, BATCH = 0.004, 200, 32


class Learned(NamedTuple):
    """What a run showed: the steps looked at, the processor seconds spent on training until then (looking not counted),
    the loss of that step, and the share of held-out dates that were written without any fault."""

    steps: list[int]
    seconds: list[float]
    losses: list[float]
    accuracies: list[float]


def learning_rate(schedule: Schedule, *, steps: int) -> Callable[[int], float]:
    """Return the rate for each step, counted from 1: the same warm-up, and two ways down.

    Noam's rate is scaled so that both have the same peak.
    """
    if schedule == "noam":
        highest = noam_rate(WARMUP, dim=64, warmup=WARMUP)
        return lambda step: PEAK * noam_rate(step, dim=64, warmup=WARMUP) / highest
    return lambda step: PEAK * min(step / WARMUP, max(0.0, (steps - step) / max(1, steps - WARMUP)))


def train_dates(
    model: nn.Module,
    *,
    seed: int,
    steps: int,
    every: int = 100,
    schedule: Schedule = "linear",
    smoothing: float = 0.0,
    held_out: Dates | None = None,
) -> Learned:
    """Train a model on dates; every few steps, write 500 held-out dates greedily and count those without a fault."""
    generator, days = torch.Generator().manual_seed(1000 + seed), days_of("training")
    test, learned, watch = held_out or held_out_dates(500), Learned([], [], [], []), _Watch()
    losses: list[float] = []

    def loss_at(step: int) -> Float[Tensor, ""]:
        batch = date_batch(BATCH, generator=generator, days=days)
        loss = smoothed_cross_entropy(
            logits_of(model, batch.sources, shift_right(batch.targets)), batch.targets, smoothing=smoothing
        )
        losses.append(loss.item())
        return loss

    def look(step: int) -> None:
        if step % every and step != steps:
            return
        watch.stop()
        found = (step, watch.seconds, losses[-1], exact_match(write_dates(model, test.spellings), test.answers))
        for kept, value in zip(learned, found, strict=True):
            kept.append(value)
        watch.go()

    clip = None if isinstance(model, EncoderDecoder) else 1.0
    rate = learning_rate(schedule, steps=steps)
    train(model.parameters(), loss_at, steps=steps, learning_rate=rate, clip=clip, after=look, title="learning dates")
    return learned


def logits_of(model: nn.Module, sources: Tensor, targets_in: Tensor) -> Float[Tensor, "batch target vocab"]:
    """Score known targets by the fast path, where a model has one."""
    if isinstance(model, EncoderDecoder):
        return model.fused(sources, targets_in)
    return model(sources, targets_in).logits


def at_seconds(run: Mapping[str, Any], seconds: Sequence[float | int], *, name: str = "accuracies") -> list[float]:
    """Read a committed learning curve at given processor seconds, on straight lines between the points measured.

    The curve starts at 0, which is what a model without training gets right; behind its last point it stays there.
    """
    known, values = [0.0, *run["seconds"]], [0.0, *run[name]]
    read = []
    for second in seconds:
        after = min(bisect_left(known, second), len(known) - 1)
        before = max(0, after - 1)
        share = (second - known[before]) / (known[after] - known[before]) if after > before else 0.0
        read.append(values[before] + min(1.0, share) * (values[after] - values[before]))
    return read


class _Watch:
    """Count the processor time of this process: a busy machine makes it wait, and waiting is not counted."""

    def __init__(self):
        self.seconds = 0.0
        self.go()

    def go(self) -> None:
        self.started = time.process_time()

    def stop(self) -> None:
        self.seconds += time.process_time() - self.started
