"""Label smoothing against torch's, filler on both sides, and the logits that it asks for."""

import math

import pytest
import torch
from torch.nn import functional

from tests.layers.copied_weights import draw
from transformer_edu.training import smoothed_cross_entropy

BATCH, TARGETS, VOCAB = 3, 5, 7


def draw_targets(*, padding=0):
    targets = torch.randint(1, VOCAB, (BATCH, TARGETS), generator=torch.Generator().manual_seed(0))
    targets[targets == padding] = (padding + 1) % VOCAB
    targets[1, 2:] = padding
    return targets


# (a) Oracle


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_with_filler_out_of_the_vocabulary_it_is_torchs(smoothing):
    logits, targets = draw(BATCH, TARGETS, VOCAB), draw_targets()
    logits[..., 0] = -torch.inf
    real = targets != 0
    expected = functional.cross_entropy(logits[real][:, 1:], targets[real] - 1, label_smoothing=smoothing)
    torch.testing.assert_close(smoothed_cross_entropy(logits, targets, smoothing=smoothing), expected)


@pytest.mark.parametrize("padding", [0, 4])
def test_it_is_the_cross_entropy_with_softened_targets(padding):
    logits, targets, smoothing = draw(BATCH, TARGETS, VOCAB), draw_targets(padding=padding), 0.3
    soft = torch.full((BATCH, TARGETS, VOCAB), smoothing / (VOCAB - 1)).double()
    soft[..., padding] = 0
    soft += (1 - smoothing) * functional.one_hot(targets, VOCAB)
    real = targets != padding
    expected = functional.cross_entropy(logits[real], soft[real])
    ours = smoothed_cross_entropy(logits, targets, smoothing=smoothing, padding=padding)
    torch.testing.assert_close(ours, expected)
    torch.testing.assert_close(soft[real].sum(-1), torch.ones(int(real.sum())).double())


def test_without_smoothing_it_is_torchs_with_ignore_index(device):
    logits, targets = draw(BATCH, TARGETS, VOCAB).to(device), draw_targets().to(device)
    expected = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=0)
    torch.testing.assert_close(smoothed_cross_entropy(logits, targets, smoothing=0.0), expected)


# (b) Properties


def test_more_filler_changes_nothing():
    logits, targets = draw(BATCH, TARGETS, VOCAB), draw_targets()
    more = torch.cat([targets, torch.zeros(BATCH, 4, dtype=torch.long)], dim=1)
    longer = torch.cat([logits, draw(BATCH, 4, VOCAB, seed=1)], dim=1)
    torch.testing.assert_close(smoothed_cross_entropy(longer, more), smoothed_cross_entropy(logits, targets))


def test_it_is_lowest_at_the_softened_target_itself():
    smoothing, target = 0.1, torch.tensor([3])
    soft = torch.full((1, VOCAB), smoothing / (VOCAB - 1)).double()
    soft[0, 3] += 1 - smoothing
    soft[0, 0] = 1e-300  # filler gets next to nothing
    lowest = smoothed_cross_entropy(soft.log(), target, smoothing=smoothing)
    entropy = -(soft * soft.log()).sum()
    torch.testing.assert_close(lowest, entropy)
    for seed in range(20):
        assert smoothed_cross_entropy(soft.log() + draw(1, VOCAB, seed=seed) / 10, target, smoothing=smoothing) > lowest


# (c) Bad input and edges


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_smoothing_is_a_share(smoothing):
    with pytest.raises(ValueError, match=rf"^smoothed_cross_entropy needs 0 <= .*, got smoothing={smoothing}\.$"):
        smoothed_cross_entropy(draw(1, VOCAB), torch.tensor([3]), smoothing=smoothing)


def test_filler_alone_is_refused():
    with pytest.raises(ValueError, match=r"^smoothed_cross_entropy needs a target .*, got targets=tensor\(\[0, 0\]\)"):
        smoothed_cross_entropy(draw(2, VOCAB), torch.tensor([0, 0]))


def test_one_target_and_half_precision():
    loss = smoothed_cross_entropy(torch.zeros(1, VOCAB), torch.tensor([2]))
    assert loss.item() == pytest.approx(math.log(VOCAB))
    assert smoothed_cross_entropy(draw(2, VOCAB, dtype=torch.float16), torch.tensor([2, 3])).dtype == torch.float16


# (d) Gradients


def test_gradients():
    logits = draw(2, 3, 4).requires_grad_()
    targets = torch.tensor([[1, 3, 0], [2, 0, 0]])
    assert torch.autograd.gradcheck(lambda logits: smoothed_cross_entropy(logits, targets, smoothing=0.2), logits)
    (gradient,) = torch.autograd.grad(smoothed_cross_entropy(logits, targets), logits)
    assert (gradient.abs().amax(-1) > 0).equal(targets != 0)


def test_filler_is_always_pushed_down():
    # With mass on filler its logit would be pulled up wherever the model gives it less than its share of ε.
    logits = torch.zeros(1, VOCAB).double()
    logits[0, 0] = -20.0
    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(smoothed_cross_entropy(logits, torch.tensor([3]), smoothing=0.5), logits)
    assert gradient[0, 0] > 0  # descent moves against the gradient
    torch.testing.assert_close(gradient[0, 0].item(), logits.softmax(-1)[0, 0].item())


# (e) The paper's claim in miniature


def test_it_hurts_perplexity():
    # Vaswani et al., section 5.4: smoothing "hurts perplexity, as the model learns to be more unsure". Fit one target
    # by gradient descent, with and without; then look at the plain cross-entropy.
    found = {}
    for smoothing in (0.0, 0.1):
        logits = torch.zeros(1, VOCAB, requires_grad=True)
        for _ in range(300):
            (gradient,) = torch.autograd.grad(
                smoothed_cross_entropy(logits, torch.tensor([3]), smoothing=smoothing), logits
            )
            logits = (logits - gradient).detach().requires_grad_()
        found[smoothing] = functional.cross_entropy(logits, torch.tensor([3])).item()
    assert found[0.0] < 0.01
    assert found[0.1] == pytest.approx(-math.log(0.9 + 0.1 / 6), rel=0.05)
