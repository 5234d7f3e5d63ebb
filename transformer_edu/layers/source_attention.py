"""The part of a layer in which the tokens look at another sequence."""

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.attention import Projected
from transformer_edu.layers.cache import Cache, check_batch, places_of_each
from transformer_edu.layers.given import NOTHING, Extended, Given, Passed
from transformer_edu.layers.look import look
from transformer_edu.positions import Places


class SourceAttention(nn.Module):
    """Make a part of any attention: queries from the tokens, keys and values from the source. It shows its weights.

        y = attention(x, source)

    This is encoder-decoder attention: the source is what an encoder made of it. It has no notion of order of its own:
    its rows in another order change nothing (if the attention asks for places, they have to change with the rows).
    To continue a sequence the source is projected to keys and values once, for all tokens to come.

    attention: as for SelfAttention.

    Cost: that of the attention; a step projects the queries only.
    Raises: ValueError if there is no source, or if it belongs to a batch of another size.
    Source: [vaswani2017attention] section 3.2.3.
    """

    def __init__(self, attention: nn.Module):
        super().__init__()
        self.source_attention = attention

    def forward(self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING) -> Passed:
        """Return what the tokens found in the source, and the weights of all heads."""
        return self._look(tokens, _source(given), given.source_places, given)

    def start(self, given: Given) -> Cache:
        """Project the source to keys and values, once."""
        source = _source(given)
        places = places_of_each(given.source_places, source)
        return Cache(*self.source_attention.project(source, key_places=places), places)

    def extend(self, tokens: Float[Tensor, "batch token dim"], given: Given, state: Cache) -> Extended:
        """Look at keys and values that are there already: only the queries are projected."""
        check_batch("SourceAttention", "tokens", tokens, state)
        seen = Projected(state.keys, state.values)
        return Extended(*self._look(tokens, seen, state.places, given), state)

    def _look(self, tokens: Tensor, source: Tensor | Projected, key_places: Places | None, given: Given) -> Passed:
        told = {"query_places": given.places, "key_places": key_places, "fused": given.fused}
        return look(self.source_attention, tokens, source, **told, allowed=given.source_allowed)


def _source(given: Given) -> Tensor:
    if given.source is None:
        raise ValueError("SourceAttention needs a source (it is where the tokens look), got source=None.")
    return given.source
