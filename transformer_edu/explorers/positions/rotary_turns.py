"""Turn a query and a key by their positions: what does their product see?"""

from typing import TypedDict

import torch

from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Heatmap, Plane, Readout, Series, Sweep
from transformer_edu.positions import rotary

PLACES = 11
QUERY, KEY = (1.4, 0.5), (0.9, 1.2)


def turned(vector: tuple[float, float], speed: float) -> torch.Tensor:
    """Return one vector as it is turned at each of the positions 0 … 10, by `speed` radians a step.

    A head of four features: the first pair, always one radian a step, is left empty.
    """
    return rotary(torch.tensor([(0.0, 0.0, *vector)] * PLACES), base=speed**-2)[:, 2:]


class Turns(TypedDict):
    """What `turns` returns."""

    places: Words
    query: Shown["coordinate", ".2f"]
    key: Shown["coordinate", ".2f"]
    scores: Shown["query key", ".3f"]
    score: Shown[".3f"]
    unturned: Shown[".3f"]
    distance: Shown["d"]
    query_length: Shown[".3f"]


def turns(*, query: int, key: int, speed: float) -> Turns:
    """Turn one query and one key, and score them at all places."""
    queries, keys = turned(QUERY, speed), turned(KEY, speed)
    scores = queries @ keys.T
    return {
        "places": [str(p) for p in range(PLACES)],
        "query": queries[query],
        "key": keys[key],
        "scores": scores,
        "score": scores[query, key],
        "unturned": torch.tensor(QUERY) @ torch.tensor(KEY),
        "distance": torch.tensor(float(key - query)),
        "query_length": queries[query].norm(),
    }


rotary_turns = Explorer(
    id="rotary-turns",
    title="Turn a query and a key by their positions: what does their product see?",
    compute=turns,
    params=[
        Param(name="query", label="position of the query", values=tuple(range(PLACES)), start=2),
        Param(name="key", label="position of the key", values=tuple(range(PLACES)), start=5),
        Param(name="speed", label="turn a step (radians)", values=(0.1, 0.3, 1.0), start=0.3),
    ],
    panels=[
        Plane(
            title="One pair of features, turned",
            extent=1.8,
            series=[Series("query", "query", "query"), Series("key", "key", "key")],
        ),
        Heatmap(
            title="Their product at all places",
            array="scores",
            scale="signed",
            domain=(-2.3, 2.3),
            rows="places",
            columns="places",
            row_label="query at",
            column_label="key at",
            mark=["query", "key"],
            height=300,
        ),
        Sweep(
            title="The product as the key moves away",
            over="key",
            domain=(-2.5, 2.5),
            height=200,
            wide=True,
            series=[Series("score", "turned", "query"), Series("unturned", "not turned", "value", dash=True)],
        ),
    ],
    readouts=[
        Readout("distance", "key position − query position"),
        Readout("score", "product, turned"),
        Readout("unturned", "product, not turned"),
        Readout("query_length", "length of the query"),
    ],
    prediction=Prediction(
        question="query and key both move three positions to the right. Both arrows turn. Their product",
        answers=("grows", "shrinks", "stays the same", "it depends"),
        right=2,
        because="Both turn by the same angle, so the angle between them stays, and so do their lengths. A dot product "
        "sees nothing else. Move only one of them and it changes.",
    ),
    code="import torch\n"
    "from transformer_edu.positions import rotary\n\n"
    f"query, key = torch.tensor({[0.0, 0.0, *QUERY]}), torch.tensor({[0.0, 0.0, *KEY]})\n"
    "at_query = rotary(query[None], first={query}, base={speed} ** -2)\n"
    "at_key = rotary(key[None], first={key}, base={speed} ** -2)\n"
    "(at_query * at_key).sum()",
    alt="A query at position {query} and a key at position {key}, turned by {speed} radians a step: the distance is "
    "{distance}, the product {score}.",
    note="The second pair of a head of width 4; the base is chosen so that it turns at this speed. A real head has "
    "many pairs, from one radian a step down to almost 1 / base.",
)
