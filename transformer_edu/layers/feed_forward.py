"""The position-wise feed-forward network: the same small network for each token, with no look at the others."""

from collections.abc import Callable

from einops import einsum
from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers.gelu import Gelu, gelu


def feed_forward(
    tokens: Float[Tensor, "*batch dim"],
    expand: Float[Tensor, "hidden dim"],
    expand_bias: Float[Tensor, "hidden"],
    contract: Float[Tensor, "dim hidden"],
    contract_bias: Float[Tensor, "dim"],
    *,
    bend: Callable[[Tensor], Tensor] = gelu,
) -> Float[Tensor, "*batch dim"]:
    """Widen each token, bend it, and narrow it again.

        y = W₂ bend(W₁ x + b₁) + b₂

    W₁ is `expand`, W₂ is `contract`. Attention moves information between tokens; this network works on
    one token at a time. The matrices have the layout of `nn.Linear`: (outputs, inputs).
    bend: gelu (as in BERT), relu (as in the first Transformer), or any other function of a number.

    Cost: 2 · token · dim · hidden multiply-adds; memory O(token · hidden).
    Source: [vaswani2017attention] eq. 2; with GELU, [devlin2019bert] appendix A.2.
    """
    hidden = bend(einsum(tokens, expand, "... dim, hidden dim -> ... hidden") + expand_bias)
    return einsum(hidden, contract, "... hidden, dim hidden -> ... dim") + contract_bias


class FeedForward(nn.Module):
    """Hold the two matrices of a feed-forward network, and its bend; `hidden` is usually 4 · dim.

    bend: an instance of Gelu or Relu, or another module without parameters; Gelu if nothing is said.

    Cost: that of feed_forward; a bend without a fused form is taken as it is.
    Source: [vaswani2017attention] section 3.3.
    """

    def __init__(self, dim: int, *, hidden: int, bend: nn.Module | None = None):
        super().__init__()
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.bend = Gelu() if bend is None else bend

    def forward(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Widen each token, bend it, and narrow it again."""
        first, second = (self.expand.weight, self.expand.bias), (self.contract.weight, self.contract.bias)
        return feed_forward(tokens, *first, *second, bend=self.bend)

    def fused(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Do the same with torch's kernels."""
        return self.contract(getattr(self.bend, "fused", self.bend)(self.expand(tokens)))
