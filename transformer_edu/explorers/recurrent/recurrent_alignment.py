"""Where does a recurrent network with additive attention look while it rewrites a date?"""

from typing import TypedDict

from transformer_edu.data.dates import TARGET_LENGTH, decode_answers, encode_spellings
from transformer_edu.decoding import greedy
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Pick, Prediction
from transformer_edu.explorers.panels import Heatmap, Readout
from transformer_edu.studies.dates_models import load_date_model

SPELLINGS = (
    "the third of May, 2019",
    "Friday, May 3, 2019",
    "twenty-first of June 1987",
    "2004 Dec. 31",
    "17/08/1993",
    "WED THE 9TH OF APRIL, '08",
)


class Aligned(TypedDict):
    """What `aligned` returns."""

    letters: Words
    signs: Words
    weights: Shown["target source", ".2f"]
    most: Shown["target", ".2f"]
    place: Shown["target", ".0f"]
    probability: Shown[".4f"]


def aligned(*, spelling: str) -> Aligned:
    """Rewrite a date greedily; return the weights with which each written sign looked at the spelling."""
    written = greedy(load_date_model("recurrent"), encode_spellings([spelling]), longest=TARGET_LENGTH)
    answer = decode_answers(written.tokens)[0]
    weights = written.weights[0, : len(answer)]
    signs = [f"{place + 1}: {sign}" for place, sign in enumerate(answer)]
    return {
        "letters": ["␣" if mark == " " else mark for mark in spelling],
        "signs": signs,
        "weights": weights,
        "most": weights.max(dim=-1).values,
        "place": weights.argmax(dim=-1) + 1,
        "probability": written.log_probabilities[0].exp(),
    }


recurrent_alignment = Explorer(
    id="recurrent-alignment",
    title="Where does the recurrent network look while it writes a date?",
    compute=aligned,
    params=[Param(name="spelling", label="date", values=SPELLINGS, start=SPELLINGS[0], choice=True, text=True)],
    picks=[Pick(name="sign", label="written sign", of="signs", start=0)],
    panels=[
        Heatmap(
            title="Row: a written sign. Column: a letter of the source. Each row sums to 1",
            array="weights",
            rows="signs",
            columns="letters",
            row_label="written sign",
            column_label="source letter",
            mark=("sign",),
            height=330,
            wide=True,
        ),
    ],
    readouts=[
        Readout("most", "largest weight of this sign", pick="sign"),
        Readout("place", "on letter number", pick="sign"),
        Readout("probability", "probability of the whole answer"),
    ],
    prediction=Prediction(
        question="the source is 'the third of May, 2019'. While the network writes the 5 of 05, it looks mostly at",
        answers=("the M of May", "the end of May", "the year", "all letters alike"),
        right=1,
        because="At its last letter the reader from the left has seen the whole month. What is looked at is not a "
        "letter but the state of the encoder there. For the 0 before it, look at sign 6: it has found another 0.",
    ),
    code="import torch\n"
    "from transformer_edu.explorers.recurrent.recurrent_alignment import aligned\n\n"
    'aligned(spelling={spelling})["weights"]',
    alt="Weights of additive attention while the network rewrites {spelling}; it gives its answer a probability of "
    "{probability}.",
    note="An encoder-decoder of LSTMs with additive attention; studies/dates.py trained it on dates "
    "(seed 0). It writes greedily, one sign after the other. In a live kernel you can type a date of your own.",
)
