"""Every kind of positions in every machine: the same object at its place, nothing else written anew."""

import pytest
import torch

from tests.positions.kinds import DIM, HEADS, KINDS, SHARED, draw, draw_parameters, some_places
from transformer_edu.attention import MultiHeadAttention
from transformer_edu.layers import (
    FeedForward,
    Given,
    Layer,
    PostNorm,
    PreNorm,
    SelfAttention,
    SourceAttention,
    Sublayer,
    TokenNetwork,
)
from transformer_edu.machines import (
    PAD,
    Decoder,
    DecoderOnly,
    Embedding,
    Encoder,
    EncoderDecoder,
    EncoderOnly,
    shift_right,
)
from transformer_edu.normalization import LayerNorm
from transformer_edu.positions import AddLearned, InTurn, LearnedPositions, OnAxis, Positions, count_real

BATCH, TOKENS, VOCAB, LAYERS, HIDDEN = 3, 7, 11, 2, 10
IN_A_ROW = pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.axes == 1])
ALL = pytest.mark.parametrize("name", KINDS)


def layers(kind, positions, *, residual, has_source=False):
    """Build layers that share the positions: in self-attention, and in the attention to a source."""

    def attention():
        return MultiHeadAttention(DIM, heads=HEADS, key_value_heads=SHARED, positions=positions, scale=kind.scale)

    def layer():
        parts = [SelfAttention(attention())]
        parts += [SourceAttention(attention())] if has_source else []
        parts.append(TokenNetwork(FeedForward(DIM, hidden=HIDDEN)))
        return Layer(*(Sublayer(part, residual(LayerNorm(DIM))) for part in parts))

    return [layer() for _ in range(LAYERS)]


def encoder_of(name, *, residual=PostNorm):
    kind = KINDS[name]
    positions = kind.make()
    norm = LayerNorm(DIM) if residual is PreNorm else None
    machine = EncoderOnly(
        Embedding(VOCAB, DIM),
        Encoder(layers(kind, positions, residual=residual), norm=norm),
        positions=positions,
        norm=None,
    )
    return draw_parameters(machine), kind


def decoder_of(name):
    kind = KINDS[name]
    positions = kind.make()
    stack = Decoder(layers(kind, positions, residual=PreNorm), norm=LayerNorm(DIM))
    return draw_parameters(DecoderOnly(Embedding(VOCAB, DIM), stack, positions=positions)), kind


def encoder_decoder_of(name):
    kind = KINDS[name]
    positions = kind.make()
    encoder = Encoder(layers(kind, positions, residual=PostNorm), norm=None)
    decoder = Decoder(layers(kind, positions, residual=PostNorm, has_source=True), norm=None)
    tables = Embedding(VOCAB, DIM), Embedding(VOCAB, DIM)
    return draw_parameters(EncoderDecoder(*tables, encoder, decoder, positions=positions))


def draw_tokens(count=TOKENS, *, batch=BATCH, seed=5):
    return torch.randint(1, VOCAB, (batch, count), generator=torch.Generator().manual_seed(seed))


def through(machine, tokens, given):
    """Place tokens as a machine does, and pass them through its stack."""
    stack = machine.encoder if isinstance(machine, EncoderOnly) else machine.decoder
    return stack(machine.positions.place(tokens, given.places), given).outputs


# Encoders


@ALL
@pytest.mark.parametrize("residual", [PostNorm, PreNorm])
def test_an_encoder_knows_places(name, residual):
    """Tokens in another order with their places give the same; with the places of others they do not."""
    machine, kind = encoder_of(name, residual=residual)
    tokens, order, places = draw(BATCH, TOKENS, DIM), torch.tensor([2, 6, 0, 4, 1, 5, 3]), some_places(kind, TOKENS)
    outputs = through(machine, tokens, Given(places))
    torch.testing.assert_close(through(machine, tokens[:, order], Given(places[order])), outputs[:, order])
    assert (through(machine, tokens, Given(places[order])) - outputs).abs().max() > 1e-3 or name == "none"
    fused = machine.encoder.fused(machine.positions.place(tokens, places), Given(places))
    torch.testing.assert_close(fused, outputs)
    if kind.axes == 1:
        torch.testing.assert_close(through(machine, tokens, Given()), outputs)


@IN_A_ROW
def test_an_encoder_of_texts(name):
    """Filler behind a text changes nothing in it, whatever it would say."""
    machine, _ = encoder_of(name)
    texts = draw_tokens()
    texts[1, 4:] = PAD
    alone = machine(texts[1:2, :4]).outputs
    torch.testing.assert_close(machine(texts).outputs[1:2, :4], alone)


@IN_A_ROW
def test_an_encoder_takes_places(name):
    """Filler in front changes nothing with the places of the real tokens, on both paths."""
    machine, _ = encoder_of(name)
    texts = draw_tokens()
    texts[1, :3] = PAD
    alone, given = machine(texts[1:2, 3:]).outputs, Given(count_real(texts != PAD))
    torch.testing.assert_close(machine(texts, given).outputs[1:2, 3:], alone)
    torch.testing.assert_close(machine.fused(texts, given)[1:2, 3:], alone)


def test_an_encoder_of_two_texts_takes_places_and_segments():
    """BERT's third vector: the segment is the second number of a place."""
    tables = [LearnedPositions(rows, DIM) for rows in (TOKENS, 2)]
    both = Positions(place=InTurn(*(OnAxis(AddLearned(table), axis=axis) for axis, table in enumerate(tables))))
    machine = draw_parameters(EncoderOnly(Embedding(VOCAB, DIM), Encoder([], norm=None), positions=both, norm=None))
    texts, segments = draw_tokens(), torch.tensor([0, 0, 0, 0, 1, 1, 1])
    places = torch.stack([torch.arange(TOKENS), segments], dim=-1)
    expected = machine.embedding(texts) + tables[0].table + tables[1].table[segments]
    torch.testing.assert_close(machine(texts, Given(places)).outputs, expected)


# Decoders without a source


@ALL
def test_relative_kinds_see_no_shift(name):
    for machine, kind in (encoder_of(name), decoder_of(name)):
        tokens = draw(BATCH, TOKENS, DIM)
        before, after = (through(machine, tokens, Given(some_places(kind, TOKENS, shift=shift))) for shift in (0, 13))
        if kind.is_relative:
            torch.testing.assert_close(after, before)
        else:
            assert (after - before).abs().max() > 1e-3


@IN_A_ROW
def test_a_decoder_writes_what_it_would_have_scored(name):
    machine, _ = decoder_of(name)
    texts = draw_tokens()
    whole = machine(texts).logits
    torch.testing.assert_close(machine.fused(texts), whole)
    prompt = machine.extend(texts[:, :3], machine.start(BATCH))
    logits, state = [prompt.logits], prompt.state
    for place in range(3, TOKENS):
        step = machine.extend(texts[:, place : place + 1], state)
        logits.append(step.logits)
        state = step.state
    torch.testing.assert_close(torch.cat(logits, dim=1), whole)


@IN_A_ROW
def test_filler_in_front_changes_nothing(name):
    """All at once, and with a cache: the prompts of a batch end together, whatever their lengths."""
    machine, _ = decoder_of(name)
    texts, lengths = draw_tokens(), torch.tensor([TOKENS, 5, 4])
    real = torch.arange(TOKENS) >= TOKENS - lengths[:, None]
    places, allowed = count_real(real), real[:, None]
    found = machine(texts, Given(places, allowed)).logits
    torch.testing.assert_close(machine.fused(texts, Given(places, allowed))[:, 3:], found[:, 3:])
    prompt = machine.extend(texts[:, :5], machine.start(BATCH), Given(places[:, :5], allowed[..., :5]))
    cached, state = [prompt.logits], prompt.state
    for place in range(5, TOKENS):
        step = machine.extend(texts[:, place : place + 1], state, Given(allowed=allowed[..., : place + 1]))
        cached.append(step.logits)
        state = step.state
    torch.testing.assert_close(torch.cat(cached, dim=1)[:, 3:], found[:, 3:])
    for text, length in enumerate(lengths.tolist()):
        alone = machine(texts[text : text + 1, TOKENS - length :]).logits
        torch.testing.assert_close(found[text : text + 1, TOKENS - length :], alone)


def written_with(machine, texts, places):
    """Read two tokens, then the rest one by one, with the places of each call from one tensor, cut along its tokens."""
    state, logits = machine.start(len(texts)), []
    axis = [size == TOKENS for size in places.shape].index(True)
    for start, end in [(0, 2), *((place, place + 1) for place in range(2, TOKENS))]:
        given = Given(places.narrow(axis, start, end - start))
        step = machine.extend(texts[:, start:end], state, given)
        logits.append(step.logits)
        state = step.state
    return torch.cat(logits, dim=1)


@ALL
def test_a_cached_decoder_takes_places_in_every_shape(name):
    """One row for all, with a batch axis of 1 or the whole batch, of one number or of two."""
    machine, kind = decoder_of(name)
    texts, places = draw_tokens(), some_places(kind, TOKENS)
    whole = machine(texts, Given(places)).logits
    for shaped in (places, places[None], places.expand(BATCH, *places.shape)):
        torch.testing.assert_close(written_with(machine, texts, shaped), whole)


# Encoder and decoder


@IN_A_ROW
def test_an_encoder_decoder_writes_what_it_would_have_scored(name):
    machine = encoder_decoder_of(name)
    sources, targets = draw_tokens(6), shift_right(draw_tokens(5, seed=6))
    sources[1, 4:] = PAD
    logits = machine(sources, targets).logits
    torch.testing.assert_close(machine.fused(sources, targets), logits)
    state = machine.start(sources)
    for place in range(targets.shape[1]):
        step = machine.step(targets[:, place], state)
        torch.testing.assert_close(step.logits, logits[:, place])
        state = step.state
    torch.testing.assert_close(machine(sources[1:2, :4], targets[1:2]).logits, logits[1:2])


@IN_A_ROW
def test_an_encoder_decoder_takes_places_of_both(name):
    """Filler in front of a source changes nothing with its places, all at once and step by step."""
    machine = encoder_decoder_of(name)
    sources, targets = draw_tokens(6), shift_right(draw_tokens(5, seed=6))
    sources[1, :2] = PAD
    given = Given(torch.arange(5), source_places=count_real(sources != PAD))
    alone = machine(sources[1:2, 2:], targets[1:2]).logits
    torch.testing.assert_close(machine(sources, targets, given).logits[1:2], alone)
    torch.testing.assert_close(machine.fused(sources, targets, given)[1:2], alone)
    step = machine.step(targets[:, 0], machine.start(sources, given))
    torch.testing.assert_close(step.logits[1:2], alone[:, 0])


@IN_A_ROW
def test_everything_learns_in_every_machine(name):
    """What layers share gets the sum of what they say; only the biases of keys may say nothing."""
    machine = encoder_decoder_of(name)
    sources, targets = draw_tokens(6), shift_right(draw_tokens(5, seed=6))
    (machine.fused(sources, targets) * draw(BATCH, 5, VOCAB, seed=8)).sum().backward()
    for label, parameter in machine.named_parameters():
        assert parameter.grad is not None and (parameter.grad.abs().max() > 1e-9 or label.endswith("key.bias")), label
