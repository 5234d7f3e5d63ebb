"""A real encoder, all-MiniLM-L6-v2: its trained weights, run by this package's own attention and normalization."""

from transformer_edu.minilm.model import Encoded, InputEmbedding, MiniLM, load_minilm
from transformer_edu.minilm.reading import Reading, Tokenized, embed, read, tokenize
from transformer_edu.minilm.weights import MissingWeights, available, cache_folder, fetch_weights

__all__ = [
    "Encoded",
    "InputEmbedding",
    "MiniLM",
    "MissingWeights",
    "Reading",
    "Tokenized",
    "available",
    "cache_folder",
    "embed",
    "fetch_weights",
    "load_minilm",
    "read",
    "tokenize",
]
