"""Layers and machines made of parts are those of `part-1`: the same weights give the same numbers, on every path.

The fixtures were made by `fixtures/make_at_part_1.py`. Where they were made, all differences are 0.0; another
processor may add up in another order, hence the last digits of float64.
"""

import pytest
import torch

from tests.layers.carried_over import fixture
from transformer_edu.layers import Given, PostNorm, PreNorm, Relu, decoder_layer, encoder_layer
from transformer_edu.machines import bert, gpt2, transformer

DIM, HEADS, HIDDEN, LAYERS = 8, 2, 11, 2
SIZES = {"heads": HEADS, "hidden": HIDDEN}


def same(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("order", "residual"), [("", PostNorm), ("PreNorm", PreNorm)])
@pytest.mark.parametrize(("network", "bend"), [("FeedForward", None), ("ReluFeedForward", Relu())])
def test_encoder_layers(order, residual, network, bend):
    weights, inputs, expected = fixture(f"{order}EncoderLayer_{network}")
    layer = encoder_layer(DIM, **SIZES, residual=residual, bend=bend).double()
    layer.load_state_dict(weights)
    given = Given(allowed=inputs["real"][:, None])
    outputs, seen = layer(inputs["tokens"], given)
    same(outputs, expected["plain"])
    same(seen[0], expected["weights"])
    same(layer.fused(inputs["tokens"], given), expected["fused"])
    same(layer.fused(inputs["tokens"], Given(causal=True)), expected["causal"])


@pytest.mark.parametrize(("order", "residual"), [("", PostNorm), ("PreNorm", PreNorm)])
def test_decoder_layers(order, residual):
    weights, inputs, expected = fixture(f"{order}DecoderLayer")
    layer = decoder_layer(DIM, **SIZES, residual=residual).double()
    layer.load_state_dict(weights)
    tokens = inputs["tokens"]
    given = Given(causal=True, source=inputs["memory"], source_allowed=inputs["real"][:, None])
    outputs, seen = layer(tokens, given)
    same(outputs, expected["plain"])
    same(seen[0], expected["weights"])
    same(seen[1], expected["source_weights"])
    same(layer.fused(tokens, given), expected["fused"])
    state, steps = layer.start(given), []
    for place in range(tokens.shape[1]):
        step = layer.extend(tokens[:, place : place + 1], given, state)
        state = step.state
        steps.append(step.outputs)
    same(torch.cat(steps, dim=1), expected.get("cached", expected["plain"]))  # pre-norm had no cache then


def test_the_first_transformer():
    weights, inputs, expected = fixture("EncoderDecoder")
    model = transformer(13, 17, dim=DIM, **SIZES, layers=LAYERS).double()
    model.load_state_dict(weights)
    sources, read = inputs["sources"], inputs["read"]
    same(tuple(model(sources, read)[:2]), (expected["plain"], expected["weights"]))
    same(model.fused(sources, read), expected["fused"])
    state, steps = model.start(sources), []
    for place in range(read.shape[1]):
        step = model.step(read[:, place], state)
        state = step.state
        steps.append(step.logits)
    same(torch.stack(steps, dim=1), expected["cached"])


def test_bert():
    weights, inputs, expected = fixture("EncoderOnly")
    model = bert(13, dim=DIM, **SIZES, layers=LAYERS, positions=10).double()
    model.load_state_dict(weights)
    outputs, seen = model(inputs["texts"])
    same(outputs, expected["plain"])
    same(torch.stack([layer[0] for layer in seen], dim=1), expected["weights"])


def test_gpt_2():
    weights, inputs, expected = fixture("DecoderOnly")
    model = gpt2(13, dim=DIM, **SIZES, layers=LAYERS, positions=10).double()
    model.load_state_dict(weights)
    texts = inputs["texts"]
    same(tuple(model(texts)[:2]), (expected["plain"], expected["weights"]))
    same(model.fused(texts), expected["fused"])
    state, pieces = model.start(len(texts)), []
    for piece in (texts[:, :4], texts[:, 4:5], texts[:, 5:]):
        logits, state, _ = model.extend(piece, state)
        pieces.append(logits)
    same(torch.cat(pieces, dim=1), expected["cached"])
