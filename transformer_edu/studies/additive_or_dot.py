"""Additive or dot product at large widths, each function at several learning rates?

    python -m transformer_edu.studies additive_or_dot

180 runs, about ten minutes of one core: three seeds each, and nothing is chosen. The chapter on scores trains one of
them and reads all.

The same search for one key among sixteen as in key_retrieval, learned with one score function or another. Two learned
matrices project the query and the items to a hidden width, where a dot product (divided or not) or an additive score
compares them. Additive scores have a vector to learn besides, and a bias if they are asked to have one. They are
offered as two functions since the bias decides what they can say: without it they are odd.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.attention import soft_attention
from transformer_edu.data.noisy_keys import WIDTH, NoisyKeys, draw_noisy_keys
from transformer_edu.scores import additive_scores, dot_scores, scaled_dot_scores
from transformer_edu.softmax import softmax
from transformer_edu.studies.key_retrieval import BATCH, loss_of
from transformer_edu.training.loop import train

SCORES = ("dot", "scaled dot", "additive", "additive with bias")
HIDDEN = (16, 128, 1024)
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03)
SETTINGS = [
    {"score": score, "hidden": hidden, "learning_rate": rate} for hidden in HIDDEN for score in SCORES for rate in RATES
]
SEEDS = (0, 1, 2)


class Found(NamedTuple):
    """On fresh examples: the loss, the share of right answers, and that share when every vector changes its sign."""

    loss: float
    accuracy: float
    mirrored: float


def run(*, score: str, hidden: int, learning_rate: float, seed: int) -> dict[str, float]:
    """Train once and round what is kept."""
    found = train_scores(score, hidden=hidden, learning_rate=learning_rate, seed=seed)
    return {name: round(value, 4) for name, value in found._asdict().items()}


def train_scores(score: str, *, hidden: int, learning_rate: float, seed: int, steps: int = 300) -> Found:
    """Train with Adam for `steps` batches of 64; test on 1024 fresh examples. Chance is 1/16.

    Projected items start with variance 1, the additive vector with length about 1, and the bias as nn.Linear starts it.

    Raises: ValueError for a score that is not in SCORES.
    """
    if score not in SCORES:
        raise ValueError(f"train_scores needs one of {', '.join(SCORES)} (they are compared), got score={score!r}.")
    generator = torch.Generator().manual_seed(seed)
    learned = _start(score, hidden, generator)
    held_out = draw_noisy_keys(1024, generator=generator)

    def loss_at(step: int) -> Float[Tensor, ""]:
        return _loss(score, draw_noisy_keys(BATCH, generator=generator), learned)

    train(learned, loss_at, steps=steps, learning_rate=learning_rate, title=f"{score}, {hidden} wide")
    with torch.no_grad():
        mirror = held_out._replace(queries=-held_out.queries, items=-held_out.items)
        shares = [
            (score_items(score, examples, learned)[:, 0].argmax(-1) == held_out.places).float().mean().item()
            for examples in (held_out, mirror)
        ]
        return Found(_loss(score, held_out, learned).item(), *shares)


def score_items(score: str, examples: NoisyKeys, learned: list[nn.Parameter]) -> Float[Tensor, "batch 1 key"]:
    """Score each query against its sixteen items with what has been learned so far."""
    query, (query_weight, key_weight, *more) = examples.queries[:, None], learned
    if score.startswith("additive"):
        bias = more[1] if score == "additive with bias" else None
        return additive_scores(query, examples.items, query_weight, key_weight, more[0], bias=bias)
    function = dot_scores if score == "dot" else scaled_dot_scores
    return function(query @ query_weight, examples.items @ key_weight)


def _start(score: str, hidden: int, generator: torch.Generator) -> list[nn.Parameter]:
    matrices = [torch.randn(WIDTH, hidden, generator=generator) / WIDTH**0.5 for _ in range(2)]
    vector = torch.randn(hidden, generator=generator) / hidden**0.5
    bias = (2 * torch.rand(hidden, generator=generator) - 1) / WIDTH**0.5
    more = {"additive": [vector], "additive with bias": [vector, bias]}.get(score, [])
    return [nn.Parameter(tensor) for tensor in matrices + more]


def _loss(score: str, examples: NoisyKeys, learned: list[nn.Parameter]) -> Float[Tensor, ""]:
    return loss_of(soft_attention(softmax(score_items(score, examples, learned)), examples.values), examples)
