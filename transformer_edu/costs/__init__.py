"""What does it cost? Multiply-adds and bytes, of a score, a layer, a model, a written token."""

from transformer_edu.costs.attention import Cost, attention_cost
from transformer_edu.costs.decoding import StepCost, cached_step_cost, uncached_step_cost
from transformer_edu.costs.growth import growth_exponent, saved_bytes
from transformer_edu.costs.layers import LayerCost, ModelCost, decoder_layer_cost, layer_cost, model_cost
from transformer_edu.costs.recurrent import LayerBill, attention_bill, recurrent_bill

__all__ = [
    "Cost",
    "LayerBill",
    "LayerCost",
    "ModelCost",
    "StepCost",
    "attention_bill",
    "attention_cost",
    "cached_step_cost",
    "decoder_layer_cost",
    "growth_exponent",
    "layer_cost",
    "model_cost",
    "recurrent_bill",
    "saved_bytes",
    "uncached_step_cost",
]
