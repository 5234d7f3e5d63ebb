"""What do eight kinds of positions make of sequences that are longer than those in training?

    python experiments/length_extrapolation.py

Trains a small decoder on copy, reverse and sort with lengths 1 … 8, for each kind of positions and each of three seeds,
and tests it on lengths up to 32. 72 runs, about 10 seconds of one core each. A stopped run goes on where it was.
"""

from pathlib import Path

from transformer_edu.data.sequences import TASKS
from transformer_edu.studies import measure_all
from transformer_edu.studies.extrapolation import KINDS, extrapolate

UNFINISHED = Path(__file__).resolve().parent.parent / "_build" / "experiments"
SETTINGS = [{"task": task, "kind": kind} for task in TASKS for kind in KINDS]
SEEDS = (0, 1, 2)


def run(*, task: str, kind: str, seed: int) -> dict[str, object]:
    """Train and test one model; keep every fiftieth mean loss."""
    found = extrapolate(task, KINDS[kind], seed=seed)
    losses = [sum(found.losses[i : i + 50]) / 50 for i in range(0, len(found.losses), 50)]
    return {
        "lengths": found.lengths,
        "tokens_right": [round(share, 4) for share in found.tokens_right],
        "answers_right": [round(share, 4) for share in found.answers_right],
        "losses": [round(loss, 4) for loss in losses],
    }


if __name__ == "__main__":
    print(measure_all("length_extrapolation", run, settings=SETTINGS, seeds=SEEDS, unfinished=UNFINISHED))
