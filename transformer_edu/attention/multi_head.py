"""Multi-head attention: several small attentions side by side, each with its own view of the tokens."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.attention.attended import Attended
from transformer_edu.attention.fused import fused_attention
from transformer_edu.attention.heads import merge_heads, share_among_heads, split_heads
from transformer_edu.attention.projected import Projected
from transformer_edu.attention.scaled_dot_product import scaled_dot_product_attention


def multi_head_attention(
    tokens: Float[Tensor, "*batch query dim"],
    memory: Float[Tensor, "*batch key memory_dim"],
    query_weight: Float[Tensor, "dim dim"],
    key_weight: Float[Tensor, "memory_dim dim"],
    value_weight: Float[Tensor, "memory_dim dim"],
    output_weight: Float[Tensor, "dim dim"],
    *,
    heads: int,
    allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
) -> Attended:
    """Let tokens look at a memory with several heads: the formula, with given weights.

        headₕ = Attention(X Wₕ^Q, M Wₕ^K, M Wₕ^V),   Y = Concat(head₁, …, headₕ) W^O

    One head mixes all that it reads into one mean. Several heads bring home several answers, in separate numbers. Each
    head is narrower in return (head_dim = dim / heads), so the number of heads does not change the multiply-adds.
    Self-attention: memory = tokens. Cross-attention: memory is another sequence, such as the encoder's.
    Each matrix holds the matrices of all heads side by side, and a token is a row: X W (nn.Linear stores Wᵀ).

    Cost: see attention_cost.
    Raises: ValueError if heads does not divide dim, or if the mask does not fit (it is the same for all heads).
    Source: [vaswani2017attention] section 3.2.2.
    """
    queries = split_heads(tokens @ query_weight, heads=heads)
    keys = split_heads(memory @ key_weight, heads=heads)
    values = split_heads(memory @ value_weight, heads=heads)
    outputs, weights = scaled_dot_product_attention(queries, keys, values, allowed=share_among_heads(allowed))
    return Attended(merge_heads(outputs) @ output_weight, weights)


class MultiHeadAttention(nn.Module):
    """Hold the four projections of multi-head attention: query, key, value and output.

    A memory may be wider or narrower than the tokens (memory_dim), and it may be projected once and used often:
    `layer(tokens, layer.project(memory))` is `layer(tokens, memory)`. A decoder that writes token by token does so.
    nn.MultiheadAttention computes the same. It stacks the first three in in_proj_weight, its Boolean masks mean the
    opposite (True = blocked), and it returns the mean of the heads' weights unless asked not to.

    Cost: see attention_cost.
    Raises: ValueError if heads does not divide dim, if memory_dim < 1, or if the memory has another width.
    Source: [vaswani2017attention] section 3.2.2; the biases are common practice, as in [devlin2019bert].
    """

    def __init__(self, dim: int, *, heads: int, bias: bool = True, memory_dim: int | None = None):
        super().__init__()
        memory_dim = dim if memory_dim is None else memory_dim
        if heads < 1 or dim % heads:
            raise ValueError(
                f"MultiHeadAttention needs heads that divide dim={dim} (all heads are alike), got heads={heads}."
            )
        if memory_dim < 1:
            raise ValueError(f"MultiHeadAttention needs memory_dim >= 1 (it is a width), got memory_dim={memory_dim}.")
        self.heads = heads
        self.query = nn.Linear(dim, dim, bias=bias)
        self.key = nn.Linear(memory_dim, dim, bias=bias)
        self.value = nn.Linear(memory_dim, dim, bias=bias)
        self.output = nn.Linear(dim, dim, bias=bias)

    def forward(
        self,
        tokens: Float[Tensor, "*batch query dim"],
        memory: Float[Tensor, "*batch key memory_dim"] | Projected | None = None,
        *,
        allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
    ) -> Attended:
        """Return the new tokens and the weights "*batch head query key"; without a memory, tokens see each other."""
        queries, (keys, values) = self._split(self.query(tokens)), self._seen(tokens, memory)
        outputs, weights = scaled_dot_product_attention(queries, keys, values, allowed=share_among_heads(allowed))
        return Attended(self.output(merge_heads(outputs)), weights)

    def fused(
        self,
        tokens: Float[Tensor, "*batch query dim"],
        memory: Float[Tensor, "*batch key memory_dim"] | Projected | None = None,
        *,
        allowed: Bool[Tensor, "*#batch #query #key"] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "*batch query dim"]:
        """Return the same new tokens without the weights: faster, and without the table of query × key."""
        queries, (keys, values) = self._split(self.query(tokens)), self._seen(tokens, memory)
        outputs = fused_attention(queries, keys, values, allowed=share_among_heads(allowed), causal=causal)
        return self.output(merge_heads(outputs))

    def project(self, memory: Float[Tensor, "*batch key memory_dim"]) -> Projected:
        """Return the keys and values of a memory, head by head, to be handed in as `memory` again and again."""
        if memory.shape[-1] != self.key.in_features:
            raise ValueError(
                f"MultiHeadAttention needs a memory of width {self.key.in_features} (its key and value projections "
                f"read that many numbers), got memory.shape={tuple(memory.shape)}."
            )
        return Projected(self._split(self.key(memory)), self._split(self.value(memory)))

    def _seen(self, tokens: Tensor, memory: Tensor | Projected | None) -> Projected:
        return memory if isinstance(memory, Projected) else self.project(tokens if memory is None else memory)

    def _split(self, projected: Tensor) -> Tensor:
        return split_heads(projected, heads=self.heads)
