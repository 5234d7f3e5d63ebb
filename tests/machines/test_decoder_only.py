"""GPT's mode against Hugging Face's GPT-2, with its cache; nothing of a source is left in it."""

import pytest
import torch

from tests.layers.copied_weights import draw, parts_of, randomize
from transformer_edu import machines
from transformer_edu.layers import Given
from transformer_edu.machines import transformer
from transformer_edu.positions import count_real
from transformer_edu.training import initialize

BATCH, TOKENS, LONGEST, VOCAB, DIM, HEADS, HIDDEN, LAYERS = 3, 7, 10, 13, 8, 2, 11, 4


def our_model(*, dtype=torch.float64):
    ours = machines.gpt2(VOCAB, dim=DIM, heads=HEADS, hidden=HIDDEN, layers=LAYERS, positions=LONGEST)
    return randomize(ours, dtype=dtype)


def draw_ids(*shape, seed=0, low=0):
    return torch.randint(low, VOCAB, shape, generator=torch.Generator().manual_seed(seed))


def gpt2(ours):
    """Copy our weights into GPT-2: its matrices are transposed, its first three projections are stacked."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=VOCAB,
        n_positions=LONGEST,
        n_embd=DIM,
        n_layer=LAYERS,
        n_head=HEADS,
        n_inner=HIDDEN,
        activation_function="gelu",
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=1,
        eos_token_id=2,
        attn_implementation="eager",
    )
    theirs = GPT2LMHeadModel(config).double().eval()
    state = {
        "transformer.wte.weight": ours.embedding.table,
        "transformer.wpe.weight": ours.positions.hooks["place"].codes.table,
    }
    state |= {
        "transformer.ln_f.weight": ours.decoder.stack.norm.gain,
        "transformer.ln_f.bias": ours.decoder.stack.norm.bias,
    }
    for index, layer in enumerate(map(parts_of, ours.decoder.stack.layers)):
        name, seen = f"transformer.h.{index}", layer.attention
        stacked = (seen.query, seen.key, seen.value)
        state |= {
            f"{name}.ln_1.weight": layer.attention_norm.gain,
            f"{name}.ln_1.bias": layer.attention_norm.bias,
            f"{name}.attn.c_attn.weight": torch.cat([part.weight.T for part in stacked], dim=1),
            f"{name}.attn.c_attn.bias": torch.cat([part.bias for part in stacked]),
            f"{name}.attn.c_proj.weight": seen.output.weight.T,
            f"{name}.attn.c_proj.bias": seen.output.bias,
            f"{name}.ln_2.weight": layer.feed_forward_norm.gain,
            f"{name}.ln_2.bias": layer.feed_forward_norm.bias,
            f"{name}.mlp.c_fc.weight": layer.feed_forward.expand.weight.T,
            f"{name}.mlp.c_fc.bias": layer.feed_forward.expand.bias,
            f"{name}.mlp.c_proj.weight": layer.feed_forward.contract.weight.T,
            f"{name}.mlp.c_proj.bias": layer.feed_forward.contract.bias,
        }
    state["lm_head.weight"] = ours.embedding.table
    missing, unexpected = theirs.load_state_dict(state, strict=False)
    assert not missing and not unexpected
    return theirs


def extended(model, token_ids, *, first):
    """Read `first` tokens at once, then one by one; return all logits."""
    state = model.start(len(token_ids))
    singles = [token_ids[:, index : index + 1] for index in range(first, token_ids.shape[1])]
    logits = []
    for piece in [token_ids[:, :first], *singles]:
        continued = model.extend(piece, state)
        state = continued.state
        logits.append(continued.logits)
    assert state.next_places.tolist() == [token_ids.shape[1]] * len(token_ids)
    return torch.cat(logits, dim=1)


# (a) Oracle


def test_logits_weights_and_gradients_are_gpt_2s():
    ours, token_ids = our_model(), draw_ids(BATCH, TOKENS)
    theirs = gpt2(ours)
    expected, decoded = theirs(token_ids, output_attentions=True), ours(token_ids)
    torch.testing.assert_close(decoded.logits, expected.logits, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(decoded.weights, expected.attentions[-1].mean(1), rtol=1e-9, atol=1e-9)
    direction = draw(BATCH, TOKENS, VOCAB)
    torch.testing.assert_close(
        torch.autograd.grad(
            (decoded.logits * direction).sum(), [ours.embedding.table, ours.positions.hooks["place"].codes.table]
        ),
        torch.autograd.grad(
            (expected.logits * direction).sum(), [theirs.transformer.wte.weight, theirs.transformer.wpe.weight]
        ),
        rtol=1e-8,
        atol=1e-8,
    )


def test_the_cache_is_gpt_2s_past():
    ours, token_ids = our_model(), draw_ids(BATCH, TOKENS)
    theirs = gpt2(ours)
    with torch.no_grad():
        state, past = ours.start(BATCH), None
        for piece in (token_ids[:, :4], token_ids[:, 4:5], token_ids[:, 5:]):
            logits, state, _ = ours.extend(piece, state)
            expected = theirs(piece, past_key_values=past, use_cache=True)
            past = expected.past_key_values
            torch.testing.assert_close(logits, expected.logits, rtol=1e-9, atol=1e-9)
            for index in range(LAYERS):
                kept = state.layers[index][0]
                torch.testing.assert_close(kept.keys, past.layers[index].keys, rtol=1e-9, atol=1e-9)
                torch.testing.assert_close(kept.values, past.layers[index].values, rtol=1e-9, atol=1e-9)


# (b) Properties


@pytest.mark.parametrize("first", [1, 4, 7])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_cached_is_full(first, dtype, tolerance, device):
    ours = machines.gpt2(VOCAB, dim=DIM, heads=HEADS, hidden=HIDDEN, layers=LAYERS, positions=LONGEST)
    initialize(ours, generator=torch.Generator().manual_seed(1))
    ours, token_ids = ours.to(device, dtype), draw_ids(BATCH, TOKENS).to(device)
    expected = ours(token_ids).logits
    torch.testing.assert_close(extended(ours, token_ids, first=first), expected, rtol=0, atol=tolerance)
    torch.testing.assert_close(ours.fused(token_ids), expected, rtol=0, atol=tolerance)


def test_no_logit_sees_the_future():
    ours, token_ids = our_model(), draw_ids(BATCH, TOKENS)
    changed = token_ids.clone()
    changed[:, 4] = (changed[:, 4] + 1) % VOCAB
    moved = (ours(token_ids).logits - ours(changed).logits).abs().amax((0, 2)) > 0
    assert moved.tolist() == [False] * 4 + [True] * 3


def test_filler_at_the_end_needs_no_mask():
    ours, token_ids = our_model(), draw_ids(BATCH, TOKENS, low=1)
    filled = token_ids.clone()
    filled[:, 4:] = 0
    torch.testing.assert_close(ours(filled).logits[:, :4], ours(token_ids[:, :4]).logits)


def test_filler_in_front_changes_nothing_with_its_mask_and_the_places_of_the_real_tokens():
    ours, token_ids = our_model(), draw_ids(BATCH, TOKENS, low=1)
    real = torch.arange(TOKENS) >= torch.tensor([0, 3, 5])[:, None]
    given = Given(places=count_real(real), allowed=real[:, None])
    logits, state, steps = ours(token_ids, given).logits, ours.start(BATCH), []
    for end in range(1, TOKENS + 1):
        here = Given(places=given.places[:, end - 1 : end], allowed=given.allowed[..., :end])
        step, state, _ = ours.extend(token_ids[:, end - 1 : end], state, here)
        steps.append(step)
    for index, filler in enumerate((0, 3, 5)):
        alone = ours(token_ids[index : index + 1, filler:]).logits[0]
        for found in (logits, ours.fused(token_ids, given), torch.cat(steps, dim=1)):
            torch.testing.assert_close(found[index, filler:], alone)


def test_no_attention_to_a_source_is_left():
    names = {name.split(".")[-2] for name, _ in our_model().named_parameters()}
    assert not any("source" in name for name, _ in our_model().named_parameters())
    assert names == {"embedding", "codes", "query", "key", "value", "output", "expand", "contract", "norm"}


# (c) Bad input and edges


def test_a_text_longer_than_the_table_is_refused():
    ours = our_model()
    with pytest.raises(ValueError, match=r"^LearnedPositions needs .*, got places=\[10\]\.$"):
        ours(draw_ids(BATCH, LONGEST + 1))
    state = ours.extend(draw_ids(BATCH, LONGEST), ours.start(BATCH)).state
    with pytest.raises(ValueError, match=r"^LearnedPositions needs .*, got places=\[10\]\.$"):
        ours.extend(draw_ids(BATCH, 1), state)


def test_a_cache_of_another_batch_is_refused():
    ours = our_model()
    for batch in (1, 2):
        message = rf"^following_places needs .*token_ids\.batch=3\), got state\.batch={batch}\.$"
        with pytest.raises(ValueError, match=message):
            ours.extend(draw_ids(BATCH, 1), ours.start(batch))


def test_edges():
    ours = our_model()
    assert ours(draw_ids(1, 1)).weights.tolist() == [[[1.0]]]
    assert ours(draw_ids(0, TOKENS)).logits.shape == (0, TOKENS, VOCAB)
    assert ours.extend(draw_ids(0, 1), ours.start(0)).logits.shape == (0, 1, VOCAB)
    assert our_model(dtype=torch.float16)(draw_ids(1, 3)).logits.dtype == torch.float16


# (d) Gradients


def test_gradients_come_from_the_past_alone():
    ours = our_model()
    tokens = draw(1, TOKENS, DIM).requires_grad_()
    outputs = ours.decoder.fused(tokens)
    (gradient,) = torch.autograd.grad(outputs[0, 3].sum(), tokens)
    assert (gradient[0].abs().amax(-1) > 0).tolist() == [True] * 4 + [False] * 3


def test_untrained_rows_of_the_table_get_no_gradient():
    ours = our_model()
    logits = ours(draw_ids(BATCH, TOKENS)).logits
    (gradient,) = torch.autograd.grad((logits * draw(*logits.shape)).sum(), ours.positions.hooks["place"].codes.table)
    assert (gradient.abs().amax(-1) > 0).tolist() == [True] * TOKENS + [False] * (LONGEST - TOKENS)


# (e) The claim in miniature


def test_the_same_blocks_without_the_source():
    # What an encoder-decoder of as many layers holds besides: a whole encoder, and the attention to it.
    other = transformer(VOCAB, VOCAB, dim=DIM, heads=HEADS, hidden=HIDDEN, layers=LAYERS)
    layers = sum(parameter.numel() for parameter in our_model().decoder.stack.layers.parameters())
    across = sum(parameter.numel() for name, parameter in other.decoder.named_parameters() if ".sublayers.1." in name)
    assert across == LAYERS * (4 * DIM**2 + 6 * DIM)
    both = sum(parameter.numel() for part in (other.encoder, other.decoder) for parameter in part.parameters())
    assert both == 2 * layers + across
