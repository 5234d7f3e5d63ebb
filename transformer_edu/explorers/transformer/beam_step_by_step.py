"""Beam search step by step, on the model that learned to write dates."""

from functools import lru_cache
from typing import TypedDict

import torch

from transformer_edu.data.dates import TARGET_LENGTH, decode_answers, encode_spellings
from transformer_edu.decoding import Search, beam_search
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Readout, Series, Sweep, Tokens
from transformer_edu.machines import END
from transformer_edu.studies.dates_models import load_date_model

SPELLINGS = ("3/9/19", "3 Ma 1987", "12/11/10", "the third of May, 2019")
WIDTHS, STEPS = (1, 2, 3, 5), tuple(range(1, TARGET_LENGTH + 1))
ROWS = max(WIDTHS)
PLACES = ("1st", "2nd", "3rd", "4th", "5th")


@lru_cache(maxsize=1)
def model():
    """Load the trained model once a process."""
    return load_date_model("transformer")


@lru_cache(maxsize=64)
def search_of(spelling: str, width: int, alpha: float) -> Search:
    """Search once; the knob for the step only chooses what to show of it."""
    with torch.device("cpu"):
        return beam_search(model(), encode_spellings([spelling]), width=width, longest=TARGET_LENGTH + 1, alpha=alpha)


def text_of(tokens: torch.Tensor) -> str:
    """Write a hypothesis as text; a finished one ends in ∎."""
    return decode_answers(tokens[None])[0] + ("∎" if tokens[-1] == END else "")


def character_chances(search: Search, step: int) -> list[torch.Tensor]:
    """Return, for each hypothesis of a step, the probability of each of its characters given those before."""
    going, before = [torch.zeros(0)], torch.zeros(1)
    for kept in search.steps[:step]:
        each = (kept.log_probabilities - before[kept.parents]).exp()
        chances = [torch.cat([going[parent], own[None]]) for parent, own in zip(kept.parents, each, strict=True)]
        before = kept.log_probabilities[~kept.finished]
        going = [own for own, finished in zip(chances, kept.finished, strict=True) if not finished]
    return chances


class BeamAt(TypedDict):
    """What `beam_at` returns."""

    source: Words
    hypotheses: Words
    probabilities: Shown["hypothesis", ".3f"]
    best: Shown[".3f"]
    in_all: Shown[".3f"]
    score: Shown[".2f"]
    answer: Words
    answer_probability: Shown[".3f"]
    answer_score: Shown[".2f"]
    finished: Shown[".0f"]
    work: Shown[".0f"]
    kept_1: Words
    kept_2: Words
    kept_3: Words
    kept_4: Words
    kept_5: Words
    chance_1: Shown["character", ".2f"]
    chance_2: Shown["character", ".2f"]
    chance_3: Shown["character", ".2f"]
    chance_4: Shown["character", ".2f"]
    chance_5: Shown["character", ".2f"]


def beam_at(*, spelling: str, width: int, step: int, alpha: float) -> BeamAt:
    """Show what a beam keeps at one step; after the last step of the search, show the last one."""
    search = search_of(spelling, width, alpha)
    step = min(step, len(search.steps))
    kept, chances = search.steps[step - 1], character_chances(search, step)
    texts = [text_of(tokens) for tokens in kept.tokens]
    rows = {f"kept_{row + 1}": list(texts[row]) if row < len(texts) else [] for row in range(ROWS)}
    strengths = {f"chance_{row + 1}": chances[row] if row < len(texts) else torch.zeros(0) for row in range(ROWS)}
    finished = [own for kept in search.steps[:step] for own in zip(kept.tokens, kept.finished, strict=True) if own[1]]
    return (
        {
            "source": list(spelling),
            "hypotheses": texts,
            "probabilities": kept.log_probabilities.exp(),
            "best": kept.log_probabilities.max().exp(),
            "in_all": kept.log_probabilities.exp().sum(),
            "score": kept.scores.max(),
            "answer": list(text_of(search.tokens)),
            "answer_probability": search.log_probability.exp(),
            "answer_score": search.score,
            "finished": torch.tensor(float(len(finished))),
            "work": torch.tensor(float(sum(len(kept.parents.unique()) for kept in search.steps))),
        }
        | rows
        | strengths
    )


beam_step_by_step = Explorer(
    id="beam-step-by-step",
    title="Beam search, step by step: which beginnings are kept?",
    compute=beam_at,
    params=[
        Param(name="spelling", label="date to rewrite", values=SPELLINGS, start=SPELLINGS[0], choice=True, text=True),
        Param(name="width", label="width of the beam", values=WIDTHS, start=1, live=tuple(range(1, ROWS + 1))),
        Param(name="step", label="step", values=STEPS, start=8),
        Param(name="alpha", label="length penalty α", values=(0.0, 0.6), start=0.0, live=(0.0, 0.2, 0.6, 1.0)),
    ],
    panels=[
        Tokens(title="The source", rows=[Series("source", "read", "value")]),
        Tokens(
            title="What is kept after this step, most probable first (below each character: its probability)",
            rows=[Series(f"kept_{row + 1}", PLACES[row], "query") for row in range(ROWS)],
            strengths=[f"chance_{row + 1}" for row in range(ROWS)],
        ),
        Bars(
            title="Probability of each kept beginning",
            series=[Series("probabilities", "P", "query")],
            labels="hypotheses",
            height=150,
            wide=True,
        ),
        Sweep(
            title="Probability over the steps",
            over="step",
            domain=(0, 1),
            height=180,
            wide=True,
            series=[Series("in_all", "all kept together", "value"), Series("best", "best one", "query")],
        ),
        Tokens(title="The answer, at the end of the search", rows=[Series("answer", "written", "output")]),
    ],
    readouts=[
        Readout("best", "P of the best kept"),
        Readout("score", "best score, log P / lp"),
        Readout("finished", "finished up to this step"),
        Readout("answer_probability", "P of the answer"),
        Readout("answer_score", "score of the answer"),
        Readout("work", "beginnings continued, all steps"),
    ],
    prediction=Prediction(
        question="the model never met a spelling like “3/9/19”. Greedy decoding (width 1) and a beam of width 2 write",
        answers=(
            "the same date",
            "two dates, and the beam's is more probable",
            "two dates, and greedy's is more probable",
        ),
        right=1,
        because="After “2019-09-” the digit 0 is more probable than 3, so greedy takes it. But several digits share "
        "what follows a 0, and after 3 there is nothing but 0. The beam still holds both. More probable is not more "
        "true: nobody reads 30 September there.",
    ),
    code="from transformer_edu.decoding import beam_search\n"
    "from transformer_edu.data.dates import encode_spellings\n"
    "from transformer_edu.studies.dates_models import load_date_model\n\n"
    "source = encode_spellings([{spelling}])\n"
    'found = beam_search(load_date_model("transformer"), source, width={width}, longest=12, alpha={alpha})\n'
    "found.steps[min({step}, len(found.steps)) - 1].log_probabilities.exp()",
    alt="Beam search of width {width} over the date {spelling}, step {step}: the best kept beginning has probability "
    "{best}, all kept ones together {in_all}. The answer has probability {answer_probability}.",
    note="The trained date model (seed 0). ∎ is the end mark. Each step continues every kept beginning with all 14 "
    "tokens and keeps the best ones; a finished one leaves the beam. Dates are all equally long, so that α changes "
    "scores here and never the winner.",
)
