"""How are the weights found? Starts, schedules, losses, and the loop."""

from transformer_edu.training.initialize import initialize
from transformer_edu.training.label_smoothing import smoothed_cross_entropy
from transformer_edu.training.loop import train
from transformer_edu.training.noam import noam_rate

__all__ = [
    "initialize",
    "noam_rate",
    "smoothed_cross_entropy",
    "train",
]
