"""One attention, three uses: change a token, and see which outputs notice."""

from typing import TypedDict

import torch

from transformer_edu.attention import causal, mask_from, multi_head_attention, padding
from transformer_edu.data import random_vectors, seeded
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Heatmap, Readout, Series

SOURCE, TARGET, DIM = ("the", "house", "is", "small", "■"), ("das", "Haus", "ist", "klein"), 8
USES = ("encoder", "decoder", "cross")
CHANGES = tuple(range(len(SOURCE) + len(TARGET)))  # the source's tokens first


class UsesCompared(TypedDict):
    """What `uses_compared` returns."""

    queries: Words
    keys: Words
    allowed: Shown["query key", "d"]
    weights: Shown["query key", ".2f"]
    outputs: Shown["query dim", ".2f"]
    head_weights: Shown["head query key", ".2f"]
    moved: Shown["query", ".2f"]
    query_count: Shown["d"]
    key_count: Shown["d"]
    noticed: Shown["d"]


def uses_compared(*, use: str, change: int, filler: str) -> UsesCompared:
    """Attend in one of the three ways; replace one token by another, and attend again."""
    source, target = (random_vectors(len(words), DIM, generator=seeded(len(words))) for words in (SOURCE, TARGET))
    names = (SOURCE if use == "encoder" else TARGET, TARGET if use == "decoder" else SOURCE)
    allowed = torch.ones(len(names[0]), len(names[1]), dtype=torch.bool)
    if use == "decoder":
        allowed = mask_from(causal, queries=len(TARGET), keys=len(TARGET))
    elif filler == "masked":
        allowed = mask_from(padding(torch.tensor(len(SOURCE) - 1)), queries=len(names[0]), keys=len(SOURCE))
    outputs, weights = attend(use, source, target, allowed)
    both = torch.cat([source, target])
    both[change] = random_vectors(1, DIM, generator=seeded(99))[0]
    after = attend(use, both[: len(SOURCE)], both[len(SOURCE) :], allowed).outputs
    moved = (after - outputs).norm(dim=-1)
    return {
        "queries": list(names[0]),
        "keys": list(names[1]),
        "allowed": allowed.float(),
        "weights": weights.mean(0),
        "outputs": outputs,
        "head_weights": weights,
        "moved": moved,
        "query_count": torch.tensor(len(names[0])),
        "key_count": torch.tensor(len(names[1])),
        "noticed": (moved > 0).sum(),
    }


def attend(use: str, source: torch.Tensor, target: torch.Tensor, allowed: torch.Tensor):
    """Let the right tokens look at the right memory, with two heads of random projections."""
    matrices = random_vectors(4 * DIM, DIM, generator=seeded(7)).reshape(4, DIM, DIM) / DIM**0.5
    tokens, memory = {"encoder": (source, source), "decoder": (target, target), "cross": (target, source)}[use]
    return multi_head_attention(tokens, memory, *matrices, heads=2, allowed=allowed)


three_uses = Explorer(
    id="three-uses",
    title="One attention, three uses: who notices a change?",
    compute=uses_compared,
    params=[
        Param(
            name="use",
            label="use",
            values=USES,
            start="decoder",
            choice=True,
            labels=(
                "encoder self-attention: the source looks at itself",
                "causal self-attention: the target looks at its own past",
                "encoder-decoder attention: the target looks at the source",
            ),
            codes=(
                "source, source, *matrices, heads=2, allowed={filler}",
                "target, target, *matrices, heads=2, allowed=mask_from(causal, queries=4, keys=4)",
                "target, source, *matrices, heads=2, allowed={filler}",
            ),
        ),
        Param(
            name="change",
            label="replace one token",
            values=CHANGES,
            start=7,
            labels=(*(f"source: {word}" for word in SOURCE), *(f"target: {word}" for word in TARGET)),
        ),
        Param(
            name="filler",
            label="the source's last token ■ is filler",
            values=("open", "masked"),
            start="masked",
            choice=True,
            labels=("and may be looked at (a mistake)", "and is masked"),
            codes=("None", "mask_from(padding(torch.tensor(4)), queries=1, keys=5)"),
        ),
    ],
    panels=[
        Heatmap(
            title="May the query (row) look at the key (column)?",
            array="allowed",
            scale="allowed",
            rows="queries",
            columns="keys",
            row_label="query",
            column_label="key",
        ),
        Heatmap(
            title="Weights before the change, mean of two heads",
            array="weights",
            allowed="allowed",
            rows="queries",
            columns="keys",
            row_label="query",
            column_label="key",
        ),
        Bars(
            title="How far each output moves when the token is replaced",
            series=[Series("moved", "moved by", "output")],
            labels="queries",
            domain=(0, 4),
            height=150,
            wide=True,
        ),
    ],
    readouts=[
        Readout("query_count", "queries, so many outputs"),
        Readout("key_count", "keys and values"),
        Readout("noticed", "outputs that moved"),
    ],
    prediction=Prediction(
        question="encoder-decoder attention, and the target's second word is replaced. Which of the four outputs move?",
        answers=("all four", "the second and those after it", "the second alone"),
        right=2,
        because="In encoder-decoder attention the target only asks. Nobody reads the target here, so no other query "
        "hears of it. Replace a word of the source instead, and all four move.",
    ),
    code="import torch\n"
    "from transformer_edu.attention import causal, mask_from, multi_head_attention, padding\n"
    "from transformer_edu.data import random_vectors, seeded\n\n"
    "source, target = (random_vectors(n, 8, generator=seeded(n)) for n in (5, 4))\n"
    "matrices = random_vectors(32, 8, generator=seeded(7)).reshape(4, 8, 8) / 8**0.5\n"
    "multi_head_attention({use})",
    alt="{query_count} queries look at {key_count} keys. When one token is replaced, {noticed} of {query_count} "
    "outputs move.",
    note="Words stand for random vectors of 8 numbers, and the projections are random too: nothing is trained here. "
    "What moves and what does not is decided by who asks, who is read, and the mask.",
)
