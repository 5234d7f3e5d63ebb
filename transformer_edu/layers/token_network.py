"""The part of a layer that works on each token by itself."""

from jaxtyping import Float
from torch import Tensor, nn

from transformer_edu.layers.given import NOTHING, Extended, Given, Passed


class TokenNetwork(nn.Module):
    """Make a part of any network that changes each token by itself, such as FeedForward. It has nothing to show.

        y = network(x), token by token

    No token needs another one, so nothing has to be remembered to continue a sequence.

    Cost: that of the network.
    Source: [vaswani2017attention] section 3.3.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, tokens: Float[Tensor, "*batch token dim"], given: Given = NOTHING) -> Passed:
        """Return the changed tokens."""
        return Passed(given.form(self.network)(tokens), None)

    def start(self, given: Given) -> None:
        """Remember nothing."""

    def extend(self, tokens: Float[Tensor, "*batch token dim"], given: Given, state: None) -> Extended:
        """Change the tokens that continue a sequence like any others."""
        return Extended(*self(tokens, given), None)
