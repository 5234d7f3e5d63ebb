"""Which token may look at which, and how far does word travel through several layers?"""

from typing import TypedDict

import torch

from transformer_edu.attention import (
    all_of,
    causal,
    influence,
    mask_from,
    padding,
    scaled_dot_product_attention,
    sliding_window,
)
from transformer_edu.data import random_vectors, seeded
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Pick, Prediction
from transformer_edu.explorers.panels import Heatmap, Readout, Series, Sweep
from transformer_edu.softmax import entropy

TOKENS = 10
MASKS = ("none", "causal", "window", "causal window", "padding")


def rule_of(kind: str, window: int):
    """Return the index rule of a kind of mask; None allows all."""
    return {
        "none": None,
        "causal": causal,
        "window": sliding_window(window),
        "causal window": all_of(causal, sliding_window(window)),
        "padding": padding(torch.tensor(TOKENS - 3)),
    }[kind]


class MaskPatterns(TypedDict):
    """What `masks` returns."""

    positions: Words
    allowed: Shown["query key", "d"]
    weights: Shown["query key", ".3f"]
    reached: Shown["query key", "d"]
    allowed_pairs: Shown["d"]
    reached_pairs: Shown["d"]
    reached_share: Shown[".2f"]
    entropy: Shown["query", ".3f"]
    seen: Shown["query", "d"]
    reaching: Shown["query", "d"]


def masks(*, kind: str, window: int, layers: int) -> MaskPatterns:
    """Apply one kind of mask to ten random tokens and follow who can influence whom through several layers."""
    rule = rule_of(kind, window)
    everything = torch.ones(TOKENS, TOKENS, dtype=torch.bool)
    allowed = everything if rule is None else mask_from(rule, queries=TOKENS, keys=TOKENS)
    tokens = random_vectors(TOKENS, 16, generator=seeded(3))
    _, weights = scaled_dot_product_attention(tokens, tokens, tokens, allowed=allowed)
    reached = influence(allowed, layers=layers)
    return {
        "positions": [str(i + 1) for i in range(TOKENS)],
        "allowed": allowed.float(),
        "weights": weights,
        "reached": reached.float(),
        "allowed_pairs": allowed.sum(),
        "reached_pairs": reached.sum(),
        "reached_share": reached.float().mean(),
        "entropy": entropy(weights),
        "seen": allowed.sum(-1),
        "reaching": reached.sum(-1),
    }


def square(
    title: str, array: str, names: tuple[str, str], *, scale: str = "weights", allowed: str | None = None
) -> Heatmap:
    """Draw one table of positions by positions, with the chosen token's row outlined."""
    return Heatmap(
        title=title,
        array=array,
        scale=scale,
        allowed=allowed,
        rows="positions",
        columns="positions",
        row_label=names[0],
        column_label=names[1],
        mark=["token"],
        height=360,
    )


mask_patterns = Explorer(
    id="masks",
    title="Which token may look at which, and how far does word travel?",
    compute=masks,
    params=[
        Param(
            name="kind",
            label="kind of mask",
            values=MASKS,
            start="causal window",
            choice=True,
            labels=(
                "none: all see all",
                "causal",
                "sliding window, both sides",
                "sliding window, causal",
                "padding: the last three are filler",
            ),
            codes=(
                "torch.ones(10, 10, dtype=torch.bool)",
                "mask_from(causal, queries=10, keys=10)",
                "mask_from(sliding_window({window}), queries=10, keys=10)",
                "mask_from(all_of(causal, sliding_window({window})), queries=10, keys=10)",
                "mask_from(padding(torch.tensor(7)), queries=10, keys=10)",
            ),
        ),
        Param(
            name="window",
            label="window (keys, the own one included; on each side if not causal)",
            values=(1, 2, 3, 4, 6, 10),
            start=3,
        ),
        Param(name="layers", label="layers", values=(1, 2, 3, 4, 5, 6), start=1),
    ],
    picks=[Pick(name="token", label="look at token", of="positions", start=7)],
    panels=[
        square("Allowed: may the query (row) look at the key (column)?", "allowed", ("query", "key"), scale="allowed"),
        square("Weights of one attention layer under this mask", "weights", ("query", "key"), allowed="allowed"),
        square(
            "After all layers: which input (column) can reach which output (row)?",
            "reached",
            ("output", "input"),
            scale="allowed",
        ),
        Sweep(
            title="Share of all pairs that can influence each other",
            over="layers",
            series=[Series("reached_share", "reached", "query")],
            domain=(0, 1),
            height=260,
        ),
    ],
    readouts=[
        Readout("seen", "keys that this token may look at", pick="token"),
        Readout("reaching", "inputs that reach it after all layers", pick="token"),
        Readout("entropy", "entropy of its weights", "nats", pick="token"),
        Readout("allowed_pairs", "allowed pairs", "of 100"),
    ],
    prediction=Prediction(
        question="a causal window of 3 keys, and 4 layers. Token 10 can be influenced by the tokens back to number",
        answers=("8", "4", "2", "1"),
        right=2,
        because="Each layer reaches two tokens farther back (window − 1), so 4 layers reach 8 back: from token 10 to "
        "token 2.",
    ),
    code="import torch\n"
    "from transformer_edu.attention import all_of, causal, influence, mask_from, padding, sliding_window\n\n"
    "allowed = {kind}\n"
    "influence(allowed, layers={layers})",
    alt="Mask of kind {kind} with window {window}: {allowed_pairs} of 100 pairs are allowed; after {layers} layers "
    "{reached_pairs} pairs are connected.",
    note="Hatched: not allowed. The weights come from ten random tokens of 16 numbers, scaled by 1/√16. Layers have "
    "residual connections, so a token always reaches itself.",
)
