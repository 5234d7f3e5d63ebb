"""What does it cost to write m tokens, with and without a key/value cache?"""

from collections.abc import Callable
from typing import TypedDict

import torch

from transformer_edu.costs import Cost, cached_step_cost, uncached_step_cost
from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Readout, Series, Sweep

LAYERS, VOCAB, HEAD_DIM = 12, 50_000, 64


def total(step_cost: Callable[..., Cost], tokens: int, **counts: int) -> int:
    """Sum the multiply-adds of `tokens` steps.

    One step is a polynomial of degree 2 in the tokens written so far, so three of them tell all:
    Σ p(t) = m p(0) + (m choose 2) Δ + (m choose 3) Δ², with Δ and Δ² the first differences.
    """
    first, second, third = (step_cost(written=written, **counts).multiply_adds for written in range(3))
    pairs, triples = tokens * (tokens - 1) // 2, tokens * (tokens - 1) * (tokens - 2) // 6
    return tokens * first + pairs * (second - first) + triples * (third - 2 * second + first)


class WrittenText(TypedDict):
    """What `written_text` returns."""

    cached: Shown[".3s"]
    uncached: Shown[".3s"]
    times_more: Shown[".3s"]
    cache_bytes: Shown[".3s"]
    parameter_bytes: Shown[".3s"]
    bytes_per_token: Shown[".3s"]
    intensity: Shown[".3s"]


def written_text(*, tokens: int, dim: int, batch: int) -> WrittenText:
    """Count what a decoder-only model of 12 layers does to write some tokens, and what its last step reads."""
    counts = {
        "dim": dim,
        "hidden": 4 * dim,
        "heads": max(1, dim // HEAD_DIM),
        "layers": LAYERS,
        "vocab": VOCAB,
        "batch": batch,
        "bytes_per_number": 2,
    }
    kept, again = total(cached_step_cost, tokens, **counts), total(uncached_step_cost, tokens, **counts)
    last = cached_step_cost(written=tokens - 1, **counts)
    read = last.cache_bytes + last.parameter_bytes
    return {
        "cached": torch.tensor(float(kept)),
        "uncached": torch.tensor(float(again)),
        "times_more": torch.tensor(again / kept),
        "cache_bytes": torch.tensor(float(last.cache_bytes)),
        "parameter_bytes": torch.tensor(float(last.parameter_bytes)),
        "bytes_per_token": torch.tensor(float(last.cache_bytes / (tokens * batch))),
        "intensity": torch.tensor(last.multiply_adds / read),
    }


decoding_cost = Explorer(
    id="decoding-cost",
    title="Writing one token at a time: what does remembering save, and what does it cost?",
    compute=written_text,
    params=[
        Param(name="tokens", label="tokens written m", values=(1, 4, 16, 64, 256, 1024, 4096, 16384), start=16),
        Param(name="dim", label="width of a token d", values=(256, 512, 1024, 2048, 4096), start=1024),
        Param(name="batch", label="texts side by side", values=(1, 8, 64, 256), start=1),
    ],
    panels=[
        Sweep(
            title="Multiply-adds to write m tokens",
            over="tokens",
            x_log=True,
            y_log=True,
            domain=(1e6, 1e21),
            height=250,
            series=[
                Series("uncached", "everything again for each token", "key"),
                Series("cached", "with a cache", "query"),
            ],
        ),
        Sweep(
            title="Bytes that the last step reads",
            over="tokens",
            x_log=True,
            y_log=True,
            domain=(1e3, 1e13),
            height=250,
            series=[Series("cache_bytes", "cache", "query"), Series("parameter_bytes", "parameters", "value")],
        ),
        Sweep(
            title="Multiply-adds for each byte that the last step reads",
            over="batch",
            x_log=True,
            y_log=True,
            domain=(0.1, 1000),
            wide=True,
            height=180,
            series=[Series("intensity", "multiply-adds a byte", "output")],
        ),
    ],
    readouts=[
        Readout("times_more", "without a cache", "times as many"),
        Readout("cached", "multiply-adds with a cache"),
        Readout("cache_bytes", "cache", "bytes"),
        Readout("parameter_bytes", "parameters", "bytes"),
        Readout("bytes_per_token", "cache for each token of each text", "bytes"),
        Readout("intensity", "multiply-adds for each byte read"),
    ],
    prediction=Prediction(
        question="a model writes 256 tokens, and computes everything again for each one. Compared with a cache that is",
        answers=("twice the work", "about 100 times", "256 times"),
        right=1,
        because="Step t passes t tokens instead of one: 128 times as much on average in the layers. Scoring the 50 000 "
        "words is done once a step either way. The saving is paid in memory: the cache grows with every token and "
        "every text.",
    ),
    code="from transformer_edu.costs import cached_step_cost\n\n"
    f"sizes = dict(dim={{dim}}, hidden=4 * {{dim}}, heads={{dim}} // {HEAD_DIM}, layers={LAYERS}, vocab={VOCAB})\n"
    "steps = (cached_step_cost(written=t, batch={batch}, **sizes) for t in range({tokens}))\n"
    "sum(step.multiply_adds for step in steps)",
    alt="To write {tokens} tokens in {batch} texts a model of width {dim} needs {cached} multiply-adds with a cache "
    "and {times_more} times as many without one; its cache then takes {cache_bytes} bytes.",
    note="Counted, not measured: a decoder-only model of 12 layers with 50 000 words, 2 bytes a number, heads of 64 "
    "numbers. Without a cache every step passes all tokens so far, and scores the words behind the last one only.",
)
