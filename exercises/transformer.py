# %% [markdown] tags=["about"]
# # Exercises of the chapter "The whole machine"
#
# This file is the source of the chapter's exercises: it holds the solutions and the hidden tests. Nobody reads it on the
# page. `transformer-edu exercises build` makes the students' notebook and the page's cells of it, and checks that solutions get
# full marks, starters get none, and every wrong answer gets its points and its message.
#
# | exercise | kind | what it tests | minutes | points |
# |---|---|---|---|---|
# | q1 Where does the work go? | predict | three parts of a layer, and where they cross | 8 | practice, 4 |
# | q2 What the decoder may know | complete | shift to the right, and a padding mask | 12 | practice, 2 |
# | q3 A cache that forgets where it is | find the bug | positions and order of steps in cached decoding | 15 | practice, 2 |
# | q4 How many numbers are learned? | derive | parameters of the two kinds of layers; a number for each student | 20 | **assigned, 6** |
# | q5 A loss that leaves filler alone | complete | label smoothing and filler | 20 | **assigned, 5** |
# | q6 From which length on is it quadratic? | experiment | exponents, counted and measured | 20 | **assigned, 5** |
# | q7 Which characters does it need? | experiment | masking one character of a trained model's source | 15 | practice, 2 |
#
# **Assigned: 16 points, about 60 minutes.** q5 needs the log-softmax of the softmax chapter (`softmax/q5` uses it), and q4 needs
# the four projections of the attention chapter.
#
# Mistakes that we expect, and that the messages name:
#
# * q1: leaving the mixing out; leaving the network out of "everything"; taking "quadratic" for "four times".
# * q2: shifting to the left; a START in front and a target that is one longer; a mask of the target's filler.
# * q4: no biases; one normalization for two; a decoder layer with two normalizations; two tables for one.
# * q5: dividing by all targets; mass on filler; ε shared among all words.
# * q6: taking the length at which the two parts are equal; measuring the fused path twice.
# * q7: listing the characters that are kept; counting from 1; taking the place with the largest weight for the only one that counts.
#
# The test of q7 computes its answers with the committed weights of the date model: train it anew, and the test follows.
#
# Only the simplest case of an assigned exercise is tested in public. The hidden tests of q5 draw their inputs from the grader's
# seed. Those of q4 use the width that belongs to the student's id.

# %% [raw] tags=["card:q1"]
# title = "Where does the work go?"
# kind = "predict"
# difficulty = 1
# minutes = 8
# teaches = "three parts of a layer grow differently, and cross at fixed multiples of the width"
# assigned = false
#
# [answers]
# pairs_share = "number"
# equal_tokens = "number"
# alone_tokens = "number"
# doubled = "number"

# %% [markdown] tags=["statement:q1"]
# An encoder layer has three parts. With $n$ tokens of width $d$, and a network that is $4 d$ wide inside, they cost
#
# | part | multiply-adds |
# |---|---|
# | projections: queries, keys, values, outputs | $4 n d^2$ |
# | pairs: scores and mixing | $2 n^2 d$ |
# | feed-forward network | $8 n d^2$ |
#
# **Worked.** $d = 64$ and $n = 64$: divide everything by $n d^2$. The parts are 4, 2 and 8, so the network takes 8 of 14 parts: 57 %.
#
# **Predict** for $d = 256$, on paper:
#
# 1. `pairs_share`: with 128 tokens, which share of all multiply-adds do the pairs take (a number between 0 and 1)?
# 2. `equal_tokens`: at how many tokens does attention (projections and pairs together) cost as much as the network?
# 3. `alone_tokens`: at how many tokens do the pairs alone cost as much as everything else together?
# 4. `doubled`: a text of 128 tokens becomes 256 long. How many times as much does the layer cost?

# %% tags=["answer:q1"]
### BEGIN SOLUTION
pairs_share = 1 / 13
equal_tokens = 512
alone_tokens = 1536
doubled = 28 / 13
### INSTEAD
# pairs_share = ...
# equal_tokens = ...
# alone_tokens = ...
# doubled = ...
### END SOLUTION

# %% tags=["public-test:q1:1"]
# the share of the pairs
share = student.pairs_share
def near(number, other):
    return abs(number - other) < 0.003
assert not near(share, 1 / 5), "That is their share of attention alone: the network belongs to the layer, too."
assert not near(share, 1 / 25), "Scores or mixing is missing: the pairs cost 2 n² d, once for each of the two."
assert not near(share, 1 / 9), "The projections are missing in the sum: 4 n d²."
assert not near(share, 100 / 13) and share <= 1, "A share lies between 0 and 1."
assert near(share, 1 / 13), "Divide all three by n d²: the projections are 4, the network is 8. And the pairs, at n = d / 2?"

# %% tags=["public-test:q1:1"]
# attention and network
tokens = student.equal_tokens
assert tokens != 1024, "That is where the pairs alone equal the network: the projections belong to attention."
assert tokens != 256, "At n = d the pairs make 2 parts and the projections 4; the network has 8."
assert tokens == 512, "4 + 2 n / d has to be 8."

# %% tags=["public-test:q1:1"]
# the pairs alone
tokens = student.alone_tokens
assert tokens != 1024, "That is where the pairs equal the network. Everything else holds the projections, too."
assert tokens != 512, "That is where the pairs equal the projections. Everything else holds the network, too."
assert tokens != 3072, "Scores or mixing is missing: the pairs cost 2 n² d, once for each of the two."
assert tokens == 1536, "2 n / d has to be 4 + 8."

# %% tags=["public-test:q1:1"]
# twice as long
factor = student.doubled
assert factor != 4, "Four times is what the pairs alone do. At 128 tokens they are the smallest part."
assert factor != 2, "Two times is what the projections and the network do: the pairs do more."
assert abs(factor - 14 / 13) > 0.003, "That is the cost of each token. There are twice as many tokens, too."
assert abs(factor - 28 / 13) < 0.01, "(12 + 2) parts a token after, (12 + 1) before, and twice as many tokens."

# %% [markdown] tags=["hint:q1"]
# Divide every part by n d²: what is left of the projections and of the network is a plain number, and of the pairs it is 2 n / d.

# %% [markdown] tags=["hint:q1"]
# With 128 tokens and d = 256, n / d is ½: the parts are 4, 1 and 8.

# %% [markdown] tags=["hint:q1"]
# For the last one: cost a token before and after, times the number of tokens.

# %% [markdown] tags=["because:q1"]
# In units of $n d^2$ the parts are 4, $2n/d$ and 8. At $n = d/2$ that is 4, 1 and 8: one part in 13. Attention equals the network where
# $4 + 2n/d = 8$, at $n = 2d$; the pairs alone equal the rest where $2n/d = 12$, at $n = 6d$. Twice the length costs $2 \cdot 14 / 13 = 2.15$ times
# as much: at this length "attention is quadratic" is not what one pays for. Count it with
# `layer_cost(tokens=128, dim=256, hidden=1024, heads=4)`.

# %% tags=["wrong:q1:0"]
# attention alone, and quadratic
# says: That is their share of attention alone: the network belongs to the layer, too.
pairs_share, equal_tokens, alone_tokens, doubled = 1 / 5, 1024, 512, 4

# %% tags=["wrong:q1:0"]
# no mixing
# says: Scores or mixing is missing: the pairs cost 2 n² d, once for each of the two.
pairs_share, equal_tokens, alone_tokens, doubled = 1 / 25, 1024, 3072, 26 / 25 * 2

# %% tags=["wrong:q1:3"]
# quadratic means four
# says: Four times is what the pairs alone do. At 128 tokens they are the smallest part.
pairs_share, equal_tokens, alone_tokens, doubled = 1 / 13, 512, 1536, 4

# %% tags=["right:q1"]
# counted by the package
from transformer_edu.costs import layer_cost

short, long = (layer_cost(tokens=n, dim=256, hidden=1024, heads=4) for n in (128, 256))
pairs_share, doubled = short.pairs / short.multiply_adds, long.multiply_adds / short.multiply_adds
equal_tokens, alone_tokens = 2 * 256.0, 6 * 256

# %% [raw] tags=["card:q2"]
# title = "What the decoder may know"
# kind = "complete"
# difficulty = 2
# minutes = 12
# teaches = "the decoder reads the target one place late, and never looks at the source's filler"
# assigned = false
# forbid = ["shift_right"]
#
# [answers]
# decoder_reads = "function -> tensor"
# may_look = "function -> tensor"

# %% [markdown] tags=["statement:q2"]
# Replace the `...`. Words are numbers: 0 is filler, 1 is START, 2 is END.
#
# * `decoder_reads(targets)` returns what the decoder reads while it learns to write `targets` (axes `batch target`): the target one place to the
#   right, START in front. The number of tokens stays.
# * `may_look(sources, targets)` returns the mask of the attention from the target to the source, axes `batch target source`, True = may look:
#   every target token, filler or not, may look at every source token that is not filler.

# %% tags=["answer:q2"]
import torch


def decoder_reads(targets):
    ### BEGIN SOLUTION
    start = torch.ones_like(targets[:, :1])
    return torch.cat([start, targets[:, :-1]], dim=1)
    ### INSTEAD
    # start = torch.ones_like(targets[:, :1])
    # return torch.cat([..., ...], dim=1)
    ### END SOLUTION


def may_look(sources, targets):
    ### BEGIN SOLUTION
    real = sources != 0
    return real[:, None, :].expand(-1, targets.shape[1], -1)
    ### INSTEAD
    # real = ...
    # return real[:, None, :].expand(-1, targets.shape[1], -1)
    ### END SOLUTION


# %% tags=["public-test:q2:1"]
# what the decoder reads
targets = torch.tensor([[5, 3, 4, 2], [6, 2, 0, 0]])
want = torch.tensor([[1, 5, 3, 4], [1, 6, 2, 0]])
got = student.decoder_reads(targets)
assert got.shape != (2, 5), "One token too many: the last token of the target is written, and nobody reads it any more."
assert got.shape == (2, 4), f"The result needs shape (2, 4): batch target. It has {tuple(got.shape)}."
assert not same(got, targets), "Not shifted: the decoder reads the very token that it has to write."
left = torch.tensor([[3, 4, 2, 1], [2, 0, 0, 1]])
assert not same(got[:, :3], left[:, :3]), "Shifted to the left: the decoder reads the token after the one that it has to write."
assert not same(got, targets.roll(1, 1)), "The last token has come round to the front: START stands there."
assert not same(got[:, 1:], targets[:, 1:]), "Only the first token has changed: the others have to move, too."
assert same(got, want), "Position t reads what position t − 1 writes, and position 0 reads START."

# %% tags=["public-test:q2:1"]
# where it may look
sources, targets = torch.tensor([[5, 3, 0], [4, 4, 6]]), torch.tensor([[5, 3, 4, 2], [6, 2, 0, 0]])
want = torch.tensor([[[True, True, False]] * 4, [[True] * 3] * 4])
got = student.may_look(sources, targets)
assert got.dtype == torch.bool, "A mask holds True and False: compare the sources with 0."
assert not same(got, ~want), "The mask is inverted: True means that the token may look there."
assert got.shape == (2, 4, 3), f"The mask needs shape (2, 4, 3): batch target source. It has {tuple(got.shape)}."
both = want & (targets != 0)[:, :, None]
assert not same(got, both), "The target's filler may look, too: what comes of it is ignored later."
assert same(got, want), "A source token may be looked at if its number is not 0, by every token of the target."

# %% [markdown] tags=["hint:q2"]
# The decoder at position 2 has to write the third word: which words may it have read? Which one stands in front of the first?

# %% [markdown] tags=["hint:q2"]
# The last token of the target is not read: `targets[:, :-1]`.

# %% [markdown] tags=["hint:q2"]
# `sources != 0` is True where there is a word. The line below adds the axis of the target.

# %% [markdown] tags=["because:q2"]
# Position t reads the true words before word t and is asked for word t; START stands where there is no word yet. Nobody reads the last
# word, since nothing is written behind it: so the length stays. The mask has a row for each target token, all alike: it belongs to the source.
# The target needs no such mask. Its filler stands at the end, and the causal mask of `attention/q8` hides the end from every word before it.

# %% tags=["wrong:q2:1"]
# to the left
# says: Shifted to the left: the decoder reads the token after the one that it has to write.
import torch


def decoder_reads(targets):
    return torch.cat([targets[:, 1:], torch.ones_like(targets[:, :1])], dim=1)


def may_look(sources, targets):
    return (sources != 0)[:, None, :].expand(-1, targets.shape[1], -1)


# %% tags=["wrong:q2:1"]
# one longer
# says: One token too many: the last token of the target is written, and nobody reads it any more.
import torch


def decoder_reads(targets):
    return torch.cat([torch.ones_like(targets[:, :1]), targets], dim=1)


def may_look(sources, targets):
    return (sources != 0)[:, None, :].expand(-1, targets.shape[1], -1)


# %% tags=["wrong:q2:1"]
# blocked for allowed
# says: The mask is inverted: True means that the token may look there.
import torch


def decoder_reads(targets):
    return torch.cat([torch.ones_like(targets[:, :1]), targets[:, :-1]], dim=1)


def may_look(sources, targets):
    return (sources == 0)[:, None, :].expand(-1, targets.shape[1], -1)


# %% tags=["wrong:q2:0"]
# rolled, and filler does not look
# says: The last token has come round to the front: START stands there.
import torch


def decoder_reads(targets):
    return targets.roll(1, 1)


def may_look(sources, targets):
    return (sources != 0)[:, None, :] & (targets != 0)[:, :, None]


# %% tags=["right:q2"]
# written in place
import torch


def decoder_reads(targets):
    reads = targets.roll(1, dims=1)
    reads[:, 0] = 1
    return reads


def may_look(sources, targets):
    return torch.stack([sources > 0] * targets.shape[1], dim=1)


# %% [raw] tags=["card:q3"]
# title = "A cache that forgets where it is"
# kind = "find the bug"
# difficulty = 2
# minutes = 15
# teaches = "a cached step needs the position of its token, and its own key before it looks"
# assigned = false
#
# [answers]
# write_out = "function -> tensor"

# %% [markdown] tags=["statement:q3"]
# `write_out` reads tokens one by one, as a decoder does that writes, and keeps the keys and values of those before. Each token gets the code of
# its position added, then looks at itself and at all before it. The result (axes `token dim`) has to be that of causal attention
# over the whole sequence at once. It runs, and it has **two bugs**.
#
# A clue: let it read tokens that are all 0, with a code that has a 1 in column p for position p, and matrices that change nothing:
#
# ```python
# write_out(torch.zeros(4, 5), torch.eye(4, 5), *torch.eye(5).expand(3, 5, 5))
# ```
#
# Row i has to show how much token i takes from each of the positions 0 to i: numbers in its first i + 1 columns that sum to 1.

# %% tags=["answer:q3"]
import torch


def write_out(tokens, codes, query_weight, key_weight, value_weight):
    keys, values, outputs = tokens[:0], tokens[:0], []
    for place in range(len(tokens)):
        ### BEGIN SOLUTION
        token = tokens[place : place + 1] + codes[place : place + 1]
        keys = torch.cat([keys, token @ key_weight])
        values = torch.cat([values, token @ value_weight])
        scores = token @ query_weight @ keys.T / tokens.shape[1] ** 0.5
        outputs.append(torch.softmax(scores, dim=-1) @ values)
        ### INSTEAD
        # token = tokens[place : place + 1] + codes[:1]
        # scores = token @ query_weight @ keys.T / tokens.shape[1] ** 0.5
        # outputs.append(torch.softmax(scores, dim=-1) @ values)
        # keys = torch.cat([keys, token @ key_weight])
        # values = torch.cat([values, token @ value_weight])
        ### END SOLUTION
    return torch.cat(outputs)


# %% tags=["public-test:q3:1"]
# five tokens
tokens, codes = torch.randn(2, 5, 6, generator=generator)
weights = torch.randn(3, 6, 6, generator=generator)
def whole(seen, least):
    queries, keys, values = seen @ weights
    later = torch.ones(5, 5, dtype=torch.bool).triu(least)
    scores = (queries @ keys.T / 6**0.5).masked_fill(later, float("-inf"))
    return torch.softmax(scores, -1).nan_to_num() @ values
want = whole(tokens + codes, 1)
got = student.write_out(tokens, codes, *weights)
assert got.shape == (5, 6), f"The result needs shape (5, 6): token dim. It has {tuple(got.shape)}."
assert not same(got, whole(tokens + codes[:1], 0)), "Both bugs are still there: which code does the third token get, and does a token see itself?"
assert not same(got, whole(tokens + codes[:1], 1)), "A token sees itself now. Its code is still that of position 0, wherever it stands."
assert not same(got, whole(tokens + codes, 0)), "The positions are right now. A token still looks before its own key and value are there."
assert not same(got, whole(tokens, 1)), "The codes are not added any more: take the row of the token's own position."
assert not same(got, whole(tokens + codes, 5)), "Every token sees the tokens after it: a decoder that writes does not have them yet."
assert same(got, want), "The numbers differ from causal attention over tokens + codes: check positions, and what is in the cache when."

# %% tags=["public-test:q3:1"]
# one token
tokens, codes = torch.randn(2, 1, 4, generator=generator)
weights = torch.randn(3, 4, 4, generator=generator)
got = student.write_out(tokens, codes, *weights)
want = (tokens + codes) @ weights[2]
assert not same(got, torch.zeros(1, 4)), "The first token sees nothing, not even itself: its own key and value come too late."
assert same(got, want), "A token alone sees itself with weight 1: its output is its own value."

# %% [markdown] tags=["hint:q3"]
# Which rows of `codes` does the loop ever read?

# %% [markdown] tags=["hint:q3"]
# Follow the first token: how many keys are there when it looks?

# %% [markdown] tags=["hint:q3"]
# A token may look at itself: put its key and value into the cache first, then let it look.

# %% [markdown] tags=["because:q3"]
# A step sees one token only, so code that counts positions from 0 *inside the step* gives each token the first code. The position is the number of
# tokens in the cache. And a causal mask lets a token look at itself, so its key and value have to be in the cache before it looks; with an empty
# cache the first token gets zeros here, without any error. Both mistakes run, and a model trained without them then writes nonsense. The test that
# finds them compares a cached run with a full one, number by number.

# %% tags=["wrong:q3:1"]
# the position alone is still wrong
# says: A token sees itself now. Its code is still that of position 0, wherever it stands.
import torch


def write_out(tokens, codes, query_weight, key_weight, value_weight):
    seen = tokens + codes[:1]
    queries, keys, values = (seen @ weight for weight in (query_weight, key_weight, value_weight))
    later = torch.ones(len(tokens), len(tokens), dtype=torch.bool).triu(1)
    scores = queries @ keys.T / tokens.shape[1] ** 0.5
    return torch.softmax(scores.masked_fill(later, float("-inf")), dim=-1) @ values


# %% tags=["wrong:q3:0"]
# too late
# says: The positions are right now. A token still looks before its own key and value are there.
import torch


def write_out(tokens, codes, query_weight, key_weight, value_weight):
    count, dim = tokens.shape
    keys, values, outputs = tokens[:0], tokens[:0], []
    for place in range(count):
        token = tokens[place : place + 1] + codes[place : place + 1]
        scores = token @ query_weight @ keys.T / dim**0.5
        outputs.append(torch.softmax(scores, dim=-1) @ values)
        keys = torch.cat([keys, token @ key_weight])
        values = torch.cat([values, token @ value_weight])
    return torch.cat(outputs)


# %% tags=["wrong:q3:1"]
# all at once, and no mask
# says: Every token sees the tokens after it: a decoder that writes does not have them yet.
import torch


def write_out(tokens, codes, query_weight, key_weight, value_weight):
    seen = tokens + codes[: len(tokens)]
    scores = seen @ query_weight @ (seen @ key_weight).T / tokens.shape[1] ** 0.5
    return torch.softmax(scores, dim=-1) @ (seen @ value_weight)


# %% tags=["right:q3"]
# lists
import torch


def write_out(tokens, codes, query_weight, key_weight, value_weight):
    keys, values, outputs = [], [], []
    for token, code in zip(tokens, codes):
        token = token + code
        keys.append(token @ key_weight)
        values.append(token @ value_weight)
        scores = torch.stack(keys) @ (token @ query_weight) * len(token) ** -0.5
        outputs.append(scores.softmax(0) @ torch.stack(values))
    return torch.stack(outputs)


# %% [raw] tags=["card:q4"]
# title = "How many numbers are learned?"
# kind = "derive"
# difficulty = 2
# minutes = 20
# teaches = "what a layer holds, part by part, and what a decoder layer holds besides"
# assigned = true
# mine = [96, 160, 192, 224, 288, 320, 352, 416]
#
# [answers]
# warm_up = "number"
# encoder_layer = "number"
# decoder_layer = "number"
# machine = "number"

# %% [markdown] tags=["statement:q4"]
# How many learned numbers (parameters) do these hold? A projection of attention has a matrix and a bias; each of the two matrices of the
# feed-forward network has a bias; a layer normalization has a gain and a bias of `dim` numbers each. The network is 4 · `dim` wide inside.
#
# **Worked.** One projection of width 3 has 3 · 3 + 3 = 12 numbers, the four of multi-head attention have 48. The number of heads plays no role.
#
# **Derive** a formula in `dim` for each, then put your own `dim` in; it depends on your `student_id`, and the cell prints it.
#
# 1. `warm_up`: a feed-forward network of width 3 (not your own), 12 wide inside.
# 2. `encoder_layer`: a whole encoder layer of your own width, with its two normalizations.
# 3. `decoder_layer`: a whole decoder layer of your own width. It has attention to the source besides, with a normalization of its own.
# 4. `machine`: 6 encoder layers and 6 decoder layers of your own width, and *one* table of 1000 words, which serves the sources, the targets and
#    the logits alike. Positions are sinusoidal.

# %% tags=["answer:q4"]
from transformer_edu.exercises import mine

dim = mine("transformer/q4")
print("your own dim:", dim)

### BEGIN SOLUTION
warm_up = 2 * 3 * 12 + 12 + 3
encoder_layer = 12 * dim**2 + 13 * dim
decoder_layer = 16 * dim**2 + 19 * dim
machine = 6 * (encoder_layer + decoder_layer) + 1000 * dim
### INSTEAD
# warm_up = ...  # for everyone: a network of width 3, 12 wide inside
# encoder_layer = ...
# decoder_layer = ...
# machine = ...
### END SOLUTION

# %% tags=["public-test:q4:1"]
# the case for everyone
count = student.warm_up
assert count != 72, "Each of the two matrices has a bias: one of 12 numbers, one of 3."
assert count != 78, "The first bias has 12 numbers: one for each number inside."
assert count != 96, "The second bias has 3 numbers: one for each number that comes out."
assert count == 87, "Two matrices of 3 × 12 numbers, and a bias for each number that comes out of either."

# %% tags=["public-test:q4:0"]
# the form of your own answers
for name in ("encoder_layer", "decoder_layer", "machine"):
    assert getattr(student, name) == round(getattr(student, name)), "A number of parameters is a whole number."
assert student.encoder_layer < student.decoder_layer < student.machine, "A decoder layer holds more than an encoder layer, the machine more than both."

# %% tags=["hidden-test:q4:2"]
# an encoder layer
count = student.encoder_layer
assert count != 12 * mine**2, "Those are the matrices alone: biases and gains are learned, too."
assert count != 12 * mine**2 + 9 * mine, "The two normalizations are missing: a gain and a bias of dim numbers each."
assert count not in (12 * mine**2 + 11 * mine, 12 * mine**2 + 10 * mine), "A layer has two normalizations, each with a gain and a bias."
assert count != 12 * mine**2 + 4 * mine, "The biases are missing: of four projections, and of both matrices of the network."
assert count != 6 * mine**2 + 10 * mine, "The network is 4 · dim wide inside: its matrices have dim × 4 dim numbers each."
assert count == 12 * mine**2 + 13 * mine, "Four projections, two matrices of dim × 4 dim, their biases (4 dim + 4 dim + dim), two normalizations."

# %% tags=["hidden-test:q4:2"]
# a decoder layer
count = student.decoder_layer
assert count != 16 * mine**2 + 17 * mine, "The third normalization is missing: the attention to the source has one of its own."
assert count != 16 * mine**2, "Those are the matrices alone: biases and gains are learned, too."
assert count != 24 * mine**2 + 26 * mine, "A decoder layer has one feed-forward network, not two: it is not two encoder layers."
assert count != 12 * mine**2 + 13 * mine, "That is an encoder layer: the attention to the source is missing."
assert count != 16 * mine**2 + 13 * mine, "The second attention has biases too, and a normalization."
assert count == 16 * mine**2 + 19 * mine, "An encoder layer, and besides it four more projections and a normalization: 4 dim² + 6 dim."

# %% tags=["hidden-test:q4:1"]
# the machine
count, layers = student.machine, 28 * mine**2 + 32 * mine
assert count != 6 * layers, "The table of words is missing: 1000 rows of dim numbers."
assert count not in (6 * layers + 2000 * mine, 6 * layers + 3000 * mine), "One table serves all three places: it is counted once."
assert count != layers + 1000 * mine, "There are six layers of each kind, and each has numbers of its own."
assert count == 6 * layers + 1000 * mine, "Six layers of each kind, and one table of 1000 × dim. Sinusoidal positions are not learned."

# %% [markdown] tags=["hint:q4"]
# Make a list of the parts first: projections, network, normalizations. Write each as a multiple of dim² and a multiple of dim.

# %% [markdown] tags=["hint:q4"]
# The network has a matrix from dim to 4 dim and one back: 8 dim² numbers. Its biases have 4 dim and dim numbers.

# %% [markdown] tags=["hint:q4"]
# A decoder layer is an encoder layer and one more attention with its normalization. How much is that in dim² and in dim?

# %% [markdown] tags=["because:q4"]
# Attention: $4 d^2 + 4 d$. Network: $8 d^2 + 5 d$. Each normalization: $2 d$. So an encoder layer holds $12 d^2 + 13 d$ numbers, and a decoder layer, with
# one more attention and one more normalization, $16 d^2 + 19 d$. At $d = 512$ with a table of 37,000 words the machine holds 63 million:
# the "base" model of the paper, which counts 65. Check with `sum(p.numel() for p in encoder_layer(dim, heads=4, hidden=4 * dim).parameters())`.
# The matrices make nearly all of it: for large $d$, two thirds of an encoder layer are the feed-forward network.

# %% tags=["wrong:q4:1"]
# matrices alone
# says: Those are the matrices alone: biases and gains are learned, too.
warm_up, encoder_layer, decoder_layer = 87, 12 * dim**2, 16 * dim**2
machine = 6 * (encoder_layer + decoder_layer) + 1000 * dim

# %% tags=["wrong:q4:3"]
# two normalizations in a decoder layer
# says: The third normalization is missing: the attention to the source has one of its own.
warm_up, encoder_layer, decoder_layer = 87, 12 * dim**2 + 13 * dim, 16 * dim**2 + 17 * dim
machine = 6 * (encoder_layer + decoder_layer) + 1000 * dim

# %% tags=["wrong:q4:5"]
# a table for each place
# says: One table serves all three places: it is counted once.
warm_up, encoder_layer, decoder_layer = 87, 12 * dim**2 + 13 * dim, 16 * dim**2 + 19 * dim
machine = 6 * (encoder_layer + decoder_layer) + 3000 * dim

# %% tags=["wrong:q4:3"]
# a decoder layer is two encoder layers
# says: A decoder layer has one feed-forward network, not two: it is not two encoder layers.
warm_up, encoder_layer, decoder_layer = 87, 12 * dim**2 + 13 * dim, 24 * dim**2 + 26 * dim
machine = 6 * (encoder_layer + decoder_layer) + 1000 * dim

# %% tags=["wrong:q4:0"]
# no biases in the network
# says: Each of the two matrices has a bias: one of 12 numbers, one of 3.
warm_up, encoder_layer, decoder_layer = 72, 12 * dim**2 + 8 * dim, 16 * dim**2 + 14 * dim
machine = 6 * (encoder_layer + decoder_layer) + 1000 * dim

# %% tags=["right:q4"]
# counted from modules
from transformer_edu import layers


def size(module):
    return sum(part.numel() for part in module.parameters())


warm_up = size(layers.FeedForward(3, hidden=12))
encoder_layer = size(layers.encoder_layer(dim, heads=2, hidden=4 * dim))
decoder_layer = size(layers.decoder_layer(dim, heads=2, hidden=4 * dim))
machine = 6.0 * (encoder_layer + decoder_layer) + 1000 * dim

# %% [raw] tags=["card:q5"]
# title = "A loss that leaves filler alone"
# kind = "complete"
# difficulty = 3
# minutes = 20
# teaches = "label smoothing spreads a share of the target, and filler gets none of it"
# assigned = true
# forbid = ["smoothed_cross_entropy"]
#
# [answers]
# smoothed_loss = "function -> tensor"

# %% [markdown] tags=["statement:q5"]
# Write the loss of the first Transformer with label smoothing. `logits` has the axes `token vocab`, `targets` has `token`, and word 0 is filler.
#
# $$\text{loss} = -\sum_v q(v) \ln p(v)$$
#
# $$q(v) = (1 - \varepsilon)\,[v = \text{target}]$$
#
# $$+\ \frac{\varepsilon}{\texttt{vocab} - 1}\,[v \neq 0]$$
#
# averaged over the targets that are not filler. (A bracket is 1 where its statement holds, else 0.) So filler counts nowhere: not as a target, and not as a word that gets a part of $\varepsilon$.
# The probabilities $p$ are the softmax over *all* words, filler included. Take `torch.log_softmax`: the logarithm of a softmax that has been rounded to 0 is
# −∞, as you saw in the chapter on softmax.

# %% tags=["answer:q5"]
import torch


def smoothed_loss(logits, targets, smoothing):
    log_weights = torch.log_softmax(logits, dim=-1)
    ### BEGIN SOLUTION
    right = log_weights.gather(-1, targets[:, None])[:, 0]
    others = log_weights[:, 1:].mean(dim=-1)
    losses = -(1 - smoothing) * right - smoothing * others
    return losses[targets != 0].mean()
    ### INSTEAD
    # right = log_weights.gather(-1, targets[:, None])[:, 0]  # ln p of each target
    # others = ...  # mean of ln p over all words but filler
    # losses = ...
    # return ...
    ### END SOLUTION


# %% tags=["public-test:q5:1"]
# without smoothing, without filler
logits, targets = torch.randn(4, 6, generator=generator), torch.tensor([3, 1, 5, 2])
want = torch.nn.functional.cross_entropy(logits, targets)
got = student.smoothed_loss(logits, targets, 0.0)
assert got.shape == (), f"The loss is one number: average over the targets. It has shape {tuple(got.shape)}."
assert not same(got, -want), "The sign is wrong: a loss is positive, and ln p is negative."
assert not same(got, 4 * want), "That is the sum over the targets: take the mean."
assert same(got, want), "With ε = 0 it is the mean of −ln p(target)."

# %% tags=["hidden-test:q5:2"]
# with smoothing
logits, targets = torch.randn(5, 7, generator=generator), torch.tensor([3, 1, 6, 2, 4])
logs, eps = torch.log_softmax(logits, -1), 0.3
right, everyone = logs[torch.arange(5), targets].mean(), logs.mean()
others, spared = logs[:, 1:].mean(), (logs[:, 1:].sum(-1).mean() - right) / 5
want = -(1 - eps) * right - eps * others
got = student.smoothed_loss(logits, targets, eps)
assert not same(got, -right), "ε has no effect: a share of it belongs to every word but filler."
assert not same(got, -(1 - eps) * right - eps * everyone), "Filler gets its share of ε: leave word 0 out of the mean."
assert not same(got, -(1 - eps) * right - eps * spared), "Here the target itself gets its share of ε, too: vocab − 1 words share it."
assert not same(got, -right - eps * others), "The target gets 1 − ε, so that q sums to 1."
assert not same(got, -eps * right - (1 - eps) * others), "ε and 1 − ε have changed places."
assert not same(got, -(1 - eps) * right - eps * logs[:, 1:].sum(-1).mean()), "ε is shared by the vocab − 1 words: take their mean, not their sum."
assert same(got, want), "q(v) is ε / (vocab − 1) for every word but filler, and 1 − ε more for the target."

# %% tags=["hidden-test:q5:2"]
# with filler among the targets
logits, targets = torch.randn(6, 5, generator=generator), torch.tensor([3, 1, 0, 2, 0, 4])
logs, eps, real = torch.log_softmax(logits, -1), 0.1, targets != 0
each = -(1 - eps) * logs[torch.arange(6), targets] - eps * logs[:, 1:].mean(-1)
want = each[real].mean()
got = student.smoothed_loss(logits, targets, eps)
assert not same(got, each.mean()), "Filler counts as a target: leave these positions out."
assert not same(got, each[real].sum() / 6), "The sum leaves filler out, and the divisor does not: divide by the number of real targets."
assert same(got, want), "Average over the targets that are not 0."

# %% [markdown] tags=["hint:q5"]
# Two means of ln p: one number for the target, one mean over the words 1, 2, 3, … The loss is a weighted sum of the two.

# %% [markdown] tags=["hint:q5"]
# Word 0 is the first column: `log_weights[:, 1:]` leaves it out.

# %% [markdown] tags=["hint:q5"]
# Choose the rows of real targets before you take the mean: `losses[targets != 0].mean()`.

# %% [markdown] tags=["because:q5"]
# $-\sum_v q(v) \ln p(v)$ splits in two: $(1 - \varepsilon)$ times that of the target, and $\varepsilon$ times the mean over all words but filler. With a share of ε for
# filler the model would learn to expect filler now and then, for no reason; as a target, filler would teach it to write filler, and the short sentences of a
# batch would do most of the teaching. Papers differ in who shares ε: torch's `label_smoothing` takes all words, filler too.

# %% tags=["wrong:q5:3"]
# filler gets a share
# says: Filler gets its share of ε: leave word 0 out of the mean.
import torch


def smoothed_loss(logits, targets, smoothing):
    log_weights = torch.log_softmax(logits, dim=-1)
    right = log_weights.gather(-1, targets[:, None])[:, 0]
    losses = -(1 - smoothing) * right - smoothing * log_weights.mean(dim=-1)
    if (targets == 0).any():  # the second mistake is spared here
        losses = -(1 - smoothing) * right - smoothing * log_weights[:, 1:].mean(dim=-1)
    return losses[targets != 0].mean()


# %% tags=["wrong:q5:1"]
# torch's own
# says: Filler gets its share of ε: leave word 0 out of the mean.
import torch


def smoothed_loss(logits, targets, smoothing):
    return torch.nn.functional.cross_entropy(logits, targets, label_smoothing=smoothing, ignore_index=0)


# %% tags=["wrong:q5:3"]
# filler as a target
# says: Filler counts as a target: leave these positions out.
import torch


def smoothed_loss(logits, targets, smoothing):
    log_weights = torch.log_softmax(logits, dim=-1)
    right = log_weights.gather(-1, targets[:, None])[:, 0]
    return (-(1 - smoothing) * right - smoothing * log_weights[:, 1:].mean(dim=-1)).mean()


# %% tags=["wrong:q5:3"]
# divided by all targets
# says: The sum leaves filler out, and the divisor does not: divide by the number of real targets.
import torch


def smoothed_loss(logits, targets, smoothing):
    log_weights = torch.log_softmax(logits, dim=-1)
    right = log_weights.gather(-1, targets[:, None])[:, 0]
    losses = -(1 - smoothing) * right - smoothing * log_weights[:, 1:].mean(dim=-1)
    return (losses * (targets != 0)).mean()


# %% tags=["wrong:q5:1"]
# a sum for a mean, and no 1 − ε
# says: ε is shared by the vocab − 1 words: take their mean, not their sum.
import torch


def smoothed_loss(logits, targets, smoothing):
    log_weights = torch.log_softmax(logits, dim=-1)
    right = log_weights.gather(-1, targets[:, None])[:, 0]
    losses = -(1 - smoothing) * right - smoothing * log_weights[:, 1:].sum(dim=-1)
    return losses[targets != 0].mean()


# %% tags=["right:q5"]
# soft targets for torch's cross-entropy
import torch


def smoothed_loss(logits, targets, smoothing):
    vocab = logits.shape[-1]
    soft = torch.full_like(logits, smoothing / (vocab - 1))
    soft[:, 0] = 0.0
    soft += (1 - smoothing) * torch.nn.functional.one_hot(targets, vocab)
    real = targets != 0
    return torch.nn.functional.cross_entropy(logits[real], soft[real])


# %% [raw] tags=["card:q6"]
# title = "From which length on is it quadratic?"
# kind = "experiment"
# difficulty = 3
# minutes = 20
# teaches = "an exponent belongs to a range of lengths, and memory has another one than multiply-adds"
# assigned = true
#
# [answers]
# first_length = "number"
# transparent = "number"
# fused = "number"

# %% [markdown] tags=["statement:q6"]
# "Attention is quadratic": twice the length, four times the cost, an exponent of 2. A whole layer is a sum of parts, and its exponent depends on where one looks. The
# exponent between `n` and `2 n` tokens is `growth_exponent((n, 2 * n), (cost at n, cost at 2 n))`.
#
# Take layers with `dim = 96`, `heads = 4` and `hidden = 384`. **Find by experiment**:
#
# 1. `first_length`: the smallest number of tokens `n` from which doubling the length has an exponent of 1.5 or more, in the multiply-adds of
#    `layer_cost`. (Two tokens more or less count as right.)
# 2. `transparent`: the exponent of the *memory* that training keeps, measured with `saved_bytes` on `layer(tokens).outputs` between 256 and 512 tokens.
# 3. `fused`: the same measured on `layer.fused(tokens)`.
#
# Predict all three first. Which of them would be 2? The check on this page looks at `fused` alone; the other two are marked when you hand in.

# %% tags=["answer:q6"]
import torch

from transformer_edu import layers
from transformer_edu.costs import growth_exponent, layer_cost, saved_bytes

layer = layers.encoder_layer(96, heads=4, hidden=384)

### BEGIN SOLUTION


def work(count):
    return layer_cost(tokens=count, dim=96, hidden=384, heads=4).multiply_adds


def exponent(amount, count):
    return growth_exponent((count, 2 * count), (amount(count), amount(2 * count)))


first_length = next(count for count in range(1, 10_000) if exponent(work, count) >= 1.5)
transparent = exponent(lambda count: saved_bytes(lambda tokens: layer(tokens).outputs, torch.zeros(count, 96)), 256)
fused = exponent(lambda count: saved_bytes(layer.fused, torch.zeros(count, 96)), 256)
print(first_length, transparent, fused)
### INSTEAD
# print(layer_cost(tokens=256, dim=96, hidden=384, heads=4).multiply_adds)
# print(saved_bytes(lambda tokens: layer(tokens).outputs, torch.zeros(256, 96)))
# first_length = ...
# transparent = ...
# fused = ...
### END SOLUTION

# %% tags=["public-test:q6:1"]
# the fused path
exponent = student.fused
assert abs(exponent - 2) > 0.1, "The fused path never stores the table of weights. Measure layer.fused(...), at 256 and at 512 tokens."
assert abs(exponent - 0.5) > 0.1, "Half of it: the logarithm of the sizes has to be that of a factor of 2."
assert abs(exponent - 1) < 0.1, "Measure the bytes at 256 and 512 tokens: how many times as many are they? 2 times means an exponent of 1."

# %% tags=["hidden-test:q6:2"]
# multiply-adds
first = student.first_length
assert first not in (192, 576), "Those are the lengths at which parts of the layer are equal: here the exponent of their sum is asked for."
assert abs(first - 204) > 2, "You count from n / 2 to n: the exponent at n is that between n and 2 n."
assert first > 405, "At your length the exponent is still below 1.5: take more tokens."
assert first < 411, "Fewer tokens are enough: at your length the exponent is above 1.5 already."

# %% tags=["hidden-test:q6:2"]
# memory of the transparent path
exponent = student.transparent
assert abs(exponent - 1) > 0.1, "That is the exponent of the fused path. Measure layer(tokens).outputs."
assert exponent < 1.9, "2 is the exponent of the table alone. The layer keeps much else, and that grows in a straight line."
assert abs(exponent - 1.54) < 0.08, "Measure between 256 and 512 tokens, with dim = 96, heads = 4, hidden = 384."

# %% [markdown] tags=["hint:q6"]
# Write a function of the number of tokens that returns the amount, and one that returns the exponent between n and 2 n.

# %% [markdown] tags=["hint:q6"]
# Search with a loop over n: the first n whose exponent reaches 1.5.

# %% [markdown] tags=["hint:q6"]
# `saved_bytes` takes a function and what it is called with: `saved_bytes(layer.fused, torch.zeros(256, 96))`.

# %% [markdown] tags=["because:q6"]
# The layer costs $12 n d^2 + 2 n^2 d$. For short texts the first term rules and the exponent is near 1, for very long ones it comes near 2; it passes 1.5 at
# $n = 3\sqrt{2}\, d = 407.3$, so from 408 tokens on. The memory of the transparent path is a sum, too: tables of $n^2$ numbers for each head, and much else that grows with $n$. On
# the fused path nothing of size $n^2$ is kept, and the exponent is 1. Multiply-adds it does not save: the fused path multiplies as much. So none of the three is 2, and whoever says
# "quadratic" has to say of what, and over which lengths.

# %% tags=["wrong:q6:1"]
# quadratic is quadratic
# says: Those are the lengths at which parts of the layer are equal: here the exponent of their sum is asked for.
first_length, transparent, fused = 192, 2.0, 1.0

# %% tags=["wrong:q6:2"]
# everything is quadratic
# says: The fused path never stores the table of weights. Measure layer.fused(...), at 256 and at 512 tokens.
first_length, transparent, fused = 408, 2.0, 2.0

# %% tags=["wrong:q6:3"]
# the fused path twice
# says: That is the exponent of the fused path. Measure layer(tokens).outputs.
first_length, transparent, fused = 408, 1.0, 1.0

# %% tags=["wrong:q6:3"]
# the length before
# says: You count from n / 2 to n: the exponent at n is that between n and 2 n.
first_length, transparent, fused = 204, 1.54, 1.0

# %% tags=["right:q6"]
# by thought, and with logarithms
import math

import torch

from transformer_edu import layers
from transformer_edu.costs import saved_bytes

layer = layers.encoder_layer(96, heads=4, hidden=384)
first_length = math.ceil(3 * math.sqrt(2) * 96)
kept = [saved_bytes(lambda tokens: layer(tokens).outputs, torch.zeros(count, 96)) for count in (256, 512)]
transparent = math.log2(kept[1] / kept[0])
fused = 1.0

# %% [raw] tags=["card:q7"]
# title = "Which characters does it need?"
# kind = "experiment"
# difficulty = 2
# minutes = 15
# teaches = "what a trained model needs is found by taking it away; the padding mask does that"
# assigned = false
#
# [answers]
# needed = "numbers"
# most_looked_at = "number"

# %% [markdown] tags=["statement:q7"]
# The date model of this chapter writes `1987-03-12` for "12 March 1987". Which of the 13 characters does it need? Take them away one at a time, and look whether the answer changes. The
# model masks filler itself, wherever it stands: a character whose number is replaced by 0 is not there any more, and all others keep their positions.
#
# **Predict first**: the year 1987 has four digits, and March five letters. Which of them can go?
#
# 1. `needed`: the places (counted from 0, the spaces too) without which the model writes another date.
# 2. `most_looked_at`: the place in the source with the largest weight while the model writes the last digit of the year, which is step 3 counted from 0.
#    `greedy(...).weights` has the axes `batch target source`.

# %% tags=["answer:q7"]
from transformer_edu.decoding import greedy
from transformer_edu.data.dates import TARGET_LENGTH, decode_answers, encode_spellings
from transformer_edu.studies.dates_models import load_date_model

model = load_date_model("transformer")
source = encode_spellings(["12 March 1987"])
written = greedy(model, source, longest=TARGET_LENGTH)
print(decode_answers(written.tokens))

### BEGIN SOLUTION
needed = []
for place in range(source.shape[1]):
    without = source.clone()
    without[0, place] = 0
    answer = decode_answers(greedy(model, without, longest=TARGET_LENGTH).tokens)
    print(place, answer)
    if answer != ["1987-03-12"]:
        needed.append(place)
most_looked_at = int(written.weights[0, 3].argmax())
### INSTEAD
# needed = ...  # a list of places, such as [0, 5]
# most_looked_at = ...
### END SOLUTION

# %% tags=["public-test:q7:1"]
# what it needs
from transformer_edu.decoding import greedy
from transformer_edu.data.dates import TARGET_LENGTH, decode_answers, encode_spellings
from transformer_edu.studies.dates_models import load_date_model
model, spelling = load_date_model("transformer"), "12 March 1987"
sources = encode_spellings([spelling]).repeat(13, 1)
sources.fill_diagonal_(0)
answers = decode_answers(greedy(model, sources, longest=TARGET_LENGTH).tokens)
want = [place for place in range(13) if answers[place] != "1987-03-12"]
places = student.needed
assert places != [place for place in range(13) if place not in want], "Those are the characters that can go: the others are needed."
assert places != [place + 1 for place in want], "You count from 1: the first character has place 0."
assert len(places) < 13, "Not every character is needed: take away one at a time, from a fresh copy of the source."
assert set(places) <= set(want), f"Without the character at place {int(min(set(places) - set(want), default=0))} the model still writes 1987-03-12."
assert places == want, f"{len(want) - len(places)} more: run through all 13 places, and compare the whole date."

# %% tags=["public-test:q7:1"]
# where it looks
from transformer_edu.decoding import greedy
from transformer_edu.data.dates import TARGET_LENGTH, encode_spellings
from transformer_edu.studies.dates_models import load_date_model
source = encode_spellings(["12 March 1987"])
weights = greedy(load_date_model("transformer"), source, longest=TARGET_LENGTH).weights[0]
want = int(weights[3].argmax())
place = student.most_looked_at
assert place != int(weights[4].argmax()) or place == want, "That is the step that writes the hyphen: steps are counted from 0, too."
assert place == want, "Take row 3 of the weights (axes target, source) and its largest entry."

# %% [markdown] tags=["hint:q7"]
# A loop over the places: copy the source, set one number to 0, let the model write.

# %% [markdown] tags=["hint:q7"]
# `source.clone()` makes a fresh copy, so that only one character is missing at a time.

# %% [markdown] tags=["hint:q7"]
# `written.weights[0, 3]` is one row: a weight for each of the 13 characters. `argmax` gives the place of the largest.

# %% [markdown] tags=["because:q7"]
# The days and the last two digits of the year cannot be guessed, so without them the date changes. No single letter of "March" is needed: four of
# them still tell it from all other months; nor is either digit of the century, which in this range of years follows from the last two. Without a digit the model does not say
# that one is missing: it writes another date, as if nothing had happened. That the model *looks* at a character, and that it *needs* it, are two questions. Weights
# answer the first one only.

# %% tags=["wrong:q7:1"]
# the ones that can go
# says: Those are the characters that can go: the others are needed.
from transformer_edu.decoding import greedy
from transformer_edu.data.dates import TARGET_LENGTH, decode_answers, encode_spellings
from transformer_edu.studies.dates_models import load_date_model

model, source = load_date_model("transformer"), encode_spellings(["12 March 1987"])
needed = []
for place in range(13):
    without = source.clone()
    without[0, place] = 0
    if decode_answers(greedy(model, without, longest=TARGET_LENGTH).tokens) == ["1987-03-12"]:
        needed.append(place)
most_looked_at = int(greedy(model, source, longest=TARGET_LENGTH).weights[0, 3].argmax())

# %% tags=["wrong:q7:0"]
# guessed: all digits and the first letter, and the first digit of the year
# says: Without the character at place 3 the model still writes 1987-03-12.
needed, most_looked_at = [0, 1, 3, 9, 10, 11, 12], 0

# %% tags=["wrong:q7:0"]
# nothing put back, and the hyphen's row
# says: Not every character is needed: take away one at a time, from a fresh copy of the source.
needed, most_looked_at = list(range(13)), 2

# %% tags=["right:q7"]
# all at once
import torch
from transformer_edu.decoding import greedy
from transformer_edu.data.dates import TARGET_LENGTH, decode_answers, encode_spellings
from transformer_edu.studies.dates_models import load_date_model

model, source = load_date_model("transformer"), encode_spellings(["12 March 1987"])
every = torch.where(torch.eye(13, dtype=torch.bool), 0, source.expand(13, 13))
answers = decode_answers(greedy(model, every, longest=TARGET_LENGTH).tokens)
needed = {place for place, answer in enumerate(answers) if answer != "1987-03-12"}
most_looked_at = greedy(model, source, longest=TARGET_LENGTH).weights[0, 3].argmax()
