"""The explorer of a real encoder: every head of MiniLM on a few sentences, or on any sentence in a kernel."""

from functools import lru_cache
from typing import TypedDict

import torch

from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Pick, Prediction
from transformer_edu.explorers.panels import Arcs, Heatmap, Readout
from transformer_edu.minilm import Reading, load_minilm, read
from transformer_edu.softmax import entropy
from transformer_edu.studies.real_heads import SENTENCES, habits_of

LAYERS, HEADS = 6, 12


@lru_cache(maxsize=1)
def model():
    """Load the encoder once a process: 91 MB that every setting of the explorer shares."""
    return load_minilm()


@lru_cache(maxsize=32)
def reading_of(sentence: str) -> Reading:
    """Read a sentence once; the knobs for layer and head only choose among its 72 maps."""
    with torch.device("cpu"):
        return read(model(), sentence)


class OneHead(TypedDict):
    """What `heads` returns."""

    tokens: Words
    layers: Words
    heads: Words
    weights: Shown["query key", ".3f"]
    distances: Shown["layer head", ".2f"]
    entropy: Shown["token", ".2f"]
    mean_entropy: Shown[".2f"]
    distance: Shown["token", ".2f"]
    mean_distance: Shown[".2f"]
    previous: Shown[".3f"]
    first: Shown[".3f"]
    last: Shown[".3f"]


def heads(*, sentence: str, layer: int, head: int) -> OneHead:
    """Show one head's weights on a sentence, and how far every head looks."""
    reading = reading_of(sentence)
    own, habits = reading.weights[layer - 1, head - 1], habits_of(reading)
    places = torch.arange(len(reading.tokens), device=own.device)
    here = (layer - 1, head - 1)
    return {
        "tokens": list(reading.tokens),
        "layers": [f"layer {i + 1}" for i in range(LAYERS)],
        "heads": [str(i + 1) for i in range(HEADS)],
        "weights": own,
        "distances": habits.distance,
        "entropy": entropy(own),
        "mean_entropy": habits.entropy[here],
        "distance": (own * (places[:, None] - places).abs()).sum(-1),
        "mean_distance": habits.distance[here],
        "previous": habits.previous[here],
        "first": habits.first[here],
        "last": habits.last[here],
    }


real_heads = Explorer(
    id="real-heads",
    title="Seventy-two heads of a real encoder: who looks at whom?",
    compute=heads,
    params=[
        Param(name="sentence", label="sentence", values=SENTENCES, start=SENTENCES[0], text=True),
        Param(name="layer", label="layer", values=tuple(range(1, LAYERS + 1)), start=1),
        Param(name="head", label="head", values=tuple(range(1, HEADS + 1)), start=1),
    ],
    picks=[Pick(name="token", label="look from token", of="tokens", start=9)],
    panels=[
        Arcs(title="From the chosen token to every token", weights="weights", tokens="tokens", pick="token"),
        Heatmap(
            title="The whole head: each row is one token's weights",
            array="weights",
            rows="tokens",
            columns="tokens",
            mark=["token"],
            row_label="query",
            column_label="key",
            height=300,
        ),
        Heatmap(
            title="How far does each head look? (mean distance, 0 to 10 tokens; click one)",
            array="distances",
            rows="layers",
            columns="heads",
            column_label="head",
            mark=["layer", "head"],
            domain=(0, 10),
            height=230,
        ),
    ],
    readouts=[
        Readout("entropy", "entropy of this token's weights", "nats", pick="token"),
        Readout("distance", "its mean distance", "tokens", pick="token"),
        Readout("mean_entropy", "mean entropy of the head", "nats"),
        Readout("mean_distance", "mean distance of the head", "tokens"),
        Readout("previous", "weight on the token before"),
        Readout("first", "weight on [CLS]"),
        Readout("last", "weight on [SEP]"),
    ],
    prediction=Prediction(
        question="heads that have nothing to say park their weight on one token. In this encoder it is most often",
        answers=("the token itself", "[CLS], the first", "[SEP], the last", "the full stop"),
        right=1,
        because="In the layers 2 to 5 about half of all weight on these short sentences lies on [CLS]. In BERT it was "
        "[SEP] above all (Clark et al., 2019); which token serves as parking place differs from model to model.",
    ),
    code="from transformer_edu.minilm import load_minilm, read\n\n"
    "reading = read(load_minilm(), {sentence})\n"
    "reading.weights[{layer} - 1, {head} - 1]",
    alt="Attention weights of layer {layer}, head {head} of MiniLM on the sentence: {sentence}. Mean entropy "
    "{mean_entropy} nats, mean distance {mean_distance} tokens.",
    note="all-MiniLM-L6-v2, run by this package's own attention, layer normalization and feed-forward code.",
)
