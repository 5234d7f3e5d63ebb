"""How much of the first token still counts at the last one? A recurrent network, an LSTM and attention side by side."""

from collections.abc import Callable
from typing import TypedDict

import torch
from torch import Tensor

from transformer_edu.attention import scaled_dot_product_attention
from transformer_edu.data import random_vectors, seeded
from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Lines, Readout, Series, Sweep
from transformer_edu.recurrent import LSTM, RNN, last_to_each

DIM, LEAD = 16, 8.0
FLOOR = 1e-37  # float32, in which the page keeps its numbers, would make zeros of much smaller ones
LENGTHS = (2, 3, 5, 10, 20, 50, 100)


class WhatArrives(TypedDict):
    """What `what_arrives` returns."""

    rnn: Shown["token", ".2s"]
    lstm: Shown["token", ".2s"]
    blind: Shown["token", ".2s"]
    found: Shown["token", ".2s"]
    first_rnn: Shown[".2s"]
    first_lstm: Shown[".2s"]
    first_blind: Shown[".2s"]
    first_found: Shown[".2s"]
    token: Shown["token", ".0f"]


def what_arrives(*, length: int, gain: float, forget_bias: float) -> WhatArrives:
    """Measure ‖∂ o_T / ∂ x_t‖ / √dim for each token t in four untrained networks: 1 means that a change arrives whole.

    Matrices are random turns (orthogonal), so that none of them favors a direction; `gain` stretches the recurrent one
    of the plain network, `forget_bias` is added to the forget gates of the LSTM.
    """
    tokens = random_vectors(100, DIM, generator=seeded(5))[:length].double()
    plain, long = (kind(DIM, state_dim=DIM, generator=seeded(0)).double() for kind in (RNN, LSTM))
    turns = [random_turn(seed).to(tokens) for seed in range(10)]
    for parameter, value in (
        (plain.input_weight, turns[0]),
        (plain.state_weight, gain * turns[1]),
        (plain.bias, torch.zeros(DIM)),
        (long.input_weight, torch.cat(turns[2:6], dim=-1)),
        (long.state_weight, torch.cat(turns[6:10], dim=-1) / 2),
        (long.bias, torch.tensor([0.0, forget_bias, 0.0, 0.0]).repeat_interleave(DIM)),
    ):
        parameter.data = value.to(tokens)
    arrived = {
        "rnn": share(lambda x: plain(x).outputs, tokens),
        "lstm": share(lambda x: long(x).outputs, tokens),
        "blind": share(lambda x: look(x, lead=0.0), tokens),
        "found": share(lambda x: look(x, lead=LEAD), tokens),
    }
    firsts = {f"first_{name}": values[0] for name, values in arrived.items()}
    return arrived | firsts | {"token": torch.arange(1, length + 1)}


def random_turn(seed: int) -> Tensor:
    """Return a random orthogonal matrix."""
    return torch.linalg.qr(random_vectors(DIM, DIM, generator=seeded(100 + seed)).cpu())[0]


def look(tokens: Tensor, *, lead: float) -> Tensor:
    """Attend to all tokens, whose scores are small and alike; the first one gets `lead` on top of its score."""
    first = (torch.arange(len(tokens)) == 0).to(tokens)[:, None]
    queries = torch.cat([tokens / DIM**2, torch.full_like(first, lead)], dim=-1)
    return scaled_dot_product_attention(queries, torch.cat([tokens, first], dim=-1), tokens, scale=1.0).outputs


def share(network: Callable[[Tensor], Tensor], tokens: Tensor) -> Tensor:
    """Return for each token how much of a change in it arrives, on average over directions, or `FLOOR`."""
    return (last_to_each(network, tokens) / DIM**0.5).clamp(min=FLOOR)


NAMES = {
    "rnn": ("plain RNN", "key"),
    "lstm": ("LSTM", "value"),
    "blind": ("attention, even", "output"),
    "found": ("attention, found it", "query"),
}

vanishing_gradient = Explorer(
    id="vanishing-gradient",
    title="How much of the first token still counts at the last one?",
    compute=what_arrives,
    params=[
        Param(name="length", label="tokens T", values=LENGTHS, start=20),
        Param(
            name="gain",
            label="plain RNN: gain of the recurrent matrix",
            values=(0.5, 0.8, 1.0, 1.5, 2.0),
            start=1.0,
        ),
        Param(name="forget_bias", label="LSTM: bias of the forget gate", values=(0.0, 1.0, 2.0, 4.0), start=1.0),
    ],
    panels=[
        Sweep(
            title="What arrives of a change in token 1, over the length (both axes logarithmic)",
            over="length",
            x_log=True,
            y_log=True,
            domain=(1e-18, 10),
            height=280,
            wide=True,
            series=[Series(f"first_{name}", label, role) for name, (label, role) in NAMES.items()],
        ),
        Lines(
            title="What arrives of a change in each token, at the present length (straight: the same factor each step)",
            x="token",
            x_label="token",
            y_log=True,
            domain=(1e-18, 10),
            height=240,
            wide=True,
            series=[Series(name, label, role) for name, (label, role) in NAMES.items()],
        ),
    ],
    readouts=[Readout(f"first_{name}", label) for name, (label, _) in NAMES.items()],
    prediction=Prediction(
        question="a plain recurrent network (gain 1) has read 50 tokens. You move the first one by a unit. Its last "
        "output moves by about",
        answers=("one half", "a thousandth", "a millionth", "less than a billionth"),
        right=3,
        because="Every step multiplies by the recurrent matrix and by the slopes of tanh, which are below 1. Fifty "
        "factors below 1 leave next to nothing. Attention has one step, whatever the length: what arrives is the "
        "weight that it gives the token.",
    ),
    code="from transformer_edu.explorers.recurrent.vanishing_gradient import what_arrives\n\n"
    'what_arrives(length={length}, gain={gain}, forget_bias={forget_bias})["rnn"]',
    alt="With {length} tokens, {first_rnn} of a change in the first token arrives in the plain network, {first_lstm} "
    "in the LSTM, {first_blind} in even attention and {first_found} in attention that looks at the first token.",
    note="Untrained networks of width 16 on the same random tokens, in float64. What arrives is the norm of the "
    "Jacobian of the last output by a token, divided by √16: 1 means that a change arrives with its full length. "
    "Attention that found the token gives it 8 more score than the others. What lies below 10⁻¹⁸ is drawn at "
    "the bottom, and a readout of 1.0×10⁻³⁷ means that or less.",
)
