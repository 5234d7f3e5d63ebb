"""Rotary positions, in both pairings."""

import math

import pytest
import torch
from transformers import GPTNeoXConfig, LlamaConfig
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXRotaryEmbedding
from transformers.models.gpt_neox.modeling_gpt_neox import apply_rotary_pos_emb as turn_gpt_neox
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb as turn_llama
from transformers.models.roformer.modeling_roformer import RoFormerSelfAttention, RoFormerSinusoidalPositionalEmbedding

from transformer_edu.positions import rotary, rotary_halves, turn_matrix

BATCH, HEADS, TOKENS, DIM = 2, 3, 7, 10
BOTH = pytest.mark.parametrize("turn", [rotary, rotary_halves])


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


# (a) Oracle


@pytest.mark.parametrize("first", [0, 11])
def test_neighbors_are_roformers(first):
    queries, keys = (draw(BATCH, HEADS, TOKENS, DIM, seed=seed, dtype=torch.float32) for seed in (0, 1))
    sinusoids = RoFormerSinusoidalPositionalEmbedding(32, DIM).create_weight()[None, None, first : first + TOKENS]
    theirs = RoFormerSelfAttention.apply_rotary_position_embeddings(sinusoids, queries, keys)
    torch.testing.assert_close((rotary(queries, first=first), rotary(keys, first=first)), theirs)


@pytest.mark.parametrize("base", [10000.0, 500.0])
@pytest.mark.parametrize("first", [0, 11])
def test_halves_are_gpt_neoxs_and_llamas(first, base):
    queries, keys = (draw(BATCH, HEADS, TOKENS, DIM, seed=seed, dtype=torch.float32) for seed in (0, 1))
    ours = tuple(rotary_halves(vectors, first=first, base=base) for vectors in (queries, keys))
    sizes = {"hidden_size": HEADS * DIM, "num_attention_heads": HEADS}
    rope = {"rope_type": "default", "rope_theta": base}
    neox = GPTNeoXConfig(**sizes, rope_parameters=rope | {"partial_rotary_factor": 1.0})
    llama = LlamaConfig(**sizes, rope_parameters=rope)
    for embedding, turn in ((GPTNeoXRotaryEmbedding(neox), turn_gpt_neox), (LlamaRotaryEmbedding(llama), turn_llama)):
        turns = embedding(queries, torch.arange(first, first + TOKENS)[None])
        torch.testing.assert_close(ours, turn(queries, keys, *turns), rtol=1e-5, atol=1e-5)


@BOTH
def test_pair_by_pair(turn):
    vectors = draw(TOKENS, DIM)
    turned = turn(vectors, first=2, base=50.0)
    for p in range(TOKENS):
        for i in range(DIM // 2):
            pair = [2 * i, 2 * i + 1] if turn is rotary else [i, i + DIM // 2]
            angle = (p + 2) * 50.0 ** (-2 * i / DIM)
            x, y = vectors[p, pair]
            want = [x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)]
            torch.testing.assert_close(turned[p, pair], torch.stack(want))


def test_it_is_the_turn_of_the_sinusoidal_codes():
    vectors = draw(5, DIM, dtype=torch.float32)
    by_matrix = torch.stack([vector @ turn_matrix(p, dim=DIM) for p, vector in enumerate(vectors)])
    torch.testing.assert_close(rotary(vectors), by_matrix)


# (b) Properties


@BOTH
def test_scores_depend_on_the_difference_only(turn):
    queries, keys = draw(BATCH, TOKENS, DIM), draw(BATCH, TOKENS, DIM, seed=1)
    scores = [turn(queries, first=first) @ turn(keys, first=first).mT for first in (0, 1, 1000)]
    torch.testing.assert_close(scores[0], scores[1])
    torch.testing.assert_close(scores[0], scores[2])
    assert (turn(queries, first=1) @ turn(keys).mT - scores[0]).abs().max() > 0.1


@BOTH
def test_position_zero_and_norms_stay(turn):
    vectors = draw(TOKENS, DIM)
    turned = turn(vectors)
    assert turned[0].equal(vectors[0])
    torch.testing.assert_close(turned.norm(dim=-1), vectors.norm(dim=-1))
    assert (turned[1:] - vectors[1:]).abs().amax(-1).min() > 0.1


def test_the_pairings_differ_by_an_order_of_features():
    vectors = draw(TOKENS, DIM)
    in_halves = torch.cat([vectors[:, ::2], vectors[:, 1::2]], dim=-1)
    turned = rotary(vectors)
    torch.testing.assert_close(rotary_halves(in_halves), torch.cat([turned[:, ::2], turned[:, 1::2]], dim=-1))
    assert (rotary_halves(vectors) - turned).abs().max() > 0.1


@BOTH
def test_the_first_pair_is_the_fastest(turn):
    ones = torch.ones(2, DIM, dtype=torch.float64)
    turned = turn(ones)[1]
    pairs = turned.reshape(-1, 2) if turn is rotary else turned.reshape(2, -1).T
    angles = torch.atan2(pairs[:, 1], pairs[:, 0]) - math.pi / 4
    torch.testing.assert_close(angles, 10000.0 ** (-torch.arange(5, dtype=torch.float64) * 2 / DIM))


@BOTH
def test_keys_stay_in_a_cache_as_they_were_turned(turn):
    keys = draw(TOKENS, DIM)
    torch.testing.assert_close(torch.cat([turn(keys[:4]), turn(keys[4:], first=4)]), turn(keys))


# (c) Bad input and edges


@pytest.mark.parametrize("head_dim", [1, 3, 9])
@BOTH
def test_an_odd_width_is_refused(turn, head_dim):
    with pytest.raises(
        ValueError, match=rf"^{turn.__name__} needs an even head_dim \(.*\), got head_dim={head_dim}\.$"
    ):
        turn(draw(TOKENS, head_dim))


@BOTH
def test_a_base_below_zero_is_refused(turn):
    with pytest.raises(ValueError, match=r"^frequencies needs base > 0 \(.*\), got base=0\.0\.$"):
        turn(draw(TOKENS, DIM), base=0.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@BOTH
def test_half_precision_turns_exactly_far_away(turn, dtype, device):
    vectors = draw(TOKENS, DIM, dtype=dtype).to(device)
    turned = turn(vectors, first=5000)
    assert turned.dtype == dtype and turned.device.type == device
    want = turn(vectors.double(), first=5000).to(dtype)
    torch.testing.assert_close(turned, want, rtol=torch.finfo(dtype).eps, atol=torch.finfo(dtype).eps)
    assert (turned == want).float().mean() > 0.95  # rounded once, at the end


@BOTH
def test_edges(turn):
    assert turn(draw(0, TOKENS, DIM)).shape == (0, TOKENS, DIM)
    assert turn(draw(1, 2)).shape == (1, 2)


# (d) Gradients


@BOTH
def test_gradients(turn):
    vectors = draw(2, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: turn(x, first=2), vectors)
    turn(vectors)[:, 1].sum().backward()
    assert vectors.grad[:, [0, 2]].abs().max() == 0 and vectors.grad[:, 1].abs().min() > 0


# (e) The paper's claim in miniature


def test_scores_of_equal_vectors_decay_with_the_distance():
    # Su et al., section 3.4.3: the score of one vector with itself decays, on the whole, as the two move apart.
    same = torch.ones(257, 64, dtype=torch.float64)
    scores = rotary(same)[0] @ rotary(same).T / 64
    means = torch.stack([scores[1:17].mean(), scores[17:65].mean(), scores[65:].mean()])
    assert scores[0] == pytest.approx(1.0) and (means.diff() < -0.05).all()
    assert (scores.diff() > 0).any()  # on the whole: it is no monotone decay
