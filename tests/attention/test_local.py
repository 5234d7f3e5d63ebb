"""Luong's local attention: a window, a bell curve in it that learns its place, and the same without a table."""

import math

import pytest
import torch

from transformer_edu.attention import (
    gaussian_local_weights,
    local_weights,
    mask_from,
    monotonic_centers,
    padding,
    predicted_centers,
    sliding_window,
    soft_attention,
    windows_around,
)
from transformer_edu.scores import additive_scores, content_scores, dot_scores
from transformer_edu.softmax import masked_softmax, softmax

BATCH, QUERIES, KEYS, DIM, HIDDEN = 2, 3, 7, 4, 5
CENTERS = torch.tensor([0.0, 2.4, 6.5], dtype=torch.float64)


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


# (a) Brute force


@pytest.mark.parametrize("radius", [1, 2, 3])
def test_weights_number_by_number(radius):
    scores = draw(QUERIES, KEYS)
    ours, bell = local_weights(scores, CENTERS, radius=radius), gaussian_local_weights(scores, CENTERS, radius=radius)
    sigma = radius / 2
    for query, center in enumerate(CENTERS.tolist()):
        window = [key for key in range(KEYS) if center - radius <= key <= center + radius]
        total = sum(math.exp(scores[query, key]) for key in window)
        for key in range(KEYS):
            share = math.exp(scores[query, key]) / total if key in window else 0.0
            assert ours[query, key].item() == pytest.approx(share, abs=1e-12)
            gauss = math.exp(-((key - center) ** 2) / (2 * sigma**2))
            assert bell[query, key].item() == pytest.approx(share * gauss, abs=1e-12)


def test_predicted_centers_number_by_number():
    queries, weight, vector = draw(BATCH, QUERIES, DIM), draw(DIM, HIDDEN, seed=1), draw(HIDDEN, seed=2)
    lengths = torch.tensor([7, 4])
    ours = predicted_centers(queries, weight, vector, lengths)
    for batch in range(BATCH):
        for query in range(QUERIES):
            logit = float(vector @ torch.tanh(weight.T @ queries[batch, query]))
            expected = lengths[batch].item() / (1 + math.exp(-logit))
            assert ours[batch, query].item() == pytest.approx(expected)


# (b) Properties and limits


def test_monotonic_windows_are_the_mask_of_a_sliding_window():
    scores = draw(KEYS, KEYS)
    window = mask_from(sliding_window(3), queries=KEYS, keys=KEYS)
    ours = local_weights(scores, monotonic_centers(queries=KEYS), radius=2)
    torch.testing.assert_close(ours, masked_softmax(scores, window))


def test_a_window_as_wide_as_the_sequence_is_global():
    scores = draw(QUERIES, KEYS)
    torch.testing.assert_close(local_weights(scores, CENTERS, radius=KEYS), softmax(scores))
    far = gaussian_local_weights(scores, CENTERS, radius=10_000)
    torch.testing.assert_close(far, softmax(scores), atol=1e-5, rtol=1e-5)


def test_the_bell_is_not_divided_by_its_sum():
    weights = gaussian_local_weights(draw(QUERIES, KEYS), CENTERS, radius=2)
    assert (weights.sum(-1) < 0.95).all() and (weights >= 0).all()
    edge = gaussian_local_weights(torch.zeros(1, 3), torch.tensor([0.0]), radius=2)[0] * 3
    torch.testing.assert_close(edge, torch.tensor([1.0, math.exp(-0.5), math.exp(-2.0)]))  # 0, σ and 2σ away


def test_a_mask_takes_keys_out_before_the_weight_is_shared():
    scores, allowed = draw(BATCH, QUERIES, KEYS), mask_from(padding(torch.tensor([KEYS, 3])), queries=1, keys=KEYS)
    weights = local_weights(scores, CENTERS, radius=2, allowed=allowed)
    assert (weights[1, :, 3:] == 0).all()
    assert weights[1, 2].abs().max() == 0  # its window holds nothing but filler
    torch.testing.assert_close(weights[1, :2].sum(-1), torch.ones(2).double())
    bell = gaussian_local_weights(scores, CENTERS, radius=2, allowed=allowed)
    assert (bell[1, :, 3:] == 0).all() and (bell <= weights).all()


@pytest.mark.parametrize("radius", [1, 2, 9])
def test_gathered_windows_give_the_weights_of_the_table(radius):
    queries, tokens = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, DIM, seed=1)
    centers = torch.stack([CENTERS, torch.tensor([3.0, 1.5, 5.2]).double()])
    left, right, vector = draw(DIM, HIDDEN, seed=2), draw(DIM, HIDDEN, seed=3), draw(HIDDEN, seed=4)
    found = windows_around(tokens, centers, radius=radius)
    assert found.tokens.shape == (BATCH, QUERIES, 2 * radius + 1, DIM)
    for score in (dot_scores, content_scores, lambda q, k: additive_scores(q, k, left, right, vector)):
        table = local_weights(score(queries, tokens), centers, radius=radius)
        near = masked_softmax(score(queries[..., None, :], found.tokens), found.allowed[..., None, :])
        gathered = torch.zeros_like(table).scatter_add(-1, found.positions, near[..., 0, :])
        torch.testing.assert_close(gathered, table)
        outputs = soft_attention(near, found.tokens).outputs[..., 0, :]
        torch.testing.assert_close(outputs, soft_attention(table, tokens).outputs)


def test_a_window_starts_from_the_whole_number_below_its_center():
    found = windows_around(draw(KEYS, DIM), torch.tensor([2.7, 0.0]).double(), radius=1)
    assert found.positions.tolist() == [[1, 2, 3], [0, 0, 1]]  # the place before the first is filled with the first
    assert found.allowed.tolist() == [[False, True, True], [False, True, True]]


# (c) Bad input and edges


@pytest.mark.parametrize("radius", [0, -2])
def test_a_window_needs_a_radius(radius):
    scores, tokens = draw(QUERIES, KEYS), draw(KEYS, DIM)
    for name, call in (
        ("local_weights", lambda: local_weights(scores, CENTERS, radius=radius)),
        ("gaussian_local_weights", lambda: gaussian_local_weights(scores, CENTERS, radius=radius)),
        ("windows_around", lambda: windows_around(tokens, CENTERS, radius=radius)),
    ):
        with pytest.raises(ValueError, match=rf"^{name} needs radius >= 1 \(.*\), got radius={radius}\.$"):
            call()


def test_edges():
    assert monotonic_centers(queries=4).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert local_weights(draw(1, 1), torch.zeros(1).double(), radius=1).tolist() == [[1.0]]
    assert local_weights(draw(0, QUERIES, KEYS), CENTERS, radius=1).shape == (0, QUERIES, KEYS)
    outside = local_weights(draw(1, KEYS), torch.tensor([KEYS + 5.0]).double(), radius=2)
    assert outside.tolist() == [[0.0] * KEYS]
    assert not windows_around(draw(KEYS, DIM), torch.tensor([KEYS + 5.0]).double(), radius=2).allowed.any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_every_type_on_every_device(dtype, device):
    scores, centers = draw(QUERIES, KEYS, dtype=dtype).to(device), torch.tensor([0.0, 2.5, 6.5], dtype=dtype).to(device)
    weights = gaussian_local_weights(scores, centers, radius=2)
    assert weights.dtype == dtype and weights.device == scores.device
    wide = gaussian_local_weights(scores.double().cpu(), centers.double().cpu(), radius=2)
    torch.testing.assert_close(weights.double().cpu(), wide, rtol=2 * torch.finfo(dtype).eps, atol=1e-6)
    parts = [tensor.to(device, dtype) for tensor in (draw(QUERIES, DIM), draw(DIM, HIDDEN), draw(HIDDEN))]
    assert predicted_centers(*parts, torch.tensor(KEYS, device=device)).dtype == dtype


# (d) Gradients


def test_only_the_bell_teaches_the_center():
    scores, centers = draw(QUERIES, KEYS), CENTERS.clone().requires_grad_()
    assert not local_weights(scores, centers, radius=2).requires_grad
    moved = torch.autograd.grad(gaussian_local_weights(scores, centers, radius=2)[:, 2].sum(), centers)[0]
    assert moved[1] < 0 and moved[2] == 0  # key 2 pulls the center 2.4 towards itself; 6.5 does not see it
    tokens, where = draw(KEYS, DIM), CENTERS.clone().requires_grad_()
    assert not windows_around(tokens, where, radius=2).tokens.requires_grad


def test_gradients():
    # Between whole numbers: where a center passes one, a key enters the window and the weights jump.
    scores, centers = draw(QUERIES, KEYS).requires_grad_(), (CENTERS + 0.3).requires_grad_()
    assert torch.autograd.gradcheck(lambda s, c: gaussian_local_weights(s, c, radius=2), (scores, centers))
    assert torch.autograd.gradcheck(lambda s: local_weights(s, CENTERS, radius=2), scores)
    inputs = [draw(QUERIES, DIM), draw(DIM, HIDDEN, seed=1), draw(HIDDEN, seed=2)]
    lengths = torch.tensor(KEYS)
    assert torch.autograd.gradcheck(
        lambda *i: predicted_centers(*i, lengths), [part.requires_grad_() for part in inputs]
    )
    tokens = draw(KEYS, DIM).requires_grad_()
    assert torch.autograd.gradcheck(lambda tokens: windows_around(tokens, CENTERS, radius=2).tokens, tokens)


# (e) The claim in miniature


def test_the_work_grows_with_the_window_and_not_with_the_sequence():
    # Luong et al.: local attention is cheaper. Count what is kept for 64 queries among 2000 keys.
    queries, tokens, centers = draw(64, DIM), draw(2000, DIM, seed=1), torch.linspace(0, 1999, 64).double()
    found = windows_around(tokens, centers, radius=4)
    near = dot_scores(queries[:, None], found.tokens)
    assert near.numel() == 64 * 9 and dot_scores(queries, tokens).numel() == 64 * 2000
    assert found.tokens.numel() == 64 * 9 * DIM < tokens.numel()
