"""The length penalty: make up for what each further token costs a hypothesis."""

from jaxtyping import Float, Int
from torch import Tensor


def length_penalty(lengths: Int[Tensor, "*batch"], *, alpha: float) -> Float[Tensor, "*batch"]:
    """Return the number by which a hypothesis' log-probability is divided.

        lp(Y) = (5 + |Y|)^α / 6^α

    Each token multiplies a probability by a number below 1, so a search for the most probable sequence favors short
    ones. α = 0 leaves log P alone; α = 1 divides by (5 + |Y|) / 6, almost the length. The paper takes 0.2
    (its 0.6 to 0.7 was best for plain |Y|^α); the first Transformer takes 0.6 ([vaswani2017attention] section 6.1).
    |Y| counts the end mark here. Other libraries divide by |Y|^α (Hugging Face, fairseq), which differs most for short
    sequences: the 5 and the 6 soften the first steps.

    Cost: O(1) for each hypothesis.
    Raises: ValueError if alpha is negative or a length is.
    Source: [wu2016google] eq. 14.
    """
    if alpha < 0:
        raise ValueError(f"length_penalty needs alpha >= 0 (below, it would favor short outputs), got alpha={alpha}.")
    if (lengths < 0).any():
        raise ValueError(f"length_penalty needs lengths >= 0 (they count tokens), got lengths={lengths.tolist()}.")
    return ((5.0 + lengths) / 6.0) ** alpha
