"""How large is a dot product of two random vectors? Thousands of them in bins, beside the theory."""

import math
from typing import TypedDict

import torch

from transformer_edu.data import ENTRIES, random_vectors, seeded
from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Readout, Series, Sweep
from transformer_edu.softmax import dot_product_variance

WIDTHS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
PAIRS = 16000
BIN_EDGES = torch.linspace(-64, 64, 65)


class Products(TypedDict):
    """What `products` returns."""

    edges: Shown["edge", "d"]
    raw: Shown["bin", ".4f"]
    scaled: Shown["bin", ".4f"]
    bell: Shown["bin", ".4f"]
    variance: Shown[".3s"]
    scaled_variance: Shown[".3f"]
    expected: Shown["d"]
    largest: Shown[".3s"]
    outside: Shown[".3f"]


def products(*, head_dim: int, entries: str) -> Products:
    """Count the dot products of random pairs in bins, as they are and divided by √head_dim."""
    draw = seeded(2)
    queries = random_vectors(PAIRS, head_dim, generator=draw, entries=entries)
    keys = random_vectors(PAIRS, head_dim, generator=draw, entries=entries)
    raw = (queries * keys).sum(-1).cpu()
    scaled = raw / math.sqrt(head_dim)
    edges, deviation = BIN_EDGES.to("cpu"), math.sqrt(dot_product_variance(head_dim))
    below = 0.5 * (1 + torch.erf(edges / (deviation * math.sqrt(2))))
    return {
        "edges": edges,
        "raw": torch.histogram(raw, edges).hist / PAIRS,
        "scaled": torch.histogram(scaled, edges).hist / PAIRS,
        "bell": below.diff(),
        "variance": raw.var(),
        "scaled_variance": scaled.var(),
        "expected": torch.tensor(dot_product_variance(head_dim)),
        "largest": raw.abs().max(),
        "outside": (raw.abs() > edges[-1]).float().mean(),
    }


dot_products = Explorer(
    id="dot-products",
    title="How large is a dot product of two random vectors?",
    compute=products,
    params=[
        Param(name="head_dim", label="head width dₖ", values=WIDTHS, start=16, live=(*WIDTHS, 2048, 4096)),
        Param(
            name="entries",
            label="the entries are",
            values=ENTRIES,
            start="normal",
            choice=True,
            labels=("normal, variance 1", "uniform, variance 1", "+1 or −1, at random"),
        ),
    ],
    panels=[
        Bars(
            title=f"{PAIRS} products, counted in bins of width 2 (share of all)",
            edges="edges",
            theory="bell",
            theory_label="bell curve of variance dₖ",
            series=[Series("raw", "q·k", "key"), Series("scaled", "q·k / √dₖ", "query")],
            domain=(0, 0.45),
            height=260,
            x_label="product",
        ),
        Sweep(
            title="Their variance over the head width",
            over="head_dim",
            x_log=True,
            y_log=True,
            domain=(0.5, 2000),
            height=260,
            series=[
                Series("expected", "dₖ (theory)", "key", dash=True),
                Series("variance", "q·k", "key"),
                Series("scaled_variance", "q·k / √dₖ", "query"),
            ],
        ),
    ],
    readouts=[
        Readout("variance", "variance of q·k"),
        Readout("expected", "theory"),
        Readout("scaled_variance", "variance of q·k / √dₖ"),
        Readout("largest", "largest |q·k|"),
        Readout("outside", "share outside the picture"),
    ],
    prediction=Prediction(
        question="the entries become +1 or −1 at random, not normal. The variance of q·k at dₖ = 64",
        answers=("is far smaller", "stays about 64", "is far larger"),
        right=1,
        because="Only mean 0, variance 1 and independence enter the sum; the law of the entries does not.",
    ),
    code="from transformer_edu.data import random_vectors, seeded\n\n"
    "draw = seeded(2)\n"
    f"queries = random_vectors({PAIRS}, {{head_dim}}, generator=draw, entries={{entries}})\n"
    f"keys = random_vectors({PAIRS}, {{head_dim}}, generator=draw, entries={{entries}})\n"
    "(queries * keys).sum(-1).var()",
    alt=f"Histogram of {PAIRS} dot products at head width {{head_dim}}: variance {{variance}}, theory {{expected}}; "
    "divided by the square root of the head width the variance is {scaled_variance}.",
    note=f"{PAIRS} pairs of random vectors. The dashed bell curve is the normal law with mean 0 and variance dₖ; for "
    "small dₖ the products are not yet normal, and only the variance agrees.",
)
