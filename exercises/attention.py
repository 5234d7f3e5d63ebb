# %% [markdown] tags=["about"]
# # Exercises of the chapter "Attention: one head, many heads, three uses"
#
# This file is the source of the chapter's exercises: it holds the solutions and the hidden tests. Nobody reads it on the
# page. `transformer-edu exercises build` makes the students' notebook and the page's cells of it, and checks that solutions get
# full marks, starters get none, and every wrong answer gets its points and its message.
#
# | exercise | kind | what it tests | minutes | points |
# |---|---|---|---|---|
# | q1 How far does a window see? | predict | layers extend the reach of a mask | 5 | practice, 3 |
# | q2 Attention in four lines | complete | scores, mask, softmax over the keys, mixing | 10 | practice, 3 |
# | q3 Heads that are not heads | find the bug | splitting heads, and their scale | 15 | practice, 2 |
# | q4 Two opposite conventions | complete | torch's two mask conventions, joined | 10 | **assigned, 4** |
# | q5 A decoder looks at a memory | experiment | when looking costs more than projecting | 20 | **assigned, 5** |
# | q6 What of a query reaches the output | derive | the Jacobian of the output: a covariance | 40 | **assigned, 6** |
# | q7 A head that looks back | experiment | a habit of a head as one number | 12 | practice, 2 |
# | q8 How many looks are allowed? | predict | counting pairs under three masks; a number for each student | 10 | **assigned, 5** |
# | q9 Who notices? | predict | how a change travels in the three uses | 10 | practice, 4 |
# | q10 A head that reads one neighbor | complete | one-hot heads of a convolution; the border | 25 | **assigned, 5** |
#
# **Assigned: 25 points, about 105 minutes**, 40 of them for q6, the hardest exercise of the chapter; it needs `softmax/q4`.
# The self-check exercises (14 practice points, about 50 minutes) have their solutions on the page.
#
# Mistakes that we expect, and that the messages name:
#
# * q4: joining "blocked" masks by *and*; turning only one of the two round; padding on the query axis; taking every
#   `attn_mask` to be causal.
# * q5: carrying the 768 of self-attention over; forgetting the mixing or the projection of the outputs; searching up to ten
#   thousand keys and no further.
# * q6: leaving the mean key out (only the numerators move); a plain mean for the weighted one; using p(1 − p), the diagonal of the
#   Jacobian, alone; a transposed table.
# * q8: forgetting that a token looks at itself; giving the first tokens a full window; letting the padding tokens stop asking.
# * q10: going round the end of a line; looking the other way; exchanging rows and columns; NaN or an even spread at the border.
#
# Only the simplest case of an assigned exercise is tested in public. The hidden tests of q4, q6 and q10 draw their inputs from the
# grader's seed, with axes of different lengths. Those of q8 use the number of tokens that belongs to the student's id; two
# students share a number with a chance of one in eight.

# %% [raw] tags=["card:q1"]
# title = "How far does a window see?"
# kind = "predict"
# difficulty = 1
# minutes = 5
# teaches = "layers extend the reach of a mask"
# assigned = false
#
# [answers]
# one_layer = "numbers"
# two_layers = "numbers"
# layers_needed = "number"

# %% [markdown] tags=["statement:q1"]
# Tokens are counted from 0 here, as in code; the pictures of this chapter count them from 1. With a *causal sliding window*
# of 2, a token looks at itself and at the one token before it.
#
# **Worked.** After one layer, the output of token 5 depends on the tokens 4 and 5, and on no others.
#
# **Predict**:
#
# 1. `one_layer`: on which input tokens does the output of token 3 depend after one layer?
# 2. `two_layers`: … and after two layers, one on top of the other?
# 3. `layers_needed`: the window is now 4 (the token itself and the three before it). How many layers does it take until the
#    output of token 9 depends on token 0?

# %% tags=["answer:q1"]
### BEGIN SOLUTION
one_layer = [2, 3]
two_layers = [1, 2, 3]
layers_needed = 3
### INSTEAD
# one_layer = ...  # a list of token numbers, such as [4, 5]
# two_layers = ...
# layers_needed = ...
### END SOLUTION

# %% tags=["public-test:q1:1"]
# one layer
seen = student.one_layer
assert 4 not in seen, "Token 4 comes after token 3: a causal mask blocks it."
assert seen != [0, 1, 2, 3], "That is the causal mask without a window: a window of 2 leaves the token and one before it."
assert seen != [1, 2, 3], "A window of 2 holds two tokens, and the token itself is one of them."
assert seen != [2], "A token also looks at itself."
assert seen == [2, 3], "A window of 2: the token itself and the one before it."

# %% tags=["public-test:q1:1"]
# two layers
seen = student.two_layers
assert seen != [2, 3], "That is one layer. Layer 2 reads what token 2 has become in layer 1, and that has read token 1."
assert seen != [0, 1, 2, 3], "One step too far: each layer reaches one token further back when the window is 2."
assert seen == [1, 2, 3], "Collect what tokens 2 and 3 have read in layer 1."

# %% tags=["public-test:q1:1"]
# a longer way
layers = student.layers_needed
assert layers not in (2, 2.25, 2.5), "A window of 4 reaches 3 back, since the token itself is one of the 4."
assert layers != 9, "9 layers belong to a window of 2: a window of 4 reaches 3 tokens back in each layer."
assert layers == 3, "From token 9 to token 0 it is 9 back. How far does one layer reach?"

# %% [markdown] tags=["hint:q1"]
# Draw the tokens as a row of dots, once for each layer. Connect each dot with those that it looks at in the row below.

# %% [markdown] tags=["hint:q1"]
# Token 3 of layer 2 looks at tokens 2 and 3 of layer 1. At which inputs did these two look?

# %% [markdown] tags=["hint:q1"]
# A window of w reaches w − 1 tokens back in each layer. How many times 3 makes 9?

# %% [markdown] tags=["because:q1"]
# Layer 2 of token 3 reads layer 1 of tokens 2 and 3, and layer 1 of token 2 has read token 1. Each layer adds window − 1
# tokens, not window: the token itself is one of the window. With a window of 4 that is 3 tokens a layer, and token 0 lies
# 9 back: 3 layers. The package counts it for you: `allowed = mask_from(all_of(causal, sliding_window(4)), queries=10, keys=10)`,
# then `influence(allowed, layers=3)[9, 0]`.

# %% tags=["wrong:q1:1"]
# the window without the token itself
# says: A window of 2 holds two tokens, and the token itself is one of them.
one_layer, two_layers, layers_needed = [1, 2, 3], [0, 1, 2, 3], 3

# %% tags=["wrong:q1:2"]
# layers add nothing
# says: That is one layer. Layer 2 reads what token 2 has become in layer 1, and that has read token 1.
one_layer, two_layers, layers_needed = [2, 3], [2, 3], 3

# %% tags=["wrong:q1:2"]
# nine quarters
# says: A window of 4 reaches 3 back, since the token itself is one of the 4.
one_layer, two_layers, layers_needed = [2, 3], [1, 2, 3], 9 / 4

# %% tags=["wrong:q1:2"]
# looks ahead
# says: Token 4 comes after token 3: a causal mask blocks it.
one_layer, two_layers, layers_needed = [3, 4], [1, 2, 3], 3

# %% tags=["right:q1"]
# sets and a float
one_layer, two_layers, layers_needed = {3, 2}, range(1, 4), 3.0

# %% [raw] tags=["card:q2"]
# title = "Attention in four lines"
# kind = "complete"
# difficulty = 2
# minutes = 10
# teaches = "scores, mask, softmax over the keys, weighted mean of the values"
# assigned = false
# forbid = ["scaled_dot_product_attention", "fused_attention", "multi_head_attention", "MultiheadAttention", "masked_softmax"]
#
# [answers]
# attend = "function -> tensor"

# %% [markdown] tags=["statement:q2"]
# Replace the `...`. `queries` has the axes `batch query head_dim`, `keys` has `batch key head_dim`, `values` has
# `batch key value_dim`, and `allowed` has `batch query key` (True = may look). The result has `batch query value_dim`:
#
# $$O = \mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{\texttt{head\_dim}}}\right) V \quad\text{over the allowed keys.}$$
#
# A query without any allowed key gets zeros: you met that row in `softmax/q3`.

# %% tags=["answer:q2"]
import torch


def attend(queries, keys, values, allowed):
    ### BEGIN SOLUTION
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    scores = scores.masked_fill(~allowed, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    weights = weights.masked_fill(~allowed, 0.0)
    return weights @ values
    ### INSTEAD
    # scores = queries @ keys.transpose(-2, -1) / ...
    # scores = scores.masked_fill(..., float("-inf"))
    # weights = torch.softmax(scores, dim=...)
    # weights = ...  # a row without an allowed key
    # return ...
    ### END SOLUTION


# %% tags=["public-test:q2:1"]
# without a mask
queries, keys = torch.randn(2, 4, 9, generator=generator), torch.randn(2, 3, 9, generator=generator)
values, allowed = torch.randn(2, 3, 5, generator=generator), torch.ones(2, 4, 3, dtype=torch.bool)
scores = queries @ keys.mT
want = torch.softmax(scores / 3, -1) @ values
got = student.attend(queries, keys, values, allowed)
likely = {
    "The values are not mixed yet: the output is weights @ values.": torch.softmax(scores / 3, -1),
    "The scores are not divided: √head_dim is missing.": torch.softmax(scores, -1) @ values,
    "The scores are scaled twice, by head_dim in all: divide once, by its square root.": torch.softmax(scores / 9, -1) @ values,
    "The scores are multiplied by √head_dim: divide.": torch.softmax(scores * 3, -1) @ values,
    "The divisor is √(number of keys): it has to be √head_dim, the last axis.": torch.softmax(scores / 3**0.5, -1) @ values,
    "The divisor is √(number of queries): it has to be √head_dim, the last axis.": torch.softmax(scores / 2, -1) @ values,
    "The divisor is √value_dim: q·k sums over head_dim.": torch.softmax(scores / 5**0.5, -1) @ values,
    "Softmax runs over the queries: each query's weights have to sum to one over the keys.": torch.softmax(scores / 3, -2) @ values,
    "Softmax runs over the batch: it has to run over the keys, the last axis.": torch.softmax(scores / 3, 0) @ values,
}
for mistake, numbers in likely.items():
    assert not same(got, numbers), mistake
assert got.shape == (2, 4, 5), f"The output needs shape (2, 4, 5): batch query value_dim. It has {tuple(got.shape)}."
assert not got.isnan().any(), "NaN, though every key is allowed: is the mask inverted? masked_fill fills where it is True."
inverted = "All zeros, though every key is allowed: the mask is inverted. masked_fill fills where its mask is True."
assert not same(got, torch.zeros(2, 4, 5)), inverted
assert same(got, want), "The numbers differ from softmax(QKᵀ / √head_dim) V."

# %% tags=["public-test:q2:1"]
# with a mask
queries, keys = torch.randn(2, 3, 4, generator=generator), torch.randn(2, 5, 4, generator=generator)
values = torch.randn(2, 5, 6, generator=generator)
allowed = torch.tensor([[True, True, False, True, False], [True, False, False, False, True], [False, True, True, True, True]])
scores, blocked = queries @ keys.mT / 2, float("-inf")
want = torch.softmax(scores.masked_fill(~allowed, blocked), -1) @ values
got = student.attend(queries, keys, values, allowed.expand(2, 3, 5).clone())
inverted = torch.softmax(scores.masked_fill(allowed, blocked), -1) @ values
assert not same(got, inverted), "The mask is inverted: True means allowed, so fill where it is not (~allowed)."
late = (torch.softmax(scores, -1) * allowed) @ values
assert not same(got, late), "The mask comes after softmax: blocked keys have already taken their share of each row."
assert not same(got, torch.softmax(scores, -1) @ values), "The mask has no effect: every key is still read."
zeroed = torch.softmax(scores * allowed, -1) @ values
fixed = torch.softmax((scores * 2 / 3).masked_fill(~allowed, blocked), -1) @ values
assert not same(got, fixed), "Right for head_dim 9, wrong for head_dim 4: take the divisor from the shape of the queries."
assert not same(got, zeroed), "A score of 0 is not a blocked key: exp(0) = 1 still takes its share. Use -inf."
assert same(got, want), "Right without a mask, wrong with one: blocked keys need the score -inf before softmax."

# %% tags=["public-test:q2:1"]
# a query without an allowed key
queries, keys, values = torch.randn(3, 1, 2, 4, generator=generator)
want = torch.stack([values[:, 0], torch.zeros(1, 4)], 1)
got = student.attend(queries, keys, values, torch.tensor([[[True, False], [False, False]]]))
assert not got[0, 1].isnan().any(), "The query without an allowed key is NaN: its weights are 0/0. It has to get zeros."
assert not same(got[0, 1], values[0].mean(0)), "The query without an allowed key gets the plain mean of all values: it needs zeros."
assert (got[0, 1] == 0).all(), "The query without an allowed key has to get zeros."
assert same(got[0, 0], values[0, 0]), "The query with one allowed key has to get that key's value."

# %% [markdown] tags=["hint:q2"]
# The divisor is √head_dim, and head_dim is the last axis of the queries: `queries.shape[-1] ** 0.5`.

# %% [markdown] tags=["hint:q2"]
# `masked_fill(mask, x)` writes x where the mask is True. Softmax runs over the keys, the last axis.

# %% [markdown] tags=["hint:q2"]
# An empty row is NaN after softmax: fill it with 0 where nothing is allowed. The output is `weights @ values`.

# %% [markdown] tags=["because:q2"]
# The divisor is the root of the number of products in one score, which is the last axis of the queries. `masked_fill` fills
# where its mask is True, so it needs what is *not* allowed. Each query shares one unit of weight among the keys: softmax runs
# over the last axis. And the NaN of an empty row is replaced by zeros, as in `softmax/q3`.

# %% tags=["wrong:q2:1"]
# no scale
# says: The scores are not divided: √head_dim is missing.
import torch

def attend(queries, keys, values, allowed):
    scores = (queries @ keys.mT).masked_fill(~allowed, float("-inf"))
    return torch.softmax(scores, dim=-1).nan_to_num() @ values


# %% tags=["wrong:q2:1"]
# scaled twice
# says: The scores are scaled twice, by head_dim in all: divide once, by its square root.
import torch

def attend(queries, keys, values, allowed):
    scores = (queries @ keys.mT / queries.shape[-1]).masked_fill(~allowed, float("-inf"))
    return torch.softmax(scores, dim=-1).nan_to_num() @ values


# %% tags=["wrong:q2:1"]
# root of the number of keys
# says: The divisor is √(number of keys): it has to be √head_dim, the last axis.
import torch

def attend(queries, keys, values, allowed):
    scores = (queries @ keys.mT / keys.shape[-2] ** 0.5).masked_fill(~allowed, float("-inf"))
    return torch.softmax(scores, dim=-1).nan_to_num() @ values


# %% tags=["wrong:q2:1"]
# softmax over the queries
# says: Softmax runs over the queries: each query's weights have to sum to one over the keys.
import torch

def attend(queries, keys, values, allowed):
    scores = (queries @ keys.mT / queries.shape[-1] ** 0.5).masked_fill(~allowed, float("-inf"))
    return torch.softmax(scores, dim=1).nan_to_num() @ values


# %% tags=["wrong:q2:0"]
# mask inverted
# says: All zeros, though every key is allowed: the mask is inverted. masked_fill fills where its mask is True.
import torch

def attend(queries, keys, values, allowed):
    scores = (queries @ keys.mT / queries.shape[-1] ** 0.5).masked_fill(allowed, float("-inf"))
    return torch.softmax(scores, dim=-1).masked_fill(allowed, 0.0) @ values


# %% tags=["wrong:q2:1"]
# mask after softmax
# says: The mask comes after softmax: blocked keys have already taken their share of each row.
import torch

def attend(queries, keys, values, allowed):
    return (torch.softmax(queries @ keys.mT / queries.shape[-1] ** 0.5, dim=-1) * allowed) @ values


# %% tags=["wrong:q2:2"]
# NaN row
# says: The query without an allowed key is NaN: its weights are 0/0. It has to get zeros.
import torch

def attend(queries, keys, values, allowed):
    scores = (queries @ keys.mT / queries.shape[-1] ** 0.5).masked_fill(~allowed, float("-inf"))
    return torch.softmax(scores, dim=-1) @ values


# %% tags=["wrong:q2:2"]
# minus a billion
# says: The query without an allowed key gets the plain mean of all values: it needs zeros.
import torch

def attend(queries, keys, values, allowed):
    scores = (queries @ keys.mT / queries.shape[-1] ** 0.5).masked_fill(~allowed, -1e9)
    return torch.softmax(scores, dim=-1) @ values


# %% tags=["wrong:q2:0"]
# called the built-in
# says: Your answer uses `scaled_dot_product_attention`, which this exercise does not allow.
import torch.nn.functional as F

def attend(queries, keys, values, allowed):
    return F.scaled_dot_product_attention(queries, keys, values, attn_mask=allowed)


# %% tags=["wrong:q2:1"]
# root of the number of queries
# says: The divisor is √(number of queries): it has to be √head_dim, the last axis.
import torch

def attend(queries, keys, values, allowed):
    scores = queries @ keys.mT / queries.shape[-2] ** 0.5
    weights = torch.softmax(scores.masked_fill(~allowed, float("-inf")), dim=-1).nan_to_num()
    return weights @ values


# %% tags=["wrong:q2:1"]
# score zero
# says: A score of 0 is not a blocked key: exp(0) = 1 still takes its share. Use -inf.
import torch

def attend(queries, keys, values, allowed):
    scores = queries @ keys.mT / queries.shape[-1] ** 0.5
    weights = torch.softmax(scores * allowed, dim=-1).nan_to_num()
    return weights @ values


# %% tags=["wrong:q2:0"]
# the built-in under another name
# says: Your answer uses `scaled_dot_product_attention`, which this exercise does not allow.
from torch.nn.functional import scaled_dot_product_attention as mix


def attend(queries, keys, values, allowed):
    return mix(queries, keys, values, attn_mask=allowed)


# %% tags=["wrong:q2:2"]
# a fixed divisor
# says: Right for head_dim 9, wrong for head_dim 4: take the divisor from the shape of the queries.
import torch


def attend(queries, keys, values, allowed):
    scores = (queries @ keys.mT / 3).masked_fill(~allowed, float("-inf"))
    return torch.softmax(scores, dim=-1).nan_to_num() @ values


# %% tags=["right:q2"]
# einsum, double, keyword defaults
import math

import torch


def attend(queries, keys, values, allowed, scale=None):
    scale = scale or 1 / math.sqrt(queries.size(-1))
    scores = torch.einsum("bqd,bkd->bqk", queries.double(), keys.double()) * scale
    weights = torch.where(allowed, scores, -torch.inf).softmax(-1).nan_to_num()
    return torch.einsum("bqk,bkv->bqv", weights, values.double())


# %% tags=["right:q2"]
# loops
import torch


def attend(queries, keys, values, allowed):
    batch, query, head_dim = queries.shape
    outputs = torch.zeros(batch, query, values.shape[-1])
    for b in range(batch):
        for i in range(query):
            may = allowed[b, i]
            if may.any():
                scores = keys[b, may] @ queries[b, i] / head_dim**0.5
                outputs[b, i] = torch.softmax(scores, 0) @ values[b, may]
    return outputs


# %% tags=["right:q2"]
# by hand, baddbmm
import torch


def attend(queries, keys, values, allowed):
    bias = torch.zeros(allowed.shape).masked_fill(~allowed, -1e9)
    scores = torch.baddbmm(bias, queries, keys.transpose(1, 2), alpha=queries.shape[2] ** -0.5)
    powers = (scores - scores.amax(2, keepdim=True)).exp() * allowed
    return torch.bmm(powers / powers.sum(2, keepdim=True).clamp(min=1e-9), values)


# %% [raw] tags=["card:q3"]
# title = "Heads that are not heads"
# kind = "find the bug"
# difficulty = 2
# minutes = 15
# teaches = "a head reads its own slice of every token, and is scaled by its own width"
# assigned = false
# forbid = ["split_heads"]
#
# [answers]
# head_scores = "function -> tensor"

# %% [markdown] tags=["statement:q3"]
# `head_scores` should give every head its own table of scores: axes `head query key`. Head 0 (code counts from 0) owns the
# first `dim // heads` numbers of **every** token, head 1 the next ones, and so on. The function runs, and the shape is
# right. It has **two bugs**.
#
# A clue: in the cell below only the last token has numbers that are not 0, so all scores without that token must be 0, and every head
# must see it. The print shows for each head whether it does.

# %% tags=["answer:q3"]
import torch


def head_scores(queries, keys, heads):
    tokens, dim = queries.shape
    ### BEGIN SOLUTION
    queries = queries.reshape(tokens, heads, dim // heads).transpose(0, 1)
    keys = keys.reshape(tokens, heads, dim // heads).transpose(0, 1)
    return queries @ keys.transpose(-2, -1) / (dim // heads) ** 0.5
    ### INSTEAD
    # queries = queries.reshape(heads, tokens, dim // heads)
    # keys = keys.reshape(heads, tokens, dim // heads)
    # return queries @ keys.transpose(-2, -1) / dim**0.5
    ### END SOLUTION


last_only = torch.zeros(4, 6).index_fill(0, torch.tensor([3]), 1.0)
print((head_scores(last_only, last_only, heads=2) != 0).any(dim=-1).any(dim=-1))

# %% tags=["public-test:q3:1"]
# two heads of three numbers
queries, keys = torch.randn(2, 4, 6, generator=generator)
def split(tokens):
    return tokens.reshape(4, 2, 3).transpose(0, 1)
def cut_up(tokens):
    return tokens.reshape(2, 4, 3)
def stride(tokens):
    return tokens.reshape(4, 3, 2).permute(2, 0, 1)
right = split(queries) @ split(keys).mT
sliced = cut_up(queries) @ cut_up(keys).mT
strided = stride(queries) @ stride(keys).mT
half = [split(queries) @ cut_up(keys).mT, cut_up(queries) @ split(keys).mT]
want = right / 3**0.5
got = student.head_scores(queries, keys, 2)
assert got.shape == (2, 4, 4), f"The result needs shape (2, 4, 4): head query key. It has {tuple(got.shape)}. Exchange tokens and heads."
assert not same(got, right / 6**0.5), "The heads are right now. The scale is still 1/√d_model: one head sums head_dim products."
cut = "The heads still cut the sentence, not the tokens: reshape to (tokens, heads, …) first, then exchange two axes."
assert not same(got, sliced / 3**0.5), f"The scale is right now. {cut}"
assert not same(got, sliced / 6**0.5), cut
assert not same(got, want.mT), "Keys are the rows here: the axes are head, query, key."
assert not same(got, torch.softmax(want, -1)), "These are weights: leave the softmax away, the question asks for scores."
both = "Queries and keys are not split alike: repair both of them."
assert not any(same(got, scores / width**0.5) for scores in half for width in (3, 6)), both
assert not same(got, right), "The heads are right. The scores are not divided any more: √head_dim is missing."
assert not same(got, right / 3), "The heads are right. The scores are scaled twice, by head_dim in all: once by √head_dim is enough."
assert not same(got, right / 2**0.5), "The heads are right. The divisor is √heads: take √head_dim, the numbers of one head."
assert not same(got, strided / 3**0.5), "Head 0 takes every second number of a token: it owns the first half. The split is (heads, dim // heads)."
assert same(got, want), "The numbers differ: head h owns the numbers h·head_dim … (h+1)·head_dim of every token, divisor √head_dim."

# %% tags=["public-test:q3:1"]
# three heads
queries, keys = torch.randn(2, 5, 12, generator=generator)
want = torch.stack([q @ k.mT / 2 for q, k in zip(queries.chunk(3, -1), keys.chunk(3, -1), strict=True)])
got = student.head_scores(queries, keys, 3)
assert same(got, want), "Right for two heads, wrong for three: take head_dim = dim // heads from the arguments."


# %% [markdown] tags=["hint:q3"]
# Which tokens does head 0 read? Number them, `torch.arange(4.0)[:, None].expand(4, 6)`, and print its queries.

# %% [markdown] tags=["hint:q3"]
# `reshape` never reorders numbers. Split the last axis in two, `(tokens, heads, dim // heads)`, then exchange two axes.

# %% [markdown] tags=["hint:q3"]
# For the second bug: how many products does one score of one head sum up? Its square root is the divisor.

# %% [markdown] tags=["because:q3"]
# `reshape` keeps the order of the numbers in memory: token by token. Asked for `(heads, tokens, …)`, it cuts the *sentence* into
# pieces, and head 0 reads the first half of the tokens. Split each token first, `(tokens, heads, …)`, then exchange two axes.
# With einops the intention is in the text: `rearrange(queries, "token (head head_dim) -> head token head_dim", head=heads)`.
# And a score of one head sums `head_dim` products, so its spread is √head_dim, whatever the width of the model.

# %% tags=["wrong:q3:0"]
# root of d_model
# says: The heads are right now. The scale is still 1/√d_model: one head sums head_dim products.
def head_scores(queries, keys, heads):
    tokens, dim = queries.shape
    queries = queries.reshape(tokens, heads, dim // heads).transpose(0, 1)
    keys = keys.reshape(tokens, heads, dim // heads).transpose(0, 1)
    return queries @ keys.transpose(-2, -1) / dim**0.5


# %% tags=["wrong:q3:0"]
# reshaped without transposing
# says: The scale is right now. The heads still cut the sentence, not the tokens: reshape to (tokens, heads, …) first, then exchange two axes.
def head_scores(queries, keys, heads):
    tokens, dim = queries.shape
    queries = queries.reshape(heads, tokens, dim // heads)
    keys = keys.reshape(heads, tokens, dim // heads)
    return queries @ keys.transpose(-2, -1) / (dim // heads) ** 0.5


# %% tags=["wrong:q3:0"]
# every second number
# says: Head 0 takes every second number of a token: it owns the first half. The split is (heads, dim // heads).
def head_scores(queries, keys, heads):
    tokens, dim = queries.shape
    queries = queries.reshape(tokens, dim // heads, heads).permute(2, 0, 1)
    keys = keys.reshape(tokens, dim // heads, heads).permute(2, 0, 1)
    return queries @ keys.transpose(-2, -1) / (dim // heads) ** 0.5


# %% tags=["wrong:q3:0"]
# scaled twice
# says: The heads are right. The scores are scaled twice, by head_dim in all: once by √head_dim is enough.
def head_scores(queries, keys, heads):
    tokens, dim = queries.shape
    queries = queries.reshape(tokens, heads, dim // heads).transpose(0, 1) / (dim // heads) ** 0.5
    keys = keys.reshape(tokens, heads, dim // heads).transpose(0, 1)
    return queries @ keys.transpose(-2, -1) / (dim // heads) ** 0.5


# %% tags=["wrong:q3:0"]
# heads left in the middle
# says: The result needs shape (2, 4, 4): head query key. It has (4, 2, 2). Exchange tokens and heads.
def head_scores(queries, keys, heads):
    tokens, dim = queries.shape
    queries = queries.reshape(tokens, heads, dim // heads)
    keys = keys.reshape(tokens, heads, dim // heads)
    return queries @ keys.transpose(-2, -1) / (dim // heads) ** 0.5


# %% tags=["wrong:q3:0"]
# one of the two repaired
# says: Queries and keys are not split alike: repair both of them.
def head_scores(queries, keys, heads):
    tokens, dim = queries.shape
    queries = queries.reshape(tokens, heads, dim // heads).transpose(0, 1)
    keys = keys.reshape(heads, tokens, dim // heads)
    return queries @ keys.transpose(-2, -1) / (dim // heads) ** 0.5


# %% tags=["wrong:q3:1"]
# width of two heads for all
# says: Right for two heads, wrong for three: take head_dim = dim // heads from the arguments.
def head_scores(queries, keys, heads):
    queries, keys = (x.unflatten(-1, (heads, -1)).transpose(0, 1) for x in (queries, keys))
    return queries @ keys.mT / 3**0.5


# %% tags=["wrong:q3:0"]
# keys for rows
# says: Keys are the rows here: the axes are head, query, key.
def head_scores(queries, keys, heads):
    queries, keys = (x.unflatten(-1, (heads, -1)).transpose(0, 1) for x in (queries, keys))
    return keys @ queries.mT / keys.shape[-1] ** 0.5


# %% tags=["wrong:q3:0"]
# weights for scores
# says: These are weights: leave the softmax away, the question asks for scores.
def head_scores(queries, keys, heads):
    queries, keys = (x.unflatten(-1, (heads, -1)).transpose(0, 1) for x in (queries, keys))
    return (queries @ keys.mT / keys.shape[-1] ** 0.5).softmax(-1)


# %% tags=["right:q3"]
# chunks
import torch


def head_scores(queries, keys, heads):
    pairs = zip(queries.chunk(heads, -1), keys.chunk(heads, -1))
    return torch.stack([q @ k.T * k.shape[-1] ** -0.5 for q, k in pairs])


# %% tags=["right:q3"]
# einops
from einops import einsum, rearrange


def head_scores(queries, keys, heads):
    queries, keys = (rearrange(x.double(), "t (h d) -> h t d", h=heads) for x in (queries, keys))
    return einsum(queries, keys, "h q d, h k d -> h q k") / queries.shape[-1] ** 0.5


# %% tags=["right:q3"]
# a loop over slices
import torch


def head_scores(queries, keys, heads):
    tokens, dim = queries.shape
    width, table = dim // heads, torch.empty(heads, tokens, tokens)
    for head in range(heads):
        part = slice(head * width, (head + 1) * width)
        table[head] = queries[:, part] @ keys[:, part].mT / width**0.5
    return table


# %% [raw] tags=["card:q4"]
# title = "Two opposite conventions"
# kind = "complete"
# difficulty = 3
# minutes = 10
# teaches = "torch has two Boolean conventions; a key counts if no mask blocks it"
# assigned = true
#
# [answers]
# to_allowed = "function -> tensor"
#
# [raised]
# "must match the size" = "The masks do not line up: each lacks one of the axes batch, query and key. Which one?"

# %% [markdown] tags=["statement:q4"]
# `nn.MultiheadAttention` takes two Boolean masks in which **True = blocked**: `attn_mask` with the axes `query key`, and
# `key_padding_mask` with `batch key`. `F.scaled_dot_product_attention` and this book take one mask in which **True = allowed**.
#
# Write `to_allowed(attn_mask, key_padding_mask)` from nothing. It returns one Boolean mask with the axes `batch query key`: a query
# may look at a key if neither mask blocks it. It takes any `attn_mask`, causal or not, with as many keys as queries or more or fewer.
# Torch raises no error for a mask of the wrong convention; it computes something else.
#
# **An example.** Two texts of three tokens, a causal `attn_mask`, and the last token of the first text is padding. Then query 2 of the
# first text may look at the keys 0 and 1, and query 2 of the second text at 0, 1 and 2.

# %% tags=["answer:q4"]
def to_allowed(attn_mask, key_padding_mask):
    ### BEGIN SOLUTION
    blocked = attn_mask[None, :, :] | key_padding_mask[:, None, :]
    return ~blocked
    ### END SOLUTION


# %% tags=["public-test:q4:1"]
# three tokens, the last one is padding
yes, no = True, False
causal_mask = torch.tensor([[no, yes, yes], [no, no, yes], [no, no, no]])
want = torch.tensor([[[yes, no, no], [yes, yes, no], [yes, yes, no]], [[yes, no, no], [yes, yes, no], [yes, yes, yes]]])
got = student.to_allowed(causal_mask, torch.tensor([[no, no, yes], [no, no, no]]))
assert got.dtype == torch.bool, f"The mask needs dtype torch.bool, it has {got.dtype}: in torch a float mask is added to the scores."
assert got.shape == (2, 3, 3), f"The mask needs shape (2, 3, 3): batch query key. It has {tuple(got.shape)}."
assert not same(got, want.logical_not()), "The mask is inverted: True still means blocked."
assert not got[1, 0, 2], "attn_mask blocks key 2 for query 0, and still it is allowed: one reason to block is enough."
assert not got[0, 2, 2], "Key 2 of the first text is padding, and still query 2 may look at it: the padding has no effect."
assert got[1, 0, 0], "Neither mask blocks key 0 for query 0 of the second text, and still it is blocked."
assert got[0, 2, 0], "Query 2 of the first text is padding and may look at key 0: padding blocks keys, not queries."
assert same(got, want), "A query may look at a key if neither mask blocks it: compare entry by entry."

# %% tags=["hidden-test:q4:2"]
# what each mask blocks
attn, pad = torch.rand(4, 4, generator=generator) > 0.6, torch.rand(2, 4, generator=generator) > 0.6
attn[0, 1] = attn[2, 0] = pad[0, 0] = pad[1, 2] = True  # some entries are fixed, so that every slip shows for every seed
attn[1, 0] = attn[2, 1] = pad[1, 0] = pad[1, 1] = False
by_key, by_query = pad[:, None, :].expand(2, 4, 4), pad[:, :, None].expand(2, 4, 4)
want = ~(attn | by_key)
got = student.to_allowed(attn, pad)
named = {
    "True still means blocked in your mask: it is inverted.": attn | by_key,
    "Only attn_mask is turned round: key_padding_mask is in the blocked convention too.": ~attn & by_key,
    "Only key_padding_mask is turned round: attn_mask is in the blocked convention too.": attn & ~by_key,
    "A key counts as allowed here if one of the masks allows it: both have to. One reason to block is enough.": ~(attn & by_key),
    "The padding blocks queries, not keys: its axis is the key's.": ~(attn | by_query),
    "The padding has no effect.": ~attn.expand(2, 4, 4),
    "attn_mask has no effect.": ~by_key,
    "Right for a causal attn_mask, wrong for others: use its entries.": torch.ones(4, 4).tril().bool() & ~by_key,
    "Queries and keys of attn_mask have changed places.": ~(attn.T | by_key),
}
for slip, table in named.items():
    assert not same(got, table), slip
assert same(got, want), "Right for a causal attn_mask, wrong for another one: a key is allowed if neither mask blocks it."

# %% tags=["hidden-test:q4:1"]
# more keys than queries
attn, pad = torch.rand(2, 5, generator=generator) > 0.6, torch.rand(3, 5, generator=generator) > 0.6
attn[1, 0] = pad[2, 4] = True
attn[0, 4] = pad[0, 4] = pad[1, 0] = False
want = torch.stack([~torch.stack([row | text for row in attn]) for text in pad])
got = student.to_allowed(attn, pad)
assert same(got, want), "Wrong for two queries and five keys: a query may look at a key if neither mask blocks it."


# %% [markdown] tags=["hint:q4"]
# When is a pair blocked: if both masks block it, or as soon as one of them does? Which operator on Boolean tensors says that?

# %% [markdown] tags=["hint:q4"]
# Both masks lack one of the axes `batch query key`, and not the same one. Indexing with `None` inserts an axis of length one, wherever you put it, and torch then repeats it.

# %% [markdown] tags=["hint:q4"]
# Follow one pair that is blocked: which value does it have in the masks that came in, and which one should it have in yours?

# %% [markdown] tags=["because:q4"]
# One reason to block is enough, so the two masks are joined by *or*, then turned round as a whole. That is the same as turning each
# round and joining by *and*. The padding mask speaks about keys: its axis goes last, and a new query axis goes in between.
# For `F.scaled_dot_product_attention` with heads, insert one more axis: `allowed[:, None]`.

# %% tags=["wrong:q4:0"]
# not turned round
# says: The mask is inverted: True still means blocked.
def to_allowed(attn_mask, key_padding_mask):
    return attn_mask[None] | key_padding_mask[:, None, :]


# %% tags=["wrong:q4:0"]
# one permission is enough
# says: attn_mask blocks key 2 for query 0, and still it is allowed: one reason to block is enough.
def to_allowed(attn_mask, key_padding_mask):
    return ~attn_mask[None] | ~key_padding_mask[:, None, :]


# %% tags=["wrong:q4:0"]
# padding on the queries
# says: Query 2 of the first text is padding and may look at key 0: padding blocks keys, not queries.
def to_allowed(attn_mask, key_padding_mask):
    return ~(attn_mask[None] | key_padding_mask[:, :, None])


# %% tags=["wrong:q4:0"]
# half turned round
# says: Key 2 of the first text is padding, and still query 2 may look at it: the padding has no effect.
def to_allowed(attn_mask, key_padding_mask):
    return ~attn_mask[None] & key_padding_mask[:, None, :]


# %% tags=["wrong:q4:3"]
# numbers for a mask
# says: The mask needs dtype torch.bool, it has torch.float32: in torch a float mask is added to the scores.
def to_allowed(attn_mask, key_padding_mask):
    return 1.0 - (attn_mask[None] | key_padding_mask[:, None, :]).float()


# %% tags=["wrong:q4:1"]
# every attn_mask is causal
# says: Right for a causal attn_mask, wrong for others: use its entries.
import torch

def to_allowed(attn_mask, key_padding_mask):
    return torch.ones(attn_mask.shape).tril().bool() & ~key_padding_mask[:, None]


# %% tags=["wrong:q4:3"]
# as many queries as keys
# says: Wrong for two queries and five keys: a query may look at a key if neither mask blocks it.
import torch

def to_allowed(attn_mask, key_padding_mask):
    tokens, texts = attn_mask.shape[0], key_padding_mask.shape[0]
    allowed = torch.zeros(texts, tokens, tokens, dtype=torch.bool)
    for text in range(texts):
        for query in range(tokens):
            for key in range(tokens):
                allowed[text, query, key] = not (attn_mask[query, key] or key_padding_mask[text, key])
    return allowed


# %% tags=["wrong:q4:0"]
# padding forgotten
# says: Key 2 of the first text is padding, and still query 2 may look at it: the padding has no effect.
def to_allowed(attn_mask, key_padding_mask):
    return ~attn_mask.expand(len(key_padding_mask), -1, -1)


# %% tags=["right:q4"]
# de Morgan
def to_allowed(attn_mask, key_padding_mask=None):
    return ~attn_mask & ~key_padding_mask.unsqueeze(1)


# %% tags=["right:q4"]
# sums
def to_allowed(attn_mask, key_padding_mask):
    return attn_mask.int() + key_padding_mask.int()[:, None] == 0


# %% tags=["right:q4"]
# loops
import torch


def to_allowed(attn_mask, key_padding_mask):
    (query, key), batch = attn_mask.shape, len(key_padding_mask)
    allowed = torch.zeros(batch, query, key, dtype=bool)
    for b in range(batch):
        for i in range(query):
            for j in range(key):
                allowed[b, i, j] = not (attn_mask[i, j] or key_padding_mask[b, j])
    return allowed


# %% [raw] tags=["card:q5"]
# title = "A decoder looks at a memory"
# kind = "experiment"
# difficulty = 3
# minutes = 20
# teaches = "which of two growing costs wins in the end is decided by what one more key adds to each"
# assigned = true
#
# [answers]
# meet_with_384 = "number or never"
# meet_with_1024 = "number or never"
# fewest_queries = "number"

# %% [markdown] tags=["statement:q5"]
# In self-attention queries and keys grow together. In *cross-attention* they do not: a decoder with a fixed number of queries
# looks at a memory of `keys` tokens. There are four projections here too: queries and outputs take one each for every query token, keys and
# values one each for every memory token. More keys mean more looking. Does looking win in the end?
#
# Take `dim = 384` and 12 heads. **Find by experiment** the number of keys from which the scores and the mixing together cost at
# least as many multiply-adds as the four projections. Where that never happens, write `"never"`:
#
# 1. `meet_with_384`: with 384 queries.
# 2. `meet_with_1024`: with 1024 queries. (Ten keys more or less count as right.)
# 3. `fewest_queries`: the smallest number of queries for which the two meet at all, at however many keys. This one exactly.
#
# Predict all three first. Afterwards, say why: what does *one more key* cost on either side?

# %% tags=["answer:q5"]
from transformer_edu.costs import attention_cost

### BEGIN SOLUTION

def lead(queries, keys):  # by how much the projections cost more
    cost = attention_cost(queries=queries, keys=keys, dim=384, heads=12)
    return cost.projections - (cost.scores + cost.mixing)


for queries in (64, 384, 385, 1024):
    print(queries, "queries:", [f"{lead(queries, keys):,}" for keys in (1, 1000, 1_000_000)])
### INSTEAD
# cost = attention_cost(queries=384, keys=100, dim=384, heads=12)
# print(f"projections {cost.projections:,}   scores and mixing {cost.scores + cost.mixing:,}")
### END SOLUTION

### BEGIN SOLUTION
meet_with_384 = "never"  # the lead does not change with the number of keys
meet_with_1024 = next(keys for keys in range(1, 10_000) if lead(1024, keys) <= 0)
fewest_queries = next(queries for queries in range(1, 1025) if lead(queries, 1_000_000) <= 0)
print(meet_with_384, meet_with_1024, fewest_queries)
### INSTEAD
# meet_with_384 = ...  # a number of keys, or "never"
# meet_with_1024 = ...
# fewest_queries = ...
### END SOLUTION

# %% tags=["public-test:q5:1"]
# 1024 queries
from transformer_edu.costs import attention_cost
def ahead(number):
    counted = attention_cost(queries=1024, keys=max(1, round(number)), dim=384, heads=12)
    return counted.scores + counted.mixing >= counted.projections
keys = student.meet_with_1024
assert keys != math.inf, "With 1024 queries they do meet: compare 100 keys with 1000."
assert keys != 768, "768 belongs to self-attention, where the queries grow with the keys: here they stay at 1024."
assert abs(keys - 3072) > 20, "One of the two products is missing: scores cost queries·keys·dim, and mixing as much again."
assert abs(keys - 307) > 5, "Three projections are too few: the one that joins the heads, for every query, counts too."
assert ahead(keys + 11), "At your number of keys the projections still cost more: take more keys."
assert not ahead(keys - 11), "Fewer keys are enough: at your number looking already costs more."

# %% tags=["hidden-test:q5:2"]
# 384 queries
met = student.meet_with_384
assert met != 768, "768 belongs to self-attention, where the queries grow with the keys: here they stay at 384."
assert met == math.inf, "Projections still cost more at your number of keys. Take ten times as many: does their lead shrink at all?"

# %% tags=["hidden-test:q5:2"]
# the fewest queries
fewest = student.fewest_queries
assert fewest != 384, "With 384 queries the lead of the projections never shrinks: that is the first question again."
assert fewest <= 385, "Fewer queries are enough, if the keys are many more: try a million keys."
assert fewest == 385, "For so few queries the projections' lead never shrinks: what does one more key cost on either side?"

# %% [markdown] tags=["hint:q5"]
# Print projections minus (scores + mixing) for 1, 1000 and 1000000 keys. What happens to it with 384 queries, with 1024?

# %% [markdown] tags=["hint:q5"]
# Both costs are straight lines in the number of keys. Where do the lines start, and how steep are they?

# %% [markdown] tags=["hint:q5"]
# Write what one more key adds to either side as a formula in queries and dim. What the queries and outputs themselves cost does not change. For how many queries is the line that starts lower the steeper one?

# %% [markdown] tags=["because:q5"]
# One more key costs $2 d^2$ multiply-adds for its projections (a key and a value), and $2 m d$ for looking: each of the $m$
# queries scores it and mixes its value. Both sides are straight lines in the number of keys, and the projections start higher, by
# the $2 m d^2$ of the queries and outputs. Looking catches up only if its line is steeper: $m > d$. With 384 queries the lines
# are parallel, and the projections stay ahead by the same 113,246,208. With 1024 they meet at $m d / (m - d) = 614.4$, so from 615
# keys on looking costs more; with 385 it takes 147,840 keys. In self-attention the queries grow too, so sooner or later there are
# enough. One thing this count leaves out: a decoder that writes token by token projects the memory once and keeps it.

# %% tags=["wrong:q5:2"]
# the answer of self-attention
# says: 768 belongs to self-attention, where the queries grow with the keys: here they stay at 1024.
meet_with_384, meet_with_1024, fewest_queries = 768, 768, 385

# %% tags=["wrong:q5:3"]
# two costs that look equal when rounded
# says: Projections still cost more at your number of keys. Take ten times as many: does their lead shrink at all?
meet_with_384, meet_with_1024, fewest_queries = 10_000_000, 615, 385

# %% tags=["wrong:q5:4"]
# never for every number of queries
# says: With 1024 queries they do meet: compare 100 keys with 1000.
meet_with_384, meet_with_1024, fewest_queries = "never", "never", 385

# %% tags=["wrong:q5:4"]
# self-attention with 1024 queries
# says: 768 belongs to self-attention, where the queries grow with the keys: here they stay at 1024.
meet_with_384, meet_with_1024, fewest_queries = "never", 768, 385

# %% tags=["wrong:q5:2"]
# scores without mixing
# says: One of the two products is missing: scores cost queries·keys·dim, and mixing as much again.
meet_with_384, meet_with_1024, fewest_queries = "never", 3072, 769

# %% tags=["wrong:q5:4"]
# three projections
# says: Three projections are too few: the one that joins the heads, for every query, counts too.
meet_with_384, meet_with_1024, fewest_queries = "never", 308, 385

# %% tags=["wrong:q5:4"]
# only powers of two, the one above
# says: Fewer keys are enough: at your number looking already costs more.
meet_with_384, meet_with_1024, fewest_queries = "never", 1024, 385

# %% tags=["wrong:q5:4"]
# only powers of two, the one below
# says: At your number of keys the projections still cost more: take more keys.
meet_with_384, meet_with_1024, fewest_queries = "never", 512, 385

# %% tags=["wrong:q5:3"]
# as many queries as dim
# says: With 384 queries the lead of the projections never shrinks: that is the first question again.
meet_with_384, meet_with_1024, fewest_queries = "never", 615, 384

# %% tags=["wrong:q5:3"]
# searched up to 10000 keys
# says: Fewer queries are enough, if the keys are many more: try a million keys.
meet_with_384, meet_with_1024, fewest_queries = "never", 615, 400

# %% tags=["wrong:q5:3"]
# half of dim
# says: For so few queries the projections' lead never shrinks: what does one more key cost on either side?
meet_with_384, meet_with_1024, fewest_queries = "never", 615, 192

# %% tags=["right:q5"]
# by thought
meet_with_384, meet_with_1024, fewest_queries = float("inf"), 1024 * 384 / (1024 - 384), 384 + 1


# %% [raw] tags=["card:q6"]
# title = "What of a query reaches the output"
# kind = "derive"
# difficulty = 5
# minutes = 40
# teaches = "how a small move of the query reaches the output, by way of all the weights at once"
# assigned = true
# forbid = ["jacobian", "jacrev", "jacfwd", "jvp", "vjp", "grad", "backward", "linearize", "hessian", "hvp", "vhp", "make_dual", "forward_ad", "_softmax_backward_data", "softmax_jacobian", "query_jacobian"]
#
# [answers]
# output_jacobian = "function -> tensor"

# %% [markdown] tags=["statement:q6"]
# This one needs the softmax chapter (`softmax/q4`). One query $q$ looks at keys $k_j$ with values $v_j$:
#
# $$p = \mathrm{softmax}(c\, K q), \qquad o = \sum_j p_j v_j, \qquad c = \texttt{scale}.$$
#
# **Derive** the Jacobian $\partial o / \partial q$, a table of `value_dim` × `head_dim` numbers, from $p$, $K$, $V$ and $c$. Then write
# `output_jacobian(weights, keys, values, scale)`: `weights` has the axis `key`, `keys` has `key head_dim`, `values` has
# `key value_dim`, `scale` is a number. Work it out: automatic differentiation and the package's Jacobians are not allowed here. It has to hold for any number of keys, and for any weights that are not negative and sum to 1.
#
# **One number first: `value_dim = head_dim = 1`.** Then $q$, $o$ and every $k_j$ and $v_j$ are numbers, and so is $\partial o / \partial q$.
# Take two keys, 2 and 0, with the values 3 and 1, and $c = 1$. At $q = 0$ both weights are ½, so $o = 2$. At $q = 0.01$ the scores
# are 0.02 and 0, the weights 0.505 and 0.495, and $o = 2.01$. So the table that you return here holds one number, 1.
#
# Derive that one number in general, from $\partial p_j / \partial q$. Then let $k_j$ and $v_j$ become vectors again. Look at your
# result, for yourself: which well-known quantity of statistics is it?

# %% tags=["answer:q6"]
def output_jacobian(weights, keys, values, scale):
    ### BEGIN SOLUTION
    mean_key = weights @ keys
    mean_value = weights @ values
    return scale * (weights[:, None] * (values - mean_value)).T @ (keys - mean_key)
    ### END SOLUTION


# %% tags=["public-test:q6:1"]
# one number
half, key, value = torch.tensor([0.5, 0.5]), torch.tensor([[2.0], [0.0]]), torch.tensor([[3.0], [1.0]])
want = torch.tensor([[1.0]])
got = student.output_jacobian(half, key, value, 1.0)
assert got.shape == (1, 1), f"A table of value_dim × head_dim has shape (1, 1) here, yours has {tuple(got.shape)}."
assert not same(got, 3 * want), "Only the numerators of the weights move in your formula: the sum below them moves too."
assert not same(got, 2 * want), "The weights are missing: each key counts with its own."
assert not same(got, 1.5 * want), "A score moves the other weights too: p·(1 − p) is the diagonal of the Jacobian alone."
assert not same(got, -want), "The sign is turned: a query that moves towards a key gets more of its value."
assert same(got, want), "The example of the text has to give 1: q moves by 0.01, and o from 2 to 2.01."
farther = student.output_jacobian(half, 2 * key, value, 1.0)
table = student.output_jacobian(half, torch.ones(2, 4), torch.ones(2, 3), 1.0)
assert table.shape != (4, 3), "The table is transposed: the axes are value_dim, then head_dim."
assert table.shape == (3, 4), f"Values of 3 numbers and keys of 4 need a table of shape (3, 4), yours is {tuple(table.shape)}."
assert same(farther, 2 * want), "Keys that lie twice as far apart need twice the change: the scores move twice as fast."

# %% tags=["hidden-test:q6:3"]
# against autograd
query, keys = torch.randn(3, generator=generator), torch.randn(6, 3, generator=generator)
values, scale = torch.randn(6, 4, generator=generator), 0.7
p = torch.softmax(scale * keys @ query, -1)
want = torch.autograd.functional.jacobian(lambda q: torch.softmax(scale * keys @ q, -1) @ values, query)
got = student.output_jacobian(p, keys, values, scale)
assert not same(got, want.T), "The table is transposed: the axes are value_dim, then head_dim."
assert got.shape == (4, 3), f"The table needs shape (4, 3): value_dim head_dim. It has {tuple(got.shape)}."
weighed = scale * (p[:, None] * values).T
slips = {
    "The scale is missing: the scores are scale · k·q.": want / scale,
    "Only the numerators of the weights move here: what does the sum below them do?": weighed @ keys,
    "The weights are missing: key j counts with its weight p.": scale * values.T @ (keys - p @ keys),
    "The mean that you subtract is a plain one: it has to be a mean under the weights.": weighed @ (keys - keys.mean(0)),
    "p·(1 − p) is the diagonal of the Jacobian: a score moves the other weights too.": (weighed * (1 - p)) @ keys,
    "A query that moves towards a key gets more of its value: the sign is turned.": -want,
}
for slip, numbers in slips.items():
    assert not same(got, numbers), slip
assert same(got, want), "Right in the example, wrong for other weights, scales or vectors: the table differs from autograd's."

# %% tags=["hidden-test:q6:1"]
# one-hot weights
one, keys = torch.tensor([0.0, 1.0, 0.0]), torch.randn(3, 2, generator=generator)
values = torch.randn(3, 5, generator=generator)
spread = student.output_jacobian(torch.full((3,), 1 / 3), keys, values, 1.0)
assert spread.abs().sum() > 0.01, "With even weights the query does change the output: the table must not be 0."
got = student.output_jacobian(one, keys, values, 1.0)
assert got.shape == (5, 2), f"The table needs shape (5, 2): value_dim head_dim. It has {tuple(got.shape)}."
assert same(got, torch.zeros(5, 2)), "With one-hot weights no small move of the query changes the output: the table is 0."

# %% tags=["hidden-test:q6:1"]
# values that are all the same
p = torch.softmax(torch.randn(5, generator=generator), 0)
alike = torch.randn(1, 2, generator=generator).expand(5, 2).clone()
keys, apart = torch.randn(5, 4, generator=generator), torch.randn(5, 2, generator=generator)
moved = student.output_jacobian(p, keys, apart, 2.0)
assert moved.abs().sum() > 0.01, "With values that differ the query does change the output: the table must not be 0."
got = student.output_jacobian(p, keys, alike, 2.0)
assert got.shape == (2, 4), f"The table needs shape (2, 4): value_dim head_dim. It has {tuple(got.shape)}."
assert same(got, torch.zeros(2, 4)), "If all values are the same, so is every mean of them: the query changes nothing, the table is 0."


# %% [markdown] tags=["hint:q6"]
# If q moves by u, score j moves by c·(kⱼ·u), for numbers and for vectors. Put these moves into the answer of softmax/q4.

# %% [markdown] tags=["hint:q6"]
# softmax/q4 subtracts the mean of all moves, under the weights. What is that mean here, where a move is c·(kⱼ·u)?

# %% [markdown] tags=["hint:q6"]
# The output moves by the sum of (move of weight j) times vⱼ. Let u be one axis of q after the other: each gives one column of the table. In a cell of your own, compare with `torch.autograd.functional.jacobian`.

# %% [markdown] tags=["because:q6"]
# If $q$ moves by $u$, score $j$ moves by $c\, k_j \cdot u$. By `softmax/q4` weight $j$ moves by $p_j\, c\,(k_j - \bar k) \cdot u$ with the
# mean key $\bar k = \sum_j p_j k_j$. So $\partial o / \partial q = c \sum_j p_j\, v_j (k_j - \bar k)^\top$, and since
# $\sum_j p_j (k_j - \bar k) = 0$, the mean value may be subtracted as well: $c$ times the **covariance of values and keys under the
# attention weights**. One-hot weights have no spread, so nothing of the query reaches the output. And a query learns from a key only as far
# as its value differs from what it already gets.

# %% tags=["wrong:q6:3"]
# scale forgotten
# says: The scale is missing: the scores are scale · k·q.
def output_jacobian(weights, keys, values, scale):
    return (weights[:, None] * values).T @ (keys - weights @ keys)


# %% tags=["wrong:q6:0"]
# weights stay put
# says: Only the numerators of the weights move in your formula: the sum below them moves too.
def output_jacobian(weights, keys, values, scale):
    return scale * (weights[:, None] * values).T @ keys


# %% tags=["wrong:q6:1"]
# diagonal only
# says: A score moves the other weights too: p·(1 − p) is the diagonal of the Jacobian alone.
def output_jacobian(weights, keys, values, scale):
    return scale * ((weights * (1 - weights))[:, None] * values).T @ keys


# %% tags=["wrong:q6:0"]
# transposed
# says: The table is transposed: the axes are value_dim, then head_dim.
def output_jacobian(weights, keys, values, scale):
    return scale * (keys - weights @ keys).T @ (weights[:, None] * values)


# %% tags=["wrong:q6:1"]
# plain mean
# says: The mean that you subtract is a plain one: it has to be a mean under the weights.
def output_jacobian(weights, keys, values, scale):
    return scale * (weights[:, None] * values).T @ (keys - keys.mean(0))


# %% tags=["wrong:q6:0"]
# for single numbers alone
# says: Values of 3 numbers and keys of 4 need a table of shape (3, 4), yours is (1, 1).
def output_jacobian(weights, keys, values, scale):
    key, value = keys[:, 0], values[:, 0]
    return (scale * (weights * value * (key - (weights * key).sum())).sum()).reshape(1, 1)


# %% tags=["wrong:q6:0"]
# no weights
# says: The weights are missing: each key counts with its own.
def output_jacobian(weights, keys, values, scale):
    return scale * values.T @ (keys - weights @ keys)


# %% tags=["wrong:q6:2"]
# the sign
# says: The sign is turned: a query that moves towards a key gets more of its value.
def output_jacobian(weights, keys, values, scale):
    return scale * (weights[:, None] * values).T @ (weights @ keys - keys)


# %% tags=["wrong:q6:0"]
# autograd in the answer
# says: Your answer uses `jacobian`, which this exercise does not allow.
import torch

def output_jacobian(weights, keys, values, scale):
    def output(move):
        return torch.softmax(weights.log() + scale * keys @ move, -1) @ values
    return torch.autograd.functional.jacobian(output, torch.zeros(keys.shape[1]))


# %% tags=["right:q6"]
# einsum over the Jacobian
import torch


def output_jacobian(weights, keys, values, scale):
    jacobian = torch.diag(weights) - torch.outer(weights, weights)
    return scale * torch.einsum("jv,ji,id->vd", values, jacobian, keys)


# %% tags=["right:q6"]
# a loop, in double precision
import torch


def output_jacobian(weights, keys, values, scale=1.0):
    mean, table = weights @ keys, torch.zeros(values.shape[1], keys.shape[1], dtype=torch.float64)
    for p, key, value in zip(weights, keys, values):
        table += scale * p * torch.outer(value, key - mean)
    return table


# %% tags=["right:q6"]
# covariance as a difference of means
import torch


def output_jacobian(weights, keys, values, scale):
    both = torch.einsum("j,jv,jd->vd", weights, values, keys)
    return scale * (both - torch.outer(weights @ values, weights @ keys))


# %% tags=["right:q6"]
# a column of ones
import torch


def output_jacobian(weights, keys, values, scale):
    mean = torch.ones(len(weights), 1) @ (weights @ keys)[None]
    return scale * values.T @ torch.diag(weights) @ (keys - mean)


# %% [raw] tags=["card:q7"]
# title = "A head that looks back"
# kind = "experiment"
# difficulty = 3
# minutes = 12
# teaches = "what a head does can be measured in one number"
# assigned = false
#
# [answers]
# previous_share = "function -> tensor"

# %% [markdown] tags=["statement:q7"]
# Some heads of trained models look at the token before. Which ones? Turn the question into a number: `previous_share(weights)` takes
# weights with the axes `layer head query key` and returns, with the axes `layer head`, the mean weight that a token gives to the
# token right before it. The first token (number 0 in code, position 1 in the explorer) has none before it, so it does not count.
#
# When the check passes, look at a real model. This cell prints layers and heads counted from 1, as the explorer does. It works
# where MiniLM's weights are at hand, and says so where they are not:
#
# ```python
# from transformer_edu.minilm import load_minilm, MissingWeights, read
#
# try:
#     shares = previous_share(read(load_minilm(), "The old man the boat, and the young man the oars.").weights)
#     layer, head = divmod(shares.argmax().item(), shares.shape[1])
#     print(f"layer {layer + 1}, head {head + 1}: {shares.max():.4f}. Median of all heads: {shares.median():.2f}")
# except MissingWeights as missing:
#     print(missing)
# ```
#
# Does the same head win for a sentence of your own? A head without any preference scores 1 / (number of tokens).

# %% tags=["answer:q7"]
def previous_share(weights):
    ### BEGIN SOLUTION
    return weights.diagonal(offset=-1, dim1=-2, dim2=-1).mean(dim=-1)
    ### END SOLUTION


# %% tags=["public-test:q7:1"]
# random heads
weights = torch.softmax(torch.randn(2, 3, 5, 5, generator=generator), -1)
def along(offset):
    return weights.diagonal(offset=offset, dim1=-2, dim2=-1)
want = along(-1).mean(-1)
got = student.previous_share(weights)
wrapped = along(-1).sum(-1) + weights[..., 0, -1]
first = "Your loop starts at i = 0, and index −1 is the last token: start at i = 1."
assert not same(got, wrapped / 5) and not same(got, wrapped / 4), first
likely = {
    "You read one above the diagonal, the next token. Queries are rows: the token before is one below.": along(1).mean(-1),
    "You read the diagonal itself: how much a token looks at itself.": along(0).mean(-1),
    "You look two tokens back.": along(-2).mean(-1),
    "That is the sum over all tokens: take the mean.": along(-1).sum(-1),
    "You divide by the number of tokens: the first has none before it, so the mean runs over one fewer.": along(-1).sum(-1) / 5,
    "That is the mean over all heads too: keep one number for each head.": along(-1).mean(-1).mean(-1),
}
for mistake, numbers in likely.items():
    assert not same(got, numbers), mistake
assert got.shape == (2, 3), f"The result needs shape (2, 3): layer head. It has {tuple(got.shape)}. Queries and keys are the last two axes."
assert same(got, want), "Take the entries (query i, key i − 1) for i = 1, 2, … and their mean, for each head."

# %% tags=["public-test:q7:1"]
# a head that only looks back
back = torch.eye(4).roll(-1, dims=1)
want = torch.tensor([[1.0, 0.0]])
got = student.previous_share(torch.stack([back, torch.eye(4)])[None])
assert same(got, want), "A head in which every token looks at the one before needs 1.0, one that looks at itself 0."


# %% [markdown] tags=["hint:q7"]
# Which entries (query, key) of the table belong to the token before? Write them down for four tokens: (1, 0), …

# %% [markdown] tags=["hint:q7"]
# They form the diagonal one below the main one: `weights.diagonal(offset=-1, dim1=-2, dim2=-1)`.

# %% [markdown] tags=["hint:q7"]
# The diagonal has n − 1 entries and is the last axis now: take its mean.

# %% [markdown] tags=["because:q7"]
# The entry (query, key) = (i, i − 1) lies one below the diagonal, `offset=-1`, and there are n − 1 of them. In PyTorch the diagonal
# becomes the last axis, so the mean over it leaves `layer head`. In MiniLM one head of the first layer does almost nothing else,
# and it wins for every sentence that we tried. The runners-up trade places. A number that names a head holds for the texts that
# it was measured on: repeat it on others before you believe it.

# %% tags=["wrong:q7:0"]
# the next token
# says: You read one above the diagonal, the next token. Queries are rows: the token before is one below.
def previous_share(weights):
    return weights.diagonal(offset=1, dim1=-2, dim2=-1).mean(dim=-1)


# %% tags=["wrong:q7:0"]
# the token itself
# says: You read the diagonal itself: how much a token looks at itself.
def previous_share(weights):
    return weights.diagonal(dim1=-2, dim2=-1).mean(dim=-1)


# %% tags=["wrong:q7:0"]
# one too many in the mean
# says: You divide by the number of tokens: the first has none before it, so the mean runs over one fewer.
def previous_share(weights):
    return weights.diagonal(offset=-1, dim1=-2, dim2=-1).sum(dim=-1) / weights.shape[-1]


# %% tags=["wrong:q7:0"]
# wrong two axes
# says: The result needs shape (2, 3): layer head. It has (5, 5). Queries and keys are the last two axes.
def previous_share(weights):
    return weights.diagonal(offset=-1).mean(dim=-1)


# %% tags=["wrong:q7:1"]
# a loop from the first token
# says: Your loop starts at i = 0, and index −1 is the last token: start at i = 1.
import torch


def previous_share(weights):
    tokens = weights.shape[-1]
    return torch.stack([weights[..., i, i - 1] for i in range(tokens)]).mean(0)


# %% tags=["wrong:q7:0"]
# a loop from the first token, one fewer in the mean
# says: Your loop starts at i = 0, and index −1 is the last token: start at i = 1.
def previous_share(weights):
    tokens = weights.shape[-1]
    return sum(weights[..., i, i - 1] for i in range(tokens)) / (tokens - 1)


# %% tags=["right:q7"]
# a loop
def previous_share(weights):
    tokens = weights.shape[-1]
    return sum(weights[:, :, i, i - 1] for i in range(1, tokens)) / (tokens - 1)


# %% tags=["right:q7"]
# indices, double
import torch


def previous_share(weights):
    token = torch.arange(1, weights.size(-1))
    return weights.double()[..., token, token - 1].mean(-1)


# %% tags=["right:q7"]
# shifted table, einsum
import torch


def previous_share(weights):
    return torch.einsum("lhii->lh", weights[..., 1:, :-1]) / (weights.shape[-1] - 1)


# %% [raw] tags=["card:q8"]
# title = "How many looks are allowed?"
# kind = "predict"
# difficulty = 2
# minutes = 10
# teaches = "a mask is a set of pairs, and counting them shows what it leaves out"
# assigned = true
# mine = [20, 14, 16, 18, 22, 24, 26, 30]
#
# [answers]
# warm_up = "number"
# causal_pairs = "number"
# window_pairs = "number"
# padded_pairs = "number"

# %% [markdown] tags=["statement:q8"]
# A mask says for each pair (query, key) whether the query may look at the key. With `tokens` tokens there are `tokens` × `tokens` pairs.
# How many of them are allowed? How many tokens there are depends on your `student_id`; the cell prints your own number.
#
# **Worked.** 3 tokens and a causal mask: the first token looks at 1 token (itself), the second at 2, the third at 3. That makes 6
# of the 9 pairs.
#
# **Predict**, on paper, the number of allowed pairs:
#
# 1. `warm_up`: 4 tokens (not your own number) and a causal sliding window of 2: the token itself and the one before it, where there
#    is one.
# 2. `causal_pairs`: your own number of tokens, and a causal mask.
# 3. `window_pairs`: your own number, and a causal sliding window of 4: the token itself and the three before it, as far as there are any.
# 4. `padded_pairs`: your own number and a causal mask without a window, but the last 3 of the tokens are padding. Nobody may look at
#    padding, not even the padding tokens themselves. They still ask, as queries.

# %% tags=["answer:q8"]
from transformer_edu.exercises import mine

tokens = mine("attention/q8")
print("your number of tokens:", tokens)

### BEGIN SOLUTION
warm_up = 1 + 2 + 2 + 2
causal_pairs = tokens * (tokens + 1) // 2
window_pairs = 4 * tokens - 6  # the first three tokens lack 3, 2 and 1 keys
padded_pairs = causal_pairs - 6  # the padding tokens lack 1, 2 and 3 keys
### INSTEAD
# warm_up = ...  # for everyone: 4 tokens, a causal window of 2
# causal_pairs = ...
# window_pairs = ...
# padded_pairs = ...
### END SOLUTION

# %% tags=["public-test:q8:1"]
# the case for everyone
count = student.warm_up
assert count != 8, "The first token has no token before it: its row holds one pair, not two."
assert count != 10, "That is the causal mask without a window: here the third and the fourth token look at two tokens each."
assert count not in (3, 9), "A window of 2 holds two tokens, and the token itself is one of them."
assert count == 7, "Count row by row: at how many tokens does each of the four look?"

# %% tags=["public-test:q8:0"]
# the form of your own answers
for name in ("causal_pairs", "window_pairs", "padded_pairs"):
    pairs = getattr(student, name)
    assert pairs == round(pairs), "A number of pairs is a whole number."
    assert 0 < pairs <= mine**2, "Some pairs are allowed, and there are no more than tokens × tokens of them."

# %% tags=["hidden-test:q8:1"]
# causal
counted, spots = student.causal_pairs, torch.arange(mine)
back = spots[:, None] - spots
assert counted != mine**2, "Those are all pairs: a causal mask blocks those with a key after the query."
assert counted != (back > 0).sum(), "A token also looks at itself: the diagonal is missing."
assert counted != mine**2 / 2, "Half of the square cuts the diagonal in two: a token looks at all of itself."
assert counted == (back >= 0).sum(), "Add up the rows: 1 + 2 + 3 + … up to your number of tokens."

# %% tags=["hidden-test:q8:1"]
# a causal window of 4
counted, spots = student.window_pairs, torch.arange(mine)
reach = spots[:, None] - spots
def pairs_within(least, most):
    return ((reach >= least) & (reach <= most)).sum()
assert counted != 4 * mine, "The first three tokens have fewer than three tokens before them."
assert counted != 4 * (mine - 3), "The first three tokens look too: at 1, 2 and 3 tokens."
assert counted != pairs_within(0, 4), "The token itself is one of the 4: the window reaches three back."
assert counted not in (pairs_within(0, 2), pairs_within(1, 3)), "A window of 4 holds four tokens: the token itself and three before it."
assert counted != pairs_within(-3, 3), "A causal window looks back only: the three tokens after it are blocked."
assert counted == pairs_within(0, 3), "Four pairs in every row but the first three: how many are there in those?"

# %% tags=["hidden-test:q8:2"]
# causal, with padding at the end
counted, real, spots = student.padded_pairs, mine - 3, torch.arange(mine)
seen = spots <= spots[:, None]
assert counted != seen.sum(), "The padding has no effect in your count: not even padding tokens look at padding."
assert counted != seen[:real, :real].sum(), "The padding tokens still ask: they look at all real tokens before them."
assert counted != mine * real, "That is without the causal mask: a real token looks at no token after it."
assert counted != seen.sum() - 3 * mine, "Most pairs with padding as the key were blocked already: those of the causal mask."
assert counted == seen[:, :real].sum(), "Take the causal count. Which of its pairs have padding as the key?"

# %% [markdown] tags=["hint:q8"]
# Draw the table for 5 tokens: a row for each query, a column for each key. Mark the allowed pairs and count them row by row.

# %% [markdown] tags=["hint:q8"]
# In which rows of the window is the count smaller than the window? Most rows are full.

# %% [markdown] tags=["hint:q8"]
# Padding: which columns are forbidden? In which rows had the causal mask left something of them?

# %% [markdown] tags=["because:q8"]
# With $n$ tokens the rows of a causal mask hold 1, 2, …, $n$ pairs, $n(n + 1)/2$ in all: a little more than half, because the diagonal is
# whole. A causal window of 4 has 4 in every row but the first three, which lack 3, 2 and 1: $4n - 6$. It grows with $n$, not with $n^2$, and that
# is what a window is for. The last three tokens are padding: a causal mask already hides them from all real tokens, and only the padding
# rows lose something, 1, 2 and 3 pairs. So it is $n(n + 1)/2 - 6$. In a causal model padding at the *end* therefore changes nothing for the real
# tokens; padding in front would.

# %% tags=["wrong:q8:0"]
# a token does not look at itself
# says: A window of 2 holds two tokens, and the token itself is one of them.
warm_up, causal_pairs = 3, tokens * (tokens - 1) // 2
window_pairs, padded_pairs = 3 * tokens - 6, (tokens - 3) * (tokens - 4) // 2

# %% tags=["wrong:q8:3"]
# every window is full
# says: The first token has no token before it: its row holds one pair, not two.
warm_up, causal_pairs, window_pairs, padded_pairs = 8, tokens * (tokens + 1) // 2, 4 * tokens, tokens * (tokens + 1) // 2 - 6

# %% tags=["wrong:q8:4"]
# a full window for one's own number
# says: The first three tokens have fewer than three tokens before them.
warm_up, causal_pairs, window_pairs, padded_pairs = 7, tokens * (tokens + 1) // 2, 4 * tokens, tokens * (tokens + 1) // 2 - 6

# %% tags=["wrong:q8:2"]
# half of the square
# says: Half of the square cuts the diagonal in two: a token looks at all of itself.
warm_up, causal_pairs, window_pairs, padded_pairs = 7, tokens**2 / 2, 4 * tokens - 6, tokens**2 / 2 - 6

# %% tags=["wrong:q8:2"]
# all pairs
# says: Those are all pairs: a causal mask blocks those with a key after the query.
warm_up, causal_pairs, window_pairs, padded_pairs = 7, tokens**2, 4 * tokens - 6, tokens * (tokens - 3)

# %% tags=["wrong:q8:3"]
# four before the token
# says: A window of 2 holds two tokens, and the token itself is one of them.
warm_up, causal_pairs = 9, tokens * (tokens + 1) // 2
window_pairs, padded_pairs = 5 * tokens - 10, causal_pairs - 6

# %% tags=["wrong:q8:4"]
# a window of 4 that reaches four back
# says: The token itself is one of the 4: the window reaches three back.
warm_up, causal_pairs = 7, tokens * (tokens + 1) // 2
window_pairs, padded_pairs = 5 * tokens - 10, causal_pairs - 6

# %% tags=["wrong:q8:4"]
# a window to both sides
# says: A causal window looks back only: the three tokens after it are blocked.
warm_up, causal_pairs = 7, tokens * (tokens + 1) // 2
window_pairs, padded_pairs = 7 * tokens - 12, causal_pairs - 6

# %% tags=["wrong:q8:3"]
# padding does not ask
# says: The padding tokens still ask: they look at all real tokens before them.
warm_up, causal_pairs = 7, tokens * (tokens + 1) // 2
window_pairs, padded_pairs = 4 * tokens - 6, (tokens - 3) * (tokens - 2) // 2

# %% tags=["wrong:q8:3"]
# three whole columns
# says: Most pairs with padding as the key were blocked already: those of the causal mask.
warm_up, causal_pairs = 7, tokens * (tokens + 1) // 2
window_pairs, padded_pairs = 4 * tokens - 6, causal_pairs - 3 * tokens

# %% tags=["wrong:q8:3"]
# padding has no effect
# says: The padding has no effect in your count: not even padding tokens look at padding.
warm_up, causal_pairs = 7, tokens * (tokens + 1) // 2
window_pairs, padded_pairs = 4 * tokens - 6, causal_pairs

# %% tags=["wrong:q8:3"]
# padding without the causal mask
# says: That is without the causal mask: a real token looks at no token after it.
warm_up, causal_pairs = 7, tokens * (tokens + 1) // 2
window_pairs, padded_pairs = 4 * tokens - 6, tokens * (tokens - 3)

# %% tags=["wrong:q8:1"]
# another student's number of tokens
# says: Add up the rows: 1 + 2 + 3 + … up to your number of tokens.
warm_up, causal_pairs, window_pairs, padded_pairs = 7, 10 * 11 // 2, 4 * 10 - 6, 10 * 11 // 2 - 6

# %% tags=["wrong:q8:1"]
# a share for a number
# says: A number of pairs is a whole number.
warm_up, causal_pairs, window_pairs, padded_pairs = 7, 0.5, 0.2, 0.4

# %% tags=["right:q8"]
# counted with the package's masks
from transformer_edu.attention import all_of, causal, mask_from, sliding_window

warm_up = mask_from(all_of(causal, sliding_window(2)), queries=4, keys=4).sum()
causal_mask = mask_from(causal, queries=tokens, keys=tokens)
causal_pairs = causal_mask.sum()
window_pairs = mask_from(all_of(causal, sliding_window(4)), queries=tokens, keys=tokens).sum()
padded_pairs = causal_mask[:, : tokens - 3].sum()

# %% tags=["right:q8"]
# pair by pair
pairs = [(query, key) for query in range(tokens) for key in range(tokens) if key <= query]
warm_up, causal_pairs = 7.0, len(pairs)
window_pairs = len([1 for query, key in pairs if query - key < 4])
padded_pairs = len([1 for query, key in pairs if key < tokens - 3])

# %% [raw] tags=["card:q9"]
# title = "Who notices?"
# kind = "predict"
# difficulty = 2
# minutes = 10
# teaches = "a change travels to those who read it: by the mask, and by where keys and values come from"
# assigned = false
#
# [answers]
# past = "numbers"
# asks = "numbers"
# read = "numbers"
# layer = "numbers"

# %% [markdown] tags=["statement:q9"]
# A translation has 4 source tokens (0 to 3) and 6 target tokens (0 to 5), counted from 0 as in code. One token is replaced by
# another; all other inputs stay. All weights of allowed keys are positive.
#
# **Worked.** In the encoder's self-attention (no mask) source token 1 is replaced. Every source token reads it, so the outputs
# 0, 1, 2 and 3 move.
#
# **Predict**, as lists of token numbers, which outputs move:
#
# 1. `past`: causal self-attention of the target, and *target* token 2 is replaced.
# 2. `asks`: encoder-decoder attention (the target looks at the source), and *target* token 2 is replaced.
# 3. `read`: encoder-decoder attention, and *source* token 1 is replaced.
# 4. `layer`: a decoder layer, that is causal self-attention and then encoder-decoder attention on its outputs; *target* token 2
#    is replaced.

# %% tags=["answer:q9"]
### BEGIN SOLUTION
past = [2, 3, 4, 5]
asks = [2]
read = [0, 1, 2, 3, 4, 5]
layer = [2, 3, 4, 5]
### INSTEAD
# past = ...  # a list of token numbers, such as [0, 1]
# asks = ...
# read = ...
# layer = ...
### END SOLUTION

# %% tags=["public-test:q9:1"]
# causal self-attention
moved = student.past
assert moved != [3, 4, 5], "Token 2 also reads itself: the diagonal of a causal mask is allowed."
assert moved != [0, 1, 2], "Those come before it or are the token itself: a causal mask lets nobody look at what comes after."
assert moved != [2], "The tokens after it may look back at token 2, and do."
assert moved != list(range(6)), "Tokens 0 and 1 may not look at token 2: it lies in their future."
assert moved == [2, 3, 4, 5], "Which queries may look at key 2 under a causal mask?"

# %% tags=["public-test:q9:1"]
# a target token, in encoder-decoder attention
moved = student.asks
assert moved != [], "Token 2 asks with another query now, and gets another mean of the source."
assert moved != [2, 3, 4, 5], "That is self-attention. Here keys and values come from the source: no target token is read by anybody."
assert moved != list(range(6)), "Nobody reads target tokens here: keys and values come from the source."
assert moved != [0, 1, 2, 3], "The outputs belong to the target here, not to the source."
assert moved == [2], "What of target token 2 enters here: its query, its key, its value?"

# %% tags=["public-test:q9:1"]
# a source token, in encoder-decoder attention
moved = student.read
assert moved != [0, 1, 2, 3], "There is one output for each query, and the queries are the 6 target tokens."
assert moved != [1, 2, 3, 4, 5], "There is no causal mask towards the source: target token 0 reads all of it, too."
assert moved != [1], "Source token 1 is a key and a value, which every target token reads."
assert moved == [0, 1, 2, 3, 4, 5], "Who reads source token 1? And how many outputs are there?"

# %% tags=["public-test:q9:1"]
# both, one after the other
moved = student.layer
assert moved != [2], "That is the second part alone. The first part has already carried the change to later tokens."
assert moved != list(range(6)), "Nothing carries the change to tokens 0 and 1: the mask keeps it from them in the first part."
assert moved == [2, 3, 4, 5], "Follow the change through the first part. Whose queries have changed when the second part begins?"

# %% [markdown] tags=["hint:q9"]
# Ask for each output: which query made it, and which keys and values did it read?

# %% [markdown] tags=["hint:q9"]
# In encoder-decoder attention write down where queries, keys and values come from. Two of the three do not come from the target.

# %% [markdown] tags=["hint:q9"]
# For the layer, take the outputs that moved in 1 as the tokens that are replaced in 2.

# %% [markdown] tags=["because:q9"]
# An output moves if its query moved, or a key or value that it may read. In causal self-attention token 2 is read by itself and
# by all later tokens. In encoder-decoder attention a target token gives a query and nothing else, so its change stays with it;
# a source token is key and value for every query. In a layer the self-attention hands the change to tokens 3, 4 and 5, and each of
# these asks the source with another query then. So in a whole decoder nothing ever travels from a target token to an earlier
# one. The encoder-decoder part needs no causal mask for that.

# %% tags=["wrong:q9:2"]
# the target reads itself everywhere
# says: That is self-attention. Here keys and values come from the source: no target token is read by anybody.
past, asks, read, layer = [2, 3, 4, 5], [2, 3, 4, 5], [0, 1, 2, 3], [2, 3, 4, 5]

# %% tags=["wrong:q9:2"]
# causal towards the source
# says: There is no causal mask towards the source: target token 0 reads all of it, too.
past, asks, read, layer = [2, 3, 4, 5], [2], [1, 2, 3, 4, 5], [2]

# %% tags=["wrong:q9:2"]
# without the diagonal
# says: Token 2 also reads itself: the diagonal of a causal mask is allowed.
past, asks, read, layer = [3, 4, 5], [2], [0, 1, 2, 3, 4, 5], [3, 4, 5]

# %% tags=["wrong:q9:1"]
# everybody
# says: Tokens 0 and 1 may not look at token 2: it lies in their future.
past, asks, read, layer = range(6), range(6), range(6), range(6)

# %% tags=["right:q9"]
# sets and ranges
past, asks, read, layer = {5, 4, 3, 2}, (2,), range(6), range(2, 6)

# %% [raw] tags=["card:q10"]
# title = "A head that reads one neighbor"
# kind = "complete"
# difficulty = 4
# minutes = 25
# teaches = "a convolution is made of heads that look at one place each, and a border is a query without a key"
# assigned = true
# forbid = ["at_offset", "convolution_heads", "convolve_with_heads", "convolve_with_soft_heads", "soft_offsets", "unfold", "conv2d", "conv1d"]
#
# [answers]
# head_weights = "function -> tensor"
#
# [raised]
# "out of bounds" = "You write beyond the table: a neighbor outside the image is no key, and its row stays zero."
# "out of range" = "You write beyond the table: a neighbor outside the image is no key, and its row stays zero."

# %% [markdown] tags=["statement:q10"]
# An image of `height` × `width` pixels is a sequence of `height * width` tokens, counted line by line: pixel number `i` stands in
# line `i // width` and column `i % width`. A head that serves a convolution looks, from every pixel, at the one pixel that lies `rows`
# lines below and `columns` columns to the right (negative: above, to the left).
#
# Write `head_weights(height, width, rows, columns)` from nothing. It returns the weights of this head, with the axes `query key`: 1.0
# where the key is that neighbor, 0.0 elsewhere. A query whose neighbor lies outside the image has a row of zeros.
#
# **An example.** In an image of 2 lines and 3 columns the pixels are numbered
#
# $$\begin{matrix} 0 & 1 & 2 \\ 3 & 4 & 5 \end{matrix}$$
#
# `head_weights(2, 3, 1, 0)` looks one line down: query 0 looks at key 3, query 1 at key 4, query 2 at key 5. The rows 3, 4 and 5 are zeros.
#
# When the check passes, make a convolution of nine such heads, in a cell of your own:
#
# ```python
# import torch
#
# image, kernel = torch.randn(5, 7), torch.randn(3, 3)
# made = sum(kernel[1 + r, 1 + c] * head_weights(5, 7, r, c) @ image.flatten() for r in (-1, 0, 1) for c in (-1, 0, 1))
# wanted = torch.nn.functional.conv2d(image[None, None], kernel[None, None], padding=1)
# print((made - wanted.flatten()).abs().max())
# ```
#
# Is the difference a rounding error, also at the border? Why does a row of zeros do what a convolution's padding does?

# %% tags=["answer:q10"]
### BEGIN SOLUTION
import torch


def head_weights(height, width, rows, columns):
    pixel = torch.arange(height * width)
    line, column = pixel // width, pixel % width
    below = line[None, :] - line[:, None] == rows
    right = column[None, :] - column[:, None] == columns
    return (below & right).float()
### INSTEAD
# import torch
#
#
# def head_weights(height, width, rows, columns):
#     ...
### END SOLUTION


# %% tags=["public-test:q10:1"]
# one line down, in an image of 2 × 3
want = torch.zeros(6, 6)
want[0, 3] = want[1, 4] = want[2, 5] = 1.0
got = student.head_weights(2, 3, 1, 0)
assert got.shape == (6, 6), f"The weights need shape (6, 6): query key, one row and one column for each pixel. They have {tuple(got.shape)}."
assert not got.isnan().any(), "NaN: a query without a neighbor needs a row of zeros. A softmax over nothing is 0/0."
assert not same(got, want.mT), "Your head looks one line up: the row is the query, the column is the key that it looks at."
beside = torch.zeros(6, 6)
beside[0, 1] = beside[1, 2] = beside[3, 4] = beside[4, 5] = 1.0
assert not same(got, beside), "Your head looks to the right: rows come before columns."
assert (got[3:] == 0).all(), "Queries 3, 4 and 5 stand in the last line: nothing lies below them, and their rows need zeros."
assert same(got, want), "Query 0 has to look at key 3, query 1 at key 4, query 2 at key 5."

# %% tags=["hidden-test:q10:2"]
# the end of a line
want = torch.zeros(12, 12)
for line in range(3):
    for column in range(3):
        want[4 * line + column, 4 * line + column + 1] = 1.0
got = student.head_weights(3, 4, 0, 1)
wrapped = torch.diag(torch.ones(11), 1)
assert not same(got, wrapped), "The last pixel of a line looks at the first pixel of the next one. It is not its neighbor: it needs a row of zeros."
assert same(got, want), "Wrong for the neighbor on the right, in an image of 3 × 4. Which pixels have none?"

# %% tags=["hidden-test:q10:1"]
# any neighbor
tall, more = [int(size) for size in torch.randint(1, 4, (2,), generator=generator)]
tall, wide = 2 + tall, 2 + tall + more
down, over = [(-1, 1), (1, -1)][int(torch.randint(0, 2, (1,), generator=generator))]
picture = torch.arange(tall * wide).reshape(tall, wide)
want = torch.zeros(tall * wide, tall * wide)
for line in range(tall):
    for column in range(wide):
        if 0 <= line + down < tall and 0 <= column + over < wide:
            want[picture[line, column], picture[line + down, column + over]] = 1.0
got = student.head_weights(tall, wide, down, over)
assert same(got, want), "Wrong for a neighbor above or to the left. A negative offset can leave the image at the other side."

# %% tags=["hidden-test:q10:1"]
# far away
got = student.head_weights(4, 3, 0, 3)
assert same(got, torch.zeros(12, 12)), "In an image of 3 columns nobody has a neighbor 3 to the right: all rows need zeros."
got = student.head_weights(4, 3, -2, 0)
want = torch.zeros(12, 12)
for query in range(6, 12):
    want[query, query - 6] = 1.0
assert same(got, want), "Two lines up, in an image of 4 × 3: query 6 looks at key 0."

# %% [markdown] tags=["hint:q10"]
# Compute line and column of every pixel. For which pairs (query, key) is the difference of the lines `rows`, and that of the columns `columns`?

# %% [markdown] tags=["hint:q10"]
# Number the pixels of a small image on paper. Which pixel has the number after the last one of a line, and is it a neighbor?

# %% [markdown] tags=["hint:q10"]
# Two tables of `query key`, one for the lines and one for the columns: both have to hold. A row in which nothing holds is a row of zeros by itself.

# %% [markdown] tags=["because:q10"]
# A neighbor is a pair of differences, one of lines and one of columns, and both have to fit. Who adds `rows * width + columns` to the
# number of the pixel goes round the end of a line into the next one: the picture would be sewn together like a screw thread. With one
# such head for each place of the kernel, each scaled by that place's number, the sum is the convolution; several channels turn the number into
# a matrix. At the border a convolution reads zeros, and a query without a key gets zeros: the same thing, twice.

# %% tags=["wrong:q10:1"]
# round the end of a line
# says: The last pixel of a line looks at the first pixel of the next one. It is not its neighbor: it needs a row of zeros.
import torch


def head_weights(height, width, rows, columns):
    pixel = torch.arange(height * width)
    return (pixel[None, :] - pixel[:, None] == rows * width + columns).float()


# %% tags=["wrong:q10:0"]
# looks the other way
# says: Your head looks one line up: the row is the query, the column is the key that it looks at.
import torch


def head_weights(height, width, rows, columns):
    line, column = torch.arange(height * width) // width, torch.arange(height * width) % width
    return ((line[:, None] - line == rows) & (column[:, None] - column == columns)).float()


# %% tags=["wrong:q10:0"]
# rows and columns exchanged
# says: Your head looks to the right: rows come before columns.
import torch


def head_weights(height, width, rows, columns):
    line, column = torch.arange(height * width) // width, torch.arange(height * width) % width
    return ((line - line[:, None] == columns) & (column - column[:, None] == rows)).float()


# %% tags=["wrong:q10:0"]
# an even spread at the border
# says: Queries 3, 4 and 5 stand in the last line: nothing lies below them, and their rows need zeros.
import torch


def head_weights(height, width, rows, columns):
    line, column = torch.arange(height * width) // width, torch.arange(height * width) % width
    here = (line - line[:, None] == rows) & (column - column[:, None] == columns)
    return torch.softmax(torch.where(here, 0.0, -1e9), dim=-1)


# %% tags=["wrong:q10:0"]
# softmax over nothing
# says: NaN: a query without a neighbor needs a row of zeros. A softmax over nothing is 0/0.
import torch


def head_weights(height, width, rows, columns):
    line, column = torch.arange(height * width) // width, torch.arange(height * width) % width
    here = (line - line[:, None] == rows) & (column - column[:, None] == columns)
    return torch.softmax(torch.zeros(here.shape).masked_fill(~here, float("-inf")), dim=-1)


# %% tags=["wrong:q10:3"]
# negative places
# says: Wrong for a neighbor above or to the left. A negative offset can leave the image at the other side.
import torch


def head_weights(height, width, rows, columns):
    weights = torch.zeros(height * width, height * width)
    for line in range(height):
        for column in range(width):
            if line + rows < height and column + columns < width:
                weights[line * width + column, (line + rows) * width + column + columns] = 1.0
    return weights


# %% tags=["wrong:q10:0"]
# lines counted by the height
# says: Queries 3, 4 and 5 stand in the last line: nothing lies below them, and their rows need zeros.
import torch


def head_weights(height, width, rows, columns):
    line, column = torch.arange(height * width) // height, torch.arange(height * width) % height
    return ((line - line[:, None] == rows) & (column - column[:, None] == columns)).float()


# %% tags=["wrong:q10:0"]
# the package's rule
# says: Your answer uses `at_offset`, which this exercise does not allow.
from transformer_edu.attention import at_offset, mask_from


def head_weights(height, width, rows, columns):
    return mask_from(at_offset(rows, columns, width=width), queries=height * width, keys=height * width).float()


# %% tags=["right:q10"]
# loops
import torch


def head_weights(height, width, rows, columns):
    weights = torch.zeros(height * width, height * width)
    for line in range(height):
        for column in range(width):
            if 0 <= line + rows < height and 0 <= column + columns < width:
                weights[line * width + column, (line + rows) * width + column + columns] = 1
    return weights


# %% tags=["right:q10"]
# a product of two shifted identities, double
import torch


def head_weights(height, width, rows, columns):
    def shift(size, steps):
        return torch.diag(torch.ones(max(size - abs(steps), 0)), steps)[:size, :size] if abs(steps) < size else torch.zeros(size, size)

    return torch.kron(shift(height, rows), shift(width, columns)).double()
