"""What layers and models cost, against torch's own counter, real parameters and real tensors."""

import pytest
import torch

from tests.flops import counted
from tests.layers.copied_weights import draw
from transformer_edu.attention import MultiHeadAttention
from transformer_edu.costs import (
    cached_step_cost,
    decoder_layer_cost,
    feed_forward_cost,
    layer_cost,
    model_cost,
    uncached_step_cost,
)
from transformer_edu.layers import Given, PostNorm, PreNorm, decoder_layer, encoder_layer
from transformer_edu.machines import bert, gpt2, transformer

BATCH, TARGETS, SOURCES, HEADS, DIM, HIDDEN, LAYERS, VOCAB_IN, VOCAB_OUT = 2, 5, 7, 3, 12, 20, 4, 11, 13
WIDTHS = {"dim": DIM, "hidden": HIDDEN, "heads": HEADS}


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


def kept_bytes(state):
    """Count the bytes of the keys and values that a state keeps."""
    kept = [part for layer in state.layers for part in layer if part is not None]
    return sum(part.keys.nbytes + part.values.nbytes for part in kept)


def draw_ids(*shape, high):
    return torch.randint(1, high, shape, generator=torch.Generator().manual_seed(0))


# (a) Oracle


@pytest.mark.parametrize("residual", [PostNorm, PreNorm])
def test_an_encoder_layer(residual):
    layer = encoder_layer(DIM, heads=HEADS, hidden=HIDDEN, residual=residual).double()
    tokens = draw(BATCH, SOURCES, DIM)
    cost = layer_cost(tokens=SOURCES, batch=BATCH, bytes_per_number=8, **WIDTHS)
    assert counted(lambda: layer(tokens)) == counted(lambda: layer.fused(tokens)) == 2 * cost.multiply_adds
    assert counted(lambda: layer.sublayers[1](tokens)) == 2 * cost.feed_forward
    assert cost.parameters == size(layer)
    weights = layer(tokens).seen[0]
    assert (cost.table_bytes, cost.exponentials) == (weights.nbytes, weights.numel())


@pytest.mark.parametrize("residual", [PostNorm, PreNorm])
def test_a_decoder_layer(residual):
    layer = decoder_layer(DIM, heads=HEADS, hidden=HIDDEN, residual=residual).double()
    tokens, given = draw(BATCH, TARGETS, DIM), Given(source=draw(BATCH, SOURCES, DIM, seed=1))
    cost = decoder_layer_cost(targets=TARGETS, sources=SOURCES, batch=BATCH, bytes_per_number=8, **WIDTHS)
    assert counted(lambda: layer(tokens, given)) == 2 * cost.multiply_adds
    assert counted(lambda: layer.fused(tokens, given)) == 2 * cost.multiply_adds
    assert cost.parameters == size(layer)
    weights, source_weights, _ = layer(tokens, given).seen
    assert cost.table_bytes == weights.nbytes + source_weights.nbytes
    assert cost.exponentials == weights.numel() + source_weights.numel()


def test_the_whole_machine():
    model = transformer(VOCAB_IN, VOCAB_OUT, layers=LAYERS, **WIDTHS)
    sources, targets_in = draw_ids(BATCH, SOURCES, high=VOCAB_IN), draw_ids(BATCH, TARGETS, high=VOCAB_OUT)
    cost = model_cost(
        vocab_in=VOCAB_IN,
        vocab_out=VOCAB_OUT,
        sources=SOURCES,
        targets=TARGETS,
        layers=LAYERS,
        batch=BATCH,
        **WIDTHS,
    )
    assert counted(lambda: model(sources, targets_in)) == 2 * cost.multiply_adds
    assert cost.parameters == size(model) and cost.parameter_bytes == 4 * size(model)
    assert LAYERS * layer_cost(tokens=1, **WIDTHS).parameters == size(model.encoder)
    assert LAYERS * decoder_layer_cost(targets=1, sources=1, **WIDTHS).parameters == size(model.decoder)


def test_the_parameters_of_the_three_modes():
    layer = layer_cost(tokens=1, **WIDTHS).parameters
    reads = bert(VOCAB_IN, layers=LAYERS, positions=9, **WIDTHS)
    writes = gpt2(VOCAB_IN, layers=LAYERS, positions=9, **WIDTHS)
    assert size(reads) == size(writes) == LAYERS * layer + (VOCAB_IN + 9) * DIM + 2 * DIM


@pytest.mark.parametrize("written", [1, 4])  # with one key alone torch mixes by a product that its counter leaves out
def test_a_step_with_a_cache(written):
    ours = gpt2(VOCAB_OUT, layers=LAYERS, positions=9, **WIDTHS)
    token_ids = draw_ids(BATCH, 5, high=VOCAB_OUT)
    state = ours.extend(token_ids[:, :written], ours.start(BATCH)).state
    found = []
    flops = counted(lambda: found.append(ours.extend(token_ids[:, :1], state).state))
    cost = cached_step_cost(written=written, layers=LAYERS, vocab=VOCAB_OUT, batch=BATCH, **WIDTHS)
    assert flops == 2 * cost.multiply_adds
    assert cost.cache_bytes == kept_bytes(found[0])
    used = size(ours.decoder.stack.layers) + ours.embedding.table.numel()
    assert cost.parameter_bytes == 4 * used


@pytest.mark.parametrize("written", [1, 4])  # with one key alone torch mixes by a product that its counter leaves out
def test_a_step_with_a_cache_and_a_source(written):
    ours = transformer(VOCAB_IN, VOCAB_OUT, layers=LAYERS, **WIDTHS).double()
    state = ours.start(draw_ids(BATCH, SOURCES, high=VOCAB_IN))
    tokens = draw_ids(BATCH, high=VOCAB_OUT)
    for _ in range(written):
        state = ours.step(tokens, state).state
    found = []
    flops = counted(lambda: found.append(ours.step(tokens, state).state))
    cost = cached_step_cost(
        written=written,
        sources=SOURCES,
        layers=LAYERS,
        vocab=VOCAB_OUT,
        batch=BATCH,
        bytes_per_number=8,
        **WIDTHS,
    )
    assert flops == 2 * cost.multiply_adds
    assert cost.cache_bytes == kept_bytes(found[0])
    assert cost.parameter_bytes == 8 * (size(ours.decoder) + ours.target_embedding.table.numel())


@pytest.mark.parametrize("few", [1, 3, 6])
def test_fewer_heads_of_keys_and_values_make_the_cache_narrower(few):
    counts = {"written": 4, "layers": 1, "vocab": 5, "dim": DIM, "hidden": HIDDEN, "heads": 6, "batch": BATCH}
    cost = cached_step_cost(key_value_heads=few, bytes_per_number=8, **counts)
    attention = MultiHeadAttention(DIM, heads=6, key_value_heads=few).double()
    kept = attention.project(draw(BATCH, 5, DIM))
    assert cost.cache_bytes == kept.keys.nbytes + kept.values.nbytes
    wide = cached_step_cost(bytes_per_number=8, **counts)
    assert few * wide.cache_bytes == 6 * cost.cache_bytes and wide.pairs == cost.pairs
    assert wide.projections >= cost.projections


@pytest.mark.parametrize("few", [1, 2, 3, 6])
def test_biases_of_keys_and_values_are_as_many_as_they_have_numbers(few):
    attention = MultiHeadAttention(DIM, heads=6, key_value_heads=few)
    around = sum(map(size, (attention, torch.nn.Linear(DIM, HIDDEN), torch.nn.Linear(HIDDEN, DIM)))) + 4 * DIM
    counts = {"written": 4, "vocab": 5, "dim": DIM, "hidden": HIDDEN, "heads": 6, "key_value_heads": few}
    assert cached_step_cost(layers=2, **counts).parameter_bytes == 4 * (2 * around + 5 * DIM)
    source = size(attention) + 2 * DIM
    assert cached_step_cost(layers=2, sources=3, **counts).parameter_bytes == 4 * (2 * (around + source) + 5 * DIM)


@pytest.mark.parametrize("few", [1, 2, 3, 6])
def test_layers_with_fewer_heads_of_keys_and_values(few):
    """One step without a cache, behind no token, is one with a cache; a model is its layers; parameters as in torch."""
    widths = {"dim": DIM, "hidden": HIDDEN, "heads": 6, "key_value_heads": few}
    attention = MultiHeadAttention(DIM, heads=6, key_value_heads=few)
    around = sum(map(size, (attention, torch.nn.Linear(DIM, HIDDEN), torch.nn.Linear(HIDDEN, DIM)))) + 4 * DIM
    layer, above = layer_cost(tokens=5, **widths), decoder_layer_cost(targets=4, sources=5, **widths)
    assert layer.parameters == around and above.parameters == around + size(attention) + 2 * DIM
    looked = draw(1, 5, DIM, dtype=torch.float32)
    assert counted(lambda: attention(looked)) == 2 * (layer.projections + layer.pairs)
    model = model_cost(vocab_in=3, vocab_out=2, sources=5, targets=4, layers=2, **widths)
    assert model.multiply_adds == 2 * (layer + above).multiply_adds + 4 * 2 * DIM
    assert model.parameters == 2 * (layer + above).parameters + 5 * DIM
    counts = {"written": 0, "layers": 2, "vocab": 3, **widths}
    for sources in (0, 5):
        first, again = (cost(sources=sources, **counts) for cost in (cached_step_cost, uncached_step_cost))
        assert first.parameters == again.parameters
    assert cached_step_cost(**counts).multiply_adds == uncached_step_cost(**counts).multiply_adds


def test_a_step_without_a_cache():
    ours = gpt2(VOCAB_OUT, layers=LAYERS, positions=9, **WIDTHS)
    token_ids = draw_ids(BATCH, 5, high=VOCAB_OUT)

    def again():
        tokens = ours.decoder.fused(ours.positions.place(ours.embedding(token_ids)))
        ours.embedding.logits(tokens[:, -1])

    cost = uncached_step_cost(written=4, layers=LAYERS, vocab=VOCAB_OUT, batch=BATCH, **WIDTHS)
    assert counted(again) == 2 * cost.multiply_adds and cost.cache_bytes == 0
    other = transformer(VOCAB_IN, VOCAB_OUT, layers=LAYERS, **WIDTHS)
    tokens, memory = draw(BATCH, 5, DIM, dtype=torch.float32), draw(BATCH, SOURCES, DIM, dtype=torch.float32)
    cost = uncached_step_cost(written=4, sources=SOURCES, layers=LAYERS, vocab=VOCAB_OUT, batch=BATCH, **WIDTHS)
    flops = counted(lambda: other.target_embedding.logits(other.decoder(tokens, Given(source=memory)).outputs[:, -1]))
    assert flops == 2 * cost.multiply_adds


# (b) Properties: where the parts cross


def test_attention_and_network_are_equal_at_twice_the_width():
    for dim in (6, 12, 48):
        cost = layer_cost(tokens=2 * dim, dim=dim, hidden=4 * dim, heads=3)
        assert cost.projections + cost.pairs == cost.feed_forward
        shorter = layer_cost(tokens=2 * dim - 1, dim=dim, hidden=4 * dim, heads=3)
        assert shorter.projections + shorter.pairs < shorter.feed_forward


def test_the_quadratic_part_alone_outweighs_the_rest_from_six_times_the_width():
    for dim in (6, 12, 48):
        cost = layer_cost(tokens=6 * dim, dim=dim, hidden=4 * dim, heads=3)
        assert cost.pairs == cost.projections + cost.feed_forward
        shorter = layer_cost(tokens=6 * dim - 1, dim=dim, hidden=4 * dim, heads=3)
        assert shorter.pairs < shorter.projections + shorter.feed_forward


def test_costs_of_several_layers_add_up():
    one = layer_cost(tokens=SOURCES, **WIDTHS)
    assert LAYERS * one == sum([one] * LAYERS) and (LAYERS * one).multiply_adds == LAYERS * one.multiply_adds
    assert (one.steps, one.path, (LAYERS * one).steps, (LAYERS * one).path) == (2, 1, 2 * LAYERS, 1)


def test_the_first_step_costs_the_same_with_and_without_a_cache():
    counts = {"layers": LAYERS, "vocab": VOCAB_OUT, **WIDTHS}
    first = cached_step_cost(written=0, **counts)
    assert first.multiply_adds == uncached_step_cost(written=0, **counts).multiply_adds
    for written in (1, 9):
        assert (
            cached_step_cost(written=written, **counts).multiply_adds
            < uncached_step_cost(written=written, **counts).multiply_adds
        )


# (c) Bad input


@pytest.mark.parametrize("name", ["tokens", "dim", "hidden", "batch", "bytes_per_number"])
def test_counts_of_a_network_must_be_positive(name):
    counts = {"tokens": 3, "dim": 4, "hidden": 5, "batch": 2, "bytes_per_number": 4} | {name: 0}
    with pytest.raises(ValueError, match=rf"^feed_forward_cost needs {name} >= 1 \(.*\), got {name}=0\.$"):
        feed_forward_cost(**counts)


def test_counts_of_a_layer_must_be_positive():
    with pytest.raises(ValueError, match=r"^feed_forward_cost needs hidden >= 1 \(.*\), got hidden=0\.$"):
        layer_cost(tokens=3, **WIDTHS | {"hidden": 0})
    with pytest.raises(ValueError, match=r"^attention_cost needs heads that divide dim=12"):
        layer_cost(tokens=3, **WIDTHS | {"heads": 5})


@pytest.mark.parametrize("name", ["vocab_in", "vocab_out", "layers"])
def test_counts_of_a_model_must_be_positive(name):
    counts = {"vocab_in": 5, "vocab_out": 6, "layers": 2} | {name: 0}
    with pytest.raises(ValueError, match=rf"^model_cost needs {name} >= 1 \(.*\), got {name}=0\.$"):
        model_cost(sources=3, targets=4, **counts, **WIDTHS)


@pytest.mark.parametrize("step_cost", [cached_step_cost, uncached_step_cost])
@pytest.mark.parametrize(("name", "least"), [("written", 0), ("sources", 0), ("layers", 1), ("vocab", 1)])
def test_counts_of_a_step_must_make_sense(step_cost, name, least):
    counts = {"written": 3, "sources": 2, "layers": 2, "vocab": 6} | {name: least - 1}
    pattern = rf"^{step_cost.__name__} needs {name} >= {least} \(.*\), got {name}={least - 1}\.$"
    with pytest.raises(ValueError, match=pattern):
        step_cost(**counts, **WIDTHS)


# (e) The claim in miniature


def test_writing_without_a_cache_grows_by_one_power_more():
    counts = {"dim": 64, "hidden": 256, "heads": 4, "layers": 2, "vocab": 100}

    def total(step_cost, tokens):
        return sum(step_cost(written=written, **counts).multiply_adds for written in range(tokens))

    kept, again = (total(step, 40) / total(step, 20) for step in (cached_step_cost, uncached_step_cost))
    assert 2 < kept < 2.2 and 3.8 < again < 4.2
