"""Train an LSTM to repeat what it read some steps ago, with gradients that are cut every k steps.

    .venv/bin/python experiments/delay_copy.py

78 runs of about 7 seconds each on one CPU thread; the chapter on recurrence trains two of them and reads all. A run
that is `frozen` trains the read-out of a random LSTM only.
"""

from pathlib import Path

import torch

from transformer_edu.studies import measure_all
from transformer_edu.studies.delay_copy import TOKENS, train_delay_copy

CUTS = {1: (1, 2, 4, TOKENS), 2: (1, 2, 3, 4, TOKENS), 4: (1, 4, 5, 6, 8, TOKENS), 8: (1, 8, 9, 10, 12, 16, TOKENS)}


def run(*, delay: int, every: int, frozen: bool, seed: int) -> dict:
    """Train once; keep the curve, rounded to what 256 streams can tell."""
    learned = train_delay_copy(delay=delay, every=every, seed=seed, frozen=frozen)
    return {"updates": learned.updates, "accuracies": [round(share, 4) for share in learned.accuracies]}


def main() -> None:
    torch.set_num_threads(1)
    settings = [{"delay": delay, "every": every, "frozen": False} for delay in CUTS for every in CUTS[delay]]
    settings += [{"delay": delay, "every": TOKENS, "frozen": True} for delay in CUTS]
    unfinished = Path(__file__).resolve().parents[1] / "_build" / "experiments"
    measure_all("delay_copy", run, settings=settings, seeds=(0, 1, 2), unfinished=unfinished)


if __name__ == "__main__":
    main()
