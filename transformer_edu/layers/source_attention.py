"""The part of a layer in which the tokens look at another sequence."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.attention import Projected
from transformer_edu.layers.cache import SourceCache, check_batch, count_on, places_of_each
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
        source = _source(given)
        if source.shape[:-2] != tokens.shape[:-2]:
            raise ValueError(
                f"SourceAttention needs a source of the same batch (each sequence has its own, tokens.batch="
                f"{tuple(tokens.shape[:-2])}), got source.batch={tuple(source.shape[:-2])}."
            )
        return self._look(tokens, source, given.source_places, given)

    def start(self, given: Given) -> SourceCache:
        """Project the source to keys and values, once."""
        source = _source(given)
        places = places_of_each(given.source_places, source)
        first = torch.zeros(source.shape[0], dtype=torch.long, device=source.device)
        return SourceCache(*self.source_attention.project(source, key_places=places), places, first)

    def extend(self, tokens: Float[Tensor, "batch token dim"], given: Given, state: SourceCache) -> Extended:
        """Look at keys and values that are there already: only the queries are projected.

        Without places the tokens go on behind the last one that has looked.
        """
        check_batch("SourceAttention", "tokens", tokens, state)
        asked = given.places
        places = count_on(state.next_places, tokens.shape[-2]) if asked is None else places_of_each(asked, tokens)
        looked = self._look(tokens, Projected(*state[:2]), state.places, given._replace(places=places))
        return Extended(*looked, state._replace(next_places=places[:, -1] + 1))

    def _look(self, tokens: Tensor, source: Tensor | Projected, key_places: Places | None, given: Given) -> Passed:
        told = {"query_places": given.places, "key_places": key_places, "fused": given.fused}
        return look(self.source_attention, tokens, source, **told, allowed=given.source_allowed)


def _source(given: Given) -> Tensor:
    if given.source is None:
        raise ValueError("SourceAttention needs a source (it is where the tokens look), got source=None.")
    return given.source
