"""Ask several questions at once: the values at some positions, in order. What can one head bring home, what can many?

Each of eight tokens holds one of four symbols. The answer to a task with m lookups is the symbol at position 1, the
symbol at position 2, … up to m. The heads are built by hand so that nothing depends on training: each head looks, with
equal weight, at the positions that fall to it, and all heads together always hand on 16 numbers.
"""

from typing import NamedTuple

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from transformer_edu.attention import scaled_dot_product_attention

TOKENS, SYMBOLS, WIDTH = 8, 4, 16
SHARPNESS = 100.0  # scores of 0 and 100: a head's weight outside its positions is below 1e-40


class LookupTask(NamedTuple):
    """Tokens' symbols, and what the heads make of them."""

    symbols: Int[Tensor, "*batch token"]
    weights: Float[Tensor, "head token"]
    outputs: Float[Tensor, "*batch feature"]


def lookup_heads(symbols: Int[Tensor, "*batch token"], *, heads: int, lookups: int) -> LookupTask:
    """Let `heads` heads look up the first `lookups` positions and concatenate what they find (16 numbers in all).

    With fewer heads than lookups a head must average over its positions; with more, several share a position and each
    carries a part of the symbol's code.

    Raises: ValueError unless heads is 1, 2, 4 or 8 (they share a width of 16, two numbers a head at least).
    """
    if heads not in (1, 2, 4, 8):
        raise ValueError(f"lookup_heads needs 1, 2, 4 or 8 heads (they share a width of {WIDTH}), got heads={heads}.")
    head, position = torch.arange(heads)[:, None], torch.arange(TOKENS)[None, :]
    wanted = (position < lookups) & ((position % heads == head) if heads < lookups else (head % lookups == position))
    queries = SHARPNESS * wanted.float().to(symbols.device)
    keys = torch.eye(TOKENS, device=symbols.device)
    codes = torch.nn.functional.one_hot(symbols, SYMBOLS).float()
    values = rearrange(
        codes[..., feature_of(heads, lookups).to(symbols.device)], "... token head dim -> ... head token dim"
    )
    asked = queries[:, None, :].expand(*values.shape[:-2], 1, TOKENS)
    outputs, weights = scaled_dot_product_attention(asked, keys.expand(*values.shape[:-2], -1, -1), values, scale=1.0)
    return LookupTask(
        symbols, weights.reshape(-1, heads, TOKENS)[0], rearrange(outputs, "... head 1 dim -> ... (head dim)")
    )


def feature_of(heads: int, lookups: int) -> Int[Tensor, "head head_dim"]:
    """Say which of the four code numbers each head's values hold: all of them, or one half by turns in narrow heads."""
    head_dim = WIDTH // heads
    part = torch.arange(heads)[:, None] // lookups * head_dim
    return (torch.arange(head_dim)[None, :] + part) % SYMBOLS


def read_out_accuracy(*, heads: int, lookups: int, generator: torch.Generator, examples: int = 2048) -> float:
    """Fit a linear read-out of the looked-up symbols by least squares; return its accuracy on fresh examples.

    Chance is 1/4. An answer counts symbol by symbol, each in its place.
    """
    symbols = torch.randint(0, SYMBOLS, (2, examples, TOKENS), generator=generator, device=generator.device)
    features = lookup_heads(symbols, heads=heads, lookups=lookups).outputs.double()
    features = torch.cat([features, torch.ones_like(features[..., :1])], dim=-1)
    targets = torch.nn.functional.one_hot(symbols[..., :lookups], SYMBOLS).double()
    answers = rearrange(targets, "half example lookup symbol -> half example (lookup symbol)")
    read_out = torch.linalg.pinv(features[0]) @ answers[0]
    guesses = rearrange(features[1] @ read_out, "example (lookup symbol) -> example lookup symbol", symbol=SYMBOLS)
    return (guesses.argmax(-1) == symbols[1, :, :lookups]).double().mean().item()
