"""REINFORCE: right in the mean, whatever the baseline; the baseline decides how far the estimates scatter."""

import pytest
import torch

from transformer_edu.attention import (
    best_baseline,
    expected_reward_gradient,
    hard_attention,
    score_function_gradient,
    score_function_loss,
    score_function_variance,
)
from transformer_edu.softmax import sample, softmax, softmax_jacobian

BATCH, KEYS, DRAWS = 2, 5, 3
REWARDS = torch.tensor([3.0, 1.0, -0.5, 2.0, 0.25], dtype=torch.float64)
SCORES = torch.tensor([0.2, -1.0, 0.5, 1.0, 0.0], dtype=torch.float64)
WEIGHTS = softmax(SCORES)
ALL_KEYS = torch.arange(KEYS)


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def mean_over_keys(baseline):
    """Average single estimates exactly: every key once, as heavy as its weight."""
    return (WEIGHTS[:, None] * score_function_gradient(WEIGHTS, ALL_KEYS, REWARDS, baseline=baseline)).sum(0)


# (a) Oracle and brute force


def test_the_exact_gradient_is_autograds():
    scores, rewards = draw(BATCH, KEYS).requires_grad_(), draw(BATCH, KEYS, seed=1)
    exact = torch.autograd.grad((softmax(scores) * rewards).sum(), scores)[0]
    torch.testing.assert_close(expected_reward_gradient(softmax(scores).detach(), rewards), exact)
    torch.testing.assert_close(expected_reward_gradient(WEIGHTS, REWARDS), softmax_jacobian(WEIGHTS) @ REWARDS)


def test_one_estimate_is_torchs_log_prob():
    scores = draw(BATCH, KEYS).requires_grad_()
    drawn = torch.tensor([[4, 0, 4], [2, 1, 3]])
    rewards = draw(BATCH, DRAWS, seed=1)
    ours = score_function_gradient(softmax(scores).detach(), drawn, rewards, baseline=0.7)
    for batch in range(BATCH):
        for number in range(DRAWS):
            law = torch.distributions.Categorical(logits=scores[batch])
            surrogate = (rewards[batch, number] - 0.7) * law.log_prob(drawn[batch, number])
            expected = torch.autograd.grad(surrogate, scores)[0][batch]
            torch.testing.assert_close(ours[batch, number], expected)


@pytest.mark.parametrize("baseline", [0.0, 1.3, -2.0])
def test_the_variance_is_the_sum_over_all_keys(baseline):
    estimates = score_function_gradient(WEIGHTS, ALL_KEYS, REWARDS, baseline=baseline)
    distances = (estimates - expected_reward_gradient(WEIGHTS, REWARDS)).square().sum(-1)
    variance = score_function_variance(WEIGHTS, REWARDS, baseline=baseline)
    torch.testing.assert_close(variance, (WEIGHTS * distances).sum())


# (b) Properties and limits


@pytest.mark.parametrize("baseline", [0.0, 1.3, -50.0])
def test_no_baseline_changes_the_mean(baseline):
    torch.testing.assert_close(mean_over_keys(baseline), expected_reward_gradient(WEIGHTS, REWARDS))


@pytest.mark.parametrize("baseline", [0.0, "mean", "best"])
def test_100_000_draws_are_within_four_standard_errors(baseline, generator):
    mean = (WEIGHTS * REWARDS).sum(-1, keepdim=True)
    chosen = {"mean": mean, "best": best_baseline(WEIGHTS, REWARDS)}.get(baseline, 0.0)
    drawn = sample(WEIGHTS, count=100_000, generator=generator)
    estimates = score_function_gradient(WEIGHTS, drawn, REWARDS[drawn], baseline=chosen)
    errors = estimates.std(dim=0) / 100_000**0.5
    exact = expected_reward_gradient(WEIGHTS, REWARDS)
    assert ((estimates.mean(0) - exact).abs() < 4 * errors).all()
    measured = (estimates - exact).square().sum(-1).mean().item()
    assert measured == pytest.approx(score_function_variance(WEIGHTS, REWARDS, baseline=chosen).item(), rel=0.05)


def test_the_best_baseline_is_the_lowest_point_of_a_parabola():
    best = best_baseline(WEIGHTS, REWARDS)
    lowest = score_function_variance(WEIGHTS, REWARDS, baseline=best)
    around = [score_function_variance(WEIGHTS, REWARDS, baseline=best + step) for step in (-1.0, -0.01, 0.01, 1.0)]
    assert all(lowest < other for other in around)
    torch.testing.assert_close(around[0], around[3])  # symmetric about it
    assert REWARDS.min() < best.item() < REWARDS.max()
    assert abs(best.item() - (WEIGHTS * REWARDS).sum().item()) > 0.05  # and it is not the mean reward


def test_adding_a_number_to_all_rewards_and_to_the_baseline_changes_nothing():
    lifted = REWARDS + 100.0
    for function in (expected_reward_gradient, best_baseline):
        torch.testing.assert_close(
            function(WEIGHTS, lifted), function(WEIGHTS, REWARDS) + 100.0 * (function is best_baseline)
        )
    same = score_function_variance(WEIGHTS, lifted, baseline=101.0)
    torch.testing.assert_close(same, score_function_variance(WEIGHTS, REWARDS, baseline=1.0))


def test_the_gradient_of_the_loss_is_minus_the_mean_estimate(generator):
    scores = SCORES.clone().requires_grad_()
    weights = softmax(scores)
    rows, values = weights.expand(7, KEYS), torch.eye(KEYS).double()
    chosen = hard_attention(rows, values, generator=generator)
    rewards = REWARDS[chosen.keys]
    score_function_loss(chosen.log_probabilities, rewards, baseline=0.5).backward()
    estimates = score_function_gradient(WEIGHTS, chosen.keys, rewards, baseline=0.5)
    torch.testing.assert_close(scores.grad, -estimates.mean(0))


# (c) Bad input and edges


def test_edges():
    sure = torch.tensor([0.0, 1.0, 0.0]).double()
    rewards = torch.tensor([5.0, 1.0, -2.0]).double()
    assert expected_reward_gradient(sure, rewards).tolist() == [0.0, 0.0, 0.0]
    assert score_function_variance(sure, rewards).item() == 0
    assert best_baseline(sure, rewards).tolist() == [0.0]
    assert expected_reward_gradient(torch.ones(1), torch.ones(1)).tolist() == [0.0]
    assert score_function_gradient(torch.ones(0, 4), torch.ones(0, 3).long(), torch.ones(0, 3)).shape == (0, 3, 4)
    assert score_function_variance(torch.ones(0, 4), torch.ones(0, 4)).shape == (0,)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_every_type_on_every_device(dtype, device):
    weights, rewards = WEIGHTS.to(device, dtype), REWARDS.to(device, dtype)
    answers = [
        expected_reward_gradient(weights, rewards),
        score_function_variance(weights, rewards, baseline=0.5),
        best_baseline(weights, rewards),
        score_function_gradient(weights, ALL_KEYS.to(device), rewards, baseline=0.5),
    ]
    wide, wide_rewards = weights.double().cpu(), rewards.double().cpu()
    wanted = [
        expected_reward_gradient(wide, wide_rewards),
        score_function_variance(wide, wide_rewards, baseline=0.5),
        best_baseline(wide, wide_rewards),
        score_function_gradient(wide, ALL_KEYS, wide_rewards, baseline=0.5),
    ]
    for ours, expected in zip(answers, wanted, strict=True):
        assert ours.dtype == dtype
        torch.testing.assert_close(ours.double().cpu(), expected, rtol=2 * torch.finfo(dtype).eps, atol=1e-6)


@pytest.mark.usefixtures("unchecked")
def test_integers_are_refused():
    with pytest.raises(ValueError, match="floating-point"):
        expected_reward_gradient(torch.ones(3).long(), torch.ones(3))


# (d) Gradients


def test_rewards_and_baseline_get_no_gradient_through_the_loss():
    logs, rewards, baseline = draw(4).requires_grad_(), draw(4, seed=1).requires_grad_(), draw(1)[0].requires_grad_()
    loss = score_function_loss(logs, rewards, baseline=baseline)
    to_logs, to_rewards, to_baseline = torch.autograd.grad(loss, (logs, rewards, baseline), allow_unused=True)
    assert to_rewards is None and to_baseline is None
    torch.testing.assert_close(to_logs, -(rewards - baseline).detach() / 4)


def test_the_closed_forms_can_be_differentiated():
    inputs = (WEIGHTS.clone().requires_grad_(), REWARDS.clone().requires_grad_())
    for function in (expected_reward_gradient, score_function_variance, best_baseline):
        assert torch.autograd.gradcheck(function, inputs)


# (e) The claim in miniature


def test_a_baseline_matters_when_all_rewards_are_alike():
    # Rewards between 10 and 11: without a baseline an estimate is mostly the noise of the 10.
    rewards = 10.0 + torch.tensor([1.0, 0.0, 0.5, 0.25, 0.75]).double()
    without = score_function_variance(WEIGHTS, rewards)
    with_mean = score_function_variance(WEIGHTS, rewards, baseline=(WEIGHTS * rewards).sum(-1, keepdim=True))
    assert without / with_mean > 100
