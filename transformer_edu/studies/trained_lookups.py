"""Two questions at once: what do one head and two heads learn, with a linear read-out and with a network behind them?

    python -m transformer_edu.studies trained_lookups

Twelve runs of a few seconds each on one core; the chapter on attention trains two of them and reads all.

Each of eight tokens holds one of four symbols; a token is the sum of its symbol's and its position's embedding. A ninth
token asks for two positions, drawn anew for each example: it is the sum of "the first is p" and "the second is q". It
looks at the eight with one attention layer of width 32, and from what comes back the two symbols are read: by a linear
read-out, or by a feed-forward network. All is learned, embeddings included. Chance is 1/16 for both symbols.
"""

from typing import Any, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from transformer_edu.attention import MultiHeadAttention
from transformer_edu.training.loop import train

TOKENS, SYMBOLS, DIM, BATCH, TESTED = 8, 4, 32, 64, 2048
SETTINGS = [{"heads": heads, "feed_forward": bent} for bent in (False, True) for heads in (1, 2)]
SEEDS = (0, 1, 2)


class Lookups(NamedTuple):
    """On fresh examples every few steps: the share in which both symbols are right, and that of each one alone."""

    steps: list[int]
    both: list[float]
    first: list[float]
    second: list[float]


class Reader(nn.Module):
    """Hold the embeddings, the attention layer and the read-out. `hidden` = 0 is the linear read-out."""

    def __init__(self, *, heads: int, hidden: int, generator: torch.Generator):
        super().__init__()
        self.symbols, self.positions = nn.Embedding(SYMBOLS, DIM), nn.Embedding(TOKENS, DIM)
        self.asked = nn.ModuleList([nn.Embedding(TOKENS, DIM) for _ in range(2)])
        self.attention = MultiHeadAttention(DIM, heads=heads)
        bent = [nn.Linear(DIM, hidden), nn.ReLU()] if hidden else []
        self.read_out = nn.Sequential(*bent, nn.Linear(hidden or DIM, 2 * SYMBOLS))
        for parameter in self.parameters():
            spread = parameter.shape[-1] ** -0.5 if parameter.ndim == 2 else 0.0
            parameter.data = spread * torch.randn(parameter.shape, generator=generator)

    def forward(
        self, symbols: Int[Tensor, "batch token"], places: Int[Tensor, "batch 2"]
    ) -> Float[Tensor, "batch 2 symbol"]:
        """Return the logits of the two symbols asked for."""
        tokens = self.symbols(symbols) + self.positions.weight
        query = self.asked[0](places[:, :1]) + self.asked[1](places[:, 1:])
        found = self.attention.fused(query, tokens)
        return rearrange(self.read_out(found), "batch 1 (lookup symbol) -> batch lookup symbol", lookup=2)


def train_lookups(*, heads: int, feed_forward: bool, seed: int, steps: int = 300, every: int = 30) -> Lookups:
    """Train one reader with Adam on fresh examples; test it on 2048 others every few steps."""
    generator = torch.Generator().manual_seed(seed)
    reader = Reader(heads=heads, hidden=4 * DIM if feed_forward else 0, generator=generator)
    held_out, learned = draw(TESTED, generator=generator), Lookups([], [], [], [])

    def loss_at(step: int) -> Float[Tensor, ""]:
        symbols, places = draw(BATCH, generator=generator)
        logits = reader(symbols, places)
        return functional.cross_entropy(logits.flatten(0, 1), symbols.gather(1, places).flatten())

    def test(step: int) -> None:
        if step % every == 0:
            with torch.no_grad():
                right = reader(*held_out).argmax(-1) == held_out[0].gather(1, held_out[1])
            for kept, share in zip(learned[1:], (right.all(-1), right[:, 0], right[:, 1]), strict=True):
                kept.append(share.float().mean().item())
            learned.steps.append(step)

    train(reader.parameters(), loss_at, steps=steps, learning_rate=5e-3, after=test, title=f"{heads} head(s)")
    return learned


def run(*, heads: int, feed_forward: bool, seed: int) -> dict[str, Any]:
    """Train once; keep the curve of both answers, rounded to what 2048 examples can tell."""
    learned = train_lookups(heads=heads, feed_forward=feed_forward, seed=seed)
    return {
        "steps": learned.steps,
        "both": [round(share, 4) for share in learned.both],
        "first": round(learned.first[-1], 4),
        "second": round(learned.second[-1], 4),
    }


def draw(count: int, *, generator: torch.Generator) -> tuple[Int[Tensor, "batch token"], Int[Tensor, "batch 2"]]:
    """Draw symbols, and the two places that are asked for; both may be the same one."""
    symbols = torch.randint(0, SYMBOLS, (count, TOKENS), generator=generator)
    return symbols, torch.randint(0, TOKENS, (count, 2), generator=generator)
