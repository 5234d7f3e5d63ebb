"""ReLU: the bend of the first Transformer, with a corner at 0."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


def relu(inputs: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Cut off what is negative.

        relu(x) = max(0, x)

    Each hidden number is a switch: on one side of a plane it is silent and learns nothing from this token, on the other
    side it is linear. GELU rounds that corner off.

    Cost: one comparison for each number.
    Source: [vaswani2017attention] eq. 2.
    """
    return inputs.clamp(min=0.0)


class Relu(nn.Module):
    """Be the bend of a feed-forward network: relu, in both its forms.

    Cost: that of relu.
    Source: [vaswani2017attention] eq. 2.
    """

    def forward(self, inputs: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        """Cut off what is negative."""
        return relu(inputs)

    def fused(self, inputs: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        """Do the same in one kernel of torch."""
        return functional.relu(inputs)
