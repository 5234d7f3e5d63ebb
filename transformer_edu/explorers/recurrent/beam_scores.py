"""Which finished translation is best? Probability alone, corrected for length, and for what was left out."""

from typing import TypedDict

import torch

from transformer_edu.decoding import coverage_penalty, length_penalty
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Pick, Prediction
from transformer_edu.explorers.panels import Bars, Heatmap, Readout, Series, Sweep

SOURCE = ["die", "schwarze", "Katze", "schläft", "heute", "wieder"]
TRANSLATIONS = {
    "the cat sleeps": -2.6,
    "the black cat sleeps": -3.0,
    "the black cat sleeps again today": -3.2,
    "the cat sleeps the cat sleeps": -3.05,
}
COVERAGE = [
    [0.95, 0.05, 1.00, 0.95, 0.05, 0.10],
    [0.95, 0.95, 1.00, 0.90, 0.10, 0.10],
    [0.95, 0.90, 1.00, 0.95, 0.90, 0.90],
    [2.00, 0.05, 2.00, 2.00, 0.05, 0.10],
]
SHORT = ["short", "no adverbs", "whole", "repeats"]


class ScoredTranslations(TypedDict):
    """What `scored` returns."""

    source: Words
    names: Words
    translations: Words
    coverage: Shown["hypothesis source", ".2f"]
    scores: Shown["hypothesis", ".2f"]
    log_probabilities: Shown["hypothesis", ".2f"]
    lengths: Shown["hypothesis", ".0f"]
    penalties: Shown["hypothesis", ".3f"]
    left_out: Shown["hypothesis", ".2f"]
    best_length: Shown[".0f"]
    best: Shown[".0f"]
    score_0: Shown[".2f"]
    score_1: Shown[".2f"]
    score_2: Shown[".2f"]
    score_3: Shown[".2f"]


def scored(*, alpha: float, beta: float) -> ScoredTranslations:
    """Score four finished translations with GNMT's formula; the end mark counts as a token."""
    lengths = torch.tensor([len(text.split()) + 1 for text in TRANSLATIONS])
    log_probabilities, coverage = torch.tensor(list(TRANSLATIONS.values())), torch.tensor(COVERAGE)
    shares = length_penalty(lengths, alpha=alpha)
    left_out = coverage_penalty(coverage, beta=beta)
    scores = log_probabilities / shares + left_out
    best = scores.argmax()
    return {
        "source": SOURCE,
        "names": SHORT,
        "translations": list(TRANSLATIONS),
        "coverage": coverage,
        "scores": scores,
        "log_probabilities": log_probabilities,
        "lengths": lengths,
        "penalties": shares,
        "left_out": left_out,
        "best_length": lengths[best],
        "best": best + 1,
        **{f"score_{i}": score for i, score in enumerate(scores)},
    }


beam_scores = Explorer(
    id="beam-scores",
    title="Which translation is best? Probability, length, and what was left out",
    compute=scored,
    params=[
        Param(
            name="alpha",
            label="α: make up for length",
            values=tuple(i / 10 for i in range(11)),
            start=0.0,
        ),
        Param(name="beta", label="β: punish what was left out", values=(0.0, 0.05, 0.1, 0.15, 0.2), start=0.0),
    ],
    picks=[Pick(name="translation", label="translation to read off below", of="translations", start=0)],
    panels=[
        Bars(
            title="Score of each translation, measured from −5 (taller is better)",
            series=[Series("scores", "score", "query")],
            labels="names",
            domain=(-5.0, -1.5),
            height=240,
        ),
        Sweep(
            title="The same scores over α, at the present β",
            over="alpha",
            domain=(-5.0, -1.5),
            height=240,
            series=[
                Series(f"score_{i}", name, role)
                for i, (name, role) in enumerate(zip(SHORT, ("key", "value", "query", "output"), strict=True))
            ],
        ),
        Heatmap(
            title="How much each source word was looked at, summed over the translation",
            array="coverage",
            domain=(0, 2),
            rows="names",
            columns="source",
            row_label="translation",
            column_label="source word",
            mark=("translation",),
            height=220,
            wide=True,
        ),
    ],
    readouts=[
        Readout("log_probabilities", "log P", pick="translation"),
        Readout("lengths", "tokens, end mark included", pick="translation"),
        Readout("penalties", "divided by lp", pick="translation"),
        Readout("left_out", "plus cp", pick="translation"),
        Readout("scores", "score", pick="translation"),
        Readout("best_length", "tokens of the best one"),
    ],
    prediction=Prediction(
        question="β = 0, and α goes up from 0 to 1. Which translation takes over from the shortest one?",
        answers=("the whole one", "the one that repeats itself", "none does"),
        right=1,
        because="A longer output is divided by more, so its score comes nearer to 0. That helps every long "
        "translation, also the one that says the same thing twice. Turn β up a little: words that nobody looked at "
        "now cost something, and the whole translation wins.",
    ),
    code="import torch\n"
    "from transformer_edu.decoding import coverage_penalty, length_penalty\n"
    "from transformer_edu.explorers.recurrent.beam_scores import COVERAGE\n\n"
    "log_p, lengths = torch.tensor([-2.6, -3.0, -3.2, -3.05]), torch.tensor([4, 5, 7, 7])\n"
    "log_p / length_penalty(lengths, alpha={alpha}) + coverage_penalty(torch.tensor(COVERAGE), beta={beta})",
    alt="With α = {alpha} and β = {beta} translation {best} of four is best; it has {best_length} tokens.",
    note="Log-probabilities and looks are an example of our own, not the output of a model. Length and coverage "
    "penalty are those of Wu et al. (2016), eq. 14. Each written token has one unit of looks; what a row lacks lies on "
    "the end mark of the source.",
)
