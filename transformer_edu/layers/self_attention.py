"""The part of a layer in which the tokens look at each other."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.attention import Projected
from transformer_edu.layers.allowed_after import allowed_after
from transformer_edu.layers.cache import Cache, count_on, extend_cache, places_of_each
from transformer_edu.layers.given import NOTHING, Extended, Given, Passed
from transformer_edu.layers.look import look


class SelfAttention(nn.Module):
    """Make a part of any attention: queries, keys and values come from the same tokens. It shows its weights.

        y = attention(x, x)

    To continue a sequence it remembers keys and values, which are computed once, when a token is written.

    attention: called as `attention(tokens, memory, query_places=…, key_places=…, allowed=…)`, with `project` for a
    memory that is remembered (with `own` for the tokens' own), and `fused` (with `causal`) if it has a fused form.

    Cost: that of the attention; a step projects the new tokens only, but positions that project distances
    (TransformerXLBias) project them all again. An attention without a fused form takes its plain path on the fused one.
    Source: [vaswani2017attention] section 3.2.3; [shazeer2019fast] section 2.4.
    """

    def __init__(self, attention: nn.Module):
        super().__init__()
        self.attention = attention

    def forward(self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING) -> Passed:
        """Return what the tokens found, and the weights of all heads."""
        places = {"query_places": given.places, "key_places": given.places}
        if given.fused and hasattr(self.attention, "fused"):  # the kernel draws the causal mask itself
            return Passed(self.attention.fused(tokens, **places, allowed=given.allowed, causal=given.causal), None)
        return look(self.attention, tokens, **places, allowed=_allowed(given, 0, tokens))

    def start(self, given: Given) -> None:
        """Remember nothing: there is no token yet."""

    def extend(self, tokens: Float[Tensor, "batch token dim"], given: Given, state: Cache | None) -> Extended:
        """Put the new tokens' keys and values behind the old ones, then look at all of them.

        A token looks at itself, too: so its key has to be there before it looks. `allowed` covers old and new keys.
        Without places the tokens go on behind the last place that is remembered, wherever that is.
        """
        earlier = 0 if state is None else state.keys.shape[-2]
        places = _counted(state, tokens) if given.places is None else places_of_each(given.places, tokens)
        new = Cache(*self.attention.project(tokens, key_places=places, own=True), places)
        state = new if state is None else extend_cache(state, new)
        told = {"query_places": places, "key_places": state.places, "fused": given.fused}
        seen = Projected(state.keys, state.values)
        return Extended(*look(self.attention, tokens, seen, **told, allowed=_allowed(given, earlier, tokens)), state)


def _counted(state: Cache | None, tokens: Tensor) -> Tensor:
    none = torch.zeros(tokens.shape[0], dtype=torch.long, device=tokens.device)
    return count_on(none if state is None or state.places is None else state.places[:, -1] + 1, tokens.shape[-2])


def _allowed(given: Given, earlier: int, tokens: Tensor) -> Tensor | None:
    """Return what may be looked at, the causal mask included, by tokens that stand behind some earlier ones."""
    if not given.causal or tokens.shape[-2] == 1:  # a single new token may look at all before it
        return given.allowed
    causal = allowed_after(earlier, tokens)
    return causal if given.allowed is None else given.allowed & causal
