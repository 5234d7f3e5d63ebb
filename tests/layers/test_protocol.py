"""Parts that do not exist yet: each kind of variant that later chapters bring, as a toy that the layers carry.

Every toy is held to the same thing written out by hand. No file of `layers` or `machines` knows any of them.
"""

import math
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn

from tests.layers.copied_weights import draw, randomize
from transformer_edu.attention import MultiHeadAttention, causal, mask_from, sliding_window
from transformer_edu.layers import (
    NOTHING,
    Extended,
    FeedForward,
    Given,
    Layer,
    Passed,
    PostNorm,
    PreNorm,
    SelfAttention,
    Sublayer,
    TokenNetwork,
    encoder_layer,
)
from transformer_edu.machines import Decoder, Encoder
from transformer_edu.normalization import LayerNorm

BATCH, TOKENS, DIM, HEADS, HIDDEN, LAYERS = 3, 7, 6, 2, 11, 4


def tokens_of(*, seed=0, tokens=TOKENS):
    return draw(BATCH, tokens, DIM, seed=seed)


def attention_part():
    return SelfAttention(MultiHeadAttention(DIM, heads=HEADS))


def one_by_one(machine, tokens, given=NOTHING):
    """Pass tokens through a machine one after the other; return the outputs of all."""
    state, outputs = machine.start(given), []
    for place in range(tokens.shape[1]):
        extended = machine.extend(tokens[:, place : place + 1], given, state)
        state = extended.state
        outputs.append(extended.outputs)
    return torch.cat(outputs, dim=1), state


# Sharing: one attention and one network in every layer, each layer with norms of its own (ALBERT, WideNet)


def test_layers_that_share_their_parts_have_norms_of_their_own():
    attention, network = attention_part(), TokenNetwork(FeedForward(DIM, hidden=HIDDEN))
    layers = [
        Layer(Sublayer(attention, PreNorm(LayerNorm(DIM))), Sublayer(network, PreNorm(LayerNorm(DIM))))
        for _ in range(LAYERS)
    ]
    shared, tokens = randomize(Encoder(layers, norm=None)), tokens_of()
    single = Layer(Sublayer(attention, PreNorm(LayerNorm(DIM))), Sublayer(network, PreNorm(LayerNorm(DIM))))
    size = sum(parameter.numel() for parameter in single.parameters())
    assert sum(parameter.numel() for parameter in shared.parameters()) == size + (LAYERS - 1) * 2 * 2 * DIM
    expected = tokens
    for layer in layers:
        norms = [sublayer.residual.norm for sublayer in layer.sublayers]
        expected = expected + attention.attention(norms[0](expected)).outputs
        expected = expected + network.network(norms[1](expected))
    torch.testing.assert_close(shared(tokens).outputs, expected)
    torch.testing.assert_close(shared.fused(tokens), expected)
    # A shared weight gets the sum of what its copies would get, one from each layer.
    copies = Encoder([encoder_layer(DIM, heads=HEADS, hidden=HIDDEN, residual=PreNorm) for _ in layers], norm=None)
    copies = copies.double()
    copies.load_state_dict(shared.state_dict())
    direction, weight = draw(BATCH, TOKENS, DIM, seed=1), attention.attention.query.weight
    (once,) = torch.autograd.grad((shared(tokens).outputs * direction).sum(), weight)
    queries = [layer.sublayers[0].part.attention.query.weight for layer in copies.stack.layers]
    each = torch.autograd.grad((copies(tokens).outputs * direction).sum(), queries)
    torch.testing.assert_close(once, sum(each))


# A network that has something to say: experts return their routing and a loss


class Routing(NamedTuple):
    """To which expert each token went, and the loss that asks for balance."""

    expert: Any
    loss: Any


class Experts(nn.Module):
    """Send each token to the one expert whose gate is highest; its output is scaled by the gate."""

    def __init__(self, count):
        super().__init__()
        self.gate = nn.Linear(DIM, count, bias=False)
        self.experts = nn.ModuleList(FeedForward(DIM, hidden=HIDDEN) for _ in range(count))

    def forward(self, tokens, given=NOTHING):
        gates = self.gate(tokens).softmax(-1)
        chosen = gates.argmax(-1)
        outputs = torch.stack([given.form(expert)(tokens) for expert in self.experts], dim=-2)
        outputs = (outputs * nn.functional.one_hot(chosen, len(self.experts))[..., None]).sum(-2)
        share = nn.functional.one_hot(chosen, len(self.experts)).double().mean((0, 1))
        loss = len(self.experts) * (share * gates.mean((0, 1))).sum()
        return Passed(outputs * gates.amax(-1, keepdim=True), Routing(chosen, loss))

    def start(self, given):
        return None

    def extend(self, tokens, given, state):
        return Extended(*self(tokens, given), None)


def test_experts_hand_up_their_routing_and_a_loss_on_both_paths():
    layers = [
        Layer(Sublayer(attention_part(), PostNorm(LayerNorm(DIM))), Sublayer(Experts(count), PostNorm(LayerNorm(DIM))))
        for count in (2, 5)
    ]
    stack, tokens = randomize(Decoder(layers, norm=None)), tokens_of()
    for given in (Given(), Given(fused=True)):
        outputs, seen = stack(tokens, given)
        losses = [layer[1].loss for layer in seen]
        assert (seen[0][0] is None) == given.fused
        assert [int(layer[1].expert.max()) < count for layer, count in zip(seen, (2, 5), strict=True)] == [True, True]
        (gradient,) = torch.autograd.grad(sum(losses), layers[1].sublayers[1].part.gate.weight)
        assert gradient.abs().max() > 0
    attended = layers[0].sublayers[0](tokens, Given(causal=True)).outputs
    said, routing = layers[0].sublayers[1].part(attended)
    for place in (0, 4):
        expert = layers[0].sublayers[1].part.experts[int(routing.expert[1, place])]
        gate = layers[0].sublayers[1].part.gate(attended[1, place]).softmax(-1).max()
        torch.testing.assert_close(said[1, place], gate * expert(attended[1, place]))
    torch.testing.assert_close(one_by_one(stack, tokens)[0], outputs)


# Windows of another size in each layer, whose maps have other shapes


class Windowed(nn.Module):
    """Let tokens look back as far as a window allows, and hand up the band of the weights alone."""

    def __init__(self, attention, window):
        super().__init__()
        self.attention, self.window = SelfAttention(attention), window

    def forward(self, tokens, given):
        count = tokens.shape[-2]
        near = mask_from(sliding_window(self.window), queries=count, keys=count)
        allowed = near if given.allowed is None else given.allowed & near
        outputs, weights = self.attention(tokens, given._replace(allowed=allowed))
        last = None if weights is None else weights[..., -1, -self.window :]
        return Passed(outputs, last)


def test_windows_of_several_sizes_hand_up_maps_of_several_shapes():
    windows = (1, 2, 5)
    layers = [
        Layer(Sublayer(Windowed(MultiHeadAttention(DIM, heads=HEADS), window), PreNorm(LayerNorm(DIM))))
        for window in windows
    ]
    stack, tokens = randomize(Decoder(layers, norm=LayerNorm(DIM))), tokens_of()
    outputs, seen = stack(tokens)
    assert [layer[0].shape for layer in seen] == [(BATCH, HEADS, window) for window in windows]
    torch.testing.assert_close(stack.fused(tokens), outputs)
    changed = tokens.clone()
    changed[:, 0] = draw(BATCH, DIM, seed=1)  # reaches 0 + 1 + 4 = 5 tokens further
    moved = (stack(changed).outputs - outputs).abs().amax((0, 2)) > 1e-9
    assert moved.tolist() == [True] * 6 + [False]
    with pytest.raises(AttributeError, match="start"):  # a part that cannot be continued says so, and is not guessed at
        stack.start()


# Memory of earlier hidden states, one a layer (Transformer-XL)


class Recurrent(nn.Module):
    """Look at the tokens and at what this layer read before, which learns nothing any more."""

    def __init__(self, attention, *, longest):
        super().__init__()
        self.attention, self.longest = attention, longest

    def forward(self, tokens, given=NOTHING):
        return Passed(*self.extend(tokens, given, tokens[:, :0])[:2])

    def start(self, given):
        return None

    def extend(self, tokens, given, state):
        state = tokens[:, :0] if state is None else state
        memory, earlier = torch.cat([state, tokens], dim=1), state.shape[1]
        count = tokens.shape[1]
        allowed = mask_from(lambda i, j: causal(i + earlier, j), queries=count, keys=earlier + count)
        outputs, weights = self.attention(tokens, memory, allowed=allowed)
        return Extended(outputs, weights, memory[:, -self.longest :].detach())


@pytest.mark.parametrize("residual", [PostNorm, PreNorm])
def test_memory_of_earlier_hidden_states_is_attention_to_all_of_them(residual):
    layers = [
        Layer(
            Sublayer(Recurrent(MultiHeadAttention(DIM, heads=HEADS), longest=TOKENS), residual(LayerNorm(DIM))),
            Sublayer(TokenNetwork(FeedForward(DIM, hidden=HIDDEN)), residual(LayerNorm(DIM))),
        )
        for _ in range(LAYERS)
    ]
    stack, tokens = randomize(Decoder(layers, norm=None)), tokens_of().requires_grad_()
    first = stack.extend(tokens[:, :4], Given(), stack.start())
    second = stack.extend(tokens[:, 4:], Given(), first.state)
    # Enough memory, so the two segments are one: attention to the concatenation, layer by layer.
    torch.testing.assert_close(torch.cat([first.outputs, second.outputs], dim=1), stack(tokens).outputs)
    assert [state[0].shape for state in second.state] == [(BATCH, TOKENS, DIM)] * LAYERS
    (gradient,) = torch.autograd.grad(second.outputs.square().sum(), tokens)
    assert (gradient.abs().amax((0, 2)) > 0).tolist() == [False] * 4 + [True] * 3  # none from the segment before


# Two streams in one: content, and a query that must not see its own token (XLNet)


class TwoStreams(nn.Module):
    """Let both streams look at the content: one at itself too, the other only at the others before it."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def forward(self, streams, given):
        content, query = streams
        count = content.shape[-2]
        with_itself = mask_from(causal, queries=count, keys=count)
        without = with_itself & ~torch.eye(count, dtype=torch.bool)
        first = self.attention(content, content, allowed=with_itself)
        second = self.attention(query, content, allowed=without)
        return Passed(torch.stack([first.outputs, second.outputs]), (first.weights, second.weights))


def test_two_streams_pass_a_stack_as_one():
    layers = [
        Layer(
            Sublayer(TwoStreams(MultiHeadAttention(DIM, heads=HEADS)), PostNorm(LayerNorm(DIM))),
            Sublayer(TokenNetwork(FeedForward(DIM, hidden=HIDDEN)), PostNorm(LayerNorm(DIM))),
        )
        for _ in range(LAYERS)
    ]
    stack, content = randomize(Encoder(layers, norm=None)), tokens_of()
    query = draw(1, 1, DIM, seed=1).expand(BATCH, TOKENS, DIM)
    outputs, seen = stack(torch.stack([content, query]))
    # The content stream is the causal stack of the same weights; the other never learns what its token is.
    plain = Decoder([encoder_layer(DIM, heads=HEADS, hidden=HIDDEN) for _ in range(LAYERS)], norm=None).double()
    plain.load_state_dict(stack.state_dict())
    torch.testing.assert_close(outputs[0], plain(content).outputs)
    changed = content.clone()
    changed[:, 3] += 1
    moved = (stack(torch.stack([changed, query])).outputs - outputs).abs().amax((1, 3)) > 1e-9
    assert moved.tolist() == [[False] * 3 + [True] * 4, [False] * 4 + [True] * 3]
    assert (seen[-1][0][1].diagonal(dim1=-2, dim2=-1) == 0).all()


# A pass that records what every sub-layer says: Admin's profile, the map of dependencies


class Admin(nn.Module):
    """Scale the stream by a vector of its own before the part is added: another residual order, nothing else."""

    def __init__(self, norm):
        super().__init__()
        self.norm, self.omega = norm, nn.Parameter(torch.ones(DIM))

    def read(self, tokens, given):
        return tokens

    def join(self, tokens, said, given):
        return given.form(self.norm)(self.omega * tokens + said)


def recorded(stack, tokens, given):
    """Pass tokens through a stack by hand; return what each sub-layer read, what its part said, and what came out."""
    records = []
    for layer in stack.layers:
        for sublayer in layer.sublayers:
            read = sublayer.residual.read(tokens, given)
            said = sublayer.part(read, given).outputs
            tokens = sublayer.residual.join(tokens, said, given)
            records.append((read, said, tokens))
    return records


@pytest.mark.parametrize("residual", [PostNorm, PreNorm, Admin])
def test_every_sub_layer_can_be_recorded(residual):
    layers = [encoder_layer(DIM, heads=HEADS, hidden=HIDDEN, residual=residual) for _ in range(LAYERS)]
    stack, tokens = randomize(Encoder(layers, norm=None)), tokens_of()
    for given in (Given(), Given(fused=True, causal=True)):
        records = recorded(stack.stack, tokens, given)
        assert len(records) == 2 * LAYERS
        torch.testing.assert_close(records[-1][2], stack(tokens, given).outputs, rtol=0, atol=0)
    if residual is PreNorm:  # the stream is the sum of what was said: the map of dependencies is bookkeeping
        torch.testing.assert_close(tokens + sum(said for _, said, _ in records), records[-1][2])
    expected = one_by_one(Decoder(layers, norm=None), tokens)[0]
    torch.testing.assert_close(expected, records[-1][2])


def test_admin_profiles_a_stack_sub_layer_by_sub_layer():
    layers = [encoder_layer(DIM, heads=HEADS, hidden=HIDDEN, residual=Admin) for _ in range(LAYERS)]
    stack, tokens, variance = randomize(Encoder(layers, norm=None)), tokens_of(), 1.0
    given, omegas = Given(), []
    for sublayer in (sublayer for layer in layers for sublayer in layer.sublayers):
        sublayer.residual.omega.data.fill_(math.sqrt(variance))  # set before the next one is measured
        omegas.append(math.sqrt(variance))
        said = sublayer.part(sublayer.residual.read(tokens, given), given).outputs
        variance += float(said.detach().var())
        tokens = sublayer.residual.join(tokens, said, given)
    assert omegas[0] == 1.0 and omegas == sorted(omegas) and omegas[-1] > 1.5
    torch.testing.assert_close(stack(tokens_of()).outputs, tokens, rtol=0, atol=0)


# A reversible stack: a machine over parts, with two streams and no residual order


class Reversible(nn.Module):
    """y₁ = x₁ + F(x₂), y₂ = x₂ + G(y₁): both can be had back from y₁ and y₂, so nothing needs to be kept."""

    def __init__(self, pairs):
        super().__init__()
        self.pairs = nn.ModuleList(nn.ModuleList(pair) for pair in pairs)

    def forward(self, first, second, given):
        for looks, works in self.pairs:
            first = first + looks(second, given).outputs
            second = second + works(first, given).outputs
        return first, second

    def back(self, first, second, given):
        for looks, works in reversed(self.pairs):
            second = second - works(first, given).outputs
            first = first - looks(second, given).outputs
        return first, second


def test_a_reversible_stack_gives_its_inputs_back():
    pairs = [(attention_part(), TokenNetwork(FeedForward(DIM, hidden=HIDDEN))) for _ in range(LAYERS)]
    machine, given = randomize(Reversible(pairs)), Given(causal=True)
    inputs = (tokens_of(), tokens_of(seed=1))
    outputs = machine(*inputs, given)
    torch.testing.assert_close(machine.back(*outputs, given), inputs, rtol=0, atol=1e-9)
    torch.testing.assert_close(machine(*inputs, given._replace(fused=True)), outputs)
    assert (outputs[0] - inputs[0]).abs().max() > 1


# Any attention, network or norm goes into the parts that there are


class Mean(nn.Module):
    """An attention of another kind: everyone gets the mean of what is allowed. It has no fused form."""

    def forward(self, tokens, memory=None, *, query_places=None, key_places=None, allowed=None):
        memory = tokens if memory is None else memory
        count = tokens.shape[-2]
        allowed = torch.ones(count, memory.shape[-2], dtype=torch.bool) if allowed is None else allowed
        weights = allowed / allowed.sum(-1, keepdim=True)
        return weights.to(memory) @ memory, weights


class RootMeanSquare(nn.Module):
    """A norm of another kind, without a fused form."""

    def forward(self, tokens):
        return tokens / tokens.square().mean(-1, keepdim=True).sqrt()


def test_what_has_no_fused_form_takes_the_plain_path():
    layer = Layer(
        Sublayer(SelfAttention(Mean()), PreNorm(RootMeanSquare())),
        Sublayer(TokenNetwork(nn.Linear(DIM, DIM)), PostNorm(RootMeanSquare())),
    ).double()
    tokens = tokens_of()
    outputs, (weights, _) = layer(tokens, Given(causal=True))
    fused = layer(tokens, Given(causal=True, fused=True))
    torch.testing.assert_close(fused.outputs, outputs, rtol=0, atol=0)
    assert fused.seen[0].equal(weights)  # there was no other way, so the weights are there
    norm, network = RootMeanSquare(), layer.sublayers[1].part.network
    middle = tokens + norm(tokens).cumsum(1) / torch.arange(1, TOKENS + 1)[:, None]
    torch.testing.assert_close(outputs, norm(middle + network(middle)))
