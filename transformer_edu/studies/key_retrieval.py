"""Learn to find one key among sixteen (data/noisy_keys.py): does the scale of a dot product matter?

The chapter on 1/√d runs it whole. Two learned matrices project query and items to the width of a head. The loss
compares the *output* of attention, the weighted mean of the values, with the right value, so the learning signal has to
pass the softmax, as it does in a network. (A loss on the weights themselves, such as cross-entropy, would cancel the
softmax's Jacobian and hide what is to be seen.) The matrices start so that projected items
have variance 1; queries, with their noise, 1.25.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.attention import Attended, scaled_dot_product_attention
from transformer_edu.data.noisy_keys import WIDTH, NoisyKeys, draw_noisy_keys
from transformer_edu.training.loop import train

BATCH = 64


class Run(NamedTuple):
    """What a training run showed: the steps looked at; on fresh examples the loss and the share of right answers."""

    steps: list[int]
    losses: list[float]
    accuracies: list[float]


def train_retrieval(
    *, head_dim: int, scale: float, learning_rate: float, seed: int, steps: int = 200, every: int = 20
) -> Run:
    """Train the two projections with plain gradient descent; test on 512 fresh examples every few steps.

    Chance is 1/16. A blind mean of all values has the loss 15/16, since values have variance 1.
    """
    generator = torch.Generator().manual_seed(seed)
    projections = [nn.Parameter(torch.randn(head_dim, WIDTH, generator=generator) / WIDTH**0.5) for _ in range(2)]
    held_out, run = draw_noisy_keys(512, generator=generator), Run([], [], [])

    def loss_at(step: int) -> Float[Tensor, ""]:
        examples = draw_noisy_keys(BATCH, generator=generator)
        return loss_of(attend(examples, projections, scale), examples)

    def look(step: int) -> None:
        if step % every == 0:
            with torch.no_grad():
                answer = attend(held_out, projections, scale)
            run.steps.append(step)
            run.losses.append(loss_of(answer, held_out).item())
            run.accuracies.append((answer.weights[:, 0].argmax(-1) == held_out.places).float().mean().item())

    look(0)
    train(
        projections,
        loss_at,
        steps=steps,
        learning_rate=learning_rate,
        optimizer=torch.optim.SGD,
        after=look,
        title=f"a head of width {head_dim}",
    )
    return run


def attend(examples: NoisyKeys, projections: list[nn.Parameter], scale: float) -> Attended:
    """Let each query look at its sixteen items through the learned projections."""
    asked, offered = examples.queries[:, None] @ projections[0].mT, examples.items @ projections[1].mT
    return scaled_dot_product_attention(asked, offered, examples.values, scale=scale)


def loss_of(answer: Attended, examples: NoisyKeys) -> Float[Tensor, ""]:
    """Return the mean squared distance between what attention brought home and the right value."""
    right = examples.values[torch.arange(len(examples.places)), examples.places]
    return (answer.outputs[:, 0] - right).square().mean()
