"""The encoder layer of the first Transformer and of BERT: attention, then a feed-forward network, each added to its
input, then normalized."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_edu.attention import Attended, MultiHeadAttention
from transformer_edu.layers.feed_forward import FeedForward
from transformer_edu.normalization.layer_norm import LayerNorm


class EncoderLayer(nn.Module):
    """Let the tokens look at each other, then change each one by itself.

        x ← LN(x + attention(x))
        x ← LN(x + feed_forward(x))

    Each part *adds* to the token (the residual connection). The normalization comes after the sum:
    "post-norm", as in the first Transformer and in BERT. Most later models normalize before each part
    instead ("pre-norm"); that is another layer (PreNormEncoderLayer). There is no dropout.

    network: builds what stands at the place of the feed-forward network, as network(dim, hidden=hidden): FeedForward
    (GELU, as in BERT) or ReluFeedForward (as in the first Transformer).

    Cost: 4 · token · dim² + 2 · token² · dim + 2 · token · dim · hidden multiply-adds.
    Source: [vaswani2017attention] section 3.1.
    """

    def __init__(self, dim: int, *, heads: int, hidden: int, eps: float = 1e-5, network: type[nn.Module] = FeedForward):
        super().__init__()
        self.attention = MultiHeadAttention(dim, heads=heads)
        self.attention_norm = LayerNorm(dim, eps=eps)
        self.feed_forward = network(dim, hidden=hidden)
        self.feed_forward_norm = LayerNorm(dim, eps=eps)

    def forward(
        self, tokens: Float[Tensor, "*batch token dim"], *, allowed: Bool[Tensor, "*#batch #token #token"] | None = None
    ) -> Attended:
        """Return the new tokens and, for each head, the weights with which its queries looked at the keys."""
        looked, weights = self.attention(tokens, allowed=allowed)
        tokens = self.attention_norm(tokens + looked)
        tokens = self.feed_forward_norm(tokens + self.feed_forward(tokens))
        return Attended(tokens, weights)

    def fused(
        self,
        tokens: Float[Tensor, "*batch token dim"],
        *,
        allowed: Bool[Tensor, "*#batch #token #token"] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "*batch token dim"]:
        """Return the same new tokens without the weights, with torch's fused kernels."""
        looked = self.attention.fused(tokens, allowed=allowed, causal=causal)
        tokens = self.attention_norm.fused(tokens + looked)
        return self.feed_forward_norm.fused(tokens + self.feed_forward.fused(tokens))
