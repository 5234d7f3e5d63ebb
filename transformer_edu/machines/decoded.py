"""What a model that writes returns, and what it has to remember between two tokens."""

from typing import Any, NamedTuple

import torch
from einops import rearrange, reduce
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_edu.layers import Layer


class Decoded(NamedTuple):
    """All logits of a target that is known (teacher forcing), and where each of its tokens looked in the source.

    logits[:, t] scores the token that follows targets_in[:, t]. weights is None for a model without attention.
    """

    logits: Float[Tensor, "batch target vocab"]
    weights: Float[Tensor, "batch target source"] | None


class Step(NamedTuple):
    """The logits of the next token, where its query looked in the source, and what the next step has to remember.

    state is a NamedTuple of tensors (nested ones allowed), each with the batch axis first: a beam search reorders
    hypotheses by choosing entries of that axis in every tensor.
    """

    logits: Float[Tensor, "batch vocab"]
    weights: Float[Tensor, "batch source"] | None
    state: Any


class DecoderState(NamedTuple):
    """What a decoder remembers between two tokens: where the next one will stand, and what each layer remembers.

    `layers` has an entry for each layer, and that an entry for each sub-layer: keys and values of the tokens so far, or
    of the source. Without a source, source_allowed is None.
    """

    next_places: Int[Tensor, "batch"]
    layers: tuple[Any, ...]
    source_allowed: Bool[Tensor, "batch source"] | None = None


def following_places(state: DecoderState, token_ids: Int[Tensor, "batch token"]) -> Int[Tensor, "batch token"]:
    """Return where tokens stand that continue what was read or written before.

        p = next, next + 1, …   for each sequence

    Cost: O(token).
    Raises: ValueError if the state belongs to a batch of another size: one of size 1 would be stretched in silence.
    Source: a convention of this book.
    """
    if len(state.next_places) != len(token_ids):
        raise ValueError(
            f"following_places needs a state of the same batch (each sequence has its own, "
            f"token_ids.batch={len(token_ids)}), got state.batch={len(state.next_places)}."
        )
    counted = torch.arange(token_ids.shape[1], device=token_ids.device)
    return rearrange(state.next_places, "batch -> batch 1") + counted


def mean_weights(
    layer: Layer, seen: tuple[Any, ...], kind: type[nn.Module]
) -> Float[Tensor, "*batch query key"] | None:
    """Return where a layer looked by its first part of a kind: the mean over the heads; None if there is no such part.

        A = 1/heads · Σₕ Aₕ

    kind: SelfAttention or SourceAttention. seen: what the layer had to show.

    Cost: O(head · query · key).
    Source: a convention of this book, and of torch's nn.MultiheadAttention.
    """
    for sublayer, shown in zip(layer.sublayers, seen, strict=True):
        if isinstance(sublayer.part, kind):
            return reduce(shown, "... head query key -> ... query key", "mean")
    return None
