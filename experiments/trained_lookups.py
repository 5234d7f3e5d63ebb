"""Train one head and two on two lookups, with a linear read-out and with a feed-forward network behind them.

    .venv/bin/python experiments/trained_lookups.py

Twelve runs of a few seconds each, on one CPU thread; the chapter on attention trains two of them and reads all.
"""

from pathlib import Path

import torch

from transformer_edu.studies import measure_all
from transformer_edu.studies.trained_lookups import train_lookups


def run(*, heads: int, feed_forward: bool, seed: int) -> dict:
    """Train once; keep the curve of both answers, rounded to what 2048 examples can tell."""
    learned = train_lookups(heads=heads, feed_forward=feed_forward, seed=seed)
    return {
        "steps": learned.steps,
        "both": [round(share, 4) for share in learned.both],
        "first": round(learned.first[-1], 4),
        "second": round(learned.second[-1], 4),
    }


def main() -> None:
    torch.set_num_threads(1)
    settings = [{"heads": heads, "feed_forward": bent} for bent in (False, True) for heads in (1, 2)]
    unfinished = Path(__file__).resolve().parents[1] / "_build" / "experiments"
    measure_all("trained_lookups", run, settings=settings, seeds=(0, 1, 2), unfinished=unfinished)


if __name__ == "__main__":
    main()
