"""Multi-head attention as a formula: several small attentions side by side, with matrices that are given."""

from jaxtyping import Bool, Float
from torch import Tensor

from transformer_edu.attention.attended import Attended
from transformer_edu.attention.heads import merge_heads, share_among_heads, split_heads
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
