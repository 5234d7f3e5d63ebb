"""Recurrent networks that translate: through one vector, with additive attention, and in GNMT's stacks."""

import math

import pytest
import torch
from torch import nn

from transformer_edu.recurrent import (
    GNMT,
    AdditiveAttention,
    FixedVectorEncoderDecoder,
    GNMTEncoder,
    LSTMState,
    RecurrentEncoderDecoder,
    teacher_forced,
)

IN, OUT, DIM, LAYERS = 11, 7, 6, 4
SOURCES = torch.tensor([[3, 5, 9, 4, 10], [8, 3, 0, 0, 0], [4, 4, 7, 0, 0]])
TARGETS = torch.tensor([[1, 3, 4, 6], [1, 5, 5, 2], [1, 6, 2, 0]])
MODELS = {
    "fixed": lambda generator: FixedVectorEncoderDecoder(IN, OUT, dim=DIM, generator=generator),
    "additive": lambda generator: RecurrentEncoderDecoder(IN, OUT, dim=DIM, generator=generator),
    "gnmt": lambda generator: GNMT(IN, OUT, dim=DIM, layers=LAYERS, generator=generator),
}
every_model = pytest.mark.parametrize("name", MODELS)


def model_of(name, *, seed=1):
    return MODELS[name](torch.Generator().manual_seed(seed)).double()


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def torch_lstm(ours):
    """Return torch's cell with our weights."""
    theirs = nn.LSTMCell(len(ours.input_weight), len(ours.state_weight)).double()
    weights = {"weight_ih": ours.input_weight.T, "weight_hh": ours.state_weight.T}
    theirs.load_state_dict(weights | {"bias_ih": ours.bias, "bias_hh": torch.zeros_like(ours.bias)})
    return theirs


@torch.no_grad()
def look_by_hand(attention, before, states):
    """Write the definition out, number by number, for one sentence without padding."""
    scores = []
    for state in states:
        asked, offered = before @ attention.query_weight, state @ attention.key_weight
        scores.append(
            sum(float(v) * math.tanh(a + o) for v, a, o in zip(attention.vector, asked, offered, strict=True))
        )
    exponentials = [math.exp(score) for score in scores]
    weights = [one / sum(exponentials) for one in exponentials]
    return weights, sum(weight * state for weight, state in zip(weights, states, strict=True))


# (a) Oracle: torch's cells in a loop, and attention number by number


def test_additive_attention_is_its_definition():
    attention = AdditiveAttention(DIM, source_dim=8, hidden=5, generator=torch.Generator().manual_seed(2)).double()
    states, before, real = draw(2, 9, 8), draw(2, DIM, seed=1), torch.arange(9) < torch.tensor([[9], [4]])
    found = attention(before, attention.read(states, real))
    for row, length in enumerate((9, 4)):
        weights, context = look_by_hand(attention, before[row], states[row, :length])
        torch.testing.assert_close(found.weights[row, :length], torch.tensor(weights).double())
        torch.testing.assert_close(found.outputs[row], context)
        assert (found.weights[row, length:] == 0).all()


@pytest.mark.parametrize("row", [0, 1, 2])
def test_the_model_with_attention_is_a_loop_over_torchs_cells(row):
    model, source = model_of("additive"), SOURCES[row][SOURCES[row] > 0]
    embedded, there, back = model.source_embedding[source], [], []
    for reader, order, kept in (
        (model.encoder.ahead, range(len(source)), there),
        (model.encoder.back, reversed(range(len(source))), back),
    ):
        cell, state = torch_lstm(reader), (torch.zeros(DIM).double(), torch.zeros(DIM).double())
        for place in order:
            state = cell(embedded[place], state)
            kept.append(state[0])
    states = [torch.cat([left, right]) for left, right in zip(there, back[::-1], strict=True)]
    state = (torch.tanh(back[-1] @ model.first_weight), torch.zeros(DIM).double())
    logits, looked, cell = [], [], torch_lstm(model.decoder)
    for token in TARGETS[row]:
        weights, context = look_by_hand(model.attention, state[0], states)  # the state before this step
        state = cell(torch.cat([model.target_embedding[token], context]), state)
        logits.append(torch.cat([state[0], context]) @ model.output_weight + model.output_bias)
        looked.append(torch.tensor(weights).double())
    found = model(SOURCES, TARGETS)
    torch.testing.assert_close(found.logits[row], torch.stack(logits))
    torch.testing.assert_close(found.weights[row, :, : len(source)], torch.stack(looked))


@pytest.mark.parametrize("row", [0, 1, 2])
def test_the_model_without_attention_is_two_lstms_of_torch(row):
    model, source = model_of("fixed"), SOURCES[row][SOURCES[row] > 0]
    state = (torch.zeros(DIM).double(), torch.zeros(DIM).double())
    cell = torch_lstm(model.encoder)
    for token in source:
        state = cell(model.source_embedding[token], state)
    logits, cell = [], torch_lstm(model.decoder)
    for token in TARGETS[row]:
        state = cell(model.target_embedding[token], state)
        logits.append(state[0] @ model.output_weight + model.output_bias)
    torch.testing.assert_close(model(SOURCES, TARGETS).logits[row], torch.stack(logits))


@pytest.mark.parametrize("row", [0, 1, 2])
def test_gnmt_is_a_loop_over_torchs_cells(row):
    model, source = model_of("gnmt"), SOURCES[row][SOURCES[row] > 0]
    tokens, zeros = list(model.source_embedding[source]), (torch.zeros(DIM).double(), torch.zeros(DIM).double())

    def read(reader, tokens):
        cell, state, kept = torch_lstm(reader), zeros, []
        for token in tokens:
            state = cell(token, state)
            kept.append(state[0])
        return kept

    both = zip(
        read(model.encoder.bottom.ahead, tokens), read(model.encoder.bottom.back, tokens[::-1])[::-1], strict=True
    )
    tokens = read(model.encoder.upper[0], [torch.cat(pair) for pair in both])
    for layer in list(model.encoder.upper)[1:]:
        tokens = [above + below for above, below in zip(read(layer, tokens), tokens, strict=True)]
    cells, states, logits = [torch_lstm(layer) for layer in model.decoder], [zeros] * LAYERS, []
    for token in TARGETS[row]:
        _, context = look_by_hand(model.attention, states[0][0], tokens)  # the bottom layer, before this step
        below = model.target_embedding[token]
        for level in range(LAYERS):
            states[level] = cells[level](torch.cat([below, context]), states[level])
            below = states[level][0] + (below if level in (2, 3) else 0)
        logits.append(below @ model.output_weight + model.output_bias)
    torch.testing.assert_close(model(SOURCES, TARGETS).logits[row], torch.stack(logits))


# (b) Properties and limits


@every_model
def test_step_by_step_is_teacher_forcing(name):
    model = model_of(name)
    state, known = model.start(SOURCES), model(SOURCES, TARGETS)
    for place in range(TARGETS.shape[1]):
        one = model.step(TARGETS[:, place], state)
        state = one.state
        torch.testing.assert_close(one.logits, known.logits[:, place])
        assert (one.weights is None) == (known.weights is None) == (name == "fixed")
        if one.weights is not None:
            torch.testing.assert_close(one.weights, known.weights[:, place])


@every_model
def test_more_padding_changes_nothing(name):
    model = model_of(name)
    longer = nn.functional.pad(SOURCES, (0, 3))
    found, known = model(longer, TARGETS), model(SOURCES, TARGETS)
    torch.testing.assert_close(found.logits, known.logits)
    if found.weights is not None:
        torch.testing.assert_close(found.weights.sum(-1), torch.ones(TARGETS.shape).double())
        assert (found.weights[..., 5:] == 0).all() and (known.weights[1, :, 2:] == 0).all()


@every_model
def test_a_target_token_changes_nothing_before_it(name):
    model, changed = model_of(name), TARGETS.clone()
    changed[:, 2] = (changed[:, 2] + 1) % OUT
    before, after = model(SOURCES, TARGETS).logits, model(SOURCES, changed).logits
    assert torch.equal(before[:, :2], after[:, :2]) and not torch.isclose(before[:, 2:], after[:, 2:]).all(-1).any()


def tensors(state):
    return [state] if isinstance(state, torch.Tensor) else [leaf for part in state for leaf in tensors(part)]


def chosen(state, order):
    return state[order] if isinstance(state, torch.Tensor) else type(state)(*(chosen(part, order) for part in state))


@every_model
def test_every_state_can_be_reordered_along_the_batch(name):
    model, order = model_of(name), torch.tensor([2, 0, 0, 1])
    state = model.step(TARGETS[:, 0], model.start(SOURCES)).state
    assert all(len(tensor) == len(SOURCES) for tensor in tensors(state))
    found = model.step(TARGETS[order, 1], chosen(state, order))
    torch.testing.assert_close(found.logits, model.step(TARGETS[:, 1], state).logits[order])


def test_the_fixed_vector_is_as_small_as_ever():
    model = model_of("fixed")
    for length in (1, 5, 40):
        state = model.start(torch.full((2, length), 4))
        assert isinstance(state, LSTMState) and sum(tensor.numel() for tensor in state) == 2 * 2 * DIM


def test_keys_are_computed_once_for_a_sentence():
    model, counted = model_of("additive"), []
    real = model.attention.read
    model.attention.read = lambda states, mask: counted.append(1) or real(states, mask)
    model(SOURCES, TARGETS)
    state = model.start(SOURCES)
    assert counted == [1, 1]
    assert model.step(TARGETS[:, 0], state).state.source.keys is state.source.keys


@pytest.mark.parametrize("layers", [2, 3, 5])
def test_gnmt_has_as_many_layers_as_asked_for_on_either_side(layers):
    model = GNMT(IN, OUT, dim=DIM, layers=layers)
    assert (1 + len(model.encoder.upper), len(model.decoder)) == (layers, layers)


def test_residuals_begin_at_the_third_layer():
    # With all weights of the upper LSTMs at zero, their outputs are zero: only what is added comes through.
    for layers, passes in ((2, False), (3, True), (5, True)):
        encoder = GNMTEncoder(DIM, layers=layers, generator=torch.Generator().manual_seed(0)).double()
        tokens = draw(2, 5, DIM)
        with torch.no_grad():
            for parameter in nn.ModuleList(list(encoder.upper)[1:]).parameters():
                parameter.zero_()
        second = encoder.upper[0](encoder.bottom(tokens).outputs).outputs
        torch.testing.assert_close(encoder(tokens), second)
        with torch.no_grad():
            for parameter in encoder.upper[0].parameters():
                parameter.zero_()
        assert (encoder(tokens) == 0).all(), passes


# (c) Bad input and edges


@every_model
def test_edges(name):
    model = model_of(name)
    assert model(SOURCES[:0], TARGETS[:0]).logits.shape == (0, 4, OUT)
    assert model(SOURCES[:, :1], TARGETS[:, :1]).logits.shape == (3, 1, OUT)
    half = MODELS[name](torch.Generator().manual_seed(1)).half()(SOURCES, TARGETS).logits
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.double(), model(SOURCES, TARGETS).logits, rtol=0.02, atol=0.02)


def test_a_target_without_tokens_is_refused():
    model = model_of("fixed")
    with pytest.raises(ValueError, match=r"^teacher_forced needs one target token .*got targets_in.shape=\(3, 0\)\.$"):
        teacher_forced(model.step, TARGETS[:, :0], model.start(SOURCES))


@pytest.mark.parametrize("layers", [1, 0, -2])
def test_a_stack_needs_two_layers(layers):
    with pytest.raises(ValueError, match=rf"^GNMTEncoder needs layers >= 2 \(.*\), got layers={layers}\.$"):
        GNMT(IN, OUT, dim=DIM, layers=layers)


def test_a_source_of_padding_only_is_looked_at_by_nobody():
    weights = model_of("additive")(torch.zeros(1, 3, dtype=torch.long), TARGETS[:1]).weights
    assert (weights == 0).all()


# (d) Gradients


def test_gradients():
    attention = AdditiveAttention(3, source_dim=4, hidden=5, generator=torch.Generator().manual_seed(2)).double()
    real = torch.tensor([[True, True, False], [True, True, True]])
    inputs = [draw(2, 3).requires_grad_(), draw(2, 3, 4, seed=1).requires_grad_()]
    assert torch.autograd.gradcheck(lambda s, h: tuple(attention(s, attention.read(h, real))), inputs)


def test_gnmts_gradients_go_through_every_layer_and_its_look():
    model = GNMT(IN, OUT, dim=2, layers=3, generator=torch.Generator().manual_seed(3)).double()

    def logits(table):
        return torch.func.functional_call(model, {"source_embedding": table}, (SOURCES, TARGETS)).logits

    assert torch.autograd.gradcheck(logits, [model.source_embedding.detach().requires_grad_()])


@every_model
def test_every_parameter_learns_and_padding_has_no_gradient(name):
    model = model_of(name)
    gradients = torch.autograd.grad(model(SOURCES, TARGETS).logits.square().sum(), list(model.parameters()))
    for (parameter, _), gradient in zip(model.named_parameters(), gradients, strict=True):
        assert gradient.abs().max() > 0, parameter
    assert (gradients[0][0] == 0).all()  # the embedding of padding
    assert (gradients[0][3] != 0).all()


# (e) The paper's claim in miniature


def test_attention_reaches_a_far_token_that_the_fixed_vector_has_lost():
    # Bahdanau et al.: the fixed vector is a bottleneck for long sentences. Change the first of 60 tokens: before
    # anything is learned, what the decoder says moves a thousand times more with attention than without. The backward
    # reader ends at that token, so the decoder starts from the state of the *old* source: what moves came by looking.
    source = torch.full((1, 60), 5)
    changed = source.clone()
    changed[0, 0] = 9
    fixed, looking = model_of("fixed"), model_of("additive")
    moved = (fixed(source, TARGETS[:1]).logits - fixed(changed, TARGETS[:1]).logits).abs().max()
    before = looking.start(source)
    after = looking.start(changed)._replace(decoder=before.decoder)
    one, other = (teacher_forced(looking.step, TARGETS[:1], state).logits for state in (before, after))
    assert (one - other).abs().max() > 1000 * moved
