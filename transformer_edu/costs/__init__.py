"""What does it cost? Multiply-adds and bytes, of a score, a layer, a model, a written token."""

from transformer_edu.costs.attention import attention_cost
from transformer_edu.costs.cost import Cost, check_counts, parameter_counts
from transformer_edu.costs.decoding import cached_step_cost, uncached_step_cost
from transformer_edu.costs.growth import growth_exponent, saved_bytes
from transformer_edu.costs.layers import decoder_layer_cost, feed_forward_cost, layer_cost, model_cost
from transformer_edu.costs.recurrent import recurrent_cost

__all__ = [
    "Cost",
    "attention_cost",
    "cached_step_cost",
    "check_counts",
    "decoder_layer_cost",
    "feed_forward_cost",
    "growth_exponent",
    "layer_cost",
    "model_cost",
    "parameter_counts",
    "recurrent_cost",
    "saved_bytes",
    "uncached_step_cost",
]
