"""Read a text with MiniLM: its word pieces, the hidden states of all layers, the weights of all heads."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from transformer_edu.minilm.model import MiniLM


class Tokenized(NamedTuple):
    """The word pieces of a text, as strings and as numbers."""

    tokens: list[str]
    token_ids: Int[Tensor, "token"]


class Reading(NamedTuple):
    """A text as MiniLM saw it; entry 0 of the hidden states is what entered the first layer."""

    tokens: list[str]
    hidden_states: Float[Tensor, "layer+1 token dim"]
    weights: Float[Tensor, "layer head query key"]


def tokenize(minilm: MiniLM, text: str) -> Tokenized:
    """Cut a text into word pieces, in lower case, between [CLS] and [SEP]; "##" marks one that continues a word.

    Raises: ValueError if nothing is left of the text, or more than MiniLM has positions for.
    """
    pieces = minilm.tokenizer.encode(text)
    limit = minilm.embedding.position.num_embeddings
    if all(pieces.special_tokens_mask):
        raise ValueError(f"tokenize needs a text with at least one letter, digit or sign, got text={text!r}.")
    if len(pieces.ids) > limit:
        raise ValueError(
            f"tokenize needs a text of at most {limit} word pieces with [CLS] and [SEP] (MiniLM has no more "
            f"positions), got {len(pieces.ids)}. Split the text, for example into sentences."
        )
    return Tokenized(pieces.tokens, torch.tensor(pieces.ids, device=minilm.embedding.token.weight.device))


def read(minilm: MiniLM, text: str) -> Reading:
    """Read one text and keep all that the layers computed. No gradients are recorded.

    Raises: ValueError for an empty or too long text.
    """
    tokens, token_ids = tokenize(minilm, text)
    with torch.no_grad():
        return Reading(tokens, *minilm(token_ids))


def embed(minilm: MiniLM, text: str) -> Float[Tensor, "dim"]:
    """Describe a text by one vector of length 1; texts that mean similar things get similar directions.

        e = m / ‖m‖,   m = mean over all tokens of the last hidden state

    The product of two embeddings is the cosine of their angle: 1 for the same direction, 0 for unrelated ones.

    Source: [reimers2019sentence] section 3, mean pooling.
    """
    mean = read(minilm, text).hidden_states[-1].mean(dim=0)
    return mean / mean.norm()
