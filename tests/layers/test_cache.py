"""Keys and values that are kept: the same attention as before, with less to compute."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.layers.copied_weights import draw, randomize
from transformer_edu.attention import MultiHeadAttention, Projected, causal, mask_from
from transformer_edu.layers import Cache, attend_cached, empty_cache, extend_cache, stack_caches

BATCH, TOKENS, SOURCES, HEADS, DIM, HEAD_DIM, LAYERS = 3, 5, 7, 2, 6, 3, 4


def our_attention(*, dtype=torch.float64):
    return randomize(MultiHeadAttention(DIM, heads=HEADS), dtype=dtype)


def remember(attention, memory):
    return Cache(*attention.project(memory))


def draw_cache(*, batch=BATCH, keys=TOKENS, seed=0):
    return Cache(draw(batch, HEADS, keys, HEAD_DIM, seed=seed), draw(batch, HEADS, keys, HEAD_DIM, seed=seed + 1))


# (a) Oracle: Hugging Face's cache, and the attention without a cache


def test_it_grows_as_hugging_faces_cache_does():
    from transformers import DynamicCache

    theirs, ours = DynamicCache(), draw_cache(keys=2)
    theirs.update(*ours, 0)
    for keys in (1, 3):
        new = Projected(*draw_cache(keys=keys, seed=keys))
        ours = extend_cache(ours, new)
        expected = theirs.update(*new, 0)
        assert ours.length == theirs.get_seq_length()
        torch.testing.assert_close(tuple(ours), tuple(expected), rtol=0, atol=0)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_token_after_token_is_causal_attention(dtype, tolerance, device):
    attention, tokens = our_attention(dtype=dtype).to(device), draw(BATCH, TOKENS, DIM, dtype=dtype).to(device)
    allowed = mask_from(causal, queries=TOKENS, keys=TOKENS, device=device)
    expected = attention(tokens, allowed=allowed)
    cache, outputs = empty_cache(remember(attention, tokens)), []
    for index in range(TOKENS):
        cache = extend_cache(cache, attention.project(tokens[:, index : index + 1]))
        outputs.append(attend_cached(attention, tokens[:, index : index + 1], cache))
        torch.testing.assert_close(
            outputs[-1].weights[..., 0, :], expected.weights[..., index, : index + 1], rtol=0, atol=tolerance
        )
    torch.testing.assert_close(
        torch.cat([one.outputs for one in outputs], dim=1), expected.outputs, rtol=0, atol=tolerance
    )


def test_a_remembered_memory_is_cross_attention():
    attention, tokens, memory = our_attention(), draw(BATCH, TOKENS, DIM), draw(BATCH, SOURCES, DIM, seed=1)
    real = (torch.arange(SOURCES) < torch.tensor([7, 2, 4])[:, None])[:, None]
    attended = attend_cached(attention, tokens, remember(attention, memory), allowed=real)
    torch.testing.assert_close(attended, attention(tokens, memory, allowed=real))


# (b) Properties


def test_the_old_cache_stays_as_it_is():
    cache = draw_cache()
    before = [tensor.clone() for tensor in cache]
    longer = extend_cache(cache, Projected(*draw_cache(keys=1, seed=5)))
    longer.keys.zero_()
    assert (cache.length, longer.length) == (TOKENS, TOKENS + 1)
    assert all(old.equal(new) for old, new in zip(before, cache, strict=True))


def test_stacked_caches_have_the_batch_in_front_and_come_apart_again():
    caches = [draw_cache(seed=10 * layer) for layer in range(LAYERS)]
    stacked = stack_caches(caches)
    assert stacked.keys.shape == stacked.values.shape == (BATCH, LAYERS, HEADS, TOKENS, HEAD_DIM)
    assert stacked.length == TOKENS
    for layer, cache in enumerate(caches):
        torch.testing.assert_close(stacked.layer(layer), cache, rtol=0, atol=0)


# (c) Bad input and edges


@pytest.mark.usefixtures("unchecked")
def test_a_cache_of_another_batch_is_refused():
    with pytest.raises(ValueError, match=r"^extend_cache needs .*new\.batch=3\), got cache\.batch=2\.$"):
        extend_cache(draw_cache(batch=2), Projected(*draw_cache(keys=1)))
    with pytest.raises(ValueError, match=r"^extend_cache needs .*new\.batch=3\), got cache\.batch=1\.$"):
        extend_cache(draw_cache(batch=1), Projected(*draw_cache(keys=1)))
    for batch in (1, 2):  # a batch of 1 would be stretched in silence
        with pytest.raises(ValueError, match=rf"^attend_cached needs .*tokens\.batch=3\), got cache\.batch={batch}\.$"):
            attend_cached(our_attention(), draw(BATCH, 1, DIM), draw_cache(batch=batch))


def test_an_empty_cache_and_an_empty_batch():
    nothing = empty_cache(draw_cache())
    assert nothing.length == 0 and nothing.keys.shape == (BATCH, HEADS, 0, HEAD_DIM)
    torch.testing.assert_close(extend_cache(nothing, Projected(*draw_cache(keys=1))), draw_cache(keys=1))
    attention = our_attention()
    assert attend_cached(attention, draw(0, 1, DIM), remember(attention, draw(0, 4, DIM))).outputs.shape == (0, 1, DIM)
    half = our_attention(dtype=torch.float16)
    assert remember(half, draw(BATCH, 1, DIM, dtype=torch.float16)).keys.dtype == torch.float16


# (d) Gradients


def test_gradients_reach_what_was_kept():
    attention, cache = our_attention(), draw_cache()
    inputs = [tensor.requires_grad_() for tensor in (draw(BATCH, 1, DIM), *cache)]
    assert torch.autograd.gradcheck(
        lambda tokens, keys, values: attend_cached(attention, tokens, Cache(keys, values)).outputs, inputs
    )


# (e) The claim in miniature


def test_a_step_projects_one_token_only():
    # Shazeer, section 2.4: the incremental form computes keys and values of the new position alone.
    attention, tokens = our_attention(), draw(1, 9, DIM)
    cache = remember(attention, tokens[:, :8])
    with FlopCounterMode(display=False) as step:
        attend_cached(attention, tokens[:, 8:], extend_cache(cache, attention.project(tokens[:, 8:])))
    with FlopCounterMode(display=False) as again:
        attention(tokens)
    assert step.get_total_flops() == 2 * (4 * DIM**2 + 2 * 9 * DIM)
    assert again.get_total_flops() == 9 * step.get_total_flops()
