"""The whole machine against nn.Transformer and Hugging Face's Marian; padding, cached steps, and what it learns."""

import pytest
import torch
from torch import nn

from tests.layers.copied_weights import decoder_layer_state, draw, encoder_layer_state, parts_of, randomize
from transformer_edu.attention import causal, mask_from
from transformer_edu.decoding import reorder
from transformer_edu.layers import Layer, Sublayer
from transformer_edu.machines import Decoder, EncoderDecoder, shift_right, transformer
from transformer_edu.positions import sinusoidal
from transformer_edu.training import initialize, noam_rate, smoothed_cross_entropy

BATCH, SOURCES, TARGETS = 4, 7, 5
VOCAB_IN, VOCAB_OUT, DIM, HEADS, HIDDEN, LAYERS = 13, 17, 8, 2, 11, 3
LENGTHS = (7, 3, 5, 1)


def our_model(*, dtype=torch.float64):
    return randomize(transformer(VOCAB_IN, VOCAB_OUT, dim=DIM, heads=HEADS, hidden=HIDDEN, layers=LAYERS), dtype=dtype)


def draw_texts():
    """Return sources of four lengths, filled up with 0, and targets of one length."""
    generator = torch.Generator().manual_seed(5)
    sources = torch.randint(3, VOCAB_IN, (BATCH, SOURCES), generator=generator)
    sources[torch.arange(SOURCES) >= torch.tensor(LENGTHS)[:, None]] = 0
    return sources, torch.randint(3, VOCAB_OUT, (BATCH, TARGETS), generator=generator)


def step_by_step(model, sources, targets_in):
    """Write given tokens one by one; return the logits and the weights of all steps."""
    state, logits, weights = model.start(sources), [], []
    for tokens in targets_in.T:
        step = model.step(tokens, state)
        state = step.state
        logits.append(step.logits)
        weights.append(step.weights)
    return torch.stack(logits, dim=1), torch.stack(weights, dim=1)


# (a) Oracles


def test_logits_and_gradients_are_those_of_nn_transformer():
    # nn.Transformer has a normalization behind each stack, which the paper's post-norm model lacks: taken out.
    ours, (sources, targets_in) = our_model(), draw_texts()
    theirs = nn.Transformer(DIM, HEADS, LAYERS, LAYERS, HIDDEN, dropout=0.0, batch_first=True).double()
    theirs.encoder.norm = theirs.decoder.norm = None
    state = {}
    for index in range(LAYERS):
        state |= encoder_layer_state(ours.encoder.stack.layers[index], f"encoder.layers.{index}.")
        state |= decoder_layer_state(ours.decoder.stack.layers[index], f"decoder.layers.{index}.")
    theirs.load_state_dict(state)
    tables = [embedding.table.detach().clone() for embedding in (ours.source_embedding, ours.target_embedding)]
    entered = [
        (DIM**0.5 * table[token_ids] + sinusoidal(token_ids.shape[1], DIM, dtype=torch.float64)).requires_grad_()
        for table, token_ids in zip(tables, (sources, targets_in), strict=True)
    ]
    expected = theirs(
        *entered,
        src_key_padding_mask=sources == 0,
        memory_key_padding_mask=sources == 0,
        tgt_mask=~mask_from(causal, queries=TARGETS, keys=TARGETS),
    )
    logits = ours(sources, targets_in).logits
    torch.testing.assert_close(logits, expected @ tables[1].T, rtol=1e-10, atol=1e-10)
    direction = draw(*logits.shape)
    gradients = torch.autograd.grad((logits * direction).sum(), list(ours.parameters()))
    by_place = {id(part): gradient for part, gradient in zip(ours.parameters(), gradients, strict=True)}
    named = dict(theirs.named_parameters())
    wanted = [name for name, tensor in state.items() if id(tensor) in by_place]
    reference = torch.autograd.grad(
        (expected @ tables[1].T * direction).sum(), [named[name] for name in wanted], retain_graph=True
    )
    assert len(wanted) > 20 * LAYERS
    for name, gradient in zip(wanted, reference, strict=True):
        torch.testing.assert_close(by_place[id(state[name])], gradient, rtol=1e-8, atol=1e-8)
    # The table of the sources: every token brings its gradient to its row, √d times.
    (into,) = torch.autograd.grad((expected @ tables[1].T * direction).sum(), entered[0])
    rows = torch.zeros(VOCAB_IN, DIM).double().index_add(0, sources.flatten(), DIM**0.5 * into.flatten(0, 1))
    torch.testing.assert_close(by_place[id(ours.source_embedding.table)], rows, rtol=1e-8, atol=1e-8)


def marian_state(ours):
    """Return our weights for Marian. Its position codes are ours in another order of features, so all is reordered."""
    order = torch.cat([torch.arange(0, DIM, 2), torch.arange(1, DIM, 2)])

    def reads(layer, name):
        return {f"{name}.weight": layer.weight[:, order], f"{name}.bias": layer.bias}

    def writes(layer, name):
        return {f"{name}.weight": layer.weight[order], f"{name}.bias": layer.bias[order]}

    def norm(layer, name):
        return {f"{name}.weight": layer.gain[order], f"{name}.bias": layer.bias[order]}

    def attention(ours, name):
        projections = {"query": "q_proj", "key": "k_proj", "value": "v_proj"}
        state = writes(ours.output, f"{name}.out_proj")
        for mine, theirs in projections.items():
            state |= reads(ours.get_submodule(mine), f"{name}.{theirs}")
        return state

    state = {
        "model.encoder.embed_tokens.weight": ours.source_embedding.table[:, order],
        "model.decoder.embed_tokens.weight": ours.target_embedding.table[:, order],
        "lm_head.weight": ours.target_embedding.table[:, order],
    }
    for side in ("encoder", "decoder"):
        for index, layer in enumerate(map(parts_of, ours.get_submodule(side).stack.layers)):
            name = f"model.{side}.layers.{index}"
            state |= attention(layer.attention, f"{name}.self_attn")
            state |= norm(layer.attention_norm, f"{name}.self_attn_layer_norm")
            if side == "decoder":
                state |= attention(layer.source_attention, f"{name}.encoder_attn")
                state |= norm(layer.source_norm, f"{name}.encoder_attn_layer_norm")
            state |= reads(layer.feed_forward.expand, f"{name}.fc1") | writes(
                layer.feed_forward.contract, f"{name}.fc2"
            )
            state |= norm(layer.feed_forward_norm, f"{name}.final_layer_norm")
    return state


def marian(ours):
    from transformers import MarianConfig, MarianMTModel

    config = MarianConfig(
        vocab_size=VOCAB_IN,
        decoder_vocab_size=VOCAB_OUT,
        share_encoder_decoder_embeddings=False,
        tie_word_embeddings=False,
        d_model=DIM,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=HIDDEN,
        decoder_ffn_dim=HIDDEN,
        activation_function="relu",
        scale_embedding=True,
        dropout=0.0,
        max_position_embeddings=32,
        pad_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=1,
        attn_implementation="eager",
    )
    theirs = MarianMTModel(config).double().eval()
    missing, unexpected = theirs.load_state_dict(marian_state(ours), strict=False)
    assert not unexpected
    assert set(missing) <= {
        "final_logits_bias",
        "model.encoder.embed_positions.weight",
        "model.decoder.embed_positions.weight",
    }
    return theirs


def test_logits_weights_and_cached_steps_are_those_of_marian():
    ours, (sources, targets_in) = our_model(), draw_texts()
    theirs = marian(ours)
    with torch.no_grad():
        expected = theirs(
            sources, attention_mask=sources != 0, decoder_input_ids=targets_in, output_attentions=True, use_cache=True
        )
        decoded = ours(sources, targets_in)
        # Marian computes its position codes in float32.
        torch.testing.assert_close(decoded.logits, expected.logits, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(decoded.weights, expected.cross_attentions[-1].mean(1), rtol=1e-5, atol=1e-6)
        logits, weights = step_by_step(ours, sources, targets_in)
        torch.testing.assert_close(logits, expected.logits, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(weights, expected.cross_attentions[-1].mean(1), rtol=1e-5, atol=1e-6)
        kept = ours.start(sources).layers
        for index in range(LAYERS):
            theirs_kept = expected.past_key_values.cross_attention_cache.layers[index]
            torch.testing.assert_close(kept[index][1].values, theirs_kept.values, rtol=1e-5, atol=1e-5)


# (b) Properties


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_cached_steps_are_the_full_pass(dtype, tolerance, device):
    ours = transformer(VOCAB_IN, VOCAB_OUT, dim=DIM, heads=HEADS, hidden=HIDDEN, layers=LAYERS)
    initialize(ours, generator=torch.Generator().manual_seed(1))
    ours = ours.to(device, dtype)
    sources, targets = (tensor.to(device) for tensor in draw_texts())
    targets_in = shift_right(targets)
    decoded = ours(sources, targets_in)
    logits, weights = step_by_step(ours, sources, targets_in)
    torch.testing.assert_close(logits, decoded.logits, rtol=0, atol=tolerance)
    torch.testing.assert_close(weights, decoded.weights, rtol=0, atol=tolerance)
    torch.testing.assert_close(ours.fused(sources, targets_in), decoded.logits, rtol=0, atol=tolerance)


def test_a_padded_batch_gives_what_the_single_sequences_give():
    ours, (sources, targets_in) = our_model(), draw_texts()
    decoded = ours(sources, targets_in)
    logits, _ = step_by_step(ours, sources, targets_in)
    for index, length in enumerate(LENGTHS):
        alone = ours(sources[index : index + 1, :length], targets_in[index : index + 1])
        for batch in (decoded.logits, logits, ours.fused(sources, targets_in)):
            torch.testing.assert_close(batch[index], alone.logits[0])
        torch.testing.assert_close(decoded.weights[index, :, :length], alone.weights[0])
        assert (decoded.weights[index, :, length:] == 0).all()


def test_filler_at_the_end_of_a_target_changes_nothing_before_it():
    ours, (sources, targets_in) = our_model(), draw_texts()
    filled = targets_in.clone()
    filled[:, 3:] = 0
    torch.testing.assert_close(
        ours(sources, filled).logits[:, :3], ours(sources, targets_in).logits[:, :3], rtol=0, atol=0
    )


def test_no_logit_sees_the_target_that_it_predicts():
    ours, (sources, targets_in) = our_model(), draw_texts()
    changed = targets_in.clone()
    changed[:, 3] = 1
    moved = (ours(sources, targets_in).logits - ours(sources, changed).logits).abs().amax((0, 2)) > 0
    assert moved.tolist() == [False, False, False, True, True]


def test_the_order_of_the_source_matters():
    ours, (sources, targets_in) = our_model(), draw_texts()
    other = sources[:1].flip(1)
    assert (ours(sources[:1], targets_in[:1]).logits - ours(other, targets_in[:1]).logits).abs().max() > 1e-3


def test_a_state_is_tensors_with_the_batch_in_front_and_is_not_changed_by_a_step():
    ours, (sources, targets_in) = our_model(), draw_texts()
    state = ours.step(targets_in[:, 0], ours.start(sources)).state
    written, source = ([layer[which] for layer in state.layers] for which in (0, 1))
    tensors = [state.next_places, state.source_allowed, *(tensor for kept in written for tensor in kept)]
    tensors += [tensor for kept in source for tensor in kept[:2]]
    assert all(len(tensor) == BATCH for tensor in tensors)
    assert [kept.keys.shape for kept in written] == [(BATCH, HEADS, 1, DIM // HEADS)] * LAYERS
    assert [kept.values.shape for kept in source] == [(BATCH, HEADS, SOURCES, DIM // HEADS)] * LAYERS
    before = [tensor.clone() for tensor in tensors]
    first = ours.step(targets_in[:, 1], state)
    assert all(old.equal(new) for old, new in zip(before, tensors, strict=True))
    torch.testing.assert_close(ours.step(targets_in[:, 1], state).logits, first.logits)


def test_hypotheses_that_change_places_take_their_states_along():
    ours, (sources, targets_in) = our_model(), draw_texts()
    chosen = torch.tensor([2, 0, 0, 3])
    state = ours.step(targets_in[:, 0], ours.start(sources)).state
    expected = ours.step(targets_in[:, 1], state).logits[chosen]
    torch.testing.assert_close(ours.step(targets_in[chosen, 1], reorder(state, chosen)).logits, expected)


def test_a_decoder_that_does_not_look_at_the_source_has_no_weights_to_show():
    ours, (sources, targets_in) = our_model(), draw_texts()
    looks, _, works = ours.decoder.stack.layers[0].sublayers
    blind = EncoderDecoder(
        ours.source_embedding,
        ours.target_embedding,
        ours.encoder,
        Decoder([Layer(looks, Sublayer(works.part, works.residual))], norm=None),
        positions=ours.positions,
    )
    assert blind(sources, targets_in).weights is None
    assert blind.step(targets_in[:, 0], blind.start(sources)).weights is None


# (c) Bad input and edges


@pytest.mark.usefixtures("unchecked")
def test_a_cache_of_another_batch_is_refused():
    ours, (sources, targets_in) = our_model(), draw_texts()
    with pytest.raises(
        ValueError, match=r"^following_places needs a state of the same batch .*, got state\.batch=4\.$"
    ):
        ours.step(targets_in[:3, 0], ours.start(sources))


def test_a_word_that_is_not_in_the_vocabulary_is_refused():
    ours, (sources, targets_in) = our_model(), draw_texts()
    sources[1, 1] = VOCAB_IN
    with pytest.raises(ValueError, match=rf"got token_ids=\[{VOCAB_IN}\]\.$"):
        ours(sources, targets_in)


def test_one_word_an_empty_batch_and_an_empty_source():
    ours = our_model()
    assert ours(torch.tensor([[3]]), torch.tensor([[1]])).weights.tolist() == [[[1.0]]]
    nothing = torch.zeros(0, SOURCES, dtype=torch.long)
    assert ours(nothing, nothing[:, :TARGETS]).logits.shape == (0, TARGETS, VOCAB_OUT)
    assert ours.step(nothing[:, 0], ours.start(nothing)).logits.shape == (0, VOCAB_OUT)
    assert ours(torch.zeros(1, 2, dtype=torch.long), torch.tensor([[1]])).logits.isfinite().all()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 0.1), (torch.float16, 0.02)])
def test_half_precision(dtype, tolerance):
    ours = transformer(VOCAB_IN, VOCAB_OUT, dim=DIM, heads=HEADS, hidden=HIDDEN, layers=LAYERS)
    initialize(ours, generator=torch.Generator().manual_seed(1))
    texts = draw_texts()
    wide = ours(*texts).logits
    logits = ours.to(dtype)(*texts).logits
    assert logits.dtype == dtype
    torch.testing.assert_close(logits.float(), wide, rtol=tolerance, atol=tolerance)


# (d) Gradients


def test_every_parameter_learns_but_key_biases_and_words_that_do_not_occur():
    ours, (sources, targets_in) = our_model(), draw_texts()
    for logits in (ours(sources, targets_in).logits, ours.fused(sources, targets_in)):
        gradients = torch.autograd.grad((logits * draw(*logits.shape)).sum(), list(ours.parameters()))
        for (name, _), gradient in zip(ours.named_parameters(), gradients, strict=True):
            assert (gradient.abs().max() < 1e-10) == name.endswith("attention.key.bias"), name
        absent = sorted(set(range(VOCAB_IN)) - set(sources.flatten().tolist()))
        assert (gradients[0][absent] == 0).all()
        assert (gradients[0][0] == 0).all()  # filler is masked: its row never learns


def test_cached_steps_have_the_gradients_of_the_full_pass():
    ours, (sources, targets_in) = our_model(), draw_texts()
    direction = draw(BATCH, TARGETS, VOCAB_OUT)
    gradients = [
        torch.autograd.grad((logits * direction).sum(), list(ours.parameters()))
        for logits in (ours(sources, targets_in).logits, step_by_step(ours, sources, targets_in)[0])
    ]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-8)


# (e) The paper's claim in miniature


def test_it_learns_to_write_backwards():
    # Four symbols, written in reverse order, then END: 150 steps bring the loss from chance to nearly nothing.
    generator = torch.Generator().manual_seed(0)
    model = transformer(8, 8, dim=32, heads=2, hidden=64, layers=1)
    initialize(model, generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9)
    losses = []
    for step in range(1, 151):
        sources = torch.randint(3, 8, (64, 4), generator=generator)
        targets = torch.cat([sources.flip(1), torch.full((64, 1), 2)], dim=1)
        loss = smoothed_cross_entropy(model.fused(sources, shift_right(targets)), targets, smoothing=0.0)
        optimizer.zero_grad()
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = noam_rate(step, dim=32, warmup=50)
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 1.5
    assert losses[-1] < 0.05
    guesses = model(sources, shift_right(targets)).logits.argmax(-1)
    assert (guesses == targets).all(-1).double().mean() > 0.95
