"""Where does the time go in a layer, and where the memory? Shares over the length and the width."""

from typing import TypedDict

import torch

from transformer_edu.costs import layer_cost
from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Readout, Series, Sweep

HEAD_DIM = 64
LENGTHS = (64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576)
WIDTHS = (128, 256, 512, 1024, 2048, 4096)
PARTS = [
    Series("projections", "projections", "key"),
    Series("pairs", "scores and mixing", "query"),
    Series("feed_forward", "feed-forward network", "value"),
]


class SharesOfALayer(TypedDict):
    """What `shares_of_a_layer` returns."""

    projections: Shown[".3f"]
    pairs: Shown[".3f"]
    feed_forward: Shown[".3f"]
    multiply_adds: Shown[".3s"]
    length_over_width: Shown[".3s"]
    attention_over_network: Shown[".3s"]
    pairs_over_rest: Shown[".3s"]
    table_bytes: Shown[".3s"]
    token_bytes: Shown[".3s"]
    parameter_bytes: Shown[".3s"]


def shares_of_a_layer(*, tokens: int, dim: int) -> SharesOfALayer:
    """Count one encoder layer with hidden = 4 · dim and heads of 64 numbers; return each part's share."""
    heads = max(1, dim // HEAD_DIM)
    layer = layer_cost(tokens=tokens, dim=dim, hidden=4 * dim, heads=heads)
    counts = {"projections": layer.projections, "pairs": layer.pairs, "feed_forward": layer.feed_forward}
    return {name: torch.tensor(count / layer.multiply_adds) for name, count in counts.items()} | {
        "multiply_adds": torch.tensor(float(layer.multiply_adds)),
        "length_over_width": torch.tensor(tokens / dim),
        "attention_over_network": torch.tensor((layer.projections + layer.pairs) / layer.feed_forward),
        "pairs_over_rest": torch.tensor(layer.pairs / (layer.projections + layer.feed_forward)),
        "table_bytes": torch.tensor(float(layer.table_bytes)),
        "token_bytes": torch.tensor(float(layer.projected_bytes)),
        "parameter_bytes": torch.tensor(float(layer.parameter_bytes)),
    }


layer_costs = Explorer(
    id="layer-costs",
    title="Attention is quadratic. From which length on does it matter?",
    compute=shares_of_a_layer,
    params=[
        Param(name="tokens", label="tokens n", values=LENGTHS, start=64),
        Param(name="dim", label="width of a token d", values=WIDTHS, start=512),
    ],
    panels=[
        Sweep(
            title="Share of the multiply-adds, over the length",
            over="tokens",
            x_log=True,
            domain=(0, 1),
            height=240,
            wide=True,
            series=PARTS,
        ),
        Sweep(
            title="Share of the multiply-adds, over the width",
            over="dim",
            x_log=True,
            domain=(0, 1),
            height=240,
            series=PARTS,
        ),
        Sweep(
            title="Bytes in a forward pass, over the length",
            over="tokens",
            x_log=True,
            y_log=True,
            domain=(1e4, 1e12),
            height=240,
            series=[
                Series("table_bytes", "weights of all heads", "query"),
                Series("token_bytes", "queries, keys, values, outputs", "key"),
                Series("parameter_bytes", "parameters", "value"),
            ],
        ),
    ],
    readouts=[
        Readout("length_over_width", "n / d"),
        Readout("attention_over_network", "attention / feed-forward network"),
        Readout("pairs_over_rest", "scores and mixing / everything else"),
        Readout("multiply_adds", "multiply-adds"),
        Readout("table_bytes", "weights of all heads", "bytes"),
        Readout("token_bytes", "queries, keys, values, outputs", "bytes"),
    ],
    prediction=Prediction(
        question="d = 512, and a text of n = 512 tokens. Scores and mixing, the part that grows with n², take",
        answers=("most of the multiply-adds", "about half of them", "one in seven"),
        right=2,
        because="Scores and mixing cost 2 n² d, the projections 4 n d² and the network 8 n d². At n = d that is 2 of "
        "14 parts.",
    ),
    code="from transformer_edu.costs import layer_cost\n\n"
    f"cost = layer_cost(tokens={{tokens}}, dim={{dim}}, hidden=4 * {{dim}}, heads={{dim}} // {HEAD_DIM})\n"
    "cost.pairs / cost.multiply_adds",
    alt="A layer of width {dim} with {tokens} tokens: scores and mixing take the share {pairs} of the multiply-adds, "
    "the projections {projections}, the feed-forward network {feed_forward}.",
    note="Counted, not measured: multiply-adds of matrix products (hidden = 4 d), bytes in float32. Heads are 64 "
    "numbers wide, so a wider layer has more of them. The fused path never stores the weights; the exponentials of "
    "the softmax come on top of the multiply-adds.",
)
