"""Additive or dot product at large widths? Each function at several learning rates, three seeds; nothing is chosen.

    python experiments/additive_or_dot.py

About ten minutes on one core. Stopped, it goes on where it was. It writes
transformer_edu/studies/results/additive_or_dot.json, which the chapter on scores reads.
"""

from pathlib import Path

from transformer_edu.studies import measure_all
from transformer_edu.studies.score_retrieval import SCORES, train_scores

HIDDEN = (16, 128, 1024)
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03)
UNFINISHED = Path(__file__).resolve().parent.parent / "_build" / "experiments"


def run(*, score: str, hidden: int, learning_rate: float, seed: int) -> dict[str, float]:
    """Train once and round what is kept."""
    found = train_scores(score, hidden=hidden, learning_rate=learning_rate, seed=seed)
    return {name: round(value, 4) for name, value in found._asdict().items()}


if __name__ == "__main__":
    settings = [
        {"score": score, "hidden": hidden, "learning_rate": rate}
        for hidden in HIDDEN
        for score in SCORES
        for rate in RATES
    ]
    print(measure_all("additive_or_dot", run, settings=settings, seeds=(0, 1, 2), unfinished=UNFINISHED))
