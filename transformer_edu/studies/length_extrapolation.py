"""What do eight kinds of positions make of sequences that are longer than those in training?

    python -m transformer_edu.studies length_extrapolation

72 runs of about 10 seconds each on one core; the chapter on positions trains one of them and reads all.

Train short, test long: a small decoder copies, reverses and sorts sequences of 1 … 8 symbols, and is tested on up to
32. It is the same for all: two pre-norm layers and a linear read-out of the next token. What differs is the Positions
object that its layers share.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.data.sequences import TASKS, VOCABULARY, draw_sequences
from transformer_edu.layers import FeedForward, Layer, PreNorm, Relu, SelfAttention, Sublayer, TokenNetwork
from transformer_edu.machines import Decoder
from transformer_edu.normalization import LayerNorm
from transformer_edu.positions import (
    AddLearned,
    AddSinusoidal,
    Alibi,
    LearnedPositions,
    Positions,
    Rotary,
    ShawKeys,
    ShawValues,
    T5Bias,
    TransformerXLBias,
    t5_causal_buckets,
)
from transformer_edu.training.loop import train

DIM, HEADS, LAYERS, HIDDEN = 64, 4, 2, 128
TRAINED, LONGEST = 8, 32  # lengths in training go up to the first; the tests go up to the second
LENGTHS = (1, 2, 4, 6, 8, 9, 10, 12, 16, 20, 24, 28, LONGEST)
STEPS, BATCH, RATE = 800, 32, 3e-3


class Kind(NamedTuple):
    """How to make a kind of positions, and what the scores are multiplied by, if not by 1/√head_dim."""

    make: Callable[[], Positions]
    scale: float | None = None


def learned() -> Positions:
    """Make a table with rows for the longest test; training reaches only the first ones."""
    return Positions(place=AddLearned(LearnedPositions(2 * LONGEST + 1, DIM)))


def shaw(clip: int) -> Positions:
    """Make vectors for keys and values, by distance, clipped at `clip`."""
    keys, values = ShawKeys(DIM // HEADS, clip=clip), ShawValues(DIM // HEADS, clip=clip)
    return Positions(bias=keys, mix=values)


KINDS = {
    "none": Kind(Positions),
    "sinusoidal": Kind(lambda: Positions(place=AddSinusoidal())),
    "learned": Kind(learned),
    "Shaw": Kind(lambda: shaw(TRAINED)),
    "T5": Kind(lambda: Positions(bias=T5Bias(HEADS, sort=t5_causal_buckets)), scale=1.0),
    "Transformer-XL": Kind(lambda: Positions(bias=TransformerXLBias(DIM, heads=HEADS))),
    "rotary": Kind(lambda: Positions(turn=Rotary())),
    "ALiBi": Kind(lambda: Positions(bias=Alibi(HEADS))),
}
SETTINGS = [{"task": task, "kind": kind} for task in TASKS for kind in KINDS]
SEEDS = (0, 1, 2)


class Extrapolated(NamedTuple):
    """For each tested length: the share of right tokens, and the share of answers without a mistake."""

    lengths: list[int]
    tokens_right: list[float]
    answers_right: list[float]
    losses: list[float]


class NextToken(nn.Module):
    """Embedding, positions, a decoder without a source, and a linear read-out of the next token."""

    def __init__(self, kind: Kind):
        super().__init__()
        self.positions = kind.make()
        self.embedding = nn.Embedding(VOCABULARY, DIM)
        layers = [_layer(self.positions, kind.scale) for _ in range(LAYERS)]
        self.decoder = Decoder(layers, norm=LayerNorm(DIM))
        self.read_out = nn.Linear(DIM, VOCABULARY)

    def forward(self, tokens: Int[Tensor, "batch token"]) -> Float[Tensor, "batch token vocab"]:
        """Return the logits of the token that follows each token."""
        return self.read_out(self.decoder.fused(self.positions.place(self.embedding(tokens))))


def extrapolate(task: str, kind: Kind, *, seed: int, steps: int = STEPS, examples: int = 256) -> Extrapolated:
    """Train a decoder on lengths 1 … 8, each step with one length, and test it on lengths up to 32.

    In the test the decoder sees the right answer up to each token (teacher forcing). An answer without a mistake is
    then one that it would also have written by itself, token by token.
    """
    generator = torch.Generator().manual_seed(seed)
    model = drawn(NextToken(kind), generator)

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


def drawn(model: NextToken, generator: torch.Generator) -> NextToken:
    """Draw all matrices afresh from the generator, with the variance 1/inputs; the embedding and tables keep theirs.

    Where scores are not divided by √head_dim, the queries' matrix starts as much smaller.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2:
                is_table = name.startswith("positions.") and "weight" not in name
                deviation = 1.0 if name == "embedding.weight" else 0.02 if is_table else parameter.shape[1] ** -0.5
                parameter.normal_(0.0, deviation, generator=generator)
            elif name.endswith("bias"):
                parameter.zero_()
        for layer in model.decoder.stack.layers:
            attention = layer.sublayers[0].part.attention
            if attention.scale is not None:
                attention.query.weight *= (DIM // HEADS) ** -0.5 / attention.scale
    return model


def right_share(
    model: Callable[[Tensor], Tensor], task: str, length: int, examples: int, generator: torch.Generator
) -> tuple[float, float]:
    """Return the share of right tokens, and of answers that are right from the first to the last token."""
    tokens, answers = draw_sequences(task, length=length, count=examples, generator=generator)
    with torch.no_grad():
        right = model(tokens)[:, -answers.shape[1] :].argmax(-1) == answers
    return right.float().mean().item(), right.all(-1).float().mean().item()


def run(*, task: str, kind: str, seed: int) -> dict[str, Any]:
    """Train and test one model; keep every fiftieth mean loss."""
    found = extrapolate(task, KINDS[kind], seed=seed)
    losses = [sum(found.losses[i : i + 50]) / 50 for i in range(0, len(found.losses), 50)]
    return {
        "lengths": found.lengths,
        "tokens_right": [round(share, 4) for share in found.tokens_right],
        "answers_right": [round(share, 4) for share in found.answers_right],
        "losses": [round(loss, 4) for loss in losses],
    }


def _layer(positions: Positions, scale: float | None) -> Layer:
    """Build a pre-norm layer whose attention has these positions."""
    attention = MultiHeadAttention(DIM, heads=HEADS, positions=positions, scale=scale)
    return Layer(
        Sublayer(SelfAttention(attention), PreNorm(LayerNorm(DIM))),
        Sublayer(TokenNetwork(FeedForward(DIM, hidden=HIDDEN, bend=Relu())), PreNorm(LayerNorm(DIM))),
    )
