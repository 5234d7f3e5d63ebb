"""Distances, the skew, and scores that see them: Shaw, T5, Transformer-XL, ALiBi."""

import math

import pytest
import torch
from torch import nn
from transformers import T5Config, Wav2Vec2BertConfig, XLNetConfig
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.mpt.modeling_mpt import build_mpt_alibi_tensor
from transformers.models.t5.modeling_t5 import T5Attention
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import Wav2Vec2BertSelfAttention
from transformers.models.xlnet.modeling_xlnet import XLNetModel, XLNetRelativeAttention

from transformer_edu.positions import (
    alibi_bias,
    alibi_slopes,
    clipped,
    distance_sinusoids,
    distances,
    shaw_bias,
    shaw_mix,
    shaw_scores,
    sinusoidal_at,
    skew,
    t5_bias,
    t5_buckets,
    t5_causal_buckets,
    transformer_xl_scores,
)

BATCH, QUERIES, KEYS, HEADS, DIM, VALUES = 2, 4, 7, 3, 6, 5


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


# Distances and the skew


@pytest.mark.parametrize("first", [0, 3, 9])
def test_distances_by_definition(first):
    found = distances(QUERIES, KEYS, first=first)
    assert found.tolist() == [[j - (i + first) for j in range(KEYS)] for i in range(QUERIES)]


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (1, 5), (5, 1), (4, 7), (7, 4), (3, 3)])
def test_skew_by_definition(queries, keys):
    products = draw(BATCH, queries, queries + keys - 1)
    want = torch.tensor(
        [[[row[i, j - i + queries - 1] for j in range(keys)] for i in range(queries)] for row in products]
    )
    assert skew(products).equal(want)


def test_skew_and_distances_refuse():
    with pytest.raises(ValueError, match=r"^skew needs query \+ key − 1 distances .*products\.shape=\(5, 4\)\.$"):
        skew(torch.zeros(5, 4))
    with pytest.raises(ValueError, match=r"^distances needs queries and keys \(.*\), got queries=0, keys=3\.$"):
        distances(0, 3)
    assert skew(torch.zeros(0, 2, 4)).shape == (0, 2, 3)
    assert torch.autograd.gradcheck(skew, draw(2, 3, 5).requires_grad_())


# Shaw: (a) oracle


def shaw_loop(queries, keys, vectors, first):
    clip, scores = len(vectors) // 2, torch.zeros(len(queries), len(keys), dtype=queries.dtype)
    for i, query in enumerate(queries):
        for j, key in enumerate(keys):
            row = max(-clip, min(clip, j - (i + first))) + clip
            scores[i, j] = query @ (key + vectors[row]) / math.sqrt(len(query))
    return scores


@pytest.mark.parametrize("first", [0, 3, 8])
@pytest.mark.parametrize("clip", [0, 2, 9])
def test_shaw_pair_by_pair(clip, first):
    queries, keys, vectors = draw(QUERIES, DIM), draw(KEYS, DIM, seed=1), draw(2 * clip + 1, DIM, seed=2)
    want = shaw_loop(queries, keys, vectors, first)
    torch.testing.assert_close(shaw_scores(queries, keys, vectors, first=first), want)
    fast = (queries @ keys.mT + shaw_bias(queries, vectors, keys=KEYS, first=first)) / DIM**0.5
    torch.testing.assert_close(fast, want)


def test_shaw_is_hugging_faces_relative_key():
    config = Wav2Vec2BertConfig(
        hidden_size=HEADS * DIM,
        num_attention_heads=HEADS,
        position_embeddings_type="relative_key",
        left_max_position_embeddings=2,
        right_max_position_embeddings=2,
        attention_dropout=0.0,
    )
    theirs, tokens = Wav2Vec2BertSelfAttention(config).double(), draw(1, KEYS, HEADS * DIM)
    theirs.distance_embedding.weight.data = vectors = draw(5, DIM, seed=1)
    weights = theirs(tokens, output_attentions=True)[1]
    queries, keys = (
        layer(tokens).reshape(1, KEYS, HEADS, DIM).transpose(1, 2) for layer in (theirs.linear_q, theirs.linear_k)
    )
    torch.testing.assert_close(shaw_scores(queries, keys, vectors).softmax(-1), weights)


@pytest.mark.parametrize("first", [0, 3])
def test_shaw_mixes_values_with_their_distances(first):
    weights, values = draw(BATCH, HEADS, QUERIES, KEYS).softmax(-1), draw(BATCH, HEADS, KEYS, VALUES, seed=1)
    vectors = draw(5, VALUES, seed=2)
    found = shaw_mix(weights, values, vectors, first=first)
    table = vectors[(distances(QUERIES, KEYS, first=first)).clamp(-2, 2) + 2]
    want = (weights[..., None] * (values[..., None, :, :] + table)).sum(-2)
    torch.testing.assert_close(found, want)


# Shaw: (b) properties, (c) bad input, (d) gradients


def test_shaw_clips():
    rows = clipped(torch.tensor([-9, -3, -2, 0, 1, 2, 40]), vectors=draw(5, DIM))
    assert rows.tolist() == [0, 0, 0, 2, 3, 4, 4]
    with pytest.raises(ValueError, match=r"^clipped needs 2k \+ 1 vectors \(.*\), got vectors\.shape=\(4, 6\)\.$"):
        clipped(torch.tensor([0]), vectors=draw(4, DIM))
    with pytest.raises(ValueError, match=r"^clipped needs 2k \+ 1 vectors"):
        shaw_bias(draw(QUERIES, DIM), draw(4, DIM), keys=KEYS)


def test_shaw_knows_before_from_behind():
    vectors = torch.zeros(3, DIM, dtype=torch.float64)
    vectors[0] = 1.0  # keys before the query
    bias = shaw_bias(torch.ones(3, DIM, dtype=torch.float64), vectors, keys=3)
    assert (bias != 0).tolist() == [[False, False, False], [True, False, False], [True, True, False]]


def test_shaw_without_vectors_is_dot_product_attention():
    queries, keys = draw(BATCH, QUERIES, DIM), draw(BATCH, KEYS, DIM, seed=1)
    nothing = torch.zeros(7, DIM, dtype=torch.float64)
    torch.testing.assert_close(shaw_scores(queries, keys, nothing), queries @ keys.mT / DIM**0.5)
    weights = draw(BATCH, QUERIES, KEYS).softmax(-1)
    torch.testing.assert_close(shaw_mix(weights, keys, nothing), weights @ keys)


def test_shaw_gradients():
    inputs = [
        draw(3, DIM).requires_grad_(),
        draw(4, DIM, seed=1).requires_grad_(),
        draw(5, DIM, seed=2).requires_grad_(),
    ]
    assert torch.autograd.gradcheck(shaw_scores, inputs)
    assert torch.autograd.gradcheck(lambda q, v: shaw_bias(q, v, keys=4), [inputs[0], inputs[2]])
    weights = draw(3, 4).softmax(-1).requires_grad_()
    assert torch.autograd.gradcheck(shaw_mix, [weights, inputs[1], inputs[2]])
    far = draw(9, DIM).requires_grad_()  # distances beyond ±2 do not occur among three tokens
    shaw_scores(draw(3, DIM), draw(3, DIM), far).sum().backward()
    assert far.grad.abs().sum(-1).gt(0).tolist() == [False] * 2 + [True] * 5 + [False] * 2


# T5: (a) oracle


def t5_layer(*, decoder, buckets=32, farthest=128):
    config = T5Config(
        d_model=12,
        d_kv=4,
        num_heads=HEADS,
        is_decoder=decoder,
        relative_attention_num_buckets=buckets,
        relative_attention_max_distance=farthest,
        dropout_rate=0.0,
    )
    layer = T5Attention(config, has_relative_attention_bias=True, layer_idx=0).double()
    for seed, parameter in enumerate(layer.parameters()):
        parameter.data = draw(*parameter.shape, seed=seed)
    return layer


@pytest.mark.parametrize(("buckets", "farthest"), [(32, 128), (8, 20), (16, 64), (12, 1000)])
@pytest.mark.parametrize("decoder", [False, True])
def test_t5_bias_is_hugging_faces(decoder, buckets, farthest):
    theirs = t5_layer(decoder=decoder, buckets=buckets, farthest=farthest)
    rule = t5_causal_buckets if decoder else t5_buckets
    for first in (0, 290):
        apart = distances(11, 301, first=first)
        ours = t5_bias(theirs.relative_attention_bias.weight, rule(apart, buckets=buckets, farthest=farthest))
        want = theirs.compute_bias(11, 301, past_seen_tokens=first)[0]
        torch.testing.assert_close(ours, want, rtol=0, atol=0)


def test_t5_does_not_divide_by_the_root():
    theirs, tokens = t5_layer(decoder=False), draw(1, KEYS, 12, seed=9)
    weights = theirs(tokens, output_attentions=True)[2]
    queries, keys = (layer(tokens).reshape(1, KEYS, HEADS, 4).transpose(1, 2) for layer in (theirs.q, theirs.k))
    bias = t5_bias(theirs.relative_attention_bias.weight, t5_buckets(distances(KEYS, KEYS)))
    torch.testing.assert_close((queries @ keys.mT + bias).softmax(-1), weights)


# T5: (b) properties, (c) bad input, (d) gradients


def test_t5_buckets_by_hand():
    assert t5_buckets(torch.tensor([-9, -3, -2, -1, 0, 1, 2, 3, 9]), buckets=8, farthest=8).tolist() == [
        *(3, 2, 2, 1, 0, 5, 6, 6, 7)
    ]
    assert t5_causal_buckets(torch.tensor([2, 0, -1, -2, -3, -4, -99]), buckets=4, farthest=4).tolist() == [
        *(0, 0, 1, 2, 3, 3, 3)
    ]


def test_t5_buckets_grow_and_end():
    back = t5_causal_buckets(-torch.arange(1000))
    assert (back.diff() >= 0).all() and back[:16].tolist() == list(range(16))
    assert back[127] == 31 and (back[128:] == 31).all() and len(back.unique()) == 32
    both = t5_buckets(torch.arange(-200, 201))
    assert both[200] == 0 and both[:200].max() == 15 and both[201:].min() == 17 and both.max() == 31
    assert (both[201:] - 16).equal(both[:200].flip(0))


@pytest.mark.parametrize("buckets", [0, 2, 6])
def test_t5_refuses(buckets):
    with pytest.raises(ValueError, match=rf"^t5_buckets needs buckets that 4 divides \(.*\), got buckets={buckets}\.$"):
        t5_buckets(torch.arange(3), buckets=buckets)
    with pytest.raises(ValueError, match=r"^t5_causal_buckets needs buckets that 2 divides \(.*\), got buckets=3\.$"):
        t5_causal_buckets(torch.arange(3), buckets=3)
    with pytest.raises(ValueError, match=r"^t5_buckets needs farthest > 8 \(.*\), got farthest=8\.$"):
        t5_buckets(torch.arange(3), farthest=8)
    with pytest.raises(ValueError, match=r"^t5_causal_buckets needs farthest > 16 \(.*\), got farthest=16\.$"):
        t5_causal_buckets(torch.arange(3), farthest=16)


def test_t5_gradients_reach_the_buckets_that_occur():
    table = draw(32, HEADS).requires_grad_()
    t5_bias(table, t5_buckets(distances(3, 3))).sum().backward()
    assert table.grad[:, 0].nonzero().flatten().tolist() == [0, 1, 2, 17, 18]
    assert table.grad[:, 0].sum() == 9


# Transformer-XL: (a) oracle


@pytest.mark.parametrize("memory", [0, 3])
def test_transformer_xl_is_xlnets(memory):
    query, key, dim = QUERIES, QUERIES + memory, HEADS * DIM
    config = XLNetConfig(d_model=dim, n_head=HEADS, n_layer=1, d_inner=8, vocab_size=11, attn_type="bi", dropout=0.0)
    theirs = XLNetRelativeAttention(config).double()
    for seed, parameter in enumerate(theirs.parameters()):
        parameter.data = draw(*parameter.shape, seed=seed)
    queries, keys = draw(query, BATCH, HEADS, DIM, seed=20), draw(key, BATCH, HEADS, DIM, seed=21)
    sinusoids = XLNetModel(config).relative_positional_encoding(query, key, bsz=BATCH).double()
    projected = torch.einsum("ibh,hnd->ibnd", sinusoids, theirs.r)
    values = torch.zeros(key, BATCH, HEADS, DIM, dtype=torch.float64)
    _, weights = theirs.rel_attn_core(queries, keys, values, projected, output_attentions=True)
    ours = transformer_xl_scores(
        queries.permute(1, 2, 0, 3),
        keys.permute(1, 2, 0, 3),
        projected[1:].permute(1, 2, 0, 3),  # XLNet's first row, distance `key`, is shifted out
        theirs.r_w_bias,
        theirs.r_r_bias,
    )
    torch.testing.assert_close(ours.softmax(-1).permute(2, 3, 0, 1), weights)
    halves = distance_sinusoids(query, key, dim=dim, first=memory)
    in_halves = torch.cat([halves[:, ::2], halves[:, 1::2]], dim=-1).double()
    torch.testing.assert_close(in_halves, sinusoids[1:, 0], rtol=0, atol=1e-6)


def test_transformer_xl_term_by_term():
    queries, keys = draw(QUERIES, DIM), draw(KEYS, DIM, seed=1)
    content_bias, distance_bias, weight = draw(DIM, seed=2), draw(DIM, seed=3), draw(DIM, DIM, seed=4)
    first = 2
    want = torch.zeros(QUERIES, KEYS, dtype=torch.float64)
    for i in range(QUERIES):
        for j in range(KEYS):
            code = sinusoidal_at(torch.tensor(float(first + i - j), dtype=torch.float64), dim=DIM) @ weight
            terms = (queries[i] @ keys[j], queries[i] @ code, content_bias @ keys[j], distance_bias @ code)
            want[i, j] = sum(terms) / math.sqrt(DIM)
    codes = distance_sinusoids(QUERIES, KEYS, dim=DIM, first=first).double() @ weight
    found = transformer_xl_scores(queries, keys, codes, content_bias, distance_bias)
    torch.testing.assert_close(found, want, rtol=0, atol=1e-6)


# Transformer-XL: (c) bad input, (d) gradients


def test_transformer_xl_refuses_and_learns():
    inputs = [draw(3, DIM), draw(4, DIM, seed=1), draw(6, DIM, seed=2), draw(DIM, seed=3), draw(DIM, seed=4)]
    with pytest.raises(ValueError, match=r"needs query \+ key − 1 = 6 distances .*distance_keys\.shape=\(5, 6\)\.$"):
        transformer_xl_scores(*inputs[:2], inputs[2][1:], *inputs[3:])
    assert torch.autograd.gradcheck(transformer_xl_scores, [tensor.requires_grad_() for tensor in inputs])
    with pytest.raises(ValueError, match=r"^distances needs queries and keys"):
        distance_sinusoids(0, 3, dim=DIM)


# ALiBi: (a) oracle


@pytest.mark.parametrize("heads", [1, 2, 3, 5, 6, 7, 8, 12, 16, 20])
def test_alibi_is_blooms_and_mpts(heads):
    slopes, count = alibi_slopes(heads), 9
    bias = alibi_bias(slopes, queries=count, keys=count)
    bloom = build_alibi_tensor(torch.ones(1, count, dtype=torch.long), heads, torch.float32).reshape(heads, 1, count)
    torch.testing.assert_close(slopes, bloom[:, 0, 1])
    blocked = torch.ones(count, count, dtype=torch.bool).triu(1)
    for theirs in (bloom, build_mpt_alibi_tensor(heads, count)):
        scores = [term.expand(heads, count, count).masked_fill(blocked, -math.inf) for term in (bias, theirs)]
        torch.testing.assert_close(scores[0].softmax(-1), scores[1].softmax(-1))


# ALiBi: (b) properties, (c) bad input


def test_alibi_by_hand():
    assert alibi_slopes(8).tolist() == [2.0**-h for h in range(1, 9)]
    assert alibi_slopes(3).tolist() == [2.0**-4, 2.0**-8, 2.0**-2]
    bias = alibi_bias(torch.tensor([0.5, 1.0]), queries=2, keys=4, first=2)
    assert bias.tolist() == [[[-1, -0.5, 0, -0.5], [-1.5, -1, -0.5, 0]], [[-2, -1, 0, -1], [-3, -2, -1, 0]]]
    assert not bias[:, 0, 2].signbit().any()  # 0, not −0


def test_alibi_edges(device):
    with pytest.raises(ValueError, match=r"^alibi_slopes needs heads >= 1 \(.*\), got heads=0\.$"):
        alibi_slopes(0)
    half = alibi_bias(alibi_slopes(HEADS, device=device).half(), queries=1, keys=1)
    assert half.dtype == torch.float16 and half.device.type == device and half.tolist() == [[[0.0]]] * HEADS
    slopes = alibi_slopes(2).double().requires_grad_()  # the paper tried to learn them, too
    assert torch.autograd.gradcheck(lambda s: alibi_bias(s, queries=3, keys=2), slopes)


# All of them: shifting the whole sequence leaves the scores unchanged


def relative_scores(queries, keys, first, total):
    """Return the scores of each kind for queries that stand at `first` among keys of a sequence of `total`."""
    apart, table = distances(QUERIES, total, first=first), draw(8, HEADS, seed=5)
    vectors, weight = draw(5, DIM, seed=2), draw(DIM, DIM, seed=6)
    codes = distance_sinusoids(QUERIES, total, dim=DIM, first=first).double() @ weight
    return {
        "Shaw": shaw_scores(queries, keys, vectors, first=first),
        "Shaw's bias": shaw_bias(queries, vectors, keys=total, first=first),
        "T5": t5_bias(table, t5_buckets(apart, buckets=8, farthest=9)),
        "causal T5": t5_bias(table, t5_causal_buckets(apart, buckets=8, farthest=9)),
        "Transformer-XL": transformer_xl_scores(queries, keys, codes, draw(DIM, seed=3), draw(DIM, seed=4)),
        "ALiBi": alibi_bias(alibi_slopes(HEADS).double(), queries=QUERIES, keys=total, first=first),
    }


def test_shifting_the_sequence_leaves_scores_unchanged():
    queries, keys, shift = draw(QUERIES, DIM), draw(KEYS, DIM, seed=1), 5
    before = relative_scores(queries, keys, 2, KEYS)
    shifted = torch.cat([draw(shift, DIM, seed=7), keys])  # other tokens come in front
    after = relative_scores(queries, shifted, 2 + shift, KEYS + shift)
    moved = relative_scores(queries, keys, 3, KEYS)  # the queries alone move: the scores must change
    for name, scores in before.items():
        torch.testing.assert_close(after[name][..., shift:], scores, rtol=0, atol=1e-6)
        assert (moved[name] - scores).abs().max() > 0.01, name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_and_empty_batches(dtype, device):
    queries, keys = (draw(0, HEADS, n, DIM, dtype=dtype).to(device) for n in (QUERIES, KEYS))
    vectors = draw(5, DIM, dtype=dtype).to(device)
    for scores in (shaw_scores(queries, keys, vectors), shaw_bias(queries, vectors, keys=KEYS)):
        assert scores.shape == (0, HEADS, QUERIES, KEYS) and scores.dtype == dtype
    codes = distance_sinusoids(QUERIES, KEYS, dim=DIM).to(queries)
    biases = draw(2, HEADS, DIM, dtype=dtype).to(device)
    assert transformer_xl_scores(queries, keys, codes, *biases).shape == (0, HEADS, QUERIES, KEYS)
    one = draw(1, DIM, dtype=dtype).to(device)
    torch.testing.assert_close(shaw_scores(one, one, vectors), one @ (one + vectors[2:3]).mT / DIM**0.5)


# (e) The papers' claims in miniature


def test_the_bias_of_one_head_reads_the_token_before():
    # Shaw et al. and T5: a distance can be asked for without a word of content. One number in the table does it.
    table = torch.zeros(8, 1)
    table[1] = 50.0  # bucket 1: one before
    weights = t5_bias(table, t5_buckets(distances(6, 6), buckets=8, farthest=9))[0].softmax(-1)
    torch.testing.assert_close(weights[1:], torch.eye(6)[:5])


def test_alibi_heads_see_windows_of_different_width():
    # Press et al.: a head with slope m hardly sees beyond a few 1/m tokens, at any length of the text.
    far = [alibi_bias(alibi_slopes(8), queries=1, keys=n, first=n - 1)[:, 0].softmax(-1) for n in (200, 2000)]
    reach = [(weights * torch.arange(weights.shape[-1]).flip(0)).sum(-1) for weights in far]  # mean distance
    assert (reach[1].diff() > 0).all() and reach[1][0] == pytest.approx(1 / math.expm1(0.5), rel=1e-4)
    torch.testing.assert_close(reach[0][:5], reach[1][:5], rtol=0.02, atol=0)


def test_bias_needs_no_table_of_vectors():
    # The clear version builds query × key × head_dim numbers; the skew gets along with query × (query + key).
    saved = []
    queries, vectors = draw(64, 32).requires_grad_(), draw(9, 32, seed=1).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t.numel()) or t, lambda t: t):
        shaw_bias(queries, vectors, keys=64)
        fast, _ = max(saved), saved.clear()
        shaw_scores(queries, draw(64, 32, seed=2), vectors)
    assert max(saved) == 64 * 64 * 32 and fast <= 128 * 32


def test_nn_modules_hold_these_tables():
    # Tables come in as tensors, so that nn.Parameter and nn.Embedding weights work alike.
    table = nn.Embedding(32, HEADS)
    assert t5_bias(table.weight, t5_buckets(distances(2, 3))).requires_grad
