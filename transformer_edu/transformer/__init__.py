"""What stands around attention: normalization, a feed-forward network, and the encoder layer that joins them."""

from transformer_edu.transformer.decoded import Decoded, Step
from transformer_edu.transformer.encoder_layer import EncoderLayer
from transformer_edu.transformer.feed_forward import FeedForward, feed_forward, gelu
from transformer_edu.transformer.layer_norm import LayerNorm, layer_norm

__all__ = [
    "Decoded",
    "EncoderLayer",
    "FeedForward",
    "LayerNorm",
    "Step",
    "feed_forward",
    "gelu",
    "layer_norm",
]
