"""What stands around attention: normalization, a feed-forward network, layers, and the machines made of them."""

from transformer_edu.transformer.cache import (
    Cache,
    Extended,
    attend_cached,
    empty_cache,
    extend_cache,
    stack_caches,
)
from transformer_edu.transformer.cost import LayerCost, ModelCost, decoder_layer_cost, layer_cost, model_cost
from transformer_edu.transformer.decoded import Decoded, Step
from transformer_edu.transformer.decoder import Decoder, allowed_after
from transformer_edu.transformer.decoder_layer import AttendedTwice, DecoderLayer
from transformer_edu.transformer.decoder_only import Continued, DecoderOnly
from transformer_edu.transformer.decoding_cost import StepCost, cached_step_cost, uncached_step_cost
from transformer_edu.transformer.embedding import Embedding, embed, unembed
from transformer_edu.transformer.encoder import Encoder, PreNormEncoder
from transformer_edu.transformer.encoder_decoder import DecoderState, EncoderDecoder
from transformer_edu.transformer.encoder_layer import EncoderLayer
from transformer_edu.transformer.encoder_only import EncoderOnly
from transformer_edu.transformer.feed_forward import FeedForward, feed_forward, gelu
from transformer_edu.transformer.growth import growth_exponent, saved_bytes
from transformer_edu.transformer.initialize import initialize
from transformer_edu.transformer.label_smoothing import smoothed_cross_entropy
from transformer_edu.transformer.layer_norm import LayerNorm, layer_norm
from transformer_edu.transformer.noam import noam_rate
from transformer_edu.transformer.pre_norm_layer import PreNormDecoderLayer, PreNormEncoderLayer
from transformer_edu.transformer.relu_feed_forward import ReluFeedForward, relu_feed_forward
from transformer_edu.transformer.shift import END, PAD, START, shift_right

__all__ = [
    "END",
    "PAD",
    "START",
    "AttendedTwice",
    "Cache",
    "Continued",
    "Decoded",
    "Decoder",
    "DecoderLayer",
    "DecoderOnly",
    "DecoderState",
    "Embedding",
    "Encoder",
    "EncoderDecoder",
    "EncoderLayer",
    "EncoderOnly",
    "Extended",
    "FeedForward",
    "LayerCost",
    "LayerNorm",
    "ModelCost",
    "PreNormDecoderLayer",
    "PreNormEncoder",
    "PreNormEncoderLayer",
    "ReluFeedForward",
    "Step",
    "StepCost",
    "allowed_after",
    "attend_cached",
    "cached_step_cost",
    "decoder_layer_cost",
    "embed",
    "empty_cache",
    "extend_cache",
    "feed_forward",
    "gelu",
    "growth_exponent",
    "initialize",
    "layer_cost",
    "layer_norm",
    "model_cost",
    "noam_rate",
    "relu_feed_forward",
    "saved_bytes",
    "shift_right",
    "smoothed_cross_entropy",
    "stack_caches",
    "uncached_step_cost",
    "unembed",
]
