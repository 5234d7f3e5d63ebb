"""One training loop for all chapters: an optimizer, a rate or a schedule, and a loud end when a run diverges."""

from functools import partial

import pytest
import torch

from transformer_edu.training.loop import train

TARGET = torch.tensor([1.0, -2.0, 3.0])


def start():
    return torch.zeros(3, requires_grad=True)


def distance(weights):
    return lambda step: (weights - TARGET).square().sum()


# (a) Oracle: torch's optimizers, step by step

PAPER = partial(torch.optim.Adam, betas=(0.9, 0.98), eps=1e-9)


@pytest.mark.parametrize("rate", [0.1, lambda step: 0.1 / step])
@pytest.mark.parametrize("chosen", [None, torch.optim.SGD, partial(torch.optim.AdamW, weight_decay=0.5)])
def test_it_is_that_optimizer_with_the_rate_of_each_step(rate, chosen):
    ours, theirs, expected = start(), start(), []
    other = {} if chosen is None else {"optimizer": chosen}
    losses = train([ours], distance(ours), steps=7, learning_rate=rate, **other)
    optimizer = (chosen or PAPER)([theirs])
    for step in range(1, 8):
        optimizer.param_groups[0]["lr"] = rate(step) if callable(rate) else rate
        optimizer.zero_grad()
        loss = distance(theirs)(step)
        expected.append(loss.item())
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    assert losses == expected


def test_clipping_bounds_the_whole_gradient():
    # Adam forgets the size of a gradient, but not how sizes change from step to step: one large gradient among small
    # ones moves the weights less if it was clipped. A norm above all gradients changes nothing.
    def jump(weights):
        return lambda step: (1000.0 if step == 2 else 1.0) * (weights * TARGET).sum()

    moved = {}
    for clip in (None, 1e6, 1.0):
        weights = start()
        train([weights], jump(weights), steps=5, learning_rate=0.1, clip=clip)
        moved[clip] = weights.detach()
    torch.testing.assert_close(moved[None], moved[1e6], rtol=0, atol=0)
    torch.testing.assert_close(moved[1.0], -0.5 * TARGET.sign(), rtol=1e-5, atol=1e-5)
    assert (moved[None].abs() < 0.45).all()


def test_every_group_has_the_rate():
    slow, fast = start(), start()

    def in_two(tensors):
        return torch.optim.SGD([{"params": tensors[:1]}, {"params": tensors[1:]}], lr=9.0)

    train([slow, fast], lambda step: (slow + fast) @ TARGET, steps=1, learning_rate=0.5, optimizer=in_two)
    torch.testing.assert_close(slow.detach(), -0.5 * TARGET)
    torch.testing.assert_close(fast, slow)


# (b) Properties and limits


def test_a_bowl_is_descended():
    weights = start()
    losses = train([weights], distance(weights), steps=300, learning_rate=0.05)
    assert len(losses) == 300 and losses[0] == 14 and losses[-1] < 1e-3
    torch.testing.assert_close(weights.detach(), TARGET, atol=0.05, rtol=0)


def test_steps_are_counted_from_one_and_looked_at_behind_each():
    asked, seen, weights = [], [], start()

    def loss_at(step):
        asked.append(step)
        return distance(weights)(step)

    train(
        (weight for weight in [weights]),
        loss_at,
        steps=4,
        learning_rate=0.1,
        after=lambda step: seen.append((step, weights.detach().clone())),
    )
    assert asked == [step for step, _ in seen] == [1, 2, 3, 4]
    assert seen[0][1].abs().min() > 0  # already moved


def test_no_steps():
    weights = start()
    assert train([weights], distance(weights), steps=0, learning_rate=0.1) == [] and weights.abs().sum() == 0


# (c) Bad input


@pytest.mark.parametrize(("wrong", "written"), [(float("nan"), "nan"), (float("-inf"), "-inf")])
def test_a_run_that_diverges_says_so_and_leaves_the_weights(wrong, written):
    weights = start()
    with pytest.raises(ValueError, match=rf"^train needs a finite loss \(.*\), got loss={written} at step=3\.$"):
        train([weights], lambda step: weights.sum() + (wrong if step == 3 else 1.0), steps=5, learning_rate=0.1)
    assert torch.isfinite(weights).all()


# (d) Gradients


def test_gradients_of_one_step_do_not_reach_the_next():
    weights, other = start(), torch.ones(1, requires_grad=True)
    gradients = []
    train(
        [weights, other],
        lambda step: (weights * TARGET).sum() if step == 1 else (weights * 0).sum() + other.sum(),
        steps=2,
        learning_rate=0.0,
        after=lambda step: gradients.append(weights.grad.clone()),
    )
    torch.testing.assert_close(gradients[0], TARGET)
    assert gradients[1].abs().max() == 0


def test_the_bar_is_quiet_where_the_book_is_built(monkeypatch, capsys):
    weights = start()
    for static, shown in ((False, True), (True, False)):
        if static:
            monkeypatch.setenv("TRANSFORMER_EDU_STATIC", "1")
        else:
            monkeypatch.delenv("TRANSFORMER_EDU_STATIC", raising=False)
        train([weights], distance(weights), steps=2, learning_rate=0.1, title="learning to count")
        assert ("learning to count" in capsys.readouterr().err) == shown
