"""What a model that writes returns, and what it has to remember between two tokens."""

from typing import Any, NamedTuple

from einops import reduce
from jaxtyping import Bool, Float, Int
from torch import Tensor

from transformer_edu.layers import count_on


class Decoded(NamedTuple):
    """All logits of a target that is known (teacher forcing), and where each of its tokens looked.

    logits[:, t] scores the token that follows targets_in[:, t]. weights: where it looked in the source, or in the text
    itself if the model has no source (DecoderOnly: source = target); None if no weights were shown.
    seen: what the layers of the decoder have to show, an entry for each; source_seen: the same of the encoder.
    """

    logits: Float[Tensor, "batch target vocab"]
    weights: Float[Tensor, "batch target source"] | None
    seen: tuple[Any, ...] = ()
    source_seen: tuple[Any, ...] = ()


class Step(NamedTuple):
    """The logits of the next token, where its query looked in the source, and what the next step has to remember.

    state is a NamedTuple of tensors (nested ones allowed), each with the batch axis first: a beam search reorders
    hypotheses by choosing entries of that axis in every tensor. seen: what the layers have to show, an entry for each.
    """

    logits: Float[Tensor, "batch vocab"]
    weights: Float[Tensor, "batch source"] | None
    state: Any
    seen: tuple[Any, ...] = ()


class DecoderState(NamedTuple):
    """What a decoder remembers between two tokens: where the next one will stand, and what each layer remembers.

    `layers` has an entry for each layer, and that an entry for each sub-layer: keys and values of the tokens so far, or
    of the source. Without a source, source_allowed is None.
    """

    next_places: Int[Tensor, "batch *axis"]
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
    return count_on(state.next_places, token_ids.shape[1])


def mean_weights(seen: tuple[Any, ...], *, part: int = 0) -> Float[Tensor, "batch query key"] | None:
    """Return where the last layer looked: the mean over the heads of its first part that shows weights, or a later one.

        A = 1/heads · Σₕ Aₕ

    Weights are a tensor of four axes, `batch head query key`, wherever the layer shows it; nothing else is asked of a
    layer or its parts. None if it shows no such tensor, or if there is no layer.

    seen: what the layers have to show. part: which of the parts that show weights, counted from 0.

    Cost: O(head · query · key).
    Source: a convention of this book, and of torch's nn.MultiheadAttention.
    """
    last = seen[-1] if seen else ()
    entries = last if isinstance(last, tuple) else (last,)
    shown = [entry for entry in entries if isinstance(entry, Tensor) and entry.ndim == 4]
    return reduce(shown[part], "batch head query key -> batch query key", "mean") if part < len(shown) else None
