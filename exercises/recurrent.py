# %% [markdown] tags=["about"]
# # Exercises of the chapter "Transduction, and the network it replaced"
#
# This file is the source of the chapter's exercises: it holds the solutions and the hidden tests. Nobody reads it on the
# page. `transformer-edu exercises build` makes the students' notebook and the page's cells of it, and checks that solutions get
# full marks, starters get none, and every wrong answer gets its points and its message.
#
# | exercise | kind | what it tests | minutes | points |
# |---|---|---|---|---|
# | q1 How far, in how many steps? | predict | steps in a row, paths, and where a cut gradient stops | 5 | practice, 3 |
# | q2 One step of an LSTM | complete | gates, cell, hidden state | 12 | practice, 3 |
# | q3 A gradient that leaks | find the bug | both halves of the state are detached, at the right step | 15 | practice, 2 |
# | q4 When does the longer one win? | experiment | the length penalty, and what it cannot do | 10 | practice, 3 |
# | q5 How open must the gate be? | experiment | a power of a number below 1; a number for each student | 15 | **assigned, 5** |
# | q6 Look before you write | complete | additive attention over padded sources | 20 | **assigned, 5** |
# | q7 From the last state to the first token | derive | the product of Jacobians | 30 | **assigned, 6** |
#
# **Assigned: 16 points, about 65 minutes.** The self-check exercises (11 practice points, about 40 minutes) have their
# solutions on the page. This is the first chapter of the book: none of them needs an earlier one.
#
# Mistakes that we expect, and that the messages name:
#
# * q5: one factor for the whole way; the gate for its bias; half of the steps.
# * q6: the mean of the projected keys; no tanh; padding that still gets its share; weights over the wrong axis.
# * q7: slopes of the wrong state; matrices in the wrong order or not transposed; one factor too many.

# %% [raw] tags=["card:q1"]
# title = "How far, in how many steps?"
# kind = "predict"
# difficulty = 1
# minutes = 5
# teaches = "steps in a row, the way of a signal, and where a cut gradient stops"
# assigned = false
#
# [answers]
# steps_in_a_row = "number"
# path = "number"
# reached = "numbers"

# %% [markdown] tags=["statement:q1"]
# Tokens are counted from 1. A recurrent network reads 12 tokens.
#
# **Worked.** Attention needs one step for all of them, and a signal needs one step from any token to any other.
#
# **Predict**:
#
# 1. `steps_in_a_row`: how many steps of the recurrent network have to wait for each other?
# 2. `path`: how many steps lie between the state after token 1 and the state after token 12?
# 3. `reached`: the gradient is cut every 4 tokens (pieces 1 to 4, 5 to 8, 9 to 12). A loss is taken from the output at token 7. On
#    which input tokens does its gradient arrive?

# %% tags=["answer:q1"]
### BEGIN SOLUTION
steps_in_a_row = 12
path = 11
reached = [5, 6, 7]
### INSTEAD
# steps_in_a_row = ...
# path = ...
# reached = ...  # a list of token numbers, such as [11, 12]
### END SOLUTION

# %% tags=["public-test:q1:1"]
# steps
count = student.steps_in_a_row
assert count != 1, "One step for everything is attention: here each state needs the one before."
assert count != 11, "The first token takes a step, too: it starts from a state of zeros."
assert count == 12, "One step for each token."

# %% tags=["public-test:q1:1"]
# path
count = student.path
assert count != 12, "The state after token 1 is there already: from it to the state after token 12 it is one step less."
assert count != 1, "That is the path in attention."
assert count == 11, "Count the steps from the state after token 1 to the state after token 12."

# %% tags=["public-test:q1:1"]
# a cut gradient
seen = set(student.reached)
assert 8 not in seen, "Token 8 comes after the loss: the output at token 7 does not depend on it."
assert seen != {4, 5, 6, 7}, "Token 4 ends the piece before: the state that it left was detached."
assert seen != {1, 2, 3, 4, 5, 6, 7}, "That is the gradient without a cut."
assert seen != {5, 6}, "The input at token 7 itself counts too."
assert seen == {5, 6, 7}, "The gradient stops where the piece of token 7 begins."

# %% [markdown] tags=["hint:q1"]
# A state needs the state before it. How many states are there, and how many arrows between them?

# %% [markdown] tags=["hint:q1"]
# Write the three pieces down. In which one is token 7?

# %% [markdown] tags=["because:q1"]
# Each token takes one step, and there are 11 arrows between 12 states. The piece of token 7 begins at token 5: the state that came
# from token 4 was detached. Token 7 reaches two steps back; the best-placed loss of a piece, at token 8, would reach three.

# %% tags=["wrong:q1:1"]
# fence posts
# says: The first token takes a step, too: it starts from a state of zeros.
steps_in_a_row, path, reached = 11, 12, [5, 6, 7]

# %% tags=["wrong:q1:2"]
# four steps back
# says: Token 4 ends the piece before: the state that it left was detached.
steps_in_a_row, path, reached = 12, 11, [4, 5, 6, 7]

# %% tags=["wrong:q1:2"]
# no cut
# says: That is the gradient without a cut.
steps_in_a_row, path, reached = 12, 11, [1, 2, 3, 4, 5, 6, 7]

# %% tags=["wrong:q1:0"]
# attention
# says: One step for everything is attention: here each state needs the one before.
steps_in_a_row, path, reached = 1, 1, [5, 6]

# %% tags=["right:q1"]
# a range and floats
steps_in_a_row, path, reached = 12.0, 11.0, range(5, 8)

# %% [raw] tags=["card:q2"]
# title = "One step of an LSTM"
# kind = "complete"
# difficulty = 2
# minutes = 12
# teaches = "forget a part, add something new, show a part"
# assigned = false
# forbid = ["lstm_cell", "LSTM", "LSTMCell", "lstm"]
#
# [answers]
# lstm_step = "function -> (tensor, tensor)"

# %% [markdown] tags=["statement:q2"]
# Replace the `...`. `token` has the axes `batch dim`, `hidden` and `cell` have `batch state_dim`. The weights of the four parts stand side by
# side in the order input gate, forget gate, new content, output gate, so `mixed` has four times the width of the state.
#
# $$c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh(c'),$$
#
# where $i$, $f$ and $o$ went through a sigmoid and $g$ through a tanh. Return the new hidden state and the new cell.

# %% tags=["answer:q2"]
import torch


def lstm_step(token, hidden, cell, input_weight, state_weight, bias):
    mixed = token @ input_weight + hidden @ state_weight + bias
    ### BEGIN SOLUTION
    inward, forget, new, outward = mixed.chunk(4, dim=-1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(inward) * torch.tanh(new)
    hidden = torch.sigmoid(outward) * torch.tanh(cell)
    return hidden, cell
    ### INSTEAD
    # inward, forget, new, outward = mixed.chunk(4, dim=-1)
    # cell = ...
    # hidden = ...
    # return hidden, cell
    ### END SOLUTION


# %% tags=["public-test:q2:1"]
# the cell
token, hidden = torch.randn(2, 3, generator=generator), torch.randn(2, 4, generator=generator)
cell, bias = torch.randn(2, 4, generator=generator), torch.randn(16, generator=generator)
weights = torch.randn(3, 16, generator=generator), torch.randn(4, 16, generator=generator)
i, f, g, o = (token @ weights[0] + hidden @ weights[1] + bias).chunk(4, -1)
s, t = torch.sigmoid, torch.tanh
want = s(f) * cell + s(i) * t(g)
got = student.lstm_step(token, hidden, cell, *weights, bias)[1]
slips = {
    "The old cell is not forgotten in part: multiply it by the forget gate.": cell + s(i) * t(g),
    "Input gate and forget gate have changed places.": s(i) * cell + s(f) * t(g),
    "The new content goes through tanh, between −1 and 1, not through a sigmoid.": s(f) * cell + s(i) * s(g),
    "The new content is not gated: multiply it by the input gate.": s(f) * cell + t(g),
    "The gates have to lie between 0 and 1: the sigmoid is missing.": f * cell + i * t(g),
    "The forget gate multiplies the old cell, not the hidden state.": s(f) * hidden + s(i) * t(g),
}
for slip, numbers in slips.items():
    assert not same(got, numbers), slip
for raw in (s(f) * cell + i * t(g), f * cell + s(i) * t(g), s(f) * cell + s(i) * g, f * cell + i * g):
    assert not same(got, raw), "Sigmoid on the three gates, tanh on the new content: one is missing."
assert same(got, want), "The new cell differs from f ⊙ c + i ⊙ g."

# %% tags=["public-test:q2:2"]
# the hidden state
token, hidden = torch.randn(2, 3, generator=generator), torch.randn(2, 4, generator=generator)
cell, bias = torch.randn(2, 4, generator=generator), torch.randn(16, generator=generator)
weights = torch.randn(3, 16, generator=generator), torch.randn(4, 16, generator=generator)
i, f, g, o = (token @ weights[0] + hidden @ weights[1] + bias).chunk(4, -1)
s, t = torch.sigmoid, torch.tanh
after = s(f) * cell + s(i) * t(g)
want = s(o) * t(after)
got = student.lstm_step(token, hidden, cell, *weights, bias)[0]
assert not same(got, s(o) * t(cell)), "The hidden state shows the old cell: use the new one."
assert not same(got, s(o) * after), "The tanh around the new cell is missing."
assert not same(got, after), "That is the new cell: return the hidden state first."
for raw in (o * t(after), o * t(f * cell + i * g)):
    assert not same(got, raw), "Sigmoid on the three gates, tanh on the new content: one is missing."
assert same(got, want), "The hidden state differs from o ⊙ tanh(c′)."

# %% [markdown] tags=["hint:q2"]
# Gates are sigmoids: numbers between 0 (shut) and 1 (open). They multiply number by number, with `*`.

# %% [markdown] tags=["hint:q2"]
# Two products make the new cell: forget gate times old cell, input gate times tanh of the new content.

# %% [markdown] tags=["hint:q2"]
# The hidden state needs the *new* cell, so compute it second.

# %% [markdown] tags=["because:q2"]
# The old cell is multiplied by one gate and something gated is added. Nothing else stands between c and c′, and that is the point: along this
# path the slope of a step is the forget gate. The hidden state is a view of the cell, squeezed by tanh and gated once more.

# %% tags=["wrong:q2:0"]
# gates in another order
# says: Input gate and forget gate have changed places.
import torch

def lstm_step(token, hidden, cell, input_weight, state_weight, bias):
    forget, inward, new, outward = (token @ input_weight + hidden @ state_weight + bias).chunk(4, dim=-1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(inward) * torch.tanh(new)
    return torch.sigmoid(outward) * torch.tanh(cell), cell


# %% tags=["wrong:q2:1"]
# shows the old cell
# says: The hidden state shows the old cell: use the new one.
import torch

def lstm_step(token, hidden, cell, input_weight, state_weight, bias):
    inward, forget, new, outward = (token @ input_weight + hidden @ state_weight + bias).chunk(4, dim=-1)
    hidden = torch.sigmoid(outward) * torch.tanh(cell)
    return hidden, torch.sigmoid(forget) * cell + torch.sigmoid(inward) * torch.tanh(new)


# %% tags=["wrong:q2:0"]
# everything is a sigmoid
# says: The new content goes through tanh, between −1 and 1, not through a sigmoid.
import torch

def lstm_step(token, hidden, cell, input_weight, state_weight, bias):
    inward, forget, new, outward = torch.sigmoid(token @ input_weight + hidden @ state_weight + bias).chunk(4, dim=-1)
    cell = forget * cell + inward * new
    return outward * torch.tanh(cell), cell


# %% tags=["wrong:q2:1"]
# no tanh at the end
# says: The tanh around the new cell is missing.
import torch

def lstm_step(token, hidden, cell, input_weight, state_weight, bias):
    inward, forget, new, outward = (token @ input_weight + hidden @ state_weight + bias).chunk(4, dim=-1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(inward) * torch.tanh(new)
    return torch.sigmoid(outward) * cell, cell


# %% tags=["wrong:q2:0"]
# gates left raw
# says: Sigmoid on the three gates, tanh on the new content: one is missing.
import torch

def lstm_step(token, hidden, cell, input_weight, state_weight, bias):
    inward, forget, new, outward = (token @ input_weight + hidden @ state_weight + bias).chunk(4, dim=-1)
    cell = forget * cell + inward * new
    return outward * torch.tanh(cell), cell


# %% tags=["right:q2"]
# with split and in-between names
import torch

def lstm_step(token, hidden, cell, input_weight, state_weight, bias):
    i, f, g, o = torch.split(hidden @ state_weight + bias + token @ input_weight, cell.shape[-1], dim=-1)
    kept, added = f.sigmoid() * cell, i.sigmoid() * g.tanh()
    return o.sigmoid() * (kept + added).tanh(), kept + added


# %% [raw] tags=["card:q3"]
# title = "A gradient that leaks"
# kind = "find the bug"
# difficulty = 3
# minutes = 15
# teaches = "a state has two halves, and both are cut at the first step of a piece"
# assigned = false
# forbid = ["truncated", "truncated_reach", "detach_state"]
#
# [answers]
# arriving = "function -> tensor"

# %% [markdown] tags=["statement:q3"]
# `arriving(tokens, every)` runs a small LSTM-like network whose state is two numbers, and returns the gradient of its last hidden state
# with respect to each token. The gradient should be cut every `every` tokens: with `every = 3` the pieces are the tokens 0, 1, 2, then 3, 4, 5, and so on
# (counted from 0, as in code). It has **two bugs**. The network itself, the two lines that compute `cell` and `hidden`, is right.
#
# A clue: in `arriving(torch.ones(6), every=3)` exactly the last three numbers should differ from 0.

# %% tags=["answer:q3"]
import torch

def arriving(tokens, every):
    tokens = tokens.clone().requires_grad_()
    hidden = cell = torch.zeros(())
    for place, token in enumerate(tokens):
        ### BEGIN SOLUTION
        if place % every == 0:
            hidden, cell = hidden.detach(), cell.detach()
        ### INSTEAD
        # if place % every == every - 1:
        #     hidden = hidden.detach()
        ### END SOLUTION
        cell = 0.9 * cell + torch.sigmoid(token + hidden) * torch.tanh(token + hidden)
        hidden = torch.tanh(cell)
    return torch.autograd.grad(hidden, tokens)[0]


# %% tags=["public-test:q3:1"]
# what must not arrive
got = student.arriving(torch.ones(6), 3)
assert got.shape == (6,), f"One number a token: shape (6,), yours is {tuple(got.shape)}."
assert not (got != 0).all(), "The gradient still reaches all tokens: one half of the state was not detached."
assert not (got == 0).all(), "Nothing arrives at all: the last piece has to keep its gradient."
assert not ((got[:5] == 0).all() and got[5] != 0), "Only the last token is reached: the cut comes too late in the piece. At which step does a piece begin?"
assert (got[:3] == 0).all(), "Tokens 0, 1 and 2 belong to the first piece: nothing may arrive there."
assert (got[3:] != 0).all(), "The gradient has to reach tokens 3, 4 and 5, the last piece."

# %% tags=["public-test:q3:1"]
# other pieces
for length, every, first in ((7, 2, 6), (5, 4, 4), (4, 9, 0), (3, 1, 2)):
    got = student.arriving(torch.ones(length), every)
    kept = (got != 0).nonzero().flatten().tolist()
    assert kept == list(range(first, length)), f"{length} tokens, cut every {every}: the gradient has to arrive from token {first} on."

# %% [markdown] tags=["hint:q3"]
# The cell is what an LSTM keeps. Which lines of the code make the cell forget how it came about?

# %% [markdown] tags=["hint:q3"]
# For `every = 3`, at which places does a piece begin: 0, 3, 6 or 2, 5, 8?

# %% [markdown] tags=["because:q3"]
# The state has two halves. If only `hidden` is detached, the gradient goes round by way of `cell`, and everything still arrives. No error is raised,
# and memory grows with the length as before. And a piece begins at the places 0, `every`, 2·`every`: there the state that comes in is cut.

# %% tags=["wrong:q3:0"]
# only the second bug found
# says: The gradient still reaches all tokens: one half of the state was not detached.
import torch

def arriving(tokens, every):
    tokens = tokens.clone().requires_grad_()
    hidden = cell = torch.zeros(())
    for place, token in enumerate(tokens):
        if place % every == 0:
            hidden = hidden.detach()
        gate = torch.sigmoid(token + hidden)
        cell = 0.9 * cell + gate * torch.tanh(token + hidden)
        hidden = torch.tanh(cell)
    return torch.autograd.grad(hidden, tokens)[0]


# %% tags=["wrong:q3:0"]
# only the first bug found
# says: Only the last token is reached: the cut comes too late in the piece. At which step does a piece begin?
import torch

def arriving(tokens, every):
    tokens = tokens.clone().requires_grad_()
    hidden = cell = torch.zeros(())
    for place, token in enumerate(tokens):
        if place % every == every - 1:
            hidden, cell = hidden.detach(), cell.detach()
        gate = torch.sigmoid(token + hidden)
        cell = 0.9 * cell + gate * torch.tanh(token + hidden)
        hidden = torch.tanh(cell)
    return torch.autograd.grad(hidden, tokens)[0]


# %% tags=["wrong:q3:1"]
# right for three
# says: 5 tokens, cut every 4: the gradient has to arrive from token 4 on.
import torch

def arriving(tokens, every):
    tokens = tokens.clone().requires_grad_()
    hidden = cell = torch.zeros(())
    for place, token in enumerate(tokens):
        if place % 3 == 0:
            hidden, cell = hidden.detach(), cell.detach()
        gate = torch.sigmoid(token + hidden)
        cell = 0.9 * cell + gate * torch.tanh(token + hidden)
        hidden = torch.tanh(cell)
    return torch.autograd.grad(hidden, tokens)[0]


# %% tags=["right:q3"]
# piece by piece
import torch

def arriving(tokens, every):
    tokens = tokens.clone().requires_grad_()
    hidden = cell = torch.zeros(())
    for piece in tokens.split(every):
        hidden, cell = hidden.detach(), cell.detach()
        for token in piece:
            gate = torch.sigmoid(token + hidden)
            cell = 0.9 * cell + gate * torch.tanh(token + hidden)
            hidden = torch.tanh(cell)
    return torch.autograd.grad(hidden, tokens)[0]


# %% [raw] tags=["card:q4"]
# title = "When does the longer one win?"
# kind = "experiment"
# difficulty = 2
# minutes = 10
# teaches = "a length penalty compares different lengths, and has no say between equal ones"
# assigned = false
#
# [answers]
# first = "number or never"
# second = "number or never"
# third = "number or never"

# %% [markdown] tags=["statement:q4"]
# Two finished translations compete. Their score is log P divided by GNMT's length penalty, without coverage. α takes the values
# 0, 0.1, 0.2, … up to 1. **Find by experiment** the smallest α with which the *second* one of each pair has the better score. If no such α works, write
# `"never"`:
#
# 1. `first`: log P = −4 with 6 tokens against log P = −5 with 11 tokens.
# 2. `second`: log P = −4 with 6 tokens against log P = −5 with 6 tokens.
# 3. `third`: log P = −4 with 6 tokens against log P = −8 with 11 tokens.
#
# Predict first which of the three can change sides at all.

# %% tags=["answer:q4"]
import torch
from transformer_edu.decoding import length_penalty

lengths = torch.tensor([6, 11])
print(torch.tensor([-4.0, -5.0]) / length_penalty(lengths, alpha=0.2))

### BEGIN SOLUTION
first = 0.6
second = "never"
third = "never"
### INSTEAD
# first = ...  # a number, or "never"
# second = ...
# third = ...
### END SOLUTION

# %% tags=["public-test:q4:1"]
# a longer one
alpha = student.first
assert alpha != math.inf, "It does change sides: try α = 1."
assert alpha > 0.55, "With this α the shorter one still has the better score: nearer to 0 is better."
assert alpha < 0.65, "A smaller α is enough. Go up in steps of 0.1."

# %% tags=["public-test:q4:1"]
# equally long ones
assert student.second == math.inf, "Both are divided by the same number: their order cannot change."

# %% tags=["public-test:q4:1"]
# a price too high
assert student.third == math.inf, "Look again at α = 1: −8 divided by its penalty is still farther from 0 than −4 by its own."

# %% [markdown] tags=["hint:q4"]
# Scores are negative, and nearer to 0 is better. Print both scores for α = 0, 0.1, 0.2, …

# %% [markdown] tags=["hint:q4"]
# At α = 1 the penalties are 11/6 and 16/6. How much can the longer one gain at most?

# %% [markdown] tags=["because:q4"]
# The longer one wins as soon as $5 / 4 \le (16 / 11)^\alpha$, that is from $\alpha = \ln 1.25 / \ln 1.4545 = 0.595$ on. Equal lengths have equal penalties. And to make up for
# −8 against −4 it would take $2 \le (16/11)^\alpha$, an α of 1.85: the penalty is a nudge, not a licence to write on.

# %% tags=["wrong:q4:1"]
# larger numbers are better
# says: With this α the shorter one still has the better score: nearer to 0 is better.
first, second, third = 0.0, 0.0, "never"

# %% tags=["wrong:q4:2"]
# goes on beyond 1
# says: Look again at α = 1: −8 divided by its penalty is still farther from 0 than −4 by its own.
first, second, third = 0.6, "never", 1.9

# %% tags=["wrong:q4:2"]
# divides by the length itself
# says: With this α the shorter one still has the better score: nearer to 0 is better.
first, second, third = 0.4, "never", "never"

# %% tags=["wrong:q4:2"]
# takes all of it
# says: A smaller α is enough. Go up in steps of 0.1.
first, second, third = 1.0, "never", "never"

# %% tags=["right:q4"]
# found by a loop
import torch
from transformer_edu.decoding import length_penalty

def smallest(log_p, lengths):
    for tenth in range(11):
        one, two = torch.tensor(log_p) / length_penalty(torch.tensor(lengths), alpha=tenth / 10)
        if two > one:
            return tenth / 10
    return "never"

first, second, third = smallest([-4.0, -5.0], [6, 11]), smallest([-4.0, -5.0], [6, 6]), smallest([-4.0, -8.0], [6, 11])

# %% [raw] tags=["card:q5"]
# title = "How open must the gate be?"
# kind = "experiment"
# difficulty = 3
# minutes = 15
# teaches = "a memory of T steps needs a gate that is nearer to 1 the longer T is"
# assigned = true
# mine = [40, 50, 60, 80, 100, 120, 150, 200]
#
# [answers]
# warm_up = "number"
# gate = "number"
# bias = "number"

# %% [markdown] tags=["statement:q5"]
# An LSTM holds something in its cell. The input gate is shut, so nothing is added, and the forget gate has the same value at all steps. How open must it be
# for the memory to last? How many steps it has to last depends on your `student_id`; the cell prints your own number.
#
# **Worked.** With a forget gate of 0.9, two steps leave 0.9 · 0.9 = 0.81 of the cell.
#
# **Find by experiment**, with the package's `lstm_cell` or on paper:
#
# 1. `warm_up`: which share of the cell is left after 10 steps with a gate of 0.9? (For everyone; two digits are enough.)
# 2. `gate`: the value of the gate that leaves one half after your own number of steps (to four digits).
# 3. `bias`: the gate is the sigmoid of its bias, if all weights are 0. Which bias gives your gate (to one digit after the point)?
#
# This cell shows one way to try: an LSTM of width 1 whose input gate is shut and whose forget gate has a bias of 2.
#
# ```python
# import torch
# from transformer_edu.recurrent import LSTMState, lstm_cell
#
# state, biases = LSTMState(torch.zeros(1), torch.ones(1)), torch.tensor([-100.0, 2.0, 0.0, 0.0])
# for step in range(10):
#     state = lstm_cell(torch.zeros(1), state, torch.zeros(1, 4), torch.zeros(1, 4), biases)
# print(state.cell)
# ```
#
# Afterwards, say why a bias of 1, a common start, is not yet a long memory.

# %% tags=["answer:q5"]
from transformer_edu.exercises import mine

steps = mine("recurrent/q5")
print("your number of steps:", steps)

### BEGIN SOLUTION
import math

warm_up = 0.9**10
gate = 0.5 ** (1 / steps)
bias = math.log(gate / (1 - gate))
### INSTEAD
# warm_up = ...
# gate = ...
# bias = ...
### END SOLUTION

# %% tags=["public-test:q5:1"]
# the case for everyone
share = student.warm_up
assert abs(share - 0.81) > 0.005, "That is the worked example, two steps: here there are ten."
assert abs(share - 9) > 0.01, "Ten gates are multiplied, not added up."
assert abs(share - 0.9) > 0.005, "0.9 is what one step leaves."
assert abs(share - 0.9**10) < 0.005, "Each step multiplies by the gate: 0.9 · 0.9 · … ten times."

# %% tags=["public-test:q5:0"]
# the form of your own answers
assert 0 < student.gate < 1, "A gate is a number between 0 and 1."

# %% tags=["hidden-test:q5:2"]
# your own gate
gate, want = student.gate, 0.5 ** (1 / mine)
left = gate**mine
assert abs(gate - (1 - 0.5 / mine)) > 2e-5, "Losses do not add up: what is left is multiplied by the gate at each step."
assert left < 0.52, f"More than one half is left after your number of steps ({left:.3f}): a smaller gate is enough."
assert left > 0.48, f"Less than one half is left after your number of steps ({left:.3f})."

# %% tags=["hidden-test:q5:2"]
# its bias
bias, want = student.bias, -math.log(2 ** (1 / mine) - 1)
assert not 0 < bias < 1, "A bias between 0 and 1 gives a gate below 0.74: that is a short memory. Invert the sigmoid."
assert bias > 0, "A negative bias gives a gate below one half."
assert abs(bias - want) < 0.15, "sigmoid(bias) has to be your gate: bias = ln(gate / (1 − gate))."

# %% [markdown] tags=["hint:q5"]
# What is left after T steps is gate to the power of T. For which gate is that one half?

# %% [markdown] tags=["hint:q5"]
# Try gates in the loop: 0.98, 0.99, 0.995. How does the answer change when you double the number of steps?

# %% [markdown] tags=["hint:q5"]
# The sigmoid of b is 1 / (1 + exp(−b)). Solve for b.

# %% [markdown] tags=["because:q5"]
# $g^T = \tfrac12$ gives $g = 2^{-1/T}$, about $1 - 0.69/T$: twice the time needs half the distance from 1. Solving the sigmoid, $b = \ln \frac{g}{1 - g} \approx \ln(T / 0.69)$. So the bias has to
# grow with the *logarithm* of the time: 1 gives a gate of 0.73, which halves the cell every two steps; 4 gives 0.98 and some forty steps.

# %% tags=["wrong:q5:1"]
# a straight line
# says: Losses do not add up: what is left is multiplied by the gate at each step.
warm_up, gate = 0.35, 1 - 0.5 / steps
bias = 1.0 * gate - 0.5

# %% tags=["wrong:q5:3"]
# the gate for its bias
# says: A bias between 0 and 1 gives a gate below 0.74: that is a short memory. Invert the sigmoid.
warm_up, gate = 0.349, 0.5 ** (1 / steps)
bias = gate

# %% tags=["wrong:q5:0"]
# ten gates added up
# says: Ten gates are multiplied, not added up.
warm_up, gate, bias = 9, 0.5, 0.5

# %% tags=["wrong:q5:3"]
# the sign of the exponent
# says: A negative bias gives a gate below one half.
import math

warm_up, gate = 0.35, 0.5 ** (1 / steps)
bias = math.log((1 - gate) / gate)

# %% tags=["right:q5"]
# rounded
import math

warm_up, gate = 0.35, round(0.5 ** (1 / steps), 4)
bias = round(math.log(gate / (1 - gate)), 1)

# %% [raw] tags=["card:q6"]
# title = "Look before you write"
# kind = "complete"
# difficulty = 3
# minutes = 20
# teaches = "additive attention: scores from the state before, weights over real tokens, a mean of the states"
# assigned = true
# forbid = ["AdditiveAttention", "additive_scores", "additive_scores_of_projected", "masked_softmax"]
#
# [answers]
# look = "function -> (tensor, tensor)"

# %% [markdown] tags=["statement:q6"]
# Write `look(before, states, query_weight, key_weight, vector, real)` from nothing. It is the look of a decoder at a batch of sources:
#
# $$e_{bj} = v \cdot \tanh(s_b W + h_{bj} U), \qquad \alpha_b = \mathrm{softmax}(e_b) \text{ over the real } j, \qquad c_b = \sum_j \alpha_{bj} h_{bj}.$$
#
# `before` ($s$) has the axes `batch state_dim`, `states` ($h$) has `batch source source_dim`, `query_weight` ($W$) has `state_dim hidden`, `key_weight` ($U$)
# has `source_dim hidden`, `vector` ($v$) has `hidden`, and `real` has `batch source` (False = padding). Every source has a real token. Return the context, `batch source_dim`, and the
# weights, `batch source`.
#
# **An example.** All weights of $v$ are 0. Then all scores are 0, and the context is the plain mean of the real states.

# %% tags=["answer:q6"]
import torch


### BEGIN SOLUTION
def look(before, states, query_weight, key_weight, vector, real):
    mixed = torch.tanh((before @ query_weight)[:, None] + states @ key_weight)
    scores = (mixed @ vector).masked_fill(~real, float("-inf"))
    weights = scores.softmax(dim=1)
    return (weights[:, None] @ states)[:, 0], weights
### INSTEAD
# def look(before, states, query_weight, key_weight, vector, real):
#     ...
### END SOLUTION


# %% tags=["public-test:q6:1"]
# scores of zero
states = torch.randn(2, 4, 3, generator=generator)
before, real = torch.randn(2, 5, generator=generator), torch.tensor([[True] * 4, [True, True, False, False]])
weights = torch.randn(5, 6, generator=generator), torch.randn(3, 6, generator=generator), torch.zeros(6)
context, looked = student.look(before, states, *weights, real)
assert looked.shape == (2, 4), f"The weights need shape (2, 4): batch source. They have {tuple(looked.shape)}."
assert context.shape == (2, 3), f"The context needs shape (2, 3): batch source_dim. It has {tuple(context.shape)}."
assert not same(looked[1], torch.full((4,), 0.25)), "Padding still gets its share: block it before the softmax."
assert not looked[1].sum() < 0.999, "The weights of the second source sum to less than 1: padding took a share before it was removed."
assert same(looked[0], torch.full((4,), 0.25)), "With scores of 0 each of four real tokens gets a weight of one quarter."
assert same(looked[1], torch.tensor([0.5, 0.5, 0.0, 0.0])), "Two real tokens, two of padding: the weights are ½, ½, 0 and 0."
assert same(context[1], states[1, :2].mean(0)), "With even weights the context is the mean of the real states."

# %% tags=["hidden-test:q6:2"]
# weights
before, states = torch.randn(3, 4, generator=generator), torch.randn(3, 5, 2, generator=generator)
w, u, v = torch.randn(4, 6, generator=generator), torch.randn(2, 6, generator=generator), torch.randn(6, generator=generator)
real = torch.tensor([[True, True, True, False, False], [True] * 5, [True, False, False, False, False]])
blocked = float("-inf")
def weigh(scores):
    return torch.softmax(scores.masked_fill(~real, blocked), -1)
asked, offered = (before @ w)[:, None], states @ u
scores = torch.tanh(asked + offered) @ v
want = weigh(scores)
got = student.look(before, states, w, u, v, real)[1]
slips = {
    "The tanh is missing.": weigh((asked + offered) @ v),
    "The decoder's state plays no part in your scores.": weigh(torch.tanh(offered) @ v),
    "Padding still gets its share: block it before the softmax.": torch.softmax(scores, -1),
    "The mask comes after the softmax: padding has already taken its share.": torch.softmax(scores, -1) * real,
    "A score of 0 is not a blocked token: exp(0) = 1 still takes its share.": torch.softmax(scores * real, -1),
    "tanh of two projections one by one is something else: add first.": weigh((torch.tanh(asked) + torch.tanh(offered)) @ v),
    "The mask is inverted: False marks padding.": torch.softmax(scores.masked_fill(real, blocked), -1).nan_to_num(),
}
for slip, numbers in slips.items():
    assert not same(got.nan_to_num(), numbers), slip
assert same(got, want), "The weights differ from softmax(v · tanh(s W + h U)) over the real tokens."

# %% tags=["hidden-test:q6:2"]
# context
before, states = torch.randn(3, 4, generator=generator), torch.randn(3, 5, 2, generator=generator)
w, u, v = torch.randn(4, 2, generator=generator), torch.randn(2, 2, generator=generator), torch.randn(2, generator=generator)
real = torch.tensor([[True, True, True, False, False], [True] * 5, [True, False, False, False, False]])
scores = torch.tanh((before @ w)[:, None] + states @ u) @ v
looked = torch.softmax(scores.masked_fill(~real, float("-inf")), -1)
want = (looked[..., None] * states).sum(1)
got = student.look(before, states, w, u, v, real)[0]
assert not same(got, (looked[..., None] * (states @ u)).sum(1)), "The context is a mean of the states h, not of the projected ones h U."
assert not same(got, states.mean(1)), "The context is a mean under the weights, not a plain one."
assert same(got, want), "The context differs from the sum of weights times states."

# %% [markdown] tags=["hint:q6"]
# `before @ query_weight` has no source axis yet: `[:, None]` inserts one, and torch repeats it.

# %% [markdown] tags=["hint:q6"]
# `tensor @ vector` sums over the last axis. Scores of padding become −∞ before the softmax over the source.

# %% [markdown] tags=["hint:q6"]
# The context mixes `states` themselves: `(weights[:, None] @ states)[:, 0]`, or a sum of products over the source axis.

# %% [markdown] tags=["because:q6"]
# The two projections are added, squeezed by tanh and read out by $v$: one number a source token. The softmax runs over the real tokens of each sentence. What is mixed are the states, not
# their projections: keys say how to be found, the states are what is handed over. In a decoder `states @ key_weight` is computed once for a sentence.

# %% tags=["wrong:q6:1"]
# no tanh
# says: The tanh is missing.
import torch

def look(before, states, query_weight, key_weight, vector, real):
    scores = ((before @ query_weight)[:, None] + states @ key_weight) @ vector
    weights = torch.softmax(scores.masked_fill(~real, float("-inf")), dim=-1)
    return (weights[..., None] * states).sum(1), weights


# %% tags=["wrong:q6:0"]
# padding is looked at
# says: Padding still gets its share: block it before the softmax.
import torch

def look(before, states, query_weight, key_weight, vector, real):
    scores = torch.tanh((before @ query_weight)[:, None] + states @ key_weight) @ vector
    weights = torch.softmax(scores, dim=-1)
    return (weights[..., None] * states).sum(1), weights


# %% tags=["wrong:q6:2"]
# a mean of the projected keys
# says: The context needs shape (2, 3): batch source_dim. It has (2, 6).
import torch

def look(before, states, query_weight, key_weight, vector, real):
    keys = states @ key_weight
    scores = torch.tanh((before @ query_weight)[:, None] + keys) @ vector
    weights = torch.softmax(scores.masked_fill(~real, float("-inf")), dim=-1)
    return (weights[..., None] * keys).sum(1), weights


# %% tags=["wrong:q6:1"]
# the state plays no part
# says: The decoder's state plays no part in your scores.
import torch

def look(before, states, query_weight, key_weight, vector, real):
    scores = torch.tanh(states @ key_weight) @ vector
    weights = torch.softmax(scores.masked_fill(~real, float("-inf")), dim=-1)
    return (weights[..., None] * states).sum(1), weights


# %% tags=["wrong:q6:0"]
# the mask behind the softmax
# says: The weights of the second source sum to less than 1: padding took a share before it was removed.
import torch

def look(before, states, query_weight, key_weight, vector, real):
    scores = torch.tanh((before @ query_weight)[:, None] + states @ key_weight) @ vector
    weights = torch.softmax(scores, dim=-1) * real
    return (weights[..., None] * states).sum(1), weights


# %% tags=["right:q6"]
# sentence by sentence
import torch

def look(before, states, query_weight, key_weight, vector, real):
    contexts, rows = [], torch.zeros(real.shape)
    for b in range(len(before)):
        kept = states[b][real[b]]
        scores = torch.stack([torch.dot(torch.tanh(before[b] @ query_weight + h @ key_weight), vector) for h in kept])
        rows[b, real[b]] = scores.softmax(0)
        contexts.append(scores.softmax(0) @ kept)
    return torch.stack(contexts), rows


# %% [raw] tags=["card:q7"]
# title = "From the last state to the first token"
# kind = "derive"
# difficulty = 5
# minutes = 30
# teaches = "a gradient through time is a product with one factor a step"
# assigned = true
# forbid = ["jacobian", "jacrev", "jacfwd", "jvp", "vjp", "grad", "backward", "linearize", "hessian", "hvp", "vhp", "make_dual", "forward_ad", "last_to_each"]
#
# [answers]
# last_to_first = "function -> tensor"

# %% [markdown] tags=["statement:q7"]
# A plain recurrent network has computed its states, $h_t = \tanh(x_t W + h_{t-1} U + b)$, where all vectors are rows. **Derive** the Jacobian $\partial h_T / \partial x_1$: the table of `state_dim` ×
# `dim` numbers whose entry $(i, j)$ says how number $i$ of the last state moves with number $j$ of the first token. Then write
# `last_to_first(states, input_weight, state_weight)`: `states` has the axes `token state_dim` and holds $h_1, \dots, h_T$, `input_weight` is $W$ (`dim state_dim`), `state_weight` is $U$
# (`state_dim state_dim`). The tokens themselves are not needed: tanh has the slope $1 - h^2$. Automatic differentiation and the package's own function are not allowed here. It has to hold for any number of
# tokens, one included.
#
# **One number first.** In the chapter, $W = 1$, $U = \tfrac12$, and the states are 0.7616, 0.3634 and 0.1797. There the answer is the product 0.4839 · 0.4340 · 0.4200 = 0.0882: one factor $U(1 - h_t^2)$ for each step but the
# first, and $W(1 - h_1^2)$ for the first. Then let the numbers become matrices. In which order do they stand, and which of them have to be transposed?
# Compare with `torch.autograd.functional.jacobian` for widths 3 and 2, in a cell of your own: one number cannot tell the order.

# %% tags=["answer:q7"]
### BEGIN SOLUTION
import torch


def last_to_first(states, input_weight, state_weight):
    product = torch.diag(1 - states[0] ** 2) @ input_weight.T
    for state in states[1:]:
        product = torch.diag(1 - state**2) @ state_weight.T @ product
    return product
### INSTEAD
# import torch
#
#
# def last_to_first(states, input_weight, state_weight):
#     ...
### END SOLUTION


# %% tags=["public-test:q7:1"]
# one number
states = torch.tensor([[0.7616], [0.3634], [0.1797]])
got = student.last_to_first(states, torch.tensor([[1.0]]), torch.tensor([[0.5]]))
assert got.shape == (1, 1), f"A table of state_dim × dim has shape (1, 1) here, yours has {tuple(got.shape)}."
number = float(got)
assert abs(number - 0.25) > 1e-3, "The slopes of tanh are missing: each step has a factor 1 − h²."
assert abs(number - 0.0441) > 1e-3, "One U too many: between three states there are two steps."
assert abs(number - 0.1764) > 1e-3, "One U too few: between three states there are two steps."
assert abs(number - 0.1823) > 1e-3, "One step too few: the last state has a slope and a U, too."
assert abs(number - 0.0882) < 1e-3, "The example of the text has to give 0.4839 · 0.4340 · 0.4200 = 0.0882."

# %% tags=["hidden-test:q7:2"]
# one token
states = torch.tanh(torch.randn(1, 4, generator=generator))
w, u = torch.randn(3, 4, generator=generator), torch.randn(4, 4, generator=generator)
want = (1 - states[0] ** 2)[:, None] * w.T
got = student.last_to_first(states, w, u)
assert not same(got, want.T), "The table is transposed: the axes are state_dim, then dim."
assert got.shape == (4, 3), f"The table needs shape (4, 3): state_dim dim. It has {tuple(got.shape)}."
assert not same(got, torch.diag(1 - states[0] ** 2) @ u.T @ w.T), "With one token there is no step from state to state: no U."
assert same(got, want), "With one token the table is diag(1 − h₁²) Wᵀ."

# %% tags=["hidden-test:q7:3"]
# against autograd
tokens, w = torch.randn(4, 3, generator=generator), torch.randn(3, 5, generator=generator)
u, b = torch.randn(5, 5, generator=generator) / 2, torch.randn(5, generator=generator) / 2
def run(first, keep=False):
    states, state = [], torch.zeros(5)
    for token in [first, *tokens[1:]]:
        state = torch.tanh(token @ w + state @ u + b)
        states.append(state)
    return torch.stack(states) if keep else state
want = torch.autograd.functional.jacobian(run, tokens[0])
states = run(tokens[0], keep=True)
got = student.last_to_first(states, w, u)
assert not same(got, want.T), "The table is transposed: the axes are state_dim, then dim."
assert got.shape == (5, 3), f"The table needs shape (5, 3): state_dim dim. It has {tuple(got.shape)}."
slopes = [torch.diag(1 - state**2) for state in states]
def chain(step, first, order):
    product = first
    for slope in order:
        product = step(slope) @ product
    return product
slips = {
    "U has to be transposed: a state is a row, h U, and the table has the new state as its rows.": chain(lambda s: s @ u, slopes[0] @ w.T, slopes[1:]),
    "The steps stand in the wrong order: the last one is the leftmost factor.": chain(lambda s: s @ u.T, slopes[0] @ w.T, slopes[:0:-1]),
    "The slope stands on the wrong side of U: tanh comes after the product.": chain(lambda s: u.T @ s, slopes[0] @ w.T, slopes[1:]),
    "Each step uses the slope at the state that it leads to, not at the one that it starts from.": chain(lambda s: s @ u.T, w.T, slopes[:-1]),
}
for slip, numbers in slips.items():
    assert not same(got, numbers), slip
assert same(got, want), "Right in the example, wrong for matrices: the table differs from autograd's."

# %% [markdown] tags=["hint:q7"]
# Move $x_1$ by a small $u$ (a row). Then $h_1$ moves by $(u W) \odot (1 - h_1^2)$. By how much does $h_2$ move?

# %% [markdown] tags=["hint:q7"]
# A row that is multiplied from the right, $u M$, is the column $M^\top u^\top$. And $\odot\,(1 - h^2)$ is a diagonal matrix.

# %% [markdown] tags=["hint:q7"]
# Start with the table of $h_1$, and multiply each further step from the left. Compare with `torch.autograd.functional.jacobian` in a cell of your own.

# %% [markdown] tags=["because:q7"]
# $\partial h_t / \partial h_{t-1} = \operatorname{diag}(1 - h_t^2)\, U^\top$ and $\partial h_1 / \partial x_1 = \operatorname{diag}(1 - h_1^2)\, W^\top$; the chain rule multiplies them, the latest step leftmost. There are $T - 1$ factors with $U$:
# if each of them makes every vector at most $r < 1$ times as long, at most $r^{T-1}$ of a move of $h_1$ is left. That is the vanishing gradient.

# %% tags=["wrong:q7:1"]
# nothing is transposed
# says: The table is transposed: the axes are state_dim, then dim.
import torch

def last_to_first(states, input_weight, state_weight):
    product = input_weight @ torch.diag(1 - states[0] ** 2)
    for state in states[1:]:
        product = product @ state_weight @ torch.diag(1 - state**2)
    return product


# %% tags=["wrong:q7:3"]
# U is not transposed
# says: U has to be transposed: a state is a row, h U, and the table has the new state as its rows.
import torch

def last_to_first(states, input_weight, state_weight):
    product = torch.diag(1 - states[0] ** 2) @ input_weight.T
    for state in states[1:]:
        product = torch.diag(1 - state**2) @ state_weight @ product
    return product


# %% tags=["wrong:q7:3"]
# the order is turned round
# says: The steps stand in the wrong order: the last one is the leftmost factor.
import torch

def last_to_first(states, input_weight, state_weight):
    product = torch.diag(1 - states[0] ** 2) @ input_weight.T
    for state in states[1:].flip(0):
        product = torch.diag(1 - state**2) @ state_weight.T @ product
    return product


# %% tags=["wrong:q7:0"]
# no slopes
# says: The slopes of tanh are missing: each step has a factor 1 − h².
import torch

def last_to_first(states, input_weight, state_weight):
    return torch.linalg.matrix_power(state_weight.T, len(states) - 1) @ input_weight.T


# %% tags=["wrong:q7:2"]
# the last step forgotten
# says: One step too few: the last state has a slope and a U, too.
import torch

def last_to_first(states, input_weight, state_weight):
    product = torch.diag(1 - states[0] ** 2) @ input_weight.T
    for state in states[1:-1]:
        product = torch.diag(1 - state**2) @ state_weight.T @ product
    return product


# %% tags=["right:q7"]
# from the left
import torch

def last_to_first(states, input_weight, state_weight):
    left = torch.eye(states.shape[-1])
    for t in range(len(states) - 1, 0, -1):
        left = left @ ((1 - states[t].square())[:, None] * state_weight.T)
    return left @ ((1 - states[0].square())[:, None] * input_weight.T)
