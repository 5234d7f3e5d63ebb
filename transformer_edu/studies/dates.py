"""Who learns to rewrite dates faster: a Transformer, an LSTM with attention, or an LSTM with one fixed vector?

    python -m transformer_edu.studies dates

About ten minutes of one core. Every run may use the same processor time, about 50 seconds, so that the slower models
take fewer steps. Seconds are processor seconds of one thread, for training only: on a busy machine the clock on the
wall says more. The weights of seed 0 lie beside the results; `dates_models` builds, loads and reads out the models,
apart because pages and exercises use them without any training.

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

from transformer_edu.data.dates import (
    TARGET_LENGTH,
    Dates,
    date_batch,
    days_of,
    decode_answers,
    encode_spellings,
    exact_match,
)
from transformer_edu.decoding import beam_search
from transformer_edu.machines import EncoderDecoder, shift_right
from transformer_edu.studies.dates_models import Kind, date_model, held_out_dates, write_dates
from transformer_edu.training import noam_rate, smoothed_cross_entropy
from transformer_edu.training.loop import train

Schedule = Literal["linear", "noam"]
PEAK, WARMUP, BATCH = 0.004, 200, 32
STEPS = {"transformer": 2500, "recurrent": 1000, "fixed vector": 1900}
LOADED = ("transformer", "recurrent")  # the models whose weights are kept
SETTINGS = [{"model": model, "schedule": "linear", "smoothing": 0.0} for model in STEPS]
SEEDS = (0, 1, 2)


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


def run(*, model: Kind, schedule: Schedule, smoothing: float, seed: int) -> dict[str, Any]:
    """Train one model; return its learning curve, its accuracy on 1000 held-out dates, and every error.

    The networks of seed 0 that the pages load are handed up as weights.
    """
    machine, test = date_model(model, seed=seed), held_out_dates(1000)
    learned = train_dates(machine, seed=seed, steps=STEPS[model], schedule=schedule, smoothing=smoothing)
    written = write_dates(machine, test.spellings)
    told = {
        "parameters": sum(parameter.numel() for parameter in machine.parameters()),
        "accuracy": exact_match(written, test.answers),
        "errors": [
            triple for triple in zip(test.spellings, written, test.answers, strict=True) if triple[1] != triple[2]
        ],
        "beam_of_4": beam_accuracy(machine, width=4, count=500),
    } | {name: [round(value, 4) for value in values] for name, values in learned._asdict().items()}
    if seed == 0 and model in LOADED:
        told["weights"] = {f"dates_{model}": {name: tensor.half() for name, tensor in machine.state_dict().items()}}
    return told


def beam_accuracy(machine: nn.Module, *, width: int, count: int) -> float:
    """Return the share of the first held-out dates that a beam writes without a fault."""
    test = held_out_dates(1000)
    found = [
        beam_search(machine, encode_spellings([spelling]), width=width, longest=TARGET_LENGTH + 1, alpha=0.6).tokens
        for spelling in test.spellings[:count]
    ]
    return exact_match([decode_answers(tokens[None])[0] for tokens in found], test.answers[:count])


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
