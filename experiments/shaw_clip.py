"""How much of what Shaw's positions do with longer texts hangs on the distance at which they are clipped?

    python experiments/shaw_clip.py

The copy task of length_extrapolation.py, trained with lengths 1 … 8, with four clips and three seeds. 12 runs, about 10
seconds of one core each. A stopped run goes on where it was.
"""

from functools import partial
from pathlib import Path

from transformer_edu.studies import measure_all
from transformer_edu.studies.extrapolation import extrapolate
from transformer_edu.studies.position_kinds import Shaw

UNFINISHED = Path(__file__).resolve().parent.parent / "_build" / "experiments"


def run(*, clip: int, seed: int) -> dict[str, object]:
    """Train and test one model."""
    found = extrapolate("copy", partial(Shaw, clip=clip), seed=seed)
    return {"lengths": found.lengths, "tokens_right": [round(share, 4) for share in found.tokens_right]}


if __name__ == "__main__":
    settings = [{"clip": clip} for clip in (4, 8, 16, 32)]
    print(measure_all("shaw_clip", run, settings=settings, seeds=(0, 1, 2), unfinished=UNFINISHED))
