"""Multi-head attention with places and positions: attentions of others, the fused path, a cache, filler in front."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from transformers import DetrConfig, GPTNeoXConfig, LlamaConfig, MptConfig, T5Config, Wav2Vec2BertConfig, XLNetConfig
from transformers.models.detr.modeling_detr import DetrCrossAttention, DetrSelfAttention
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXAttention, GPTNeoXRotaryEmbedding
from transformers.models.llama.modeling_llama import LlamaAttention, LlamaRotaryEmbedding
from transformers.models.mpt.modeling_mpt import MptAttention, build_mpt_alibi_tensor
from transformers.models.t5.modeling_t5 import T5Attention
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import Wav2Vec2BertSelfAttention
from transformers.models.xlnet.modeling_xlnet import XLNetModel, XLNetRelativeAttention

from tests.positions.kinds import DIM, HEADS, IN_LAYERS, ROWS, SHARED, draw, draw_parameters, some_places
from transformer_edu.attention import (
    MultiHeadAttention,
    Projected,
    causal,
    mask_from,
    repeat_heads,
    scaled_dot_product_attention,
)
from transformer_edu.layers import Given, SelfAttention
from transformer_edu.positions import (
    AddLearned,
    AddSinusoidal,
    AddSinusoidal2d,
    Alibi,
    LearnedPositions,
    Positions,
    Rotary,
    ShawKeys,
    ShawValues,
    SumOf,
    T5Bias,
    TransformerXLBias,
    count_real,
    grid_places,
    rotary_halves_at,
    t5_buckets,
    t5_causal_buckets,
)

BATCH, TOKENS, KEYS, HEAD_DIM = 2, 6, 9, DIM // HEADS
ALL = pytest.mark.parametrize("name", IN_LAYERS)
CAUSAL = mask_from(causal, queries=TOKENS, keys=TOKENS)


def attention_of(name, *, key_value_heads=None, dtype=torch.float64):
    kind = IN_LAYERS[name]
    layer = MultiHeadAttention(
        DIM, heads=HEADS, key_value_heads=key_value_heads, positions=kind.make(), scale=kind.scale
    )
    return draw_parameters(layer, dtype=dtype), kind


def copy_into(ours, **weights):
    """Copy matrices (as nn.Linear has them) into the projections; what has no bias gets zeros."""
    for name, theirs in weights.items():
        projection = getattr(ours, name)
        projection.weight.data = theirs.weight.data
        if projection.bias is not None:
            projection.bias.data = theirs.bias.data
    return ours


# Without positions nothing has changed


def test_without_positions_it_is_what_it_was():
    """Made by fixtures/make_at_part_1.py. The difference there was 0.0; another processor may add in another order."""
    kept = load_file(Path(__file__).parent / "fixtures" / "multi_head.safetensors")
    layers = {"across": MultiHeadAttention(12, heads=3, memory_dim=10), "own": MultiHeadAttention(12, heads=3)}
    for name, layer in layers.items():
        layer.double().load_state_dict(
            {key.removeprefix(f"{name}."): kept[key] for key in kept if key.startswith(f"{name}.")}
        )
    tokens, memory, allowed = kept["tokens"], kept["memory"], kept["allowed"]
    across, own = layers["across"], layers["own"]
    before = mask_from(causal, queries=5, keys=5)
    found = {
        "across": (*across(tokens, memory, allowed=allowed), across.fused(tokens, memory, allowed=allowed)),
        "own": (*own(tokens, allowed=before), own.fused(tokens, causal=True)),
    }
    for name, results in found.items():
        for part, result in zip(("outputs", "weights", "fused"), results, strict=True):
            torch.testing.assert_close(result, kept[f"{name} {part}"], rtol=0, atol=1e-13)


# (a) Oracle: attentions that others wrote, with their weights


@pytest.mark.parametrize("shared", [1, 2, 3, 6])
def test_rotary_and_fewer_key_heads_are_llamas(shared):
    config = LlamaConfig(hidden_size=DIM, num_attention_heads=HEADS, num_key_value_heads=shared)
    config._attn_implementation = "eager"
    theirs = draw_parameters(LlamaAttention(config, layer_idx=0))
    tokens, places = draw(BATCH, TOKENS, DIM), torch.tensor([[0, 1, 2, 3, 4, 5], [3, 4, 5, 9, 11, 30]])
    blocked = torch.zeros(TOKENS, TOKENS, dtype=torch.float64).masked_fill(~CAUSAL, -torch.inf)
    turns = LlamaRotaryEmbedding(config).double()(tokens, places)
    outputs, weights = theirs(tokens, turns, blocked[None, None])
    ours = MultiHeadAttention(
        DIM,
        heads=HEADS,
        key_value_heads=shared,
        bias=False,
        positions=Positions(turn=Rotary(turned=rotary_halves_at)),
    ).double()
    copy_into(ours, query=theirs.q_proj, key=theirs.k_proj, value=theirs.v_proj, output=theirs.o_proj)
    found = ours(tokens, query_places=places, allowed=CAUSAL)
    # Their softmax and their angles are float32.
    torch.testing.assert_close(found.weights, weights, rtol=0, atol=3e-6)
    torch.testing.assert_close(found.outputs, outputs, rtol=0, atol=3e-5)
    torch.testing.assert_close(ours.fused(tokens, query_places=places, causal=True), outputs, rtol=0, atol=3e-5)


def test_rotary_is_gpt_neoxs():
    config = GPTNeoXConfig(hidden_size=DIM, num_attention_heads=HEADS, rotary_pct=1.0)
    config.rope_parameters["partial_rotary_factor"] = 1.0
    config._attn_implementation = "eager"
    theirs, tokens = draw_parameters(GPTNeoXAttention(config)), draw(BATCH, TOKENS, DIM)
    turns = GPTNeoXRotaryEmbedding(config).double()(tokens, torch.arange(TOKENS)[None])
    outputs, weights = theirs(tokens, None, position_embeddings=turns)
    ours = MultiHeadAttention(DIM, heads=HEADS, positions=Positions(turn=Rotary(turned=rotary_halves_at))).double()
    weight = theirs.query_key_value.weight.unflatten(0, (HEADS, 3, HEAD_DIM))
    bias = theirs.query_key_value.bias.unflatten(0, (HEADS, 3, HEAD_DIM))
    for place, projection in enumerate((ours.query, ours.key, ours.value)):
        projection.weight.data, projection.bias.data = weight[:, place].flatten(0, 1), bias[:, place].flatten()
    copy_into(ours, output=theirs.dense)
    torch.testing.assert_close(tuple(ours(tokens)), (outputs, weights), rtol=0, atol=3e-5)


def test_fewer_key_heads_are_torchs():
    queries, keys, values = (draw(BATCH, heads, TOKENS, HEAD_DIM, seed=heads) for heads in (HEADS, SHARED, SHARED))
    theirs = functional.scaled_dot_product_attention(queries, keys, values, enable_gqa=True)
    repeated = [repeat_heads(vectors, heads=HEADS) for vectors in (keys, values)]
    torch.testing.assert_close(scaled_dot_product_attention(queries, *repeated).outputs, theirs)


def test_alibi_is_mpts():
    config = MptConfig(d_model=DIM, n_heads=HEADS)
    theirs, tokens = draw_parameters(MptAttention(config)), draw(BATCH, TOKENS, DIM)
    bias = build_mpt_alibi_tensor(HEADS, TOKENS).double()
    outputs, weights = theirs(tokens, bias, attention_mask=~CAUSAL)
    ours = MultiHeadAttention(DIM, heads=HEADS, bias=False, positions=Positions(bias=Alibi(HEADS))).double()
    for projection, weight in zip((ours.query, ours.key, ours.value), theirs.Wqkv.weight.chunk(3), strict=True):
        projection.weight.data = weight.data
    copy_into(ours, output=theirs.out_proj)
    torch.testing.assert_close(tuple(ours(tokens, allowed=CAUSAL)), (outputs, weights), rtol=0, atol=3e-5)
    torch.testing.assert_close(ours.fused(tokens, causal=True), outputs, rtol=0, atol=3e-5)


@pytest.mark.parametrize(("decoder", "sort"), [(False, t5_buckets), (True, t5_causal_buckets)])
def test_t5_is_hugging_faces(decoder, sort):
    config = T5Config(
        d_model=DIM,
        d_kv=HEAD_DIM,
        num_heads=HEADS,
        is_decoder=decoder,
        relative_attention_num_buckets=8,
        relative_attention_max_distance=9,
    )
    config._attn_implementation = "eager"
    theirs, tokens = T5Attention(config, has_relative_attention_bias=True, layer_idx=0), draw(BATCH, TOKENS, DIM)
    draw_parameters(theirs.eval())
    bias = T5Bias(HEADS, sort=sort, buckets=8, farthest=9)
    bias.table.data = theirs.relative_attention_bias.weight.data
    ours = MultiHeadAttention(DIM, heads=HEADS, bias=False, positions=Positions(bias=bias), scale=1.0).double()
    copy_into(ours, query=theirs.q, key=theirs.k, value=theirs.v, output=theirs.o)
    outputs, _, weights = theirs(tokens, output_attentions=True)
    torch.testing.assert_close(ours(tokens).weights, weights, rtol=0, atol=1e-6)
    torch.testing.assert_close(ours(tokens).outputs, outputs, rtol=0, atol=1e-5)


def test_shaws_keys_are_hugging_faces():
    config = Wav2Vec2BertConfig(
        hidden_size=DIM,
        num_attention_heads=HEADS,
        position_embeddings_type="relative_key",
        left_max_position_embeddings=2,
        right_max_position_embeddings=2,
        attention_dropout=0.0,
    )
    theirs, tokens = draw_parameters(Wav2Vec2BertSelfAttention(config)), draw(BATCH, TOKENS, DIM)
    keys = ShawKeys(HEAD_DIM, clip=2)
    keys.vectors.data = theirs.distance_embedding.weight.data
    ours = MultiHeadAttention(DIM, heads=HEADS, positions=Positions(bias=keys)).double()
    copy_into(ours, query=theirs.linear_q, key=theirs.linear_k, value=theirs.linear_v, output=theirs.linear_out)
    torch.testing.assert_close(tuple(ours(tokens)), tuple(theirs(tokens, output_attentions=True)[:2]))


@pytest.mark.parametrize("earlier", [0, 3])
def test_transformer_xl_is_xlnets(earlier):
    """With keys of an earlier segment in front: they stand at negative places."""
    config = XLNetConfig(d_model=DIM, n_head=HEADS, n_layer=1, d_inner=8, vocab_size=11, attn_type="bi", dropout=0.0)
    theirs = draw_parameters(XLNetRelativeAttention(config))
    hidden, memory = draw(TOKENS, BATCH, DIM), draw(earlier, BATCH, DIM, seed=1)
    seen = torch.cat([memory, hidden])
    codes = XLNetModel(config).relative_positional_encoding(TOKENS, TOKENS + earlier, bsz=BATCH).double()
    heads = (
        torch.einsum("ibh,hnd->ibnd", part, weight)
        for part, weight in zip((hidden, seen, seen, codes), (theirs.q, theirs.k, theirs.v, theirs.r), strict=True)
    )
    mixed, weights = theirs.rel_attn_core(*heads, output_attentions=True)
    outputs = torch.einsum("ibnd,hnd->bih", mixed, theirs.o)
    bias = TransformerXLBias(DIM, heads=HEADS).double()
    bias.content_bias.data, bias.distance_bias.data = theirs.r_w_bias.data, theirs.r_r_bias.data
    in_turns = theirs.r.data.unflatten(0, (2, DIM // 2)).transpose(0, 1).flatten(0, 1)  # sines first → sine, cosine
    bias.distance.weight.data = in_turns.flatten(1).T
    ours = MultiHeadAttention(DIM, heads=HEADS, bias=False, positions=Positions(bias=bias)).double()
    for projection, weight in zip((ours.query, ours.key, ours.value), (theirs.q, theirs.k, theirs.v), strict=True):
        projection.weight.data = weight.data.flatten(1).T
    ours.output.weight.data = theirs.o.data.flatten(1)
    tokens, keys = hidden.transpose(0, 1), seen.transpose(0, 1)
    found = ours(tokens, keys, key_places=torch.arange(-earlier, TOKENS))
    torch.testing.assert_close(found.weights, weights.permute(2, 3, 0, 1), rtol=0, atol=1e-5)
    torch.testing.assert_close(found.outputs, outputs, rtol=0, atol=1e-5)


def test_entering_is_detrs():
    """Codes go to queries and keys, not to values; a decoder's queries and its keys have codes of their own."""
    config = DetrConfig(d_model=DIM, use_timm_backbone=False, use_pretrained_backbone=False)
    config._attn_implementation = "eager"
    patches, places = draw(BATCH, 12, DIM), grid_places(3, 4)
    codes = AddSinusoidal2d()(torch.zeros_like(patches), places)
    theirs = draw_parameters(DetrSelfAttention(config, DIM, HEADS))
    ours = MultiHeadAttention(DIM, heads=HEADS, positions=Positions(enter=AddSinusoidal2d())).double()
    copy_into(ours, query=theirs.q_proj, key=theirs.k_proj, value=theirs.v_proj, output=theirs.o_proj)
    torch.testing.assert_close(tuple(ours(patches, query_places=places)), theirs(patches, position_embeddings=codes))
    slots, learned = draw(BATCH, 5, DIM, seed=1), LearnedPositions(5, DIM)
    positions = Positions(enter=AddLearned(learned), enter_keys=AddSinusoidal2d())
    across = draw_parameters(DetrCrossAttention(config, DIM, HEADS), seed=200)
    ours = MultiHeadAttention(DIM, heads=HEADS, positions=positions).double()
    copy_into(ours, query=across.q_proj, key=across.k_proj, value=across.v_proj, output=across.o_proj)
    wanted = across(slots, patches, position_embeddings=learned(5), encoder_position_embeddings=codes)
    torch.testing.assert_close(tuple(ours(slots, patches, key_places=places)), wanted)


def test_what_enters_another_sequences_keys_does_not_enter_ones_own():
    """Self-attention has one code for queries and keys, remembered keys included."""
    own, others = (draw_parameters(AddLearned(LearnedPositions(ROWS, DIM)), seed=seed) for seed in (300, 400))
    both = draw_parameters(MultiHeadAttention(DIM, heads=HEADS, positions=Positions(enter=own, enter_keys=others)))
    one = MultiHeadAttention(DIM, heads=HEADS, positions=Positions(enter=both.positions.hooks["enter"])).double()
    one.load_state_dict(both.state_dict(), strict=False)
    tokens, memory = draw(BATCH, TOKENS, DIM), draw(BATCH, KEYS, DIM, seed=1)
    torch.testing.assert_close(tuple(both(tokens)), tuple(one(tokens)))
    torch.testing.assert_close(both.fused(tokens), one.fused(tokens))
    assert (both(tokens, memory).outputs - one(tokens, memory).outputs).abs().max() > 0.01
    part, state, steps = SelfAttention(both), None, []
    for now in range(TOKENS):
        step = part.extend(tokens[:, now : now + 1], Given(causal=True), state)
        state, steps = step.state, [*steps, step.outputs]
    torch.testing.assert_close(torch.cat(steps, dim=1), one(tokens, allowed=CAUSAL).outputs)


# (a) Oracle for what is fast: the plain path


@ALL
@pytest.mark.parametrize("batch", [(), (BATCH,), (3, BATCH)])
def test_fused_is_plain(name, batch):
    layer, kind = attention_of(name, key_value_heads=SHARED if len(batch) == 1 else None)
    tokens, memory = draw(*batch, TOKENS, DIM), draw(*batch, KEYS, DIM, seed=1)
    places, key_places = some_places(kind, TOKENS, shift=2), some_places(kind, KEYS, shift=kind.axes)
    own = torch.rand(*batch, TOKENS, TOKENS, generator=torch.Generator().manual_seed(4)) < 0.5
    own[..., 1, :] = False  # a query that may look at nothing
    for allowed in (None, own, own[..., 2:3, :]):
        plain = layer(tokens, query_places=places, allowed=allowed).outputs
        torch.testing.assert_close(layer.fused(tokens, query_places=places, allowed=allowed), plain)
        both = CAUSAL if allowed is None else allowed & CAUSAL
        plain = layer(tokens, query_places=places, allowed=both).outputs
        torch.testing.assert_close(layer.fused(tokens, query_places=places, allowed=allowed, causal=True), plain)
    across = {"query_places": places, "key_places": key_places}
    torch.testing.assert_close(layer.fused(tokens, memory, **across), layer(tokens, memory, **across).outputs)


@ALL
def test_fused_gradients_are_plain_ones(name):
    layer, kind = attention_of(name, key_value_heads=SHARED)
    tokens, places = draw(BATCH, TOKENS, DIM).requires_grad_(), some_places(kind, TOKENS)
    learned = [tokens, *layer.parameters()]
    paths = [
        layer(tokens, query_places=places, allowed=CAUSAL).outputs,
        layer.fused(tokens, query_places=places, causal=True),
    ]
    ours, fused = (torch.autograd.grad((path * draw(BATCH, TOKENS, DIM, seed=7)).sum(), learned) for path in paths)
    torch.testing.assert_close(fused, ours)
    for (label, _), gradient in zip(layer.named_parameters(), ours[1:], strict=True):
        if label == "key.bias" and not {"turn", "enter"} & set(layer.positions.hooks):
            continue  # the same number for all keys of a query: softmax does not see it
        assert gradient.abs().max() > 0, label


@ALL
def test_every_device(name, device):
    layer, kind = attention_of(name)
    tokens, places = draw(BATCH, TOKENS, DIM), some_places(kind, TOKENS)
    wanted = layer(tokens, query_places=places, allowed=CAUSAL).outputs
    layer, tokens, places = layer.to(device), tokens.to(device), places.to(device)
    for found in (
        layer(tokens, query_places=places, allowed=CAUSAL.to(device)).outputs,
        layer.fused(tokens, query_places=places, causal=True),
    ):
        assert found.device.type == device
        torch.testing.assert_close(found.cpu(), wanted)


@ALL
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_on_both_paths(name, dtype):
    layer, kind = attention_of(name, dtype=dtype)
    tokens, places = draw(BATCH, TOKENS, DIM, dtype=dtype), some_places(kind, TOKENS)
    plain, fused = layer(tokens, query_places=places), layer.fused(tokens, query_places=places)
    assert plain.outputs.dtype == plain.weights.dtype == fused.dtype == dtype
    torch.testing.assert_close(fused, plain.outputs, rtol=0, atol=40 * torch.finfo(dtype).eps)


# (b) Properties


@ALL
def test_a_cache_gives_what_the_whole_text_gives(name):
    layer, kind = attention_of(name, key_value_heads=SHARED)
    tokens, places = draw(BATCH, TOKENS, DIM), some_places(kind, TOKENS)
    whole, past, steps = layer(tokens, query_places=places, allowed=CAUSAL).outputs, None, []
    for now in range(TOKENS):
        new = layer.project(tokens[:, now : now + 1], key_places=places[now : now + 1])
        past = new if past is None else Projected(*(torch.cat(parts, dim=-2) for parts in zip(past, new, strict=True)))
        step = {"query_places": places[now : now + 1], "key_places": places[: now + 1]}
        steps.append(layer(tokens[:, now : now + 1], past, **step).outputs)
        torch.testing.assert_close(layer.fused(tokens[:, now : now + 1], past, **step), steps[-1])
    torch.testing.assert_close(torch.cat(steps, dim=1), whole)
    if kind.axes == 1:  # keys that are counted from 0 need not say so
        last = layer(tokens[:, -1:], past, query_places=torch.tensor([TOKENS - 1])).outputs
        torch.testing.assert_close(last, whole[:, -1:])


@pytest.mark.parametrize("name", [name for name, kind in IN_LAYERS.items() if kind.axes == 1])
@pytest.mark.parametrize("is_causal", [False, True])
def test_filler_in_front_changes_nothing(name, is_causal):
    layer, _ = attention_of(name)
    lengths = torch.tensor([TOKENS, 4, 1])
    real = torch.arange(TOKENS) >= TOKENS - lengths[:, None]
    tokens = draw(3, TOKENS, DIM)
    allowed = real[:, None] & (CAUSAL if is_causal else torch.ones_like(CAUSAL))
    found = layer(tokens, query_places=count_real(real), allowed=allowed).outputs
    fused = layer.fused(tokens, query_places=count_real(real), allowed=real[:, None], causal=is_causal)
    for text, length in enumerate(lengths.tolist()):
        short = CAUSAL[:length, :length] if is_causal else None
        alone = layer(tokens[text, TOKENS - length :], allowed=short).outputs
        torch.testing.assert_close(found[text, TOKENS - length :], alone)
        torch.testing.assert_close(fused[text, TOKENS - length :], alone)


@ALL
def test_only_places_say_where(name):
    """Tokens in another order, each with its place, get the same outputs in that order."""
    layer, kind = attention_of(name)
    tokens, places, order = draw(BATCH, TOKENS, DIM), some_places(kind, TOKENS), torch.tensor([4, 1, 5, 0, 3, 2])
    outputs = layer(tokens, query_places=places).outputs
    moved = layer(tokens[:, order], query_places=places[order]).outputs
    torch.testing.assert_close(moved, outputs[:, order])
    torch.testing.assert_close(
        layer(tokens, tokens[:, order], query_places=places, key_places=places[order]).outputs, outputs
    )
    changed = layer(tokens, query_places=places[order]).outputs
    assert (changed - outputs).abs().max() > 1e-3 or name == "none"


@ALL
def test_relative_kinds_see_no_shift(name):
    layer, kind = attention_of(name)
    tokens = draw(BATCH, TOKENS, DIM)
    before, after = (layer(tokens, query_places=some_places(kind, TOKENS, shift=shift)).outputs for shift in (0, 17))
    if kind.is_relative:
        torch.testing.assert_close(after, before)
    else:
        assert (after - before).abs().max() > 1e-3


def test_each_text_of_a_batch_has_its_places():
    for name in ("rotary", "Shaw", "Transformer-XL", "ALiBi", "learned entering"):
        layer, _ = attention_of(name)
        tokens, places = draw(2, TOKENS, DIM), torch.tensor([[0, 1, 2, 3, 4, 5], [9, 7, 5, 3, 1, 0]])
        together = layer(tokens, query_places=places).outputs
        each = [layer(text, query_places=own).outputs for text, own in zip(tokens, places, strict=True)]
        torch.testing.assert_close(together, torch.stack(each))


def test_layers_share_what_they_are_given():
    shared = Positions(bias=T5Bias(HEADS, sort=t5_buckets))
    layers = nn.ModuleList([MultiHeadAttention(DIM, heads=HEADS, positions=shared, scale=1.0) for _ in range(3)])
    assert sum(parameter.ndim == 2 and parameter.shape == (32, HEADS) for parameter in layers.parameters()) == 1
    layers[0](draw(TOKENS, DIM, dtype=torch.float32)).outputs.sum().backward()
    assert layers[2].positions.hooks["bias"].table.grad.abs().sum() > 0


# (c) Bad input and edges


@pytest.mark.parametrize("shared", [0, -1, 4, 12])
def test_key_heads_must_divide_heads(shared):
    with pytest.raises(
        ValueError,
        match=rf"^MultiHeadAttention needs key_value_heads that divide heads=6 \(.*\), got key_value_heads={shared}\.$",
    ):
        MultiHeadAttention(DIM, heads=HEADS, key_value_heads=shared)
    with pytest.raises(ValueError, match=r"^repeat_heads needs key heads that divide heads=6 .*, got key_heads=4\.$"):
        repeat_heads(draw(4, TOKENS, HEAD_DIM), heads=HEADS)


@pytest.mark.usefixtures("unchecked")
def test_what_distances_add_must_be_as_wide_as_the_values():
    layer = MultiHeadAttention(DIM, heads=HEADS, positions=Positions(mix=ShawValues(1, clip=2)))
    for form in (layer, layer.fused):
        with pytest.raises(ValueError, match=r"^MultiHeadAttention needs a mix of shape \(6, 6, 4\) .*\(6, 6, 1\)\.$"):
            form(torch.zeros(TOKENS, DIM))


@pytest.mark.parametrize("bias", [ShawKeys(HEAD_DIM, clip=2), TransformerXLBias(DIM, heads=HEADS)])
def test_a_bias_that_divides_by_the_root_refuses_another_scale(bias):
    for given in (bias, SumOf(bias, Alibi(HEADS))):
        told = rf"^MultiHeadAttention needs scale=None with a {type(bias).__name__} .*got scale=1.0\.$"
        with pytest.raises(ValueError, match=told):
            MultiHeadAttention(DIM, heads=HEADS, positions=Positions(bias=given), scale=1.0)
    MultiHeadAttention(DIM, heads=HEADS, positions=Positions(bias=bias))


def test_places_must_fit():
    layer, _ = attention_of("rotary")
    with pytest.raises(ValueError, match=r"^check_places needs one place for each of 6 .*places.shape=\(4,\)\.$"):
        layer(draw(BATCH, TOKENS, DIM), query_places=torch.arange(4))
    with pytest.raises(ValueError, match=rf"within 0 … {ROWS - 1} .*got places=\[{ROWS}\]\.$"):
        attention_of("learned entering")[0](draw(1, DIM), query_places=torch.tensor([ROWS]))


@ALL
def test_one_token_and_empty_batches(name):
    layer, kind = attention_of(name)
    places = some_places(kind, 1)
    assert layer(draw(0, 1, DIM), query_places=places).outputs.shape == (0, 1, DIM)
    assert layer.fused(draw(0, 1, DIM), query_places=places).shape == (0, 1, DIM)
    token = draw(BATCH, 1, DIM)
    expected = layer.output(layer.value(token))
    if layer.positions.mixes:
        own = layer.positions.hooks["mix"].vectors[3]
        expected = expected + functional.linear(own.repeat(HEADS), layer.output.weight)
    torch.testing.assert_close(layer(token, query_places=places).outputs, expected)


# (d) Gradients


@pytest.mark.parametrize("name", ["rotary", "ALiBi", "Shaw", "T5", "Transformer-XL", "learned entering", "grid bias"])
def test_gradients(name):
    layer, kind = attention_of(name, key_value_heads=SHARED)
    tokens, places = draw(3, DIM).requires_grad_(), some_places(kind, 3)
    assert torch.autograd.gradcheck(lambda tokens: tuple(layer(tokens, query_places=places)), tokens, fast_mode=True)


# (e) The papers' claims in miniature


def test_one_head_of_keys_makes_the_cache_as_much_smaller():
    # Shazeer 2019: what must be read again for each token shrinks by the number of heads.
    memory = draw(KEYS, DIM)
    sizes = [
        sum(
            kept.numel()
            for kept in MultiHeadAttention(DIM, heads=HEADS, key_value_heads=shared).double().project(memory)
        )
        for shared in (HEADS, 1)
    ]
    assert sizes[0] == HEADS * sizes[1]


def test_entered_keys_say_where_and_values_do_not():
    # Carion et al.: only queries and keys get the code. With equal tokens the outputs cannot tell where they are.
    layer = draw_parameters(MultiHeadAttention(DIM, heads=HEADS, positions=Positions(enter=AddSinusoidal())))
    outputs, weights = layer(draw(1, DIM).expand(TOKENS, DIM))
    assert weights.std(-1).min() > 1e-4
    torch.testing.assert_close(outputs, outputs[:1].expand(TOKENS, DIM))
