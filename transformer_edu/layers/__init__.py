"""What is a layer made of? Attention and a feed-forward network, each added to the stream and normalized."""

from transformer_edu.layers.cache import Cache, Extended, attend_cached, empty_cache, extend_cache, stack_caches
from transformer_edu.layers.decoder_layer import AttendedTwice, DecoderLayer
from transformer_edu.layers.encoder_layer import EncoderLayer
from transformer_edu.layers.feed_forward import FeedForward, feed_forward, gelu
from transformer_edu.layers.pre_norm_layer import PreNormDecoderLayer, PreNormEncoderLayer
from transformer_edu.layers.relu_feed_forward import ReluFeedForward, relu_feed_forward

__all__ = [
    "AttendedTwice",
    "Cache",
    "DecoderLayer",
    "EncoderLayer",
    "Extended",
    "FeedForward",
    "PreNormDecoderLayer",
    "PreNormEncoderLayer",
    "ReluFeedForward",
    "attend_cached",
    "empty_cache",
    "extend_cache",
    "feed_forward",
    "gelu",
    "relu_feed_forward",
    "stack_caches",
]
