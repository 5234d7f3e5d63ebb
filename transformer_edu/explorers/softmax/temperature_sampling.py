"""How bold is the choice of the next word? Eight fixed logits at any temperature, and draws from them."""

from typing import TypedDict

import torch

from transformer_edu.data import seeded
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Bars, Readout, Series, Sweep
from transformer_edu.softmax import entropy, perplexity, sample, softmax

WORDS = ("mat", "sofa", "floor", "roof", "table", "moon", "idea", "of")
LOGITS = (4.0, 3.4, 3.1, 2.2, 1.5, 0.3, -1.0, -2.5)
TEMPERATURES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0, 10.0)


class Sampling(TypedDict):
    """What `sampling` returns."""

    words: Words
    probabilities: Shown["word", ".3f"]
    shares: Shown["word", ".3f"]
    entropy: Shown[".3f"]
    effective_words: Shown[".2f"]
    largest: Shown[".3f"]
    never_drawn: Shown["d"]
    apart: Shown[".3f"]


def sampling(*, temperature: float, draws: int) -> Sampling:
    """Turn eight fixed logits into probabilities and draw from them."""
    probabilities = softmax(torch.tensor(LOGITS), temperature=temperature)
    drawn = sample(probabilities.cpu(), count=draws, generator=seeded(1))
    shares = torch.bincount(drawn, minlength=len(WORDS)) / draws
    return {
        "words": list(WORDS),
        "probabilities": probabilities,
        "shares": shares,
        "entropy": entropy(probabilities),
        "effective_words": perplexity(probabilities),
        "largest": probabilities.max(),
        "never_drawn": (shares == 0).sum(),
        "apart": (shares - probabilities.cpu()).abs().sum() / 2,
    }


temperature_sampling = Explorer(
    id="temperature",
    title="The cat sat on the … — how bold is the choice?",
    compute=sampling,
    params=[
        Param(name="temperature", label="temperature T", values=TEMPERATURES, start=1.0),
        Param(
            name="draws",
            label="words drawn",
            values=(10, 100, 1000, 10000),
            start=100,
            live=(10, 100, 1000, 10000, 1000000),
        ),
    ],
    panels=[
        Bars(
            title="Probability of the next word, and what was drawn",
            labels="words",
            height=220,
            series=[Series("probabilities", "probability", "query"), Series("shares", "share of the draws", "key")],
        ),
        Sweep(
            title="How many words are really in play?",
            over="temperature",
            x_log=True,
            domain=(0, 8),
            height=220,
            series=[Series("effective_words", "effective words", "query")],
        ),
    ],
    readouts=[
        Readout("entropy", "entropy", "nats"),
        Readout("effective_words", "effective words", "of 8"),
        Readout("largest", "largest probability"),
        Readout("never_drawn", "words never drawn"),
        Readout("apart", "draws and probabilities differ by"),
    ],
    prediction=Prediction(
        question="the temperature goes to 10. The order of the words, from most to least probable,",
        answers=("turns round", "becomes random", "stays as it is"),
        right=2,
        because="Dividing all logits by one positive number never swaps two of them; it only moves the probabilities "
        "together (T large) or apart (T small).",
    ),
    code="import torch\n"
    "from transformer_edu.softmax import perplexity, softmax\n\n"
    f"logits = torch.tensor({list(LOGITS)})\n"
    "probabilities = softmax(logits, temperature={temperature})\n"
    "perplexity(probabilities)",
    alt="Probabilities of eight words at temperature {temperature}; {effective_words} effective words. {draws} draws "
    "beside them.",
    note="The eight logits were chosen by hand; the probabilities and the draws are computed.",
)
