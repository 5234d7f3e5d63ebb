"""What did the longer runs find? Their committed results: the scripts in `experiments/` write them, pages read them."""

from transformer_edu.measured.results import Measured, measured, measured_weights
from transformer_edu.measured.runs import measure_all

__all__ = ["Measured", "measure_all", "measured", "measured_weights"]
