"""Measure the heads of a real encoder on a few sentences: their habits, and how far their scores spread.

Not among the names of the family's `__init__`, because it needs the encoder's weights:
`from transformer_edu.studies.real_heads import head_habits`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from transformer_edu.attention import split_heads
from transformer_edu.minilm import MiniLM, Reading, read
from transformer_edu.scores import scaled_dot_scores
from transformer_edu.softmax import entropy

SENTENCES = (
    "The animal did not cross the street because it was too tired.",
    "The animal did not cross the street because it was too wide.",
    "The keys to the cabinet are on the table.",
    "She poured water from the jug into the glass until it was full.",
    "Time flies like an arrow.",
)


class Habits(NamedTuple):
    """What each head does on average over tokens and sentences. Weights on a place are between 0 and 1."""

    entropy: Float[Tensor, "layer head"]
    distance: Float[Tensor, "layer head"]
    previous: Float[Tensor, "layer head"]
    next: Float[Tensor, "layer head"]
    first: Float[Tensor, "layer head"]
    last: Float[Tensor, "layer head"]


def habits_of(reading: Reading) -> Habits:
    """Measure all heads on one text: entropy (nats), distance (tokens), weights on neighbors, [CLS] and [SEP]."""
    weights, places = reading.weights, torch.arange(len(reading.tokens))
    apart = (places[:, None] - places[None, :]).abs()
    return Habits(
        entropy(weights).mean(-1),
        (weights * apart).sum(-1).mean(-1),
        weights.diagonal(-1, -2, -1).mean(-1),
        weights.diagonal(1, -2, -1).mean(-1),
        weights[..., 0].mean(-1),
        weights[..., -1].mean(-1),
    )


def head_habits(minilm: MiniLM, sentences: Sequence[str] = SENTENCES) -> Habits:
    """Average the habits of all heads over sentences, each sentence counted alike."""
    measured = [habits_of(read(minilm, sentence)) for sentence in sentences]
    return Habits(*(torch.stack(values).mean(0) for values in zip(*measured, strict=True)))


class Look(NamedTuple):
    """The head (counted from 1) that looks most from one token at another, and the weight that it gives."""

    layer: int
    head: int
    weight: float


def best_look(minilm: MiniLM, text: str, query: str, key: str) -> Look:
    """Find, among all heads, the largest weight that the first token `query` gives to the first token `key`.

    Raises: ValueError if one of them is not among the tokens of the text.
    """
    reading = read(minilm, text)
    for token in (query, key):
        if token not in reading.tokens:
            raise ValueError(f"best_look needs tokens of the text ({' '.join(reading.tokens)}), got token={token!r}.")
    looks = reading.weights[:, :, reading.tokens.index(query), reading.tokens.index(key)]
    layer, head = divmod(int(looks.argmax()), looks.shape[1])
    return Look(layer + 1, head + 1, float(looks.max()))


def score_spread(minilm: MiniLM, sentences: Sequence[str] = SENTENCES) -> Float[Tensor, "layer head"]:
    """Return the standard deviation of q·k/√head_dim over the keys of a query, averaged over queries and sentences.

    Only differences within a row matter to a softmax, so the deviation is taken around each query's own mean score.
    """
    spreads = []
    for sentence in sentences:
        hidden = read(minilm, sentence).hidden_states
        with torch.no_grad():
            attentions = [layer.sublayers[0].part.attention for layer in minilm.layers]
            spreads.append(torch.stack([layer_spread(own, hidden[i]) for i, own in enumerate(attentions)]))
    return torch.stack(spreads).mean(0)


def layer_spread(attention, tokens: Float[Tensor, "token dim"]) -> Float[Tensor, "head"]:
    """Return the spread of the scores of each head of one layer."""
    queries = split_heads(attention.query(tokens), heads=attention.heads)
    keys = split_heads(attention.key(tokens), heads=attention.heads)
    return scaled_dot_scores(queries, keys).std(-1).mean(-1)
