"""Ready-made machines hand up what their layers have to show, and take any layer that keeps the protocol."""

import pytest
import torch
from torch import nn

from tests.layers.copied_weights import draw, randomize
from transformer_edu.attention import MultiHeadAttention
from transformer_edu.layers import (
    Extended,
    Given,
    Layer,
    Passed,
    PreNorm,
    SelfAttention,
    SourceAttention,
    Sublayer,
)
from transformer_edu.machines import Decoder, DecoderOnly, Embedding, Encoder, EncoderDecoder, mean_weights
from transformer_edu.normalization import LayerNorm
from transformer_edu.positions import Positions

BATCH, SOURCES, TARGETS, VOCAB, DIM, HEADS, LAYERS = 3, 7, 5, 13, 8, 2, 2
FUSED = pytest.mark.parametrize("fused", [False, True])


class Loud(nn.Module):
    """Leave the tokens as they are, and show a loss."""

    def forward(self, tokens, given):
        return Passed(tokens, "LOSS")

    def start(self, given):
        return None

    def extend(self, tokens, given, state):
        return Extended(tokens, "LOSS", None)


class Attending(nn.Module):
    """A layer that is no Layer, around a part that is no SelfAttention: all it keeps is the protocol."""

    def __init__(self):
        super().__init__()
        self.inner = SelfAttention(MultiHeadAttention(DIM, heads=HEADS))
        self.start, self.extend, self.forward = self.inner.start, self.inner.extend, self.inner.forward


def layers(*parts):
    """Build layers of the same kinds of parts, with a part that shows a loss at the end of each."""
    made = [[*(part(MultiHeadAttention(DIM, heads=HEADS)) for part in parts), Loud()] for _ in range(LAYERS)]
    return [Layer(*(Sublayer(part, PreNorm(LayerNorm(DIM))) for part in each)) for each in made]


def decoder_only(made):
    return randomize(DecoderOnly(Embedding(VOCAB, DIM), Decoder(made, norm=None), positions=Positions()))


def encoder_decoder():
    encoder = Encoder(layers(SelfAttention), norm=None)
    decoder = Decoder(layers(SelfAttention, SourceAttention), norm=None)
    tables = Embedding(VOCAB, DIM), Embedding(VOCAB, DIM)
    return randomize(EncoderDecoder(*tables, encoder, decoder, positions=Positions()))


def draw_ids(tokens, *, seed=0):
    return torch.randint(1, VOCAB, (BATCH, tokens), generator=torch.Generator().manual_seed(seed))


@FUSED
def test_a_decoder_hands_up_what_its_layers_show(fused):
    machine, texts = decoder_only(layers(SelfAttention)), draw_ids(TARGETS)
    decoded = machine(texts, Given(fused=fused))
    continued = machine.extend(texts, machine.start(BATCH), Given(fused=fused))
    for seen in (decoded.seen, continued.seen):
        assert [shown for _, shown in seen] == ["LOSS"] * LAYERS
        assert [weights is None for weights, _ in seen] == [fused] * LAYERS
    torch.testing.assert_close(decoded.logits, machine(texts).logits)
    assert (decoded.weights is None) == fused
    if not fused:
        torch.testing.assert_close(decoded.weights, decoded.seen[-1][0].mean(1))


@FUSED
def test_an_encoder_and_decoder_hand_up_what_both_show(fused):
    machine, sources, targets = encoder_decoder(), draw_ids(SOURCES), draw_ids(TARGETS, seed=1)
    decoded = machine(sources, targets, Given(fused=fused))
    assert [shown for _, shown in decoded.source_seen] == [shown for *_, shown in decoded.seen] == ["LOSS"] * LAYERS
    torch.testing.assert_close(decoded.logits, machine.fused(sources, targets))
    assert (decoded.weights is None) == fused
    step = machine.step(targets[:, 0], machine.start(sources))
    assert [shown for *_, shown in step.seen] == ["LOSS"] * LAYERS
    if not fused:
        torch.testing.assert_close(decoded.weights, decoded.seen[-1][1].mean(1))
        torch.testing.assert_close(step.weights, decoded.weights[:, 0])


def test_any_layer_with_the_protocol_will_do():
    texts = draw_ids(TARGETS)
    machine = decoder_only([Attending()])
    decoded = machine(texts)
    torch.testing.assert_close(decoded.weights, decoded.seen[0].mean(1))
    torch.testing.assert_close(machine.extend(texts, machine.start(BATCH)).logits, decoded.logits)


@pytest.mark.parametrize("made", [[], [Loud()]], ids=["no layer", "no weights"])
def test_without_weights_there_is_none_to_return(made):
    machine = decoder_only(made)
    assert machine(draw_ids(TARGETS)).weights is None


def test_only_tensors_of_four_axes_are_weights():
    weights = draw(BATCH, HEADS, TARGETS, SOURCES)
    torch.testing.assert_close(mean_weights(((None, draw(BATCH, 4), weights),)), weights.mean(1))
    assert mean_weights(((weights, None),), part=1) is None
