"""How long a memory does truncated back-propagation teach?

    python -m transformer_edu.studies delay_copy

78 runs of about 7 seconds each on one core; the chapter on recurrence trains two of them and reads all.

Say at each step what was read some steps ago: the smallest task that needs a memory of a known length.

A stream of random symbols comes in; at step t the network has to name the symbol of step t - delay. Nothing else helps:
the symbols are independent, so a network without memory is right one time in four.

The gradient of a loss reaches back fewer than `every` steps, so with every ≤ delay no gradient ever tells the network
to *keep* a symbol. What it can still do is to read out what its state happens to hold. A run that is `frozen` trains
the read-out of a random LSTM only.
"""

from typing import Any, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_edu.data.random_vectors import seeded
from transformer_edu.recurrent import LSTM, truncated, uniform_weight
from transformer_edu.training.loop import train

SYMBOLS, TOKENS, STATE_DIM, BATCH = 4, 24, 64, 32
CUTS = {1: (1, 2, 4, TOKENS), 2: (1, 2, 3, 4, TOKENS), 4: (1, 4, 5, 6, 8, TOKENS), 8: (1, 8, 9, 10, 12, 16, TOKENS)}
SETTINGS = [{"delay": delay, "every": every, "frozen": False} for delay in CUTS for every in CUTS[delay]]
SETTINGS += [{"delay": delay, "every": TOKENS, "frozen": True} for delay in CUTS]
SEEDS = (0, 1, 2)


class DelayedStream(NamedTuple):
    """Random symbols, and for each step from `delay` on the one that was read `delay` steps before."""

    symbols: Int[Tensor, "batch token"]
    answers: Int[Tensor, "batch answer"]


class DelayRun(NamedTuple):
    """What a training run showed: the updates looked at, and the share of right answers on fresh streams there."""

    updates: list[int]
    accuracies: list[float]


class DelayCopier(nn.Module):
    """An LSTM that reads one symbol a step, and a linear read-out of its state."""

    def __init__(self, *, generator: torch.Generator):
        super().__init__()
        self.network = LSTM(SYMBOLS, state_dim=STATE_DIM, generator=generator)
        self.read_out = uniform_weight(STATE_DIM, SYMBOLS, fan=STATE_DIM, generator=generator)

    def forward(self, symbols: Int[Tensor, "batch token"], *, every: int) -> Float[Tensor, "batch token symbol"]:
        """Return the logits at each step; gradients are cut every few steps."""
        codes = nn.functional.one_hot(symbols, SYMBOLS).to(self.read_out.dtype)
        return truncated(self.network, codes, every=every).outputs @ self.read_out


def delayed_stream(count: int, *, delay: int, generator: torch.Generator) -> DelayedStream:
    """Draw streams of 24 symbols.

    Raises: ValueError unless delay is between 0 and 23: later symbols would have no answer.
    """
    if not 0 <= delay < TOKENS:
        raise ValueError(f"delayed_stream needs 0 <= delay < {TOKENS} (the length of a stream), got delay={delay}.")
    symbols = torch.randint(0, SYMBOLS, (count, TOKENS), generator=generator)
    return DelayedStream(symbols, symbols[:, : TOKENS - delay])


def train_delay_copy(
    *, delay: int, every: int, seed: int, updates: int = 700, look: int = 25, frozen: bool = False
) -> DelayRun:
    """Train with gradients that are cut every `every` steps; test on 256 fresh streams, each `look` updates.

    All runs see the same data, update by update, and start from the same weights if they share a seed: nothing differs
    but where the gradient stops. The forward pass remembers across the cuts. `frozen` trains the read-out alone, on top
    of an LSTM that stays random: what such a state happens to hold.
    """
    model, data, held_out = DelayCopier(generator=seeded(seed)), seeded(1000 + seed), seeded(2000 + seed)
    fresh, run = delayed_stream(256, delay=delay, generator=held_out), DelayRun([], [])

    def loss_at(update: int) -> Float[Tensor, ""]:
        stream = delayed_stream(BATCH, delay=delay, generator=data)
        logits = rearrange(
            model(stream.symbols, every=every)[:, delay:], "batch answer symbol -> (batch answer) symbol"
        )
        return nn.functional.cross_entropy(logits, rearrange(stream.answers, "batch answer -> (batch answer)"))

    def after(update: int) -> None:
        if update % look == 0:
            run.updates.append(update)
            run.accuracies.append(accuracy_of(model, fresh, delay=delay))

    title = f"delay {delay}, cut every {every}"
    learned = [model.read_out] if frozen else list(model.parameters())
    train(learned, loss_at, steps=updates, learning_rate=0.01, clip=1.0, after=after, title=title)
    return run


@torch.no_grad()
def accuracy_of(model: DelayCopier, stream: DelayedStream, *, delay: int) -> float:
    """Return the share of right answers, over all steps that have one."""
    return (model(stream.symbols, every=TOKENS)[:, delay:].argmax(-1) == stream.answers).float().mean().item()


def run(*, delay: int, every: int, frozen: bool, seed: int) -> dict[str, Any]:
    """Train once; keep the curve, rounded to what 256 streams can tell."""
    learned = train_delay_copy(delay=delay, every=every, seed=seed, frozen=frozen)
    return {"updates": learned.updates, "accuracies": [round(share, 4) for share in learned.accuracies]}
