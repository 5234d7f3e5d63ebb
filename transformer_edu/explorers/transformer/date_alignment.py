"""Where does the trained Transformer look in a spelling while it writes the date?"""

from functools import lru_cache
from typing import TypedDict

import torch
from jaxtyping import Bool
from torch import Tensor

from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Pick, Prediction
from transformer_edu.explorers.panels import Heatmap, Readout
from transformer_edu.softmax import entropy
from transformer_edu.studies.dates_models import Look, heads_on_date, load_date_model

HEADS = 4
# Each spelling, and what in it says year, month and day.
EXAMPLES = {
    "the third of May, 2019": ("2019", "May", "third"),
    "3 May 2019": ("2019", "May", "3"),
    "2019 MAY 3": ("2019", "MAY", "3"),
    "Friday, May 3, '19": ("'19", "May", "3"),
    "5/23/19": ("19", "5", "23"),
    "23.5.2019": ("2019", "5", "23"),
    "wednesday, september the twenty-seventh, 2006": ("2006", "september", "twenty-seventh"),
}
PARTS = ("year", "month", "day")
WRITTEN = {"year": slice(0, 4), "month": slice(5, 7), "day": slice(8, 10)}


@lru_cache(maxsize=16)
def look_at(spelling: str) -> Look:
    """Write a date once; the knob for the head only chooses among the maps."""
    with torch.device("cpu"):
        return heads_on_date(load_date_model("transformer"), spelling)


def parts_of(spelling: str) -> Bool[Tensor, "part source"]:
    """Say which characters of a spelling hold the year, the month, the day, and nothing of these."""
    said = torch.zeros(len(PARTS) + 1, len(spelling), dtype=torch.bool)
    for part, text in enumerate(EXAMPLES[spelling]):
        first = spelling.rindex(text) if PARTS[part] == "year" else spelling.index(text)
        said[part, first : first + len(text)] = True
    said[-1] = ~said[:-1].any(dim=0)
    return said


class Alignment(TypedDict):
    """What `alignment` returns."""

    written: Words
    source: Words
    weights: Shown["character character", ".2f"]
    entropy: Shown["character", ".2f"]
    most: Shown["character", ".2f"]
    parts: Words
    said: Words
    shares: Shown["part part", ".2f"]
    right: Shown[".2f"]
    blind: Shown[".2f"]


def alignment(*, spelling: str, head: int) -> Alignment:
    """Show one head of the decoder's look at the source (0: the mean of all), and how much falls on the right part."""
    written, weights = look_at(spelling)
    own = weights[-1].mean(dim=0) if head == 0 else weights[-1, head - 1]
    said = parts_of(spelling).float()
    shares = torch.stack([(own @ said.T)[WRITTEN[part]].mean(dim=0) for part in PARTS])
    return {
        "written": list(written),
        "source": list(spelling),
        "weights": own,
        "entropy": entropy(own),
        "most": own.max(dim=-1).values,
        "parts": list(PARTS),
        "said": [*PARTS, "rest"],
        "shares": shares,
        "right": shares.diagonal().mean(),
        "blind": (said[:-1].sum(dim=1) / len(spelling)).mean(),
    }


date_alignment = Explorer(
    id="date-alignment",
    title="Which characters of the spelling does the model read for each character that it writes?",
    compute=alignment,
    params=[
        Param(name="spelling", label="spelling", values=tuple(EXAMPLES), start="2019 MAY 3", choice=True),
        Param(
            name="head",
            label="head of the last layer",
            values=tuple(range(HEADS + 1)),
            start=0,
            labels=["mean of all four", "1", "2", "3", "4"],
        ),
    ],
    picks=[Pick(name="character", label="character written", of="written", start=6)],
    panels=[
        Heatmap(
            title="Each row: where the model looked when it wrote this character",
            array="weights",
            rows="written",
            columns="source",
            mark=["character"],
            row_label="written",
            column_label="source",
            height=330,
            wide=True,
        ),
        Heatmap(
            title="Mean weight of each written part on each part of the spelling",
            array="shares",
            rows="parts",
            columns="said",
            row_label="written",
            column_label="said there",
            height=200,
        ),
    ],
    readouts=[
        Readout("right", "weight on the right part"),
        Readout("blind", "if it looked everywhere alike"),
        Readout("most", "largest weight of this row", pick="character"),
        Readout("entropy", "entropy of this row", "nats", pick="character"),
    ],
    prediction=Prediction(
        question="“the third of May, 2019” says day, month, year; the date has year, month, day. The first look goes",
        answers=("to the start, and then from left to right", "to the year, near the end", "everywhere alike"),
        right=1,
        because="What is written first is looked for first, wherever it stands. Nothing in attention says “from left "
        "to right”; the order of the looks was learned with the task.",
    ),
    code="from transformer_edu.studies.dates_models import heads_on_date, load_date_model\n\n"
    'weights = heads_on_date(load_date_model("transformer"), {spelling}).weights[-1]\n'
    "weights.mean(0) if {head} == 0 else weights[{head} - 1]",
    alt="Attention of the trained date model to the source {spelling}, head {head}: on average {right} of the weight "
    "lies on the part of the spelling that holds the answer; a uniform look would put {blind} there.",
    note="The trained date model (seed 0), run by this package: one layer on each side, four heads. “end” is the end "
    "mark. A weight says where the decoder took numbers from, not why.",
)
