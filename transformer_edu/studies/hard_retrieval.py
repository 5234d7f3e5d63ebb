"""The same search for one key among sixteen (see key_retrieval), read in one draw, beside reading a mean of all.

A soft reader brings home the mean of all values, and its loss sends a gradient through the weights. A hard reader draws
one key, brings home its value, and learns from one number: the reward, minus the mean squared distance of that value
from the right one. Everything else is the same: projections, their start, the batches, Adam and its learning rate. (The
draws have a source of randomness of their own, so that they do not change what the next batch is.)
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.attention import hard_attention, score_function_loss, soft_attention
from transformer_edu.data.noisy_keys import WIDTH, NoisyKeys, draw_noisy_keys
from transformer_edu.scores import scaled_dot_scores
from transformer_edu.softmax import softmax
from transformer_edu.studies.key_retrieval import BATCH, loss_of
from transformer_edu.training.loop import train

READERS = ("soft", "hard, no baseline", "hard, baseline")
MEMORY = 0.9  # how much of the running mean of rewards is kept from step to step


class Learned(NamedTuple):
    """The steps looked at, and the share of fresh examples whose right item has the largest weight."""

    steps: list[int]
    accuracies: list[float]


def train_reader(
    reader: str, *, seed: int, steps: int = 400, learning_rate: float = 0.01, head_dim: int = 16, every: int = 20
) -> Learned:
    """Train the two projections for one way of reading; test on 1024 fresh examples every few steps. Chance is 1/16.

    The baseline is a running mean of the rewards of the batches before: it does not depend on the present draws.

    Raises: ValueError for a reader that is not in READERS.
    """
    if reader not in READERS:
        raise ValueError(f"train_reader needs one of {READERS} (they are compared), got reader={reader!r}.")
    generator, draws = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(1000 + seed)
    learned = [nn.Parameter(torch.randn(WIDTH, head_dim, generator=generator) / WIDTH**0.5) for _ in range(2)]
    held_out, run, baseline = draw_noisy_keys(1024, generator=generator), Learned([], []), torch.zeros(())

    def loss_at(step: int) -> Float[Tensor, ""]:
        examples = draw_noisy_keys(BATCH, generator=generator)
        weights = look(examples, learned)
        if reader == "soft":
            return loss_of(soft_attention(weights, examples.values), examples)
        chosen = hard_attention(weights, examples.values, generator=draws)
        rewards = rewards_of(chosen.outputs, examples)
        loss = score_function_loss(chosen.log_probabilities[:, 0], rewards, baseline=baseline)
        if reader == "hard, baseline":
            baseline.copy_(running_mean(baseline, rewards.mean(), step=step))
        return loss

    def look_at_it(step: int) -> None:
        if step % every == 0:
            with torch.no_grad():
                right = look(held_out, learned)[:, 0].argmax(-1) == held_out.places
            run.steps.append(step)
            run.accuracies.append(right.float().mean().item())

    train(learned, loss_at, steps=steps, learning_rate=learning_rate, after=look_at_it, title=f"{reader}, seed {seed}")
    return run


def running_mean(old: Float[Tensor, ""], fresh: Float[Tensor, ""], *, step: int) -> Float[Tensor, ""]:
    """Keep nine tenths of the old mean and take one tenth of the fresh reward; the first one counts whole."""
    return fresh if step == 1 else MEMORY * old + (1 - MEMORY) * fresh


def look(examples: NoisyKeys, learned: list[nn.Parameter]) -> Float[Tensor, "batch 1 key"]:
    """Weigh the sixteen items for each query."""
    return softmax(scaled_dot_scores(examples.queries[:, None] @ learned[0], examples.items @ learned[1]))


def rewards_of(outputs: Float[Tensor, "batch 1 value_dim"], examples: NoisyKeys) -> Float[Tensor, "batch"]:
    """Reward each example by how close its value is to the right one: 0 at best."""
    right = examples.values[torch.arange(len(examples.places)), examples.places]
    return -(outputs[:, 0] - right).square().mean(dim=-1)
