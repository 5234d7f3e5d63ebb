"""Train short, test long: one small decoder, told in one of eight ways where a token is.

The decoder is the same for all: two layers (attention and feed-forward, normalized before each), causal. What differs
is an object of `position_kinds`, which may add codes to the tokens, and scores queries against keys in each layer.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from transformer_edu.attention import causal, mask_from, merge_heads, split_heads
from transformer_edu.data.sequences import VOCABULARY, draw_sequences
from transformer_edu.softmax import masked_softmax
from transformer_edu.studies.position_kinds import DIM, HEADS, KINDS, LONGEST, TRAINED, NoPositions
from transformer_edu.training.loop import train

__all__ = ["KINDS", "LENGTHS", "LONGEST", "TRAINED", "extrapolate"]

LAYERS, HIDDEN = 2, 128
LENGTHS = (1, 2, 4, 6, 8, 9, 10, 12, 16, 20, 24, 28, 32)
STEPS, BATCH, RATE = 800, 32, 3e-3

Mask = Bool[Tensor, "token token"]


class Layer(nn.Module):
    """Attention and feed-forward, each normalized before and added after; the scores are those of the positions."""

    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(DIM), nn.LayerNorm(DIM)])
        self.project, self.output = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
        self.feed_forward = nn.Sequential(nn.Linear(DIM, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, DIM))

    def forward(self, tokens: Float[Tensor, "batch token dim"], positions: NoPositions, allowed: Mask) -> Tensor:
        """Return the tokens after one layer."""
        projected = self.project(self.norms[0](tokens)).chunk(3, dim=-1)
        queries, keys, values = (split_heads(part, heads=HEADS) for part in projected)
        weights = masked_softmax(positions.scores(queries, keys), allowed)
        tokens = tokens + self.output(merge_heads(positions.mix(weights, values)))
        return tokens + self.feed_forward(self.norms[1](tokens))


class Decoder(nn.Module):
    """Embedding, positions, layers, and a linear read-out of the next token."""

    def __init__(self, positions: NoPositions):
        super().__init__()
        self.positions = positions
        self.embedding = nn.Embedding(VOCABULARY, DIM)
        self.layers = nn.ModuleList([Layer() for _ in range(LAYERS)])
        self.norm, self.read_out = nn.LayerNorm(DIM), nn.Linear(DIM, VOCABULARY)

    def forward(self, tokens: Int[Tensor, "batch token"]) -> Float[Tensor, "batch token vocab"]:
        """Return the logits of the token that follows each token."""
        count = tokens.shape[1]
        allowed = mask_from(causal, queries=count, keys=count, device=tokens.device)
        placed = self.positions.place(self.embedding(tokens))
        for layer in self.layers:
            placed = layer(placed, self.positions, allowed)
        return self.read_out(self.norm(placed))


class Extrapolated(NamedTuple):
    """For each tested length: the share of right tokens, and the share of answers without a mistake."""

    lengths: list[int]
    tokens_right: list[float]
    answers_right: list[float]
    losses: list[float]


def extrapolate(
    task: str, positions: Callable[[], NoPositions], *, seed: int, steps: int = STEPS, examples: int = 256
) -> Extrapolated:
    """Train a decoder on lengths 1 … 8, each step with one length, and test it on lengths up to 32.

    In the test the decoder sees the right answer up to each token (teacher forcing). An answer without a mistake is
    then one that it would also have written by itself, token by token.
    """
    generator = torch.Generator().manual_seed(seed)
    model = drawn(Decoder(positions()), generator)

    def loss_at(step: int) -> Float[Tensor, ""]:
        length = int(torch.randint(1, TRAINED + 1, (), generator=generator))
        tokens, answers = draw_sequences(task, length=length, count=BATCH, generator=generator)
        logits = model(tokens)[:, -answers.shape[1] :]
        return functional.cross_entropy(rearrange(logits, "batch answer vocab -> batch vocab answer"), answers)

    losses = train(
        model.parameters(),
        loss_at,
        steps=steps,
        learning_rate=lambda step: RATE * min(step / 100, (steps - step + 1) / (steps / 2), 1.0),
        clip=1.0,
        title=f"{task}, seed {seed}",
    )
    tested = [right_share(model, task, length, examples, generator) for length in LENGTHS]
    return Extrapolated(list(LENGTHS), *(list(share) for share in zip(*tested, strict=True)), losses)


def drawn(model: Decoder, generator: torch.Generator) -> Decoder:
    """Draw all matrices afresh from the generator, with the variance 1/inputs; the embedding and tables keep theirs."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2:
                deviation = {"embedding.weight": 1.0}.get(
                    name, 0.02 if name.startswith("positions.") and "weight" not in name else None
                )
                parameter.normal_(0.0, deviation or parameter.shape[1] ** -0.5, generator=generator)
            elif name.endswith("bias"):
                parameter.zero_()
        for layer in model.layers:
            layer.project.weight[:DIM] *= model.positions.query_start
    return model


def right_share(
    model: Callable[[Tensor], Tensor], task: str, length: int, examples: int, generator: torch.Generator
) -> tuple[float, float]:
    """Return the share of right tokens, and of answers that are right from the first to the last token."""
    tokens, answers = draw_sequences(task, length=length, count=examples, generator=generator)
    with torch.no_grad():
        right = model(tokens)[:, -answers.shape[1] :].argmax(-1) == answers
    return right.float().mean().item(), right.all(-1).float().mean().item()
