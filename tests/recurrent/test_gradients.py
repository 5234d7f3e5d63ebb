"""How far gradients reach: over many steps, cut on purpose, and in one step of attention."""

import pytest
import torch

from transformer_edu.attention import parameter_free_attention
from transformer_edu.recurrent import (
    LSTM,
    RNN,
    LSTMState,
    RNNState,
    detach_state,
    each_to_each,
    last_to_each,
    truncated,
)
from transformer_edu.recurrent import truncated_reach as reach

TOKENS, DIM, STATE = 9, 3, 4
NETWORKS = {"rnn": RNN, "lstm": LSTM}
every_network = pytest.mark.parametrize("name", NETWORKS)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(name, *, dim=DIM, state_dim=STATE):
    return NETWORKS[name](dim, state_dim=state_dim, generator=torch.Generator().manual_seed(1)).double()


def jacobian(function, tokens):
    """Return ∂ outputs[t] / ∂ tokens[t'] for all pairs, entry by entry."""
    return torch.autograd.functional.jacobian(function, tokens)


# (a) Oracle


@every_network
@pytest.mark.parametrize("every", [1, 2, 4, 9, 20])
def test_truncation_is_a_loop_that_detaches(name, every):
    ours = network(name)

    def by_hand(tokens):
        state = [torch.zeros(STATE).double()] * (2 if name == "lstm" else 1)
        outputs = []
        for place, token in enumerate(tokens):
            if place % every == 0:
                state = [tensor.detach() for tensor in state]
            state = list(ours.step(token, (LSTMState if name == "lstm" else RNNState)(*state)))
            outputs.append(state[0])
        return torch.stack(outputs)

    tokens = draw(TOKENS, DIM)
    torch.testing.assert_close(
        jacobian(lambda x: truncated(ours, x, every=every).outputs, tokens), jacobian(by_hand, tokens)
    )


def test_the_gradient_of_a_plain_network_is_the_product_of_its_jacobians():
    ours, tokens = network("rnn"), draw(TOKENS, DIM)
    states, product, expected = ours(tokens).outputs, torch.eye(STATE).double(), []
    for state in states.flip(0):
        slope = torch.diag(1 - state.square())
        expected.append((product @ slope @ ours.input_weight.T).norm())
        product = product @ slope @ ours.state_weight.T
    torch.testing.assert_close(last_to_each(lambda x: ours(x).outputs, tokens), torch.stack(expected[::-1]))


@pytest.mark.parametrize("name", ["rnn", "lstm", "attention"])
def test_the_norms_are_those_of_the_whole_jacobian(name):
    tokens = draw(TOKENS, DIM)
    function = (lambda x: parameter_free_attention(x).outputs) if name == "attention" else None
    function = function or (lambda x: network(name)(x).outputs)
    expected = jacobian(function, tokens)[-1].square().sum((0, 2)).sqrt()
    torch.testing.assert_close(last_to_each(function, tokens), expected)
    every = jacobian(function, tokens).square().sum((1, 3)).sqrt()
    torch.testing.assert_close(each_to_each(function, tokens), every)


# (b) Properties and limits


@every_network
def test_truncation_changes_no_number(name):
    ours, tokens = network(name), draw(2, TOKENS, DIM)
    for every in (1, 3, 100):
        found = truncated(ours, tokens, every=every)
        torch.testing.assert_close(found, ours(tokens))


@every_network
@pytest.mark.parametrize("every", [1, 2, 5, 9, 10])
def test_no_gradient_crosses_a_cut_and_every_other_one_arrives(name, every):
    ours = network(name)
    table = jacobian(lambda x: truncated(ours, x, every=every).outputs, draw(TOKENS, DIM)).abs().amax((1, 3))
    assert torch.equal(table > 0, reach(TOKENS, every=every))
    place = torch.arange(TOKENS)
    back = place[:, None] - place[None, :]
    assert (table[back > every - 1] == 0).all()  # so it is 0 for t - t' > k, too


def test_a_given_state_is_cut_off_too():
    ours, first = network("rnn"), draw(STATE).requires_grad_()
    outputs = truncated(ours, draw(TOKENS, DIM), RNNState(first), every=4).outputs
    assert torch.autograd.grad(outputs.sum(), first, allow_unused=True) == (None,)


def test_both_halves_of_a_state_are_detached():
    state = LSTMState(draw(STATE).requires_grad_() * 2, draw(STATE).requires_grad_() * 2)
    detached = detach_state(state)
    assert isinstance(detached, LSTMState) and not detached.hidden.requires_grad and not detached.cell.requires_grad
    assert torch.equal(detached.cell, state.cell) and state.cell.requires_grad


def test_the_reach_by_hand():
    wanted = [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]]
    assert reach(5, every=2).int().tolist() == wanted
    assert reach(5, every=1).equal(torch.eye(5, dtype=torch.bool))
    assert reach(5, every=5).equal(torch.ones(5, 5).tril().bool()) and reach(0, every=3).shape == (0, 0)


def test_a_piece_of_the_memory_suffices():
    # Train piece by piece: each backward() frees its own piece, and the gradients add up to those of the whole.
    ours, tokens = network("lstm"), draw(TOKENS, DIM)
    whole = torch.autograd.grad(truncated(ours, tokens, every=4).outputs.square().sum(), list(ours.parameters()))
    state = None
    for piece in tokens.split(4):
        read = ours(piece, None if state is None else detach_state(state))
        read.outputs.square().sum().backward()
        state = read.state
    torch.testing.assert_close(tuple(parameter.grad for parameter in ours.parameters()), whole)


def test_last_to_each_leaves_no_trace():
    ours, tokens = network("rnn"), draw(TOKENS, DIM)
    assert last_to_each(lambda x: ours(x).outputs, tokens).shape == (TOKENS,)
    assert tokens.grad is None and not tokens.requires_grad and ours.bias.grad is None


# (c) Bad input and edges


@pytest.mark.parametrize("every", [0, -3])
def test_a_piece_has_a_token(every):
    with pytest.raises(ValueError, match=rf"^truncated needs every >= 1 \(.*\), got every={every}\.$"):
        truncated(network("rnn"), draw(TOKENS, DIM), every=every)
    with pytest.raises(ValueError, match=rf"^truncated_reach needs every >= 1 \(.*\), got every={every}\.$"):
        reach(TOKENS, every=every)


def test_an_output_without_history_is_refused():
    with pytest.raises(ValueError, match=r"^last_to_each needs an output .*got requires_grad=False\.$"):
        last_to_each(lambda x: x.detach(), draw(TOKENS, DIM))
    with pytest.raises(ValueError, match=r"^each_to_each needs outputs .*got requires_grad=False\.$"):
        each_to_each(lambda x: x.detach(), draw(TOKENS, DIM))


def test_one_token():
    ours = network("rnn")
    slope = torch.diag(1 - ours(draw(1, DIM)).state.hidden.square())
    expected = (slope @ ours.input_weight.T).norm()
    torch.testing.assert_close(last_to_each(lambda x: ours(x).outputs, draw(1, DIM)), expected[None])


# (e) The paper's claim in miniature


def test_gradients_vanish_exponentially_in_recurrence_and_like_one_over_the_length_in_attention():
    # Bengio et al. 1994: with eigenvalues below 1 the gradient shrinks like a power of the distance.
    norms = {}
    for length in (10, 40):
        tokens = draw(length, 16)
        norms["rnn", length] = last_to_each(lambda x: network("rnn", dim=16, state_dim=16)(x).outputs, tokens)[0]
        norms["attention", length] = last_to_each(lambda x: parameter_free_attention(0.01 * x).outputs, tokens)[0]
    assert norms["rnn", 40] < 1e-6 * norms["rnn", 10]
    # Weights are all alike here, 1 / length: a quarter for four times the length.
    torch.testing.assert_close(norms["attention", 40], norms["attention", 10] / 4, rtol=0.01, atol=0.0)
