"""Does a wider head make attention sharper? The same queries and keys, their scores divided and not.

The measures are taken in float64: where one weight rounds to 1, float32 loses what is left of a derivative.
"""

from functools import lru_cache
from typing import TypedDict

import torch

from transformer_edu.data import random_vectors, seeded
from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Readout, Series, Sweep
from transformer_edu.softmax import entropy, perplexity, query_jacobian_norm, softmax, softmax_jacobian_norm

WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
POWERS = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
QUERIES = 300
KNOBS = (
    Param(name="head_dim", label="head width dₖ", values=WIDTHS, start=64, live=(*WIDTHS, 2048, 4096)),
    Param(name="power", label="divide the scores by dₖ to the power", values=POWERS, start=0.5),
    Param(name="keys", label="keys", values=(64,), start=64, live=(16, 64, 256, 1024)),
)
QUANTILES = {"lowest_tenth": 0.1, "middle": 0.5, "highest_hundredth": 0.99}


@lru_cache(maxsize=256)
def weighed(head_dim: int, scale: float, keys: int, place: torch.device) -> dict[str, torch.Tensor]:
    """Weigh random keys by random queries at one scale; kept, since many settings of the knobs share a scale."""
    draw, width = seeded(0), max(WIDTHS[-1], head_dim)
    queries = random_vectors(QUERIES, width, generator=draw)[:, :head_dim].to(place, torch.float64)
    offered = random_vectors(keys, width, generator=draw)[:, :head_dim].to(place, torch.float64)
    weights = softmax(queries @ offered.mT * scale)
    reaching = query_jacobian_norm(offered.expand(QUERIES, -1, -1), weights, scale=scale)
    return {
        "weights": weights[0].clone(),
        "entropy": entropy(weights).mean(),
        "effective_keys": perplexity(weights).mean(),
        "largest": weights.amax(-1).mean(),
        "jacobian": softmax_jacobian_norm(weights).mean(),
        "mean": reaching.mean(),
        "reaching": reaching,
    } | {name: reaching.quantile(share) for name, share in QUANTILES.items()}


MEASURED = {
    "weights": Shown["key", ".3f"],
    "entropy": Shown[".2f"],
    "effective_keys": Shown[".3s"],
    "largest": Shown[".3f"],
    "jacobian": Shown[".3f"],
    "mean": Shown[".3s"],
    "reaching": Shown["query", ".3s"],
} | dict.fromkeys(QUANTILES, Shown[".3s"])
Collapse = TypedDict(
    "Collapse",
    {f"{kind}_{name}": shown for kind in ("divided", "undivided") for name, shown in MEASURED.items()}
    | {"starved": Shown[".2f"]},
)


def collapse(*, head_dim: int, power: float, keys: int) -> Collapse:
    """Compare scores divided by head_dim to the `power` with undivided ones, on the same queries and keys."""
    answer = {}
    for kind, scale in (("divided", head_dim**-power), ("undivided", 1.0)):
        measured = weighed(head_dim, scale, keys, torch.get_default_device())
        answer |= {f"{kind}_{name}": value for name, value in measured.items()}
    starved = answer["undivided_reaching"] < answer["divided_reaching"]
    return answer | {"starved": starved.double().mean()}


softmax_collapse = Explorer(
    id="softmax-collapse",
    title="Does a wider head make attention sharper?",
    compute=collapse,
    params=KNOBS,
    panels=[
        Bars(
            title="The weights that one query gives to its keys",
            series=[
                Series("undivided_weights", "scores as they are", "key"),
                Series("divided_weights", "scores divided, as you set it", "query"),
            ],
        ),
        Sweep(
            title="How many keys does a query really use? (mean over 300 queries)",
            over="head_dim",
            x_log=True,
            y_log=True,
            domain=(1, 64),
            series=[
                Series("undivided_effective_keys", "undivided", "key"),
                Series("divided_effective_keys", "divided", "query"),
            ],
        ),
    ],
    readouts=[
        Readout("undivided_effective_keys", "effective keys", "of 64", then="divided_effective_keys"),
        Readout("undivided_largest", "largest weight, mean", then="divided_largest"),
        Readout("undivided_entropy", "entropy", "nats", then="divided_entropy"),
    ],
    prediction=Prediction(
        question="power ½ keeps the blue curve flat. With power 1, a query of a very wide head uses",
        answers=("one key", "as many as with ½", "all keys almost alike"),
        right=2,
        because="A sum of dₖ random products has standard deviation √dₖ. Power ½ takes out exactly that growth; power "
        "1 takes out more, and scores that are all nearly 0 share the weight equally.",
    ),
    code="from transformer_edu.softmax import entropy, perplexity, softmax\n"
    "from transformer_edu.data import random_vectors, seeded\n\n"
    "draw = seeded(0)\n"
    "queries = random_vectors(300, max(1024, {head_dim}), generator=draw)[:, :{head_dim}]\n"
    "keys = random_vectors({keys}, max(1024, {head_dim}), generator=draw)[:, :{head_dim}]\n"
    "weights = softmax(queries @ keys.mT * {head_dim} ** -{power})\n"
    "perplexity(weights).mean()",
    alt="Weights of 64 keys at head width {head_dim}. Undivided, a query uses {undivided_effective_keys} keys on "
    "average; divided by dₖ to the power {power}, {divided_effective_keys}.",
    note="Read-outs: undivided → divided, as means over 300 random queries. Queries and the 64 keys have independent "
    "entries of mean 0 and variance 1; the same draws at every setting.",
)
