"""What do we feed the mechanisms? Small data, real and synthetic, the same on every machine."""

from transformer_edu.tasks.key_retrieval import train_retrieval
from transformer_edu.tasks.random_vectors import ENTRIES, random_vectors, seeded
from transformer_edu.tasks.training import train
from transformer_edu.tasks.two_lookups import LookupTask, lookup_heads, read_out_accuracy

__all__ = [
    "ENTRIES",
    "LookupTask",
    "lookup_heads",
    "random_vectors",
    "read_out_accuracy",
    "seeded",
    "train",
    "train_retrieval",
]
