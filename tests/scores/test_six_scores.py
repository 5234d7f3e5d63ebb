"""Six score functions with one signature: what each is, what they share, and how they follow from each other."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from transformer_edu.scores import (
    additive_scores,
    additive_scores_of_projected,
    content_scores,
    dot_scores,
    general_scores,
    location_scores,
    scaled_dot_scores,
)
from transformer_edu.softmax import softmax

BATCH, QUERIES, KEYS, DIM, KEY_DIM, HIDDEN, LONGEST = 2, 3, 5, 4, 7, 6, 9


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def weights_of(score, *, key_dim=DIM, dtype=torch.float64):
    """Return random learned parts for a score function, in the order of its signature."""
    shapes = {
        additive_scores: [(DIM, HIDDEN), (key_dim, HIDDEN), (HIDDEN,)],
        general_scores: [(DIM, key_dim)],
        location_scores: [(DIM, LONGEST)],
    }
    return [draw(*shape, seed=seed, dtype=dtype) for seed, shape in enumerate(shapes.get(score, []), start=50)]


ALL = [additive_scores, content_scores, dot_scores, general_scores, location_scores, scaled_dot_scores]
every = pytest.mark.parametrize("score", ALL, ids=lambda score: score.__name__)

# (a) Oracles


@pytest.mark.parametrize(("score", "scale"), [(dot_scores, 1.0), (scaled_dot_scores, None)])
def test_dot_products_are_torchs(score, scale):
    queries, keys = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, DIM, seed=1)
    places = torch.eye(KEYS).double().expand(BATCH, KEYS, KEYS)  # values that say which key they belong to
    weights = functional.scaled_dot_product_attention(queries, keys, places, scale=scale)
    torch.testing.assert_close(softmax(score(queries, keys)), weights)


def test_content_is_torchs_cosine():
    queries, keys = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, DIM, seed=1)
    cosine = functional.cosine_similarity(queries[:, :, None], keys[:, None], dim=-1)
    torch.testing.assert_close(content_scores(queries, keys), cosine)
    torch.testing.assert_close(content_scores(queries, keys, strength=3.5), 3.5 * cosine)
    each = draw(BATCH, QUERIES, 1, seed=2)
    torch.testing.assert_close(content_scores(queries, keys, strength=each), each * cosine)


def test_general_is_torchs_bilinear():
    queries, keys, (weight,) = draw(QUERIES, DIM), draw(KEYS, KEY_DIM), weights_of(general_scores, key_dim=KEY_DIM)
    bilinear = nn.Bilinear(DIM, KEY_DIM, 1, bias=False, dtype=torch.float64)
    bilinear.weight.data = weight[None]
    pairs = [[bilinear(query, key).item() for key in keys] for query in queries]
    torch.testing.assert_close(general_scores(queries, keys, weight), torch.tensor(pairs).double())


@pytest.mark.parametrize("bias", [True, False])
def test_additive_is_a_network_of_torch(bias):
    queries, keys = draw(QUERIES, DIM), draw(KEYS, KEY_DIM, seed=1)
    first = nn.Linear(DIM + KEY_DIM, HIDDEN, bias=bias, dtype=torch.float64)
    last = nn.Linear(HIDDEN, 1, bias=False, dtype=torch.float64)
    network = nn.Sequential(first, nn.Tanh(), last)
    pairs = torch.stack([torch.stack([network(torch.cat([query, key]))[0] for key in keys]) for query in queries])
    query_weight, key_weight = first.weight.T.split([DIM, KEY_DIM])
    ours = additive_scores(queries, keys, query_weight, key_weight, last.weight[0], bias=first.bias)
    torch.testing.assert_close(ours, pairs)


def test_additive_number_by_number():
    queries, keys, (left, right, vector) = draw(2, DIM), draw(3, KEY_DIM), weights_of(additive_scores, key_dim=KEY_DIM)
    for i, query in enumerate(queries.tolist()):
        for j, key in enumerate(keys.tolist()):
            expected = sum(
                vector[h].item()
                * math.tanh(
                    sum(q * left[a, h] for a, q in enumerate(query)) + sum(k * right[b, h] for b, k in enumerate(key))
                )
                for h in range(HIDDEN)
            )
            ours = additive_scores(queries, keys, left, right, vector)[i, j].item()
            assert ours == pytest.approx(expected, rel=1e-12)


def test_location_is_a_linear_layer_of_the_query():
    queries, keys, (weight,) = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, KEY_DIM), weights_of(location_scores)
    layer = nn.Linear(DIM, LONGEST, bias=False, dtype=torch.float64)
    layer.weight.data = weight.T
    torch.testing.assert_close(location_scores(queries, keys, weight), layer(queries)[..., :KEYS])


# (b) Properties and limits


@every
@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_any_leading_axes(score, batch):
    queries, keys, weights = draw(*batch, QUERIES, DIM), draw(*batch, KEYS, DIM, seed=1), weights_of(score)
    scores = score(queries, keys, *weights)
    assert scores.shape == (*batch, QUERIES, KEYS)
    one = score(queries.reshape(-1, QUERIES, DIM)[-1], keys.reshape(-1, KEYS, DIM)[-1], *weights)
    torch.testing.assert_close(scores.reshape(-1, QUERIES, KEYS)[-1], one)


@every
def test_keys_in_another_order_come_out_in_that_order_except_for_location(score):
    queries, keys, weights, order = draw(QUERIES, DIM), draw(KEYS, DIM, seed=1), weights_of(score), [3, 0, 4, 1, 2]
    shuffled, scores = score(queries, keys[order], *weights), score(queries, keys, *weights)
    torch.testing.assert_close(shuffled, scores if score is location_scores else scores[:, order])


def test_identities():
    queries, keys = draw(QUERIES, DIM), draw(KEYS, DIM, seed=1)
    dots = dot_scores(queries, keys)
    torch.testing.assert_close(general_scores(queries, keys, torch.eye(DIM).double()), dots)
    torch.testing.assert_close(scaled_dot_scores(queries, keys), dots / 2)  # √4
    left, right = draw(DIM, HIDDEN, seed=2), draw(DIM, HIDDEN, seed=3)
    torch.testing.assert_close(general_scores(queries, keys, left @ right.T), dot_scores(queries @ left, keys @ right))
    unit = [vectors / vectors.norm(dim=-1, keepdim=True) for vectors in (queries, keys)]
    torch.testing.assert_close(content_scores(queries, keys), dot_scores(*unit))
    small = [1e-4 * weight for weight in weights_of(additive_scores)[:2]]  # tanh x ≈ x: a sum of two separate parts
    vector = weights_of(additive_scores)[2]
    parts = (queries @ small[0] @ vector)[:, None] + (keys @ small[1] @ vector)[None]
    torch.testing.assert_close(additive_scores(queries, keys, *small, vector), parts, atol=1e-9, rtol=1e-5)


def test_additive_is_odd_without_a_bias_and_bounded():
    queries, keys, (left, right, vector) = draw(QUERIES, DIM), draw(KEYS, DIM, seed=1), weights_of(additive_scores)
    scores = additive_scores(queries, keys, left, right, vector)
    torch.testing.assert_close(additive_scores(-queries, -keys, left, right, vector), -scores)
    torch.testing.assert_close(dot_scores(-queries, -keys), dot_scores(queries, keys))  # a dot product is even
    bias = draw(HIDDEN, seed=9)
    lifted = additive_scores(queries, keys, left, right, vector, bias=bias)
    assert (additive_scores(-queries, -keys, left, right, vector, bias=bias) + lifted).abs().max() > 0.1
    assert (additive_scores(1e6 * queries, keys, left, right, vector).abs() <= vector.abs().sum() + 1e-9).all()


def test_keys_are_projected_once():
    queries, keys, (left, right, vector) = draw(QUERIES, DIM), draw(KEYS, DIM, seed=1), weights_of(additive_scores)
    bias, projected = draw(HIDDEN, seed=9), keys @ right
    steps = [additive_scores_of_projected(query[None], projected, left, vector) for query in queries]
    torch.testing.assert_close(torch.cat(steps), additive_scores(queries, keys, left, right, vector))
    ours = additive_scores_of_projected(queries, projected + bias, left, vector)
    torch.testing.assert_close(ours, additive_scores(queries, keys, left, right, vector, bias=bias))


@pytest.mark.parametrize("strength", [0.5, 1.0, 4.0])
def test_a_cosine_cannot_prefer_one_key_by_more_than_e_to_the_2_beta(strength):
    key = torch.tensor([[0.6, 0.8]]).double()
    scores = content_scores(1000.0 * key, torch.cat([key, -0.01 * key]), strength=strength)
    weights = softmax(scores)[0]
    assert (weights[0] / weights[1]).item() == pytest.approx(math.exp(2 * strength))
    random = softmax(content_scores(draw(QUERIES, DIM), 100.0 * draw(KEYS, DIM, seed=1), strength=strength))
    assert (random.amax(-1) / random.amin(-1)).max() <= math.exp(2 * strength)


def test_content_does_not_know_lengths():
    queries, keys = draw(QUERIES, DIM), draw(KEYS, DIM, seed=1)
    torch.testing.assert_close(content_scores(7.0 * queries, 0.1 * keys), content_scores(queries, keys))


# (c) Bad input and edges


def test_location_needs_a_column_for_each_place():
    weight = draw(DIM, LONGEST)
    assert location_scores(draw(QUERIES, DIM), draw(LONGEST, DIM), weight).shape == (QUERIES, LONGEST)
    with pytest.raises(ValueError, match=r"^location_scores needs a column .* has 9, and place 9 .*, got keys=10\.$"):
        location_scores(draw(QUERIES, DIM), draw(10, DIM), weight)


@every
@pytest.mark.usefixtures("unchecked")
def test_edges(score):
    weights = weights_of(score)
    assert score(draw(1, DIM), draw(1, DIM), *weights).shape == (1, 1)
    assert score(draw(0, QUERIES, DIM), draw(0, KEYS, DIM), *weights).shape == (0, QUERIES, KEYS)
    with pytest.raises(ValueError, match="floating-point"):
        score(torch.ones(1, DIM, dtype=torch.long), torch.ones(1, DIM, dtype=torch.long), *weights)


@every
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_every_type_on_every_device(score, dtype, device):
    queries, keys, weights = (
        draw(BATCH, QUERIES, DIM, dtype=dtype),
        draw(BATCH, KEYS, DIM, dtype=dtype),
        weights_of(score, dtype=dtype),
    )
    scores = score(queries.to(device), keys.to(device), *(weight.to(device) for weight in weights))
    wide = score(queries.double(), keys.double(), *(weight.double() for weight in weights))
    assert scores.dtype == dtype and scores.device == queries.to(device).device
    tolerance = 2 * torch.finfo(dtype).eps if dtype != torch.float32 else 1e-5
    torch.testing.assert_close(scores.double().cpu(), wide, rtol=tolerance, atol=tolerance)


def test_half_precision_is_rounded_once():
    queries, keys = torch.ones(1, 4096, dtype=torch.bfloat16), torch.ones(1, 4096, dtype=torch.bfloat16)
    assert dot_scores(queries, keys).item() == 4096  # 256 + 1 = 256 in bfloat16
    assert scaled_dot_scores(300 * queries.half(), 300 * keys.half()).item() == pytest.approx(math.inf)  # 5.8e6 > 65504
    large = torch.full((1, 4), 150.0, dtype=torch.float16)
    assert scaled_dot_scores(large, large).item() == pytest.approx(45000, rel=1e-3)  # the sum itself, 90000, overflows


# (d) Gradients


@every
def test_gradients(score):
    inputs = [draw(2, DIM), draw(3, DIM, seed=1), *weights_of(score)]
    assert torch.autograd.gradcheck(score, [tensor.requires_grad_() for tensor in inputs])


def test_the_strength_learns():
    strength = torch.full((QUERIES, 1), 2.0).double().requires_grad_()
    queries, keys = draw(QUERIES, DIM), draw(KEYS, DIM, seed=1)
    assert torch.autograd.gradcheck(lambda strength: content_scores(queries, keys, strength=strength), strength)


def test_no_gradient_reaches_the_keys_through_location():
    keys, queries = draw(KEYS, DIM).requires_grad_(), draw(QUERIES, DIM, seed=1).requires_grad_()
    values = keys * 2.0
    weights = softmax(location_scores(queries, keys, *weights_of(location_scores)))
    assert torch.autograd.grad(weights.square().sum(), keys, allow_unused=True, retain_graph=True)[0] is None
    through_values = torch.autograd.grad((weights @ values).sum(), keys)[0]
    torch.testing.assert_close(through_values, 2 * weights.detach().sum(0)[:, None].expand(KEYS, DIM))


def test_a_vector_of_length_0_has_score_0_and_no_gradient():
    queries, keys = torch.zeros(1, DIM).double().requires_grad_(), draw(KEYS, DIM)
    scores = content_scores(queries, keys)
    assert scores.tolist() == [[0.0] * KEYS]
    assert torch.autograd.grad(scores.sum(), queries)[0].tolist() == [[0.0] * DIM]


# (e) The papers' claims in miniature


def test_additive_takes_hidden_times_the_memory_of_a_dot_product():
    # Bahdanau et al. need the tanh of every pair; what autograd keeps for the way back shows it.
    kept = []
    queries, keys, (left, right, vector) = draw(1, 30, DIM), draw(1, 40, DIM), weights_of(additive_scores)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.numel()) or tensor, lambda t: t):
        additive_scores(queries.requires_grad_(), keys, left, right, vector)
    assert max(kept) == 30 * 40 * HIDDEN
    kept.clear()
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.numel()) or tensor, lambda t: t):
        dot_scores(queries, keys)
    assert max(kept) == 40 * DIM


def test_scaling_keeps_the_spread_at_every_width_and_a_unit_cosine_loses_it():
    spread = {}
    for width in (16, 256):
        queries, keys = draw(400, width), draw(300, width, seed=1)
        for score in (dot_scores, scaled_dot_scores, content_scores):
            spread[score, width] = score(queries, keys).std().item()
    assert spread[dot_scores, 256] / spread[dot_scores, 16] == pytest.approx(4, rel=0.1)
    assert spread[scaled_dot_scores, 256] == pytest.approx(1, rel=0.1) == spread[scaled_dot_scores, 16]
    assert spread[content_scores, 16] == pytest.approx(1 / 4, rel=0.1)  # random directions are nearly at right angles
    assert spread[content_scores, 256] == pytest.approx(1 / 16, rel=0.1)
