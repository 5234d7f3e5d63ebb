"""A loss that does not ask for certainty: a little of the target is spread over all tokens but filler."""

from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from transformer_edu.machines.shift import PAD
from transformer_edu.softmax import log_softmax


def smoothed_cross_entropy(
    logits: Float[Tensor, "*batch vocab"],
    targets: Int[Tensor, "*batch"],
    *,
    smoothing: float = 0.1,
    padding: int = PAD,
) -> Float[Tensor, ""]:
    """Average the cross-entropy between a softened target and the model over all real targets.

        loss = - Σᵥ q(v) ln p(v),   q(v) = (1 - ε) [v = target] + ε / (vocab - 1) [v ≠ padding]

    With hard targets (ε = 0) the loss falls for ever as the right logit grows; with ε > 0 it is lowest where p = q, at
    differences of logits that are finite, and there it is the entropy of q and not 0. Filler matters twice: a target
    that is filler is no target, and no smoothed mass goes to the token `padding`, which is never right. (Papers differ
    in who shares ε: all tokens, as in F.cross_entropy's label_smoothing, all but the target, or all but filler, as
    here.)

    Cost: O(token · vocab) time and memory.
    Raises: ValueError if smoothing is not in [0, 1), or if every target is filler.
    Source: [szegedy2016rethinking] section 7; ε = 0.1 in [vaswani2017attention] section 5.4.
    """
    if not 0 <= smoothing < 1:
        raise ValueError(
            f"smoothed_cross_entropy needs 0 <= smoothing < 1 (it is a share of the target), got smoothing={smoothing}."
        )
    real = targets != padding
    if not real.any():
        raise ValueError(
            f"smoothed_cross_entropy needs a target that is not filler (it averages over them), got targets={targets}."
        )
    log_weights = log_softmax(logits)
    right = log_weights.gather(-1, rearrange(targets, "... -> ... 1"))[..., 0]
    others = log_weights.index_fill(-1, targets.new_tensor([padding]), 0.0).sum(dim=-1) / (logits.shape[-1] - 1)
    losses = -((1 - smoothing) * right + smoothing * others)
    return losses[real].mean()
