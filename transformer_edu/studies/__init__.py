"""What comes out when the mechanisms are trained? One file a question, and the results of the longer runs."""

from transformer_edu.studies.committed import Measured, measured, measured_weights
from transformer_edu.studies.runs import measure_all

__all__ = ["Measured", "measure_all", "measured", "measured_weights"]
