"""What is a layer made of? Parts, each added to the stream and normalized; nothing is copied for a variant.

A layer is a tuple of sub-layers, a sub-layer is a part and a residual order, and all of them are objects:

    Layer(Sublayer(SelfAttention(attention), PreNorm(norm)), Sublayer(TokenNetwork(network), PreNorm(other_norm)))

A variant is the file of what differs. Another residual order has `read(tokens, given)` and `join(tokens, said, given)`.
Another part is called `part(tokens, given)` and returns Passed(outputs, seen), where `seen` is whatever it has to show;
to continue a sequence it has `start(given)` and `extend(tokens, given, state)`, which returns Extended(outputs, seen,
state). Another attention, network or norm goes into the parts that there are. To share is to use one object twice.
"""

from transformer_edu.layers.allowed_after import allowed_after
from transformer_edu.layers.cache import Cache, SourceCache, check_batch, count_on, extend_cache, places_of_each
from transformer_edu.layers.decoder_layer import decoder_layer
from transformer_edu.layers.encoder_layer import encoder_layer
from transformer_edu.layers.feed_forward import FeedForward, feed_forward
from transformer_edu.layers.gelu import Gelu, gelu
from transformer_edu.layers.given import NOTHING, Extended, Given, Passed
from transformer_edu.layers.in_a_row import extend_through, pass_through
from transformer_edu.layers.layer import Layer
from transformer_edu.layers.look import look
from transformer_edu.layers.post_norm import PostNorm
from transformer_edu.layers.pre_norm import PreNorm
from transformer_edu.layers.relu import Relu, relu
from transformer_edu.layers.self_attention import SelfAttention
from transformer_edu.layers.source_attention import SourceAttention
from transformer_edu.layers.sublayer import Sublayer
from transformer_edu.layers.token_network import TokenNetwork

__all__ = [
    "NOTHING",
    "Cache",
    "Extended",
    "FeedForward",
    "Gelu",
    "Given",
    "Layer",
    "Passed",
    "PostNorm",
    "PreNorm",
    "Relu",
    "SelfAttention",
    "SourceAttention",
    "SourceCache",
    "Sublayer",
    "TokenNetwork",
    "allowed_after",
    "check_batch",
    "count_on",
    "decoder_layer",
    "encoder_layer",
    "extend_cache",
    "extend_through",
    "feed_forward",
    "gelu",
    "look",
    "pass_through",
    "places_of_each",
    "relu",
]
