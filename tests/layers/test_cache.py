"""Keys and values that are kept: the same attention as before, with less to compute."""

import re

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.layers.copied_weights import draw, randomize
from transformer_edu.attention import MultiHeadAttention, causal, mask_from
from transformer_edu.layers import (
    Cache,
    Given,
    SelfAttention,
    SourceAttention,
    SourceCache,
    allowed_after,
    count_on,
    decoder_layer,
    extend_cache,
    places_of_each,
)
from transformer_edu.machines import Decoder
from transformer_edu.positions import Positions, Rotary

BATCH, TOKENS, SOURCES, HEADS, DIM, HEAD_DIM = 3, 5, 7, 2, 6, 3


def our_attention(*, dtype=torch.float64):
    return randomize(MultiHeadAttention(DIM, heads=HEADS), dtype=dtype)


def draw_cache(*, batch=BATCH, keys=TOKENS, seed=0):
    return Cache(*(draw(batch, HEADS, keys, HEAD_DIM, seed=seed + which) for which in range(2)))


# (a) Oracle: Hugging Face's cache, and the attention without a cache


def test_it_grows_as_hugging_faces_cache_does():
    from transformers import DynamicCache

    theirs, ours = DynamicCache(), draw_cache(keys=2)
    theirs.update(*ours[:2], 0)
    for keys in (1, 3):
        new = draw_cache(keys=keys, seed=keys)
        ours = extend_cache(ours, new)
        expected = theirs.update(*new[:2], 0)
        assert ours.keys.shape[-2] == theirs.get_seq_length()
        torch.testing.assert_close(tuple(ours[:2]), tuple(expected), rtol=0, atol=0)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("fused", [False, True])
def test_token_after_token_is_causal_attention(dtype, tolerance, fused, device):
    attention, tokens = our_attention(dtype=dtype).to(device), draw(BATCH, TOKENS, DIM, dtype=dtype).to(device)
    expected = attention(tokens, allowed=mask_from(causal, queries=TOKENS, keys=TOKENS, device=device))
    part, given = SelfAttention(attention), Given(causal=True, fused=fused)
    state, outputs = part.start(given), []
    for index in range(TOKENS):
        extended = part.extend(tokens[:, index : index + 1], given, state)
        state = extended.state
        outputs.append(extended.outputs)
        assert (extended.seen is None) == fused
        if not fused:
            row = expected.weights[..., index, : index + 1]
            torch.testing.assert_close(extended.seen[..., 0, :], row, rtol=0, atol=tolerance)
    torch.testing.assert_close(torch.cat(outputs, dim=1), expected.outputs, rtol=0, atol=tolerance)
    assert state.places.tolist() == [list(range(TOKENS))] * BATCH


@pytest.mark.parametrize("fused", [False, True])
def test_a_remembered_source_is_cross_attention(fused):
    attention, tokens, memory = our_attention(), draw(BATCH, TOKENS, DIM), draw(BATCH, SOURCES, DIM, seed=1)
    real = (torch.arange(SOURCES) < torch.tensor([7, 2, 4])[:, None])[:, None]
    part, given = SourceAttention(attention), Given(source=memory, source_allowed=real, fused=fused)
    later = Given(source_allowed=real, fused=fused)  # the source itself is not needed any more
    extended = part.extend(tokens, later, part.start(given))
    expected = attention(tokens, memory, allowed=real)
    torch.testing.assert_close(extended.outputs, expected.outputs)
    torch.testing.assert_close(part(tokens, given).outputs, expected.outputs)
    if not fused:
        torch.testing.assert_close(extended.seen, expected.weights)


# (b) Properties


def test_several_tokens_at_once_see_those_before_them():
    part, tokens, given = SelfAttention(our_attention()), draw(BATCH, TOKENS, DIM), Given(causal=True)
    expected = part(tokens, given).outputs
    first = part.extend(tokens[:, :2], given, part.start(given))
    rest = part.extend(tokens[:, 2:], given, first.state)
    torch.testing.assert_close(torch.cat([first.outputs, rest.outputs], dim=1), expected)
    assert allowed_after(2, tokens[:, 2:]).equal(mask_from(causal, queries=TOKENS, keys=TOKENS)[2:])


def test_what_is_allowed_covers_old_and_new_keys():
    part, tokens = SelfAttention(our_attention()), draw(BATCH, TOKENS, DIM)
    real = torch.arange(TOKENS) >= torch.tensor([0, 2, 1])[:, None]  # filler in front
    expected = part(tokens, Given(causal=True, allowed=real[:, None])).outputs
    state, outputs = part.start(Given()), []
    for index in range(TOKENS):
        given = Given(causal=True, allowed=real[:, None, : index + 1])
        extended = part.extend(tokens[:, index : index + 1], given, state)
        state = extended.state
        outputs.append(extended.outputs)
    torch.testing.assert_close(torch.cat(outputs, dim=1), expected)


def test_the_old_cache_stays_as_it_is():
    cache = draw_cache()
    before = [tensor.clone() for tensor in cache[:2]]
    longer = extend_cache(cache, draw_cache(keys=1, seed=5))
    longer.keys.zero_()
    assert (cache.keys.shape[-2], longer.keys.shape[-2]) == (TOKENS, TOKENS + 1)
    assert all(old.equal(new) for old, new in zip(before, cache[:2], strict=True))


def test_places_are_kept_for_each_sequence():
    tokens = draw(BATCH, 2, DIM)
    assert places_of_each(None, tokens) is None
    assert places_of_each(torch.tensor([4, 5]), tokens).tolist() == [[4, 5]] * BATCH
    own = torch.tensor([[0, 1], [3, 4], [7, 9]])
    assert places_of_each(own, tokens) is own
    source = Given(source=draw(BATCH, 2, DIM), source_places=torch.tensor([4, 5]))
    assert SourceAttention(our_attention()).start(source).places.tolist() == [[4, 5]] * BATCH
    part = SelfAttention(our_attention())
    state = part.extend(tokens, Given(places=own), None).state
    state = part.extend(tokens[:, :1], Given(places=own[:, 1:] + 1), state).state
    assert state.places.tolist() == [[0, 1, 2], [3, 4, 5], [7, 9, 10]]


@pytest.mark.parametrize("fused", [False, True])
def test_all_attentions_of_a_decoder_count_on_when_nobody_says_places(fused):
    turn = Positions(turn=Rotary())
    layer = decoder_layer(8, heads=HEADS, hidden=11, positions=turn, source_positions=turn)
    ours = randomize(Decoder([layer], norm=None))
    tokens, given = draw(BATCH, TOKENS, 8), Given(source=draw(BATCH, SOURCES, 8, seed=1), fused=fused)
    expected = ours(tokens, given).outputs
    for sizes in ([1] * TOKENS, [2, 3]):
        state, outputs = ours.start(given), []
        for piece in tokens.split(sizes, dim=1):
            extended = ours.extend(piece, given, state)
            state = extended.state
            outputs.append(extended.outputs)
        torch.testing.assert_close(torch.cat(outputs, dim=1), expected)


def test_tokens_go_on_behind_the_last_place_that_was_said():
    part, tokens = SelfAttention(our_attention()), draw(BATCH, 3, DIM)
    state = part.extend(tokens, Given(places=torch.tensor([10, 11, 12])), None).state
    state = part.extend(tokens[:, :2], Given(), state).state
    assert state.places.tolist() == [[10, 11, 12, 13, 14]] * BATCH


# (c) Bad input and edges


def test_places_come_out_in_one_shape():
    tokens, counted = draw(BATCH, 2, DIM), torch.arange(2)
    twice = torch.stack([counted, counted + 5], dim=-1)
    for places in (counted, counted[None], counted.expand(BATCH, -1)):
        assert places_of_each(places, tokens).tolist() == [[0, 1]] * BATCH
    for places in (twice, twice[None], twice.expand(BATCH, -1, -1)):
        assert places_of_each(places, tokens).tolist() == [[[0, 5], [1, 6]]] * BATCH


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 2, 1), (3, 5, 2), (1, 3, 2, 2)])
def test_places_that_are_not_those_of_the_tokens_are_refused(shape):
    places = torch.zeros(shape, dtype=torch.long)
    message = r"^places_of_each needs one place .*tokens=2\), got places\.shape=" + re.escape(f"{shape}.") + "$"
    with pytest.raises(ValueError, match=message):
        SelfAttention(our_attention()).extend(draw(BATCH, 2, DIM), Given(places=places), None)
    source = Given(source=draw(BATCH, 2, DIM), source_places=places)
    with pytest.raises(ValueError, match=message):
        SourceAttention(our_attention()).start(source)


def test_nobody_can_count_on_places_of_two_numbers():
    with pytest.raises(
        ValueError, match=r"^count_on needs places of one number .*, got next_places\.shape=\(3, 2\)\.$"
    ):
        count_on(torch.zeros(3, 2, dtype=torch.long), 1)


@pytest.mark.usefixtures("unchecked")
def test_a_cache_of_another_batch_is_refused():
    for batch in (1, 2):  # a batch of 1 would be stretched in silence
        with pytest.raises(ValueError, match=rf"^extend_cache needs .*new\.batch=3\), got cache\.batch={batch}\.$"):
            extend_cache(draw_cache(batch=batch), draw_cache(keys=1))
        message = rf"^SourceAttention needs .*tokens\.batch=3\), got cache\.batch={batch}\.$"
        source = SourceCache(*draw_cache(batch=batch)[:2], None, torch.zeros(batch, dtype=torch.long))
        with pytest.raises(ValueError, match=message):
            SourceAttention(our_attention()).extend(draw(BATCH, 1, DIM), Given(), source)


def test_a_cache_has_places_for_all_keys_or_for_none():
    places = torch.arange(TOKENS).expand(BATCH, -1)
    for old, new, name in ((None, places, "cache"), (places, None, "new")):
        both = draw_cache()._replace(places=old), draw_cache()._replace(places=new)
        with pytest.raises(ValueError, match=rf"^extend_cache needs places in both .*, got {name}\.places=None\.$"):
            extend_cache(*both)


@pytest.mark.usefixtures("unchecked")
def test_a_source_of_another_batch_is_refused():
    part, tokens = SourceAttention(our_attention()), draw(BATCH, TOKENS, DIM)
    for batch in (1, 2):
        source = Given(source=draw(batch, SOURCES, DIM))
        message = rf"^SourceAttention needs .*tokens\.batch=\(3,\)\), got source\.batch=\({batch},\)\.$"
        with pytest.raises(ValueError, match=message):
            part(tokens, source)


def test_attention_to_a_source_needs_one():
    part = SourceAttention(our_attention())
    for look in (lambda: part(draw(BATCH, 1, DIM)), lambda: part.start(Given())):
        with pytest.raises(ValueError, match=r"^SourceAttention needs a source \(.*\), got source=None\.$"):
            look()


def test_an_empty_batch_and_half_precision():
    part = SelfAttention(our_attention())
    assert part.extend(draw(0, 1, DIM), Given(causal=True), None).outputs.shape == (0, 1, DIM)
    half = SelfAttention(our_attention(dtype=torch.float16))
    assert half.extend(draw(BATCH, 1, DIM, dtype=torch.float16), Given(), None).state.keys.dtype == torch.float16


# (d) Gradients


def test_gradients_reach_what_was_kept():
    part, cache = SelfAttention(our_attention()), draw_cache()
    inputs = [tensor.requires_grad_() for tensor in (draw(BATCH, 1, DIM), *cache[:2])]
    places = torch.arange(TOKENS).expand(BATCH, -1)
    assert torch.autograd.gradcheck(
        lambda tokens, keys, values: part.extend(tokens, Given(), Cache(keys, values, places)).outputs, inputs
    )


# (e) The claim in miniature


def test_a_step_projects_one_token_only():
    # Shazeer, section 2.4: the incremental form computes keys and values of the new position alone.
    part, tokens = SelfAttention(our_attention()), draw(1, 9, DIM)
    state = part.extend(tokens[:, :8], Given(), None).state
    with FlopCounterMode(display=False) as step:
        part.extend(tokens[:, 8:], Given(), state)
    with FlopCounterMode(display=False) as again:
        part(tokens)
    assert step.get_total_flops() == 2 * (4 * DIM**2 + 2 * 9 * DIM)
    assert again.get_total_flops() == 9 * step.get_total_flops()
