"""Multi-head attention: several small attentions side by side, each with its own view of the tokens."""

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.attention.attended import Attended
from transformer_edu.attention.causal import causal as causal_rule
from transformer_edu.attention.fused import fused_attention
from transformer_edu.attention.heads import merge_heads, repeat_heads, share_among_heads, split_heads
from transformer_edu.attention.mask import mask_from
from transformer_edu.attention.projected import Projected
from transformer_edu.attention.scaled_dot_product import scaled_dot_product_attention
from transformer_edu.positions import Places, Positions
from transformer_edu.softmax import widen


class MultiHeadAttention(nn.Module):
    """Hold the four projections of multi-head attention: query, key, value and output.

        attention(tokens)                               tokens see each other
        attention(tokens, memory)                       they see another sequence, which may have another width
        attention(tokens, attention.project(memory))    the same; project once, ask often, as a decoder does

    positions: what places change in each layer (Positions); without one, order means nothing. Places are whole numbers,
    one a token or a row of them; tokens of which nobody says where they stand, stand at 0, 1, 2, … So queries behind a
    cache say their places, and keys that were projected at other places than 0, 1, 2, … say theirs again at each look.
    key_value_heads: so many heads of keys and values serve all heads of queries, in equal groups: one is multi-query,
    more are grouped-query attention. scale: takes the place of 1/√head_dim; T5 has 1, and
    nobody else checks that T5Bias gets it. A bias that divides by the root itself (ShawKeys) refuses another one.
    nn.MultiheadAttention computes the same. It stacks the first three in in_proj_weight, its Boolean masks mean the
    opposite (True = blocked), and it returns the mean of the heads' weights unless asked not to.

    Cost: see attention_cost; positions add theirs. `fused` builds no table of query × key unless it gets one: it keeps
    a mask once for all heads, a bias of positions once a head, and `causal` with either of them is a mask. If positions
    mix values by distance, it has no other way than the plain one and saves nothing.
    Raises: ValueError if heads does not divide dim, key_value_heads not heads, if memory_dim < 1, if the memory has
        another width, or if a scale is given beside a bias that has its own.
    Source: [vaswani2017attention] section 3.2.2; the biases are common practice, as in [devlin2019bert]; fewer heads
        of keys and values [shazeer2019fast] section 3, [ainslie2023gqa] section 2.2.
    """

    def __init__(
        self,
        dim: int,
        *,
        heads: int,
        key_value_heads: int | None = None,
        bias: bool = True,
        memory_dim: int | None = None,
        positions: Positions | None = None,
        scale: float | None = None,
    ):
        super().__init__()
        memory_dim = dim if memory_dim is None else memory_dim
        key_value_heads = heads if key_value_heads is None else key_value_heads
        _check_sizes(dim, heads, key_value_heads, memory_dim)
        _check_scale(positions, scale)
        self.heads, self.key_value_heads, self.scale = heads, key_value_heads, scale
        self.query = nn.Linear(dim, dim, bias=bias)
        self.key = nn.Linear(memory_dim, dim // heads * key_value_heads, bias=bias)
        self.value = nn.Linear(memory_dim, dim // heads * key_value_heads, bias=bias)
        self.output = nn.Linear(dim, dim, bias=bias)
        self.positions = Positions() if positions is None else positions

    def forward(
        self,
        tokens: Float[Tensor, "*batch query dim"],
        memory: Float[Tensor, "*batch key memory_dim"] | Projected | None = None,
        *,
        query_places: Places | None = None,
        key_places: Places | None = None,
        allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
    ) -> Attended:
        """Return the new tokens and the weights "*batch head query key"; without a memory, tokens see each other."""
        outputs, weights = self._attend(self._ask(tokens, memory, query_places, key_places), allowed)
        return Attended(self.output(merge_heads(outputs)), weights)

    def fused(
        self,
        tokens: Float[Tensor, "*batch query dim"],
        memory: Float[Tensor, "*batch key memory_dim"] | Projected | None = None,
        *,
        query_places: Places | None = None,
        key_places: Places | None = None,
        allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "*batch query dim"]:
        """Return the same new tokens without the weights; causal: no key behind the query, both counted from 0."""
        asked = self._ask(tokens, memory, query_places, key_places)
        if not self.positions.mixes:
            kept = {"allowed": share_among_heads(allowed), "scale": self.scale, "bias": asked.bias}
            outputs = fused_attention(asked.queries, asked.keys, asked.values, causal=causal, **kept)
            return self.output(merge_heads(outputs))
        if causal:
            before = mask_from(causal_rule, queries=tokens.shape[-2], keys=asked.keys.shape[-2], device=tokens.device)
            allowed = before if allowed is None else allowed & before
        return self.output(merge_heads(self._attend(asked, allowed).outputs))

    def project(
        self, memory: Float[Tensor, "*batch key memory_dim"], *, key_places: Places | None = None, own: bool = False
    ) -> Projected:
        """Return keys and values, head by head, to be handed in as `memory` again and again.

        own: they are those of the tokens themselves, for a cache: what enters their queries enters their keys.
        """
        if memory.shape[-1] != self.key.in_features:
            raise ValueError(
                f"MultiHeadAttention needs a memory of width {self.key.in_features} (its key and value projections "
                f"read that many numbers), got memory.shape={tuple(memory.shape)}."
            )
        enter = self.positions.enter if own else self.positions.enter_keys
        keys = split_heads(self.key(enter(memory, key_places)), heads=self.key_value_heads)
        values = split_heads(self.value(memory), heads=self.key_value_heads)
        return Projected(self.positions.turn(keys, key_places), values)

    def _ask(
        self, tokens: Tensor, memory: Tensor | Projected | None, query_places: Places | None, key_places: Places | None
    ) -> "_Asked":
        """Project and place queries, keys and values; every head of queries gets keys and values."""
        queries = split_heads(self.query(self.positions.enter(tokens, query_places)), heads=self.heads)
        queries = self.positions.turn(queries, query_places)
        if own := memory is None:
            memory, key_places = tokens, query_places if key_places is None else key_places
        seen = memory if isinstance(memory, Projected) else self.project(memory, key_places=key_places, own=own)
        keys, values = (repeat_heads(vectors, heads=self.heads) for vectors in seen)
        bias = self.positions.bias(queries, keys, query_places, key_places)
        return _Asked(queries, keys, values, bias, query_places, key_places)

    def _attend(self, asked: "_Asked", allowed: Tensor | None) -> Attended:
        """Return what each head mixed, and its weights."""
        queries, keys, values, bias, *places = asked
        kept = {"allowed": share_among_heads(allowed), "scale": self.scale, "bias": bias}
        if not self.positions.mixes:
            return scaled_dot_product_attention(queries, keys, values, **kept)
        outputs, weights = scaled_dot_product_attention(widen(queries), widen(keys), widen(values), **kept)
        added = self.positions.mix(weights, *places)
        _check_mix(added, outputs)
        return Attended((outputs + added).to(values.dtype), weights.to(queries.dtype))


class _Asked(NamedTuple):
    """Queries, keys and values of all heads, what is added to their scores, and where they stand."""

    queries: Float[Tensor, "*batch head query head_dim"]
    keys: Float[Tensor, "*batch head key head_dim"]
    values: Float[Tensor, "*batch head key head_dim"]
    bias: Float[Tensor, "*#batch head query key"] | None
    query_places: Places | None
    key_places: Places | None


def _check_scale(positions: Positions | None, scale: float | None) -> None:
    divided = [] if positions is None else [part for part in positions.modules() if hasattr(part, "divides_by_root")]
    if divided and scale is not None:
        raise ValueError(
            f"MultiHeadAttention needs scale=None with a {type(divided[0]).__name__} (it divides its part of the "
            f"scores by √head_dim itself), got scale={scale}."
        )


def _check_mix(added: Tensor, outputs: Tensor) -> None:
    if added.shape != outputs.shape:
        raise ValueError(
            f"MultiHeadAttention needs a mix of shape {tuple(outputs.shape)} (it is added to the mixed values), got "
            f"shape={tuple(added.shape)}."
        )


def _check_sizes(dim: int, heads: int, key_value_heads: int, memory_dim: int) -> None:
    if heads < 1 or dim % heads:
        raise ValueError(
            f"MultiHeadAttention needs heads that divide dim={dim} (all heads are alike), got heads={heads}."
        )
    if key_value_heads < 1 or heads % key_value_heads:
        raise ValueError(
            f"MultiHeadAttention needs key_value_heads that divide heads={heads} (each serves equally many), "
            f"got key_value_heads={key_value_heads}."
        )
    if memory_dim < 1:
        raise ValueError(f"MultiHeadAttention needs memory_dim >= 1 (it is a width), got memory_dim={memory_dim}.")
