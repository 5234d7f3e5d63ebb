"""How can a draw be learned? The score-function gradient (REINFORCE), with and without a baseline.

"Score function" is the statisticians' word for ∇ log p, and has nothing to do with the scores of a query for its keys.
One query draws key j with weight pⱼ and gets the reward Rⱼ for it. Which scores raise the mean reward?
"""

from einops import einsum, rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from transformer_edu.softmax import widen


def expected_reward_gradient(
    weights: Float[Tensor, "*batch key"], rewards: Float[Tensor, "*batch key"]
) -> Float[Tensor, "*batch key"]:
    """Compute the gradient of the mean reward with respect to the scores, from the rewards of all keys.

        ∂/∂sⱼ Σᵢ pᵢ Rᵢ = pⱼ (Rⱼ - R̄),   R̄ = Σᵢ pᵢ Rᵢ

    That is the softmax Jacobian times the rewards. It needs the reward of every key, also of those never taken; a hard
    model learns one reward a draw, so it must estimate this sum.

    Cost: O(key) time and memory.
    Source: the definition of the mean; [williams1992simple] section 4 estimates it.
    """
    wide, wide_rewards = widen(weights), widen(rewards)
    mean = einsum(wide, wide_rewards, "... key, ... key -> ...")
    return (wide * (wide_rewards - rearrange(mean, "... -> ... 1"))).to(weights.dtype)


def score_function_gradient(
    weights: Float[Tensor, "*batch key"],
    drawn: Int[Tensor, "*batch draw"],
    rewards: Float[Tensor, "*batch draw"],
    *,
    baseline: float | Float[Tensor, "*#batch 1"] = 0.0,
) -> Float[Tensor, "*batch draw key"]:
    """Estimate the gradient of the mean reward from each draw alone: one row of the result is one estimate.

        g = (R - b) ∇ₛ log pⱼ = (R - b) (eⱼ - p),   eⱼ = 1 at the key that was drawn, 0 elsewhere

    The mean of many rows is expected_reward_gradient whatever the baseline b is, as long as it does not depend on the
    draw: Σⱼ pⱼ (eⱼ - p) = 0, so b times it adds nothing. What b changes is how far the rows scatter.

    Cost: O(draw · key) time and memory.
    Source: [williams1992simple] theorem 1; b is its "reinforcement baseline".
    """
    wide = widen(weights)
    one_hot = functional.one_hot(drawn, weights.shape[-1]).to(wide.dtype)
    gained = rearrange(widen(rewards) - baseline, "... draw -> ... draw 1")
    return (gained * (one_hot - rearrange(wide, "... key -> ... 1 key"))).to(weights.dtype)


def score_function_variance(
    weights: Float[Tensor, "*batch key"],
    rewards: Float[Tensor, "*batch key"],
    *,
    baseline: float | Float[Tensor, "*#batch 1"] = 0.0,
) -> Float[Tensor, "*batch"]:
    """Compute how far single estimates scatter: their mean squared distance from the exact gradient.

        Var = Σⱼ pⱼ (Rⱼ - b)² ‖eⱼ - p‖² - ‖g‖²,   g = expected_reward_gradient

    The mean of N draws has Var / N. It is a parabola in b; best_baseline is where it is lowest.

    Cost: O(key) time and memory.
    Source: the definition of the variance; [greensmith2004variance] section 4.
    """
    wide, wide_rewards = widen(weights), widen(rewards)
    second = (wide * (wide_rewards - baseline).square() * _squared_lengths(wide)).sum(dim=-1)
    exact = expected_reward_gradient(wide, wide_rewards).square().sum(dim=-1)
    return (second - exact).clamp(min=0.0).to(weights.dtype)


def best_baseline(
    weights: Float[Tensor, "*batch key"], rewards: Float[Tensor, "*batch key"]
) -> Float[Tensor, "*batch 1"]:
    """Compute the constant baseline with which single estimates scatter least.

        b* = Σⱼ pⱼ ‖eⱼ - p‖² Rⱼ / Σⱼ pⱼ ‖eⱼ - p‖²

    A weighted mean of the rewards, and not R̄ itself: draws that move the scores more count more. In practice R̄ is
    taken, estimated as a running mean of what came in, since the rewards of keys that were not drawn are unknown.
    If one weight is 1 every estimate is 0 and any baseline is best; 0 is returned.

    Cost: O(key) time and memory.
    Source: [greensmith2004variance] section 4, for a constant baseline; set the derivative of the parabola to 0.
    """
    wide = widen(weights)
    shares = wide * _squared_lengths(wide)
    total = shares.sum(dim=-1, keepdim=True)
    best = (shares * widen(rewards)).sum(dim=-1, keepdim=True) / total.masked_fill(total == 0, 1.0)
    return best.to(weights.dtype)


def score_function_loss(
    log_probabilities: Float[Tensor, "*batch"],
    rewards: Float[Tensor, "*batch"],
    *,
    baseline: float | Float[Tensor, ""] = 0.0,
) -> Float[Tensor, ""]:
    """Return a number whose *gradient* is the score-function estimate, to be minimized like a loss.

        L = -mean (R - b) log pⱼ,   with R and b held constant

    Its value means nothing: it may rise while the mean reward rises. Only its gradient is right. Rewards send no
    gradient here; what makes the reward (the values, a read-out) learns from the reward itself, as always.

    Cost: O(1) for each draw.
    Source: [williams1992simple] theorem 1.
    """
    gained = (widen(rewards) - baseline).detach()
    return -(gained * widen(log_probabilities)).mean()


def _squared_lengths(weights: Float[Tensor, "*batch key"]) -> Float[Tensor, "*batch key"]:
    """Return ‖eⱼ - p‖² for each key j: (1 - pⱼ)² + Σ p² - pⱼ²."""
    squares = weights.square()
    return (1 - weights).square() + squares.sum(dim=-1, keepdim=True) - squares
