"""The plain recurrent network and the LSTM, one step and whole sequences, padding included."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from transformer_edu.recurrent import (
    LSTM,
    RNN,
    BidirectionalLSTM,
    LSTMState,
    RNNState,
    lstm_cell,
    rnn_cell,
    scan,
    uniform_weight,
)

BATCH, TOKENS, DIM, STATE = 2, 7, 3, 5
NETWORKS = {"rnn": RNN, "lstm": LSTM}


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def network(name, *, dtype=torch.float64, seed=1):
    return NETWORKS[name](DIM, state_dim=STATE, generator=torch.Generator().manual_seed(seed)).to(dtype)


def torch_network(ours, name):
    """Copy our weights into torch's network: it stores them transposed, and has two biases."""
    theirs = {"rnn": nn.RNN, "lstm": nn.LSTM}[name](DIM, STATE, batch_first=True, dtype=ours.bias.dtype)
    copied = {"weight_ih_l0": ours.input_weight.T, "weight_hh_l0": ours.state_weight.T}
    biases = {"bias_ih_l0": ours.bias * 0.25, "bias_hh_l0": ours.bias * 0.75}
    theirs.load_state_dict(copied | biases)
    return theirs


def states_of(last):
    """Return torch's last state, without its axis of layers, as a tuple like ours."""
    return tuple(tensor[0] for tensor in (last if isinstance(last, tuple) else (last,)))


# (a) Oracle


@pytest.mark.parametrize("name", NETWORKS)
def test_sequences_are_torchs(name):
    ours, tokens = network(name), draw(BATCH, TOKENS, DIM)
    outputs, last = torch_network(ours, name)(tokens)
    torch.testing.assert_close(ours(tokens).outputs, outputs)
    torch.testing.assert_close(tuple(ours(tokens).state), states_of(last))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_given_state_is_continued_as_torch_does(name):
    ours, tokens = network(name), draw(BATCH, TOKENS, DIM)
    first = [draw(BATCH, STATE, seed=seed) for seed in (3, 4)][: 2 if name == "lstm" else 1]
    given = tuple(tensor[None] for tensor in first)
    outputs, last = torch_network(ours, name)(tokens, given if name == "lstm" else given[0])
    found = ours(tokens, (LSTMState if name == "lstm" else RNNState)(*first))
    torch.testing.assert_close(found.outputs, outputs)
    torch.testing.assert_close(tuple(found.state), states_of(last))


def test_single_steps_are_torchs_cells():
    token, hidden, cell = draw(BATCH, DIM), draw(BATCH, STATE, seed=2), draw(BATCH, STATE, seed=3)
    plain, long = network("rnn"), network("lstm")
    for ours, theirs in ((plain, nn.RNNCell(DIM, STATE).double()), (long, nn.LSTMCell(DIM, STATE).double())):
        theirs.load_state_dict(
            {
                "weight_ih": ours.input_weight.T,
                "weight_hh": ours.state_weight.T,
                "bias_ih": ours.bias,
                "bias_hh": torch.zeros_like(ours.bias),
            }
        )
        if ours is plain:
            found = rnn_cell(token, RNNState(hidden), ours.input_weight, ours.state_weight, ours.bias)
            torch.testing.assert_close(found.hidden, theirs(token, hidden))
        else:
            found = lstm_cell(token, LSTMState(hidden, cell), ours.input_weight, ours.state_weight, ours.bias)
            torch.testing.assert_close(tuple(found), theirs(token, (hidden, cell)))


def packed(theirs, tokens, lengths):
    outputs, last = theirs(pack_padded_sequence(tokens, lengths, batch_first=True, enforce_sorted=False))
    return pad_packed_sequence(outputs, batch_first=True, total_length=tokens.shape[1])[0], last


@pytest.mark.parametrize("name", NETWORKS)
def test_padding_is_skipped_as_in_torchs_packed_sequences(name):
    ours, tokens, lengths = network(name), draw(3, TOKENS, DIM), torch.tensor([4, TOKENS, 1])
    real = torch.arange(TOKENS) < lengths[:, None]
    outputs, last = packed(torch_network(ours, name), tokens, lengths)
    found = ours(tokens, real=real)
    torch.testing.assert_close(found.outputs[real], outputs[real])
    torch.testing.assert_close(tuple(found.state), states_of(last))
    torch.testing.assert_close(found.outputs[:, -1], found.state.hidden)  # padding repeats the last state


def test_both_directions_are_torchs_with_padding():
    ours = BidirectionalLSTM(DIM, state_dim=STATE, generator=torch.Generator().manual_seed(1)).double()
    theirs = nn.LSTM(DIM, STATE, batch_first=True, bidirectional=True, dtype=torch.float64)
    copied = {}
    for part, end in ((ours.ahead, ""), (ours.back, "_reverse")):
        copied |= {f"weight_ih_l0{end}": part.input_weight.T, f"weight_hh_l0{end}": part.state_weight.T}
        copied |= {f"bias_ih_l0{end}": part.bias, f"bias_hh_l0{end}": torch.zeros_like(part.bias)}
    theirs.load_state_dict(copied)
    tokens, lengths = draw(3, TOKENS, DIM), torch.tensor([4, TOKENS, 1])
    real = torch.arange(TOKENS) < lengths[:, None]
    outputs, (hidden, cell) = packed(theirs, tokens, lengths)
    found = ours(tokens, real=real)
    torch.testing.assert_close(found.outputs[real], outputs[real])
    torch.testing.assert_close(tuple(found.state), (hidden[1], cell[1]))
    torch.testing.assert_close(ours(tokens).outputs, theirs(tokens)[0])


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_every_type_on_every_device(name, dtype, device):
    ours, tokens = network(name, dtype=dtype).to(device), draw(BATCH, TOKENS, DIM, dtype=dtype).to(device)
    found, wide = ours(tokens), network(name, dtype=dtype).double()(tokens.double().cpu())
    assert found.outputs.dtype == found.state.hidden.dtype == dtype
    assert found.outputs.device == tokens.device
    tolerance = 20 * torch.finfo(dtype).eps
    torch.testing.assert_close(found.outputs.double().cpu(), wide.outputs, rtol=tolerance, atol=tolerance)


# (b) Properties and limits


@pytest.mark.parametrize("batch", [(), (2,), (2, 4)])
@pytest.mark.parametrize("name", NETWORKS)
def test_any_leading_axes(name, batch):
    ours, tokens = network(name), draw(*batch, TOKENS, DIM)
    found = ours(tokens)
    assert found.outputs.shape == (*batch, TOKENS, STATE) and found.state.hidden.shape == (*batch, STATE)
    one = ours(tokens.reshape(-1, TOKENS, DIM)[0])
    torch.testing.assert_close(found.outputs.reshape(-1, TOKENS, STATE)[0], one.outputs)


@pytest.mark.parametrize("name", NETWORKS)
def test_later_tokens_change_nothing_before_them(name):
    ours, tokens = network(name), draw(TOKENS, DIM)
    changed = tokens.clone()
    changed[4:] += 1
    before, after = ours(tokens).outputs, ours(changed).outputs
    assert torch.equal(before[:4], after[:4]) and not torch.isclose(before[4:], after[4:]).any()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_sequence_in_two_pieces_is_the_sequence(name):
    ours, tokens = network(name), draw(BATCH, TOKENS, DIM)
    first = ours(tokens[:, :3])
    second = ours(tokens[:, 3:], first.state)
    torch.testing.assert_close(torch.cat([first.outputs, second.outputs], 1), ours(tokens).outputs)


def test_closed_and_open_gates():
    # Forget gate open, input gate shut: the cell is kept to the last digit, whatever is read.
    bias = torch.tensor([-800.0, 800.0, 0.0, 0.0]).double().repeat_interleave(STATE)
    kept = LSTMState(draw(STATE), draw(STATE, seed=1))
    after = lstm_cell(draw(DIM), kept, draw(DIM, 4 * STATE), draw(STATE, 4 * STATE), bias)
    assert torch.equal(after.cell, kept.cell)
    # The other way round: nothing of the cell is left.
    after = lstm_cell(draw(DIM), kept, draw(DIM, 4 * STATE), 0 * draw(STATE, 4 * STATE), -bias)
    blank = LSTMState(kept.hidden, torch.zeros(STATE).double())
    torch.testing.assert_close(
        after, lstm_cell(draw(DIM), blank, draw(DIM, 4 * STATE), 0 * draw(STATE, 4 * STATE), -bias)
    )


def test_a_flipped_sequence_starts_behind_its_padding():
    ours, tokens = network("lstm"), draw(1, TOKENS, DIM)
    real = torch.tensor([[False, False, True, True, True, True, True]])
    torch.testing.assert_close(ours(tokens, real=real).outputs[:, 2:], ours(tokens[:, 2:]).outputs)
    assert (ours(tokens, real=real).outputs[:, :2] == 0).all()


def test_the_forget_gate_starts_with_its_bias():
    generator = [torch.Generator().manual_seed(3) for _ in range(2)]
    plain = LSTM(DIM, state_dim=STATE, forget_bias=0.0, generator=generator[0])
    raised = LSTM(DIM, state_dim=STATE, forget_bias=2.5, generator=generator[1])
    expected = torch.tensor([0.0, 2.5, 0.0, 0.0]).repeat_interleave(STATE)
    torch.testing.assert_close(raised.bias - plain.bias, expected)
    assert 0.9 * STATE**-0.5 < plain.state_weight.abs().max() <= STATE**-0.5


# (c) Bad input and edges


@pytest.mark.parametrize("name", NETWORKS)
def test_edges(name):
    ours = network(name)
    assert ours(draw(0, TOKENS, DIM)).outputs.shape == (0, TOKENS, STATE)
    token = draw(BATCH, 1, DIM)
    torch.testing.assert_close(ours(token).state, ours.step(token[:, 0], ours.start(BATCH)))


def test_an_empty_sequence_is_refused():
    ours = network("rnn")
    with pytest.raises(ValueError, match=r"^scan needs one token .*, got tokens.shape=\(2, 0, 3\)\.$"):
        scan(ours.step, draw(BATCH, 0, DIM), ours.start(BATCH))
    with pytest.raises(ValueError, match=r"^scan needs one token .*, got tokens.shape=\(2, 0, 3\)\.$"):
        ours(draw(BATCH, 0, DIM))


@pytest.mark.parametrize("fan", [0, -4])
def test_a_weight_needs_a_fan(fan):
    with pytest.raises(ValueError, match=rf"^uniform_weight needs fan >= 1 \(.*\), got fan={fan}\.$"):
        uniform_weight(3, 2, fan=fan)


# (d) Gradients


def test_gradients():
    token, hidden, cell = draw(2, DIM), draw(2, STATE, seed=1), draw(2, STATE, seed=2)
    weights = [draw(DIM, 4 * STATE, seed=3), draw(STATE, 4 * STATE, seed=4), draw(4 * STATE, seed=5)]
    inputs = [tensor.requires_grad_() for tensor in (token, hidden, cell, *weights)]
    assert torch.autograd.gradcheck(lambda x, h, c, *w: tuple(lstm_cell(x, LSTMState(h, c), *w)), inputs)
    weights = [draw(DIM, STATE, seed=3), draw(STATE, STATE, seed=4), draw(STATE, seed=5)]
    inputs = [tensor.detach().requires_grad_() for tensor in (token, hidden, *weights)]
    assert torch.autograd.gradcheck(lambda x, h, *w: rnn_cell(x, RNNState(h), *w).hidden, inputs)


@pytest.mark.parametrize("name", NETWORKS)
def test_padding_has_no_gradient(name):
    ours, tokens = network(name), draw(1, TOKENS, DIM).requires_grad_()
    real = torch.arange(TOKENS)[None] < 4
    (gradient,) = torch.autograd.grad(ours(tokens, real=real).outputs.sum(), tokens)
    assert (gradient[:, 4:] == 0).all() and (gradient[:, :4] != 0).all()


# (e) The paper's claim in miniature


def test_an_lstm_remembers_what_a_plain_network_forgets():
    # Hochreiter and Schmidhuber: with the gates held, the cell carries a number over any number of steps.
    # The plain network with its usual start forgets the first token within 40 steps.
    tokens = 0 * draw(1, 41, DIM)
    changed = tokens.clone()
    changed[:, 0] = 1
    plain = network("rnn")
    assert (plain(tokens).state.hidden - plain(changed).state.hidden).abs().max() < 1e-6
    long = network("lstm")
    with torch.no_grad():
        long.bias[STATE : 2 * STATE] = 12.0
    assert (long(tokens).state.cell - long(changed).state.cell).abs().max() > 0.1
