"""How much of what Shaw's positions do with longer texts hangs on the distance at which they are clipped?

    python -m transformer_edu.studies shaw_clip

12 runs of about 10 seconds each on one core; the chapter on positions reads them all.

The copy task of length_extrapolation, trained with lengths 1 … 8, with four clips.
"""

from typing import Any

from transformer_edu.studies.length_extrapolation import Kind, extrapolate, shaw

SETTINGS = [{"clip": clip} for clip in (4, 8, 16, 32)]
SEEDS = (0, 1, 2)


def run(*, clip: int, seed: int) -> dict[str, Any]:
    """Train and test one model."""
    found = extrapolate("copy", Kind(lambda: shaw(clip)), seed=seed)
    return {"lengths": found.lengths, "tokens_right": [round(share, 4) for share in found.tokens_right]}
