"""The smallest inter-attention: tokens look at another sequence, as it is."""

from jaxtyping import Float
from torch import Tensor

from transformer_edu.attention.attended import Attended
from transformer_edu.attention.scaled_dot_product import scaled_dot_product_attention


def inter_attention(tokens: Float[Tensor, "*batch query dim"], memory: Float[Tensor, "*batch key dim"]) -> Attended:
    """Give each token a mean of the memory's tokens, weighted by how much they resemble it.

        Y = softmax(X Mᵀ) M

    Queries come from one sequence, keys and values from another; nothing is learned. There are as many outputs as
    queries, and every output is made of the memory alone: with a memory of one token all outputs are that token.
    With memory = tokens this is parameter_free_attention. Other names: cross-attention, encoder-decoder attention.

    Cost: 2 · query · key · dim multiply-adds; O(query · key) memory.
    Raises: ValueError if tokens and memory differ in width.
    Source: [vaswani2017attention] section 3.2.3, with Q = X, K = V = M and without the scale.
    """
    return scaled_dot_product_attention(tokens, memory, memory, scale=1.0)
