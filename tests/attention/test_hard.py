"""Soft mixes, hard draws: the same in the mean, and only one of them has a gradient for the weights."""

import pytest
import torch

from transformer_edu.attention import (
    gaussian_local_weights,
    hard_attention,
    local_weights,
    scaled_dot_product_attention,
    soft_attention,
)
from transformer_edu.scores import scaled_dot_scores
from transformer_edu.softmax import softmax

BATCH, QUERIES, KEYS, VALUE_DIM, DIM = 2, 3, 5, 4, 6


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def draw_weights(*shape, seed=1, dtype=torch.float64):
    return softmax(2 * draw(*shape, seed=seed)).to(dtype)


# (a) Oracle and brute force


def test_soft_attention_after_scaled_scores_is_torchs():
    queries, keys, values = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, DIM, seed=1), draw(BATCH, KEYS, VALUE_DIM)
    outputs = torch.nn.functional.scaled_dot_product_attention(queries, keys, values)
    ours = soft_attention(softmax(scaled_dot_scores(queries, keys)), values)
    torch.testing.assert_close(ours.outputs, outputs)
    torch.testing.assert_close(tuple(ours), tuple(scaled_dot_product_attention(queries, keys, values)))


def test_each_query_takes_the_value_of_the_key_that_it_names(generator):
    weights, values = draw_weights(BATCH, QUERIES, KEYS), draw(BATCH, KEYS, VALUE_DIM)
    chosen = hard_attention(weights, values, generator=generator)
    for batch in range(BATCH):
        for query in range(QUERIES):
            key = chosen.keys[batch, query].item()
            assert chosen.outputs[batch, query].equal(values[batch, key])
            assert chosen.log_probabilities[batch, query].item() == pytest.approx(
                weights[batch, query, key].log().item()
            )


# (b) Properties and limits


def test_keys_are_drawn_as_often_as_their_weights_say_and_the_mean_is_soft(generator):
    weights, values, draws = draw_weights(1, KEYS), draw(KEYS, VALUE_DIM), 20_000
    chosen = hard_attention(weights.expand(draws, KEYS), values, generator=generator)
    shares = torch.bincount(chosen.keys, minlength=KEYS) / draws
    errors = (weights[0] * (1 - weights[0]) / draws).sqrt()
    assert ((shares - weights[0]).abs() < 4 * errors).all()
    soft = soft_attention(weights, values).outputs[0]
    torch.testing.assert_close(chosen.outputs.mean(0), soft, atol=4 * values.abs().max().item() / draws**0.5, rtol=0)


def test_a_sure_weight_makes_hard_and_soft_the_same(generator):
    weights, values = torch.eye(KEYS).double()[[3, 0, 4]], draw(KEYS, VALUE_DIM)
    chosen = hard_attention(weights, values, generator=generator)
    assert chosen.keys.tolist() == [3, 0, 4] and chosen.log_probabilities.abs().max() == 0
    torch.testing.assert_close(chosen.outputs, soft_attention(weights, values).outputs)


def test_weights_need_not_sum_to_1_for_a_draw(generator):
    weights = 0.3 * draw_weights(QUERIES, KEYS)
    chosen = hard_attention(weights, draw(KEYS, VALUE_DIM), generator=generator)
    share = weights.gather(-1, chosen.keys[:, None])[:, 0] / 0.3
    torch.testing.assert_close(chosen.log_probabilities, share.log())


def test_global_or_local_and_soft_or_hard_are_two_axes(generator):
    scores, values = draw(QUERIES, KEYS), draw(KEYS, VALUE_DIM)
    centers = torch.tensor([0.0, 1.5, 4.0]).double()
    inside = (torch.arange(KEYS) - centers[:, None]).abs() <= 1
    for weights, seen in (
        (softmax(scores), torch.ones_like(inside)),
        (local_weights(scores, centers, radius=1), inside),
        (gaussian_local_weights(scores, centers, radius=1), inside),
    ):
        assert (weights > 0).equal(seen)
        assert soft_attention(weights, values).outputs.shape == (QUERIES, VALUE_DIM)
        for _ in range(20):
            assert seen.gather(-1, hard_attention(weights, values, generator=generator).keys[:, None]).all()


# (c) Bad input and edges


def test_a_row_without_a_key_cannot_be_drawn(generator):
    weights = torch.tensor([[0.5, 0.5], [0.0, 0.0]])
    assert soft_attention(weights, torch.ones(2, 3)).outputs[1].tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match=r"sample needs finite weights >= 0 .*, got a row with sum=0\.0\.$"):
        hard_attention(weights, torch.ones(2, 3), generator=generator)


def test_edges(generator):
    chosen = hard_attention(torch.ones(0, QUERIES, KEYS), torch.ones(0, KEYS, VALUE_DIM), generator=generator)
    assert chosen.outputs.shape == (0, QUERIES, VALUE_DIM) and chosen.keys.shape == (0, QUERIES)
    only = hard_attention(torch.ones(1, 1), draw(1, VALUE_DIM, dtype=torch.float32), generator=generator)
    assert only.keys.tolist() == [0] and only.log_probabilities.tolist() == [0.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_every_type_on_every_device(dtype, device):
    weights, values = draw_weights(BATCH, QUERIES, KEYS, dtype=dtype), draw(BATCH, KEYS, VALUE_DIM, dtype=dtype)
    chosen, wanted = (
        hard_attention(weights.to(place), values.to(place), generator=torch.Generator().manual_seed(3))
        for place in (device, "cpu")
    )
    assert chosen.outputs.dtype == chosen.log_probabilities.dtype == dtype
    assert chosen.keys.cpu().equal(wanted.keys) and chosen.outputs.cpu().equal(wanted.outputs)
    soft = soft_attention(weights.to(device), values.to(device)).outputs
    assert soft.dtype == dtype
    wide = (weights.double() @ values.double()).to(dtype)
    torch.testing.assert_close(soft.cpu(), wide, rtol=2 * torch.finfo(dtype).eps, atol=torch.finfo(dtype).eps)


# (d) Gradients


def test_a_draw_sends_no_gradient_to_the_weights_but_its_logarithm_does(generator):
    scores = draw(QUERIES, KEYS).requires_grad_()
    values = draw(KEYS, VALUE_DIM).requires_grad_()
    chosen = hard_attention(softmax(scores), values, generator=generator)
    to_scores, to_values = torch.autograd.grad(
        chosen.outputs.sum(), (scores, values), allow_unused=True, retain_graph=True
    )
    assert to_scores is None
    taken = torch.bincount(chosen.keys, minlength=KEYS).double()
    torch.testing.assert_close(to_values, taken[:, None].expand(KEYS, VALUE_DIM))
    by_hand = torch.nn.functional.one_hot(chosen.keys, KEYS) - softmax(scores)
    torch.testing.assert_close(torch.autograd.grad(chosen.log_probabilities.sum(), scores)[0], by_hand.detach())


def test_gradients_of_soft_attention():
    weights, values = draw_weights(QUERIES, KEYS).requires_grad_(), draw(KEYS, VALUE_DIM).requires_grad_()
    assert torch.autograd.gradcheck(lambda *inputs: soft_attention(*inputs).outputs, (weights, values))


# (e) The claim in miniature


def test_hard_is_one_look_with_the_noise_of_one_look(generator):
    # The outputs of hard attention scatter around soft attention's by the variance of the values under the weights.
    weights, values = draw_weights(1, KEYS), draw(KEYS, 1)
    outputs = hard_attention(weights.expand(20_000, KEYS), values, generator=generator).outputs
    mean = (weights @ values).item()
    variance = (weights[0] * (values[:, 0] - mean).square()).sum().item()
    assert outputs.var().item() == pytest.approx(variance, rel=0.05)
