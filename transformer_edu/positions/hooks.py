"""One object that tells a machine where its tokens stand: at up to five moments, with a mechanism at each or none."""

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.positions.places import Places, check_places, count_places


class Positions(nn.Module):
    """Hold what places change, moment by moment; a moment without a mechanism changes nothing.

        x ← place(x, p)                              once, in front of the first layer
        q = enter(x, p) W^Q,   k = enter(x, p) W^K   in each layer; values are made of x as it is
        q ← turn(q, p),        k ← turn(k, p)        head by head
        scores ← scores + bias(q, k, p, p′)          behind the scaling by 1/√head_dim
        outputs ← outputs + mix(weights, p, p′)      what distances add to the mixed values

    Each is a small module: AddSinusoidal or AddLearned at `place` (or at `enter`, as in DETR), Rotary at `turn`, Alibi,
    T5Bias, TransformerXLBias, GridBias or ShawKeys at `bias`, ShawValues at `mix`. They combine freely. Layers that
    get the same object share what it has learned. The machine calls `place`, the attention calls the others.
    enter_keys: what enters another sequence's keys, if that is not what enters the queries.
    Places that nobody gives are 0, 1, 2, … A mechanism says in `reads_rows` whether each is one number or a row.

    Cost: that of the mechanisms.
    Source: a convention of this book.
    """

    def __init__(
        self,
        *,
        place: nn.Module | None = None,
        enter: nn.Module | None = None,
        enter_keys: nn.Module | None = None,
        turn: nn.Module | None = None,
        bias: nn.Module | None = None,
        mix: nn.Module | None = None,
    ):
        super().__init__()
        hooks = {"place": place, "enter": enter, "enter_keys": enter_keys, "turn": turn, "bias": bias, "mix": mix}
        self.hooks = nn.ModuleDict({moment: hook for moment, hook in hooks.items() if hook is not None})

    def place(
        self, tokens: Float[Tensor, "*batch token dim"], places: Places | None = None
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the tokens as the first layer gets them."""
        return self._changed("place", tokens, places)

    def enter(
        self, tokens: Float[Tensor, "*batch token dim"], places: Places | None = None
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the tokens as queries and keys are made from them."""
        return self._changed("enter", tokens, places)

    def enter_keys(
        self, memory: Float[Tensor, "*batch key dim"], places: Places | None = None
    ) -> Float[Tensor, "*batch key dim"]:
        """Return another sequence's tokens as keys are made from them."""
        return self._changed("enter_keys" if "enter_keys" in self.hooks else "enter", memory, places)

    def turn(
        self, vectors: Float[Tensor, "*batch head token head_dim"], places: Places | None = None
    ) -> Float[Tensor, "*batch head token head_dim"]:
        """Return queries or keys as they are compared."""
        return self._changed("turn", vectors, places)

    def bias(
        self,
        queries: Float[Tensor, "*batch head query head_dim"],
        keys: Float[Tensor, "*batch head key head_dim"],
        query_places: Places | None = None,
        key_places: Places | None = None,
    ) -> Float[Tensor, "*#batch head query key"] | None:
        """Return what is added to the scaled scores, in float32 at least; None if nothing is."""
        if "bias" not in self.hooks:
            return None
        hook = self.hooks["bias"]
        return hook(queries, keys, _known(hook, query_places, queries, 3), _known(hook, key_places, keys, 3))

    @property
    def mixes(self) -> bool:
        """Say whether distances add to the mixed values: then the weights are needed."""
        return "mix" in self.hooks

    def mix(
        self,
        weights: Float[Tensor, "*batch head query key"],
        query_places: Places | None = None,
        key_places: Places | None = None,
    ) -> Float[Tensor, "*batch head query value_dim"]:
        """Return what is added to the mixed values."""
        hook = self.hooks["mix"]
        return hook(weights, _known(hook, query_places, weights, 3), _known(hook, key_places, weights.mT, 3))

    def _changed(self, moment: str, tokens: Tensor, places: Tensor | None) -> Tensor:
        if moment not in self.hooks:
            return tokens
        return self.hooks[moment](tokens, _known(self.hooks[moment], places, tokens, 3 if moment == "turn" else 2))


def _known(hook: nn.Module, places: Tensor | None, tokens: Tensor, own_axes: int) -> Tensor:
    """Return the places as the mechanism reads them: own_axes are those of tokens that are not batch."""
    if places is None:
        return count_places(tokens)
    in_rows = getattr(hook, "reads_rows", None)
    check_places(places, tokens=tokens.shape[-2], in_rows=in_rows, batch=tokens.shape[:-own_axes])
    return places
