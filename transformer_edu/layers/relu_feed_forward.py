"""The feed-forward network of the first Transformer: bent with ReLU, where most later ones take GELU."""

from einops import einsum
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


def relu_feed_forward(
    tokens: Float[Tensor, "*batch dim"],
    expand: Float[Tensor, "hidden dim"],
    expand_bias: Float[Tensor, "hidden"],
    contract: Float[Tensor, "dim hidden"],
    contract_bias: Float[Tensor, "dim"],
) -> Float[Tensor, "*batch dim"]:
    """Widen each token, cut off what is negative, and narrow it again.

        y = W₂ max(0, W₁ x + b₁) + b₂

    Each hidden number is a switch: on one side of a plane it is silent and learns nothing from this token, on the
    other side it is linear. GELU (see feed_forward) rounds that corner off.

    Cost: 2 · token · dim · hidden multiply-adds; memory O(token · hidden).
    Source: [vaswani2017attention] eq. 2.
    """
    hidden = (einsum(tokens, expand, "... dim, hidden dim -> ... hidden") + expand_bias).clamp(min=0.0)
    return einsum(hidden, contract, "... hidden, dim hidden -> ... dim") + contract_bias


class ReluFeedForward(nn.Module):
    """Hold the two matrices of a feed-forward network with ReLU; `hidden` is usually 4 · dim."""

    def __init__(self, dim: int, *, hidden: int):
        super().__init__()
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)

    def forward(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Widen each token, cut off what is negative, and narrow it again."""
        return relu_feed_forward(tokens, self.expand.weight, self.expand.bias, self.contract.weight, self.contract.bias)

    def fused(self, tokens: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
        """Do the same with torch's kernels."""
        return self.contract(functional.relu(self.expand(tokens)))
