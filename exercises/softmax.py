# %% [markdown] tags=["about"]
# # Exercises of the chapter "Softmax: why attention divides by √d"
#
# This file is the source of the chapter's exercises: it holds the solutions and the hidden tests. Nobody reads it on the
# page. `transformer-edu exercises build` makes the students' notebook and the page's cells of it, and checks that solutions get
# full marks, starters get none, and every wrong answer gets its points and its message.
#
# | exercise | kind | what it tests | minutes | points |
# |---|---|---|---|---|
# | q1 How far apart do scores lie? | predict | the spread of q·k grows with √head_dim | 5 | practice, 3 |
# | q2 A softmax that survives large scores | complete | the shift by the row's maximum, the temperature | 10 | practice, 6 |
# | q3 The mask that came too late | find the bug | a mask acts before softmax; an empty row gives zeros | 10 | practice, 4 |
# | q4 What a small change of the scores does | derive | the softmax Jacobian times a vector | 25 | practice, 2 |
# | q5 When is √d the right divisor? | experiment | √d follows from independent entries | 20 | **assigned, 5** |
# | q6 Two halves of a row | derive | the merge of two partial softmax sums | 25 | **assigned, 7** |
# | q7 How far ahead to take half? | predict | differences of scores decide; a number for each student | 10 | **assigned, 6** |
#
# **Assigned: 18 points, about 55 minutes.** The self-check exercises (15 practice points, about 50 minutes) have their solutions on
# the page. q1 prepares q5; q2 and q3 prepare q6.
#
# Mistakes that we expect, and that the messages name:
#
# * q5: giving the exponent of the variance (1 and 2) for that of the standard deviation; taking "larger by a factor of 2" for
#   "grows faster" (groups of four); measuring at one width only.
# * q6: adding the two sums as they are; the factors the wrong way round; `exp` of a maximum, which overflows at 1000 and is
#   0/0 at −1000; NaN where both halves are empty.
# * q7: counting the leader among the others (ln n for ln(n − 1)); forgetting the logarithm; believing that a shift of all
#   scores changes weights, or that doubled scores double a weight.
#
# Only the simplest case of an assigned exercise is tested in public. The hidden tests of q6 ask for what its statement
# promises: any finite scores, around 1000 and around −1000 too, and halves without a key. Those of q7 use the number of keys that
# belongs to the student's id; two students share a number with a chance of one in eight.

# %% [raw] tags=["card:q1"]
# title = "How far apart do scores lie?"
# kind = "predict"
# difficulty = 1
# minutes = 5
# teaches = "the spread of a dot product grows with √head_dim"
# assigned = false
#
# [answers]
# spread_raw = "number"
# spread_scaled = "number"
# effect = "letter ABC"

# %% [markdown] tags=["statement:q1"]
# A query and a key hold `head_dim` independent numbers each, with mean 0 and variance 1.
#
# **Worked.** For `head_dim = 16`, $q \cdot k$ is a sum of 16 independent products. Each product has variance 1, so the sum
# has variance 16 and standard deviation $\sqrt{16} = 4$.
#
# **Predict**, before you compute anything, for `head_dim = 64`:
#
# 1. `spread_raw`: the standard deviation of $q \cdot k$.
# 2. `spread_scaled`: the standard deviation of $q \cdot k / \sqrt{64}$.
# 3. `effect`: one query reads 100 keys, and the scores are divided by 64, not by $\sqrt{64}$. The 100 weights are then
#    `"A"` almost one-hot, `"B"` almost all equal, `"C"` the same as with $\sqrt{64}$.

# %% tags=["answer:q1"]
### BEGIN SOLUTION
spread_raw = 64**0.5
spread_scaled = spread_raw / 64**0.5
effect = "B"
### INSTEAD
# spread_raw = ...
# spread_scaled = ...
# effect = ...  # "A", "B" or "C"
### END SOLUTION

# %% tags=["public-test:q1:1"]
# the spread of q·k
assert student.spread_raw != 64, "64 is the variance of q·k: the standard deviation is its square root."
assert student.spread_raw != 4, "4 belongs to the worked case with head_dim = 16: here head_dim is 64."
assert abs(student.spread_raw - 8) < 0.01, "q·k is a sum of 64 independent products: what is the variance of the sum?"

# %% tags=["public-test:q1:1"]
# the spread after scaling
assert student.spread_scaled != 0.125, "1/8 comes from dividing by 64: here the divisor is √64 = 8."
assert student.spread_scaled != 8, "8 is the spread before scaling: divide it by √64."
assert abs(student.spread_scaled - 1) < 0.01, "Dividing scores by c divides their standard deviation by c, not by c² or √c."

# %% tags=["public-test:q1:1"]
# dividing by too much
assert student.effect != "A", "One-hot weights need scores that lie far apart: dividing by more brings them together."
assert student.effect != "C", "The order of the keys stays, the weights do not: softmax reads differences of scores."
assert student.effect == "B", "How far apart are scores of spread 1/8?"

# %% [markdown] tags=["hint:q1"]
# Variances of independent terms add up. How many terms does q·k have, and what is the variance of one?

# %% [markdown] tags=["hint:q1"]
# The standard deviation is the square root of the variance. Dividing scores by c divides their standard deviation by c.

# %% [markdown] tags=["hint:q1"]
# For the third: the spread is now 8/64. What does softmax give for scores that lie so close together?

# %% [markdown] tags=["because:q1"]
# A sum of 64 independent products of variance 1 has variance 64, so its standard deviation is 8. Dividing by
# $\sqrt{64} = 8$ brings it to 1, for every `head_dim`. Dividing by 64 brings it to 1/8: all scores lie close together, and
# softmax of nearly equal scores is nearly uniform.

# %% tags=["wrong:q1:2"]
# variance for standard deviation
# says: 64 is the variance of q·k: the standard deviation is its square root.
spread_raw, spread_scaled, effect = 64, 1, "B"

# %% tags=["wrong:q1:2"]
# divided by 64
# says: 1/8 comes from dividing by 64: here the divisor is √64 = 8.
spread_raw, spread_scaled, effect = 8, 8 / 64, "B"

# %% tags=["wrong:q1:2"]
# smaller scores are sharper
# says: One-hot weights need scores that lie far apart: dividing by more brings them together.
spread_raw, spread_scaled, effect = 8, 1, "a"

# %% tags=["wrong:q1:2"]
# softmax ignores scale
# says: The order of the keys stays, the weights do not: softmax reads differences of scores.
spread_raw, spread_scaled, effect = 8, 1, "C"

# %% tags=["right:q1"]
# tensors and a small letter
import torch

spread_raw, spread_scaled, effect = torch.tensor(64.0).sqrt(), torch.tensor(1), "b"


# %% [raw] tags=["card:q2"]
# title = "A softmax that survives large scores"
# kind = "complete"
# difficulty = 2
# minutes = 10
# teaches = "shifting a row changes no weight and keeps exp from overflowing"
# assigned = false
# forbid = ["softmax", "log_softmax", "logsumexp", "masked_softmax", "online_softmax"]
#
# [answers]
# stable_softmax = "function -> tensor"
#
# [raised]
# "must match the size" = "The maximum and the sum lose the axis that they run over, unless you write `keepdim=True`."
# "Dimension out of range" = "Scores may have any number of axes: count from the end, `dim=-1` is the last one."

# %% [markdown] tags=["statement:q2"]
# Replace the four `...`. Each row (the last axis) of `scores` gets weights
#
# $$p_i = \frac{e^{s_i / T}}{\sum_j e^{s_j / T}}, \qquad T = \texttt{temperature}.$$
#
# It has to work for scores of 1000 too, where `exp` alone overflows, and for any number of leading axes.

# %% tags=["answer:q2"]
def stable_softmax(scores, temperature=1.0):
    ### BEGIN SOLUTION
    scaled = scores / temperature
    shifted = scaled - scaled.amax(dim=-1, keepdim=True)
    weights = shifted.exp()
    return weights / weights.sum(dim=-1, keepdim=True)
    ### INSTEAD
    # scaled = ...  # what does the temperature do to the scores?
    # shifted = scaled - scaled.amax(dim=..., keepdim=True)  # each row: largest score 0
    # weights = ...
    # return weights / ...  # each row sums to one
    ### END SOLUTION


# %% tags=["public-test:q2:1"]
# small scores
scores = torch.randn(3, 4, generator=generator)
want = torch.softmax(scores, dim=-1)
got = student.stable_softmax(scores)
assert got.shape == scores.shape, f"The weights have shape {tuple(got.shape)}, the scores have {tuple(scores.shape)}."
shifted = (scores - scores.amax(-1, keepdim=True)).exp()
whole = "Your sum runs over the whole tensor: give it dim=-1."
down = "Columns sum to one, rows have to: softmax runs over the last axis, the keys."
top = "Each column loses its own maximum, which changes the weights: the maximum too runs over the row, dim=-1."
assert not same(got, scores.exp() / scores.exp().sum()) and not same(got, shifted / shifted.sum()), whole
assert not same(got, torch.softmax(scores, dim=0)) and not same(got, shifted / shifted.sum(0)), down
assert not same(got, torch.softmax(scores - scores.amax(0), -1)), top
assert not same(got, shifted), "The rows do not sum to one: divide by their sum."
assert same(got, want), "The weights differ from exp(score) divided by the row's sum of exp(score)."

# %% tags=["public-test:q2:1"]
# scores of 1000
want = torch.softmax(torch.tensor([2.0, 1.0, 0.0]), -1)
got = student.stable_softmax(torch.tensor([1000.0, 999.0, 998.0]))  # no leading axis at all
assert got.isfinite().all(), "NaN: exp(1000) overflows. Subtract the largest score of the row before exp."
assert same(got, want), "Scores 1000, 999, 998 need the weights of 2, 1, 0."

# %% tags=["public-test:q2:1"]
# rows far apart
want = torch.softmax(torch.tensor([[0.0, 1.0], [0.0, 1.0]]), -1)
got = student.stable_softmax(torch.tensor([[1000.0, 1001.0], [-1000.0, -999.0]]))
assert got.isfinite().all(), "NaN in one row: you subtract one maximum from all rows. Each row needs its own (dim=-1)."
assert same(got, want), "Both rows have the same differences, so they need the same weights."

# %% tags=["public-test:q2:1"]
# one score far above the rest
want = torch.tensor([[1.0, 0.0, 0.0]])
got = student.stable_softmax(torch.tensor([[1000.0, 0.0, 0.0]]))
assert got.isfinite().all(), "NaN: an exponent is still far above 0. Subtract the largest score, not the mean or the smallest."
assert same(got, want), "Scores 1000, 0, 0 need the weights 1, 0, 0."

# %% tags=["public-test:q2:1"]
# temperature
scores = torch.randn(2, 3, 5, generator=generator)
want = torch.softmax(scores / 4, -1)
got = student.stable_softmax(scores, temperature=4.0)
plain, inverted = torch.softmax(scores, -1), torch.softmax(scores * 4, -1)
assert not same(got, torch.softmax(scores / 4, 1)), "Right for two axes, wrong for three: the row is the last axis, dim=-1."
assert not same(got, plain), "The temperature changes nothing: divide the scores by it before exp. Later it cancels."
assert not same(got, plain / 4), "The rows sum to 1/4: the temperature divides the scores, not the weights."
assert not same(got, inverted), "Scores are divided by the temperature, you multiply: a high temperature evens weights out."
assert same(got, want), "The weights differ from softmax(scores / temperature)."

# %% tags=["public-test:q2:1"]
# large scores at a high temperature
want = torch.softmax(torch.tensor([[2.0, 0.0]]), -1)
got = student.stable_softmax(torch.tensor([[1000.0, 800.0]]), temperature=100.0)
order = "You subtract the maximum of the scores before division from the divided ones: divide first, then shift."
assert got.isfinite().all(), order
assert same(got, want), "The temperature comes too late: exp(-200) is 0 already. Divide the scores before exp."


# %% [markdown] tags=["hint:q2"]
# Divide the scores by the temperature before anything else: a factor on the finished weights would cancel.

# %% [markdown] tags=["hint:q2"]
# One row is the last axis: `dim=-1`. Both the maximum and the sum run over it and keep it (`keepdim=True`).

# %% [markdown] tags=["hint:q2"]
# The four gaps: `scores / temperature`, `-1`, `shifted.exp()`, `weights.sum(dim=-1, keepdim=True)`.

# %% [markdown] tags=["because:q2"]
# Subtracting the same number from all scores of a row multiplies numerator and denominator by the same factor, so no weight
# changes. After the shift the largest exponent is 0: `exp` gives at most 1, and the sum is at least 1.

# %% tags=["wrong:q2:3"]
# no shift
# says: NaN: exp(1000) overflows. Subtract the largest score of the row before exp.
def stable_softmax(scores, temperature=1.0):
    weights = (scores / temperature).exp()
    return weights / weights.sum(dim=-1, keepdim=True)


# %% tags=["wrong:q2:5"]
# one maximum for all rows
# says: NaN in one row: you subtract one maximum from all rows. Each row needs its own (dim=-1).
def stable_softmax(scores, temperature=1.0):
    weights = ((scores - scores.max()) / temperature).exp()
    return weights / weights.sum(dim=-1, keepdim=True)


# %% tags=["wrong:q2:1"]
# over the columns
# says: Columns sum to one, rows have to: softmax runs over the last axis, the keys.
def stable_softmax(scores, temperature=1.0):
    weights = (scores / temperature - scores.amax(dim=0, keepdim=True)).exp()
    return weights / weights.sum(dim=0, keepdim=True)


# %% tags=["wrong:q2:1"]
# one sum for all rows
# says: Your sum runs over the whole tensor: give it dim=-1.
def stable_softmax(scores, temperature=1.0):
    weights = (scores / temperature).exp()
    return weights / weights.sum()


# %% tags=["wrong:q2:0"]
# axis lost
# says: The maximum and the sum lose the axis that they run over, unless you write `keepdim=True`. `stable_softmax` raised RuntimeError: The size of tensor a (4) must match the size of tensor b (3) at non-singleton dimension 1.
def stable_softmax(scores, temperature=1.0):
    return scores.exp() / scores.exp().sum(-1)


# %% tags=["wrong:q2:4"]
# temperature forgotten
# says: The temperature changes nothing: divide the scores by it before exp. Later it cancels.
def stable_softmax(scores, temperature=1.0):
    weights = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return weights / weights.sum(dim=-1, keepdim=True)


# %% tags=["wrong:q2:4"]
# temperature multiplied
# says: Scores are divided by the temperature, you multiply: a high temperature evens weights out.
def stable_softmax(scores, temperature=1.0):
    weights = ((scores - scores.amax(dim=-1, keepdim=True)) * temperature).exp()
    return weights / weights.sum(dim=-1, keepdim=True)


# %% tags=["wrong:q2:0"]
# called the built-in
# says: Your answer uses `softmax`, which this exercise does not allow.
import torch

def stable_softmax(scores, temperature=1.0):
    return torch.softmax(scores / temperature, dim=-1)


# %% tags=["wrong:q2:3"]
# sum without an axis
# says: Your sum runs over the whole tensor: give it dim=-1.
def stable_softmax(scores, temperature=1.0):
    scaled = scores / temperature
    weights = (scaled - scaled.amax(dim=-1, keepdim=True)).exp()
    return weights / weights.sum()


# %% tags=["wrong:q2:1"]
# sum over the columns
# says: Columns sum to one, rows have to: softmax runs over the last axis, the keys.
def stable_softmax(scores, temperature=1.0):
    scaled = scores / temperature
    weights = (scaled - scaled.amax(dim=-1, keepdim=True)).exp()
    return weights / weights.sum(dim=0, keepdim=True)


# %% tags=["wrong:q2:1"]
# maximum of the columns
# says: Each column loses its own maximum, which changes the weights: the maximum too runs over the row, dim=-1.
def stable_softmax(scores, temperature=1.0):
    scaled = scores / temperature
    weights = (scaled - scaled.amax(dim=0, keepdim=True)).exp()
    return weights / weights.sum(dim=-1, keepdim=True)


# %% tags=["wrong:q2:5"]
# mean instead of maximum
# says: NaN: an exponent is still far above 0. Subtract the largest score, not the mean or the smallest.
def stable_softmax(scores, temperature=1.0):
    scaled = scores / temperature
    weights = (scaled - scaled.mean(dim=-1, keepdim=True)).exp()
    return weights / weights.sum(dim=-1, keepdim=True)


# %% tags=["wrong:q2:4"]
# second axis
# says: Scores may have any number of axes: count from the end, `dim=-1` is the last one. `stable_softmax` raised IndexError: Dimension out of range (expected to be in range of [-1, 0], but got 1).
def stable_softmax(scores, temperature=1.0):
    scaled = scores / temperature
    weights = (scaled - scaled.amax(dim=1, keepdim=True)).exp()
    return weights / weights.sum(dim=1, keepdim=True)


# %% tags=["wrong:q2:5"]
# rows of a table only
# says: Right for two axes, wrong for three: the row is the last axis, dim=-1.
def stable_softmax(scores, temperature=1.0):
    scaled = scores / temperature
    weights = (scaled - scaled.amax(dim=min(1, scaled.ndim - 1), keepdim=True)).exp()
    return weights / weights.sum(dim=min(1, scaled.ndim - 1), keepdim=True)


# %% tags=["wrong:q2:0"]
# the built-in in a helper
# says: Your answer uses `softmax`, which this exercise does not allow.
import torch


def helper(scores):
    return torch.softmax(scores, dim=-1)


def stable_softmax(scores, temperature=1.0):
    return helper(scores / temperature)


# %% tags=["wrong:q2:5"]
# maximum of the scores before division
# says: You subtract the maximum of the scores before division from the divided ones: divide first, then shift.
def stable_softmax(scores, temperature=1.0):
    weights = (scores / temperature - scores.amax(dim=-1, keepdim=True)).exp()
    return weights / weights.sum(dim=-1, keepdim=True)


# %% tags=["wrong:q2:5"]
# temperature after exp
# says: The temperature comes too late: exp(-200) is 0 already. Divide the scores before exp.
def stable_softmax(scores, temperature=1.0):
    weights = (scores - scores.amax(dim=-1, keepdim=True)).exp() ** (1 / temperature)
    return weights / weights.sum(dim=-1, keepdim=True)


# %% tags=["right:q2"]
# keyword only, einsum, double
import torch


def stable_softmax(scores, *, temperature=1.0):
    scores = scores.double() / temperature
    weights = (scores - scores.max(dim=-1, keepdim=True).values).exp()
    return torch.einsum("...i,...->...i", weights, 1 / torch.einsum("...i->...", weights))


# %% tags=["right:q2"]
# row by row
import math

import torch


def stable_softmax(scores, temperature=1.0):
    rows = []
    for row in scores.reshape(-1, scores.shape[-1]).tolist():
        powers = [math.exp((score - max(row)) / temperature) for score in row]
        rows.append([power / sum(powers) for power in powers])
    return torch.tensor(rows).reshape(scores.shape)


# %% tags=["right:q2"]
# a helper of one's own
def normalized(powers):
    return powers / powers.sum(-1, keepdim=True)


stable_softmax = lambda scores, temperature=1.0: normalized(((scores - scores.amax(-1, True)) / temperature).exp())

# %% [raw] tags=["card:q3"]
# title = "The mask that came too late"
# kind = "find the bug"
# difficulty = 2
# minutes = 10
# teaches = "a mask acts on scores, before softmax, and an empty row needs care"
# assigned = false
# forbid = ["masked_softmax"]
#
# [answers]
# masked_weights = "function -> tensor"

# %% [markdown] tags=["statement:q3"]
# A colleague wrote `masked_weights` (True = this query may look at this key). It runs, and blocked keys get weight 0. But
# look at the row sums that the cell prints: they should be 1.
#
# Repair it. The repaired function keeps three promises:
#
# * a blocked key gets exactly 0, and has no influence on the other weights;
# * a row with at least one allowed key sums to 1;
# * a row without any allowed key is all zeros, not NaN.

# %% tags=["answer:q3"]
import torch


def masked_weights(scores, allowed):
    ### BEGIN SOLUTION
    scores = scores.masked_fill(~allowed, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    ### INSTEAD
    # weights = torch.softmax(scores, dim=-1)
    ### END SOLUTION
    return weights.masked_fill(~allowed, 0.0)


print(masked_weights(torch.zeros(2, 4), torch.arange(4) < torch.tensor([[1], [3]])).sum(dim=-1))

# %% tags=["public-test:q3:1"]
# blocked keys take nothing
scores = torch.randn(2, 3, 4, generator=generator)
allowed = torch.tensor([[True, False, True, False], [False, True, True, True], [True, True, True, True]]).repeat(2, 1, 1)
blocked = float("-inf")
want = torch.softmax(scores.masked_fill(~allowed, blocked), -1)
got = student.masked_weights(scores, allowed)
late = torch.softmax(scores, -1) * allowed
inverted = torch.softmax(scores.masked_fill(allowed, blocked), -1).nan_to_num()
zeroed = torch.softmax(scores * allowed, -1)
assert got.shape == scores.shape, f"The weights have shape {tuple(got.shape)}, the scores have {tuple(scores.shape)}."
assert not same(got, late), "Rows do not sum to one: the mask still comes after softmax. Mask the scores, before it."
assert not same(got.nan_to_num(), inverted), "The mask is inverted: True means allowed, and the keys marked True get 0."
assert not same(got, zeroed), "A score of 0 is not a blocked key: exp(0) = 1 still takes its share. Use -inf."
assert (got[~allowed] == 0).all(), "A blocked key has a weight that is not 0."
assert same(got, want), "Blocked keys get 0, but the other weights differ from a softmax over the allowed keys alone."

# %% tags=["public-test:q3:1"]
# a huge blocked score
want = torch.softmax(torch.tensor([[float("-inf"), 0.0, 1.0]]), -1)
got = student.masked_weights(torch.tensor([[1000.0, 0.0, 1.0]]), torch.tensor([[False, True, True]]))
late = "The blocked score of 1000 spoils its row: do not repair the sum after softmax, mask the scores before it."
assert same(got, want), late

# %% tags=["public-test:q3:1"]
# allowed scores far below zero
want = torch.softmax(torch.tensor([[float("-inf"), 0.0, 1.0]]), -1)
got = student.masked_weights(torch.tensor([[0.0, -1000001.0, -1000000.0]]), torch.tensor([[False, True, True]]))
low = "A blocked key beats allowed scores near -1000000: what you give it has to lie below every score, so -inf."
assert same(got, want), low

# %% tags=["public-test:q3:1"]
# a row without an allowed key
got = student.masked_weights(torch.randn(2, 3, generator=generator), torch.tensor([[True, True, False], [False] * 3]))
assert not got[1].isnan().any(), "The row without an allowed key is NaN (all its scores are -inf, 0/0): it needs zeros."
even = "The row without an allowed key is not empty: one very negative number for all its scores cancels in softmax."
assert (got[1] == 0).all(), even
assert abs(got[0].sum() - 1) < 1e-5, "The empty row is right, but a row with allowed keys no longer sums to one."

# %% [markdown] tags=["hint:q3"]
# Softmax divides by a sum. Which keys are in that sum, when the mask comes afterwards?

# %% [markdown] tags=["hint:q3"]
# Give blocked keys a score whose exponential is exactly 0, before softmax.

# %% [markdown] tags=["hint:q3"]
# A row of nothing but -inf becomes NaN. Where `allowed` is False the weight is 0 in any case, so set it at the end.

# %% [markdown] tags=["because:q3"]
# A score of $-\infty$ adds $e^{-\infty} = 0$ to the sum, so the blocked key is not there at all. Masking after softmax leaves
# its share missing from the row. Dividing by the row sum afterwards repairs small examples only: where a blocked score is the
# largest by far, the allowed weights have already become 0, and 0/0 is NaN. A row of nothing but $-\infty$ gives NaN too; the
# last line turns it into zeros. The package's own `masked_softmax` is built so that no NaN arises on the way.

# %% tags=["wrong:q3:2"]
# repaired after softmax
# says: The blocked score of 1000 spoils its row: do not repair the sum after softmax, mask the scores before it.
import torch

def masked_weights(scores, allowed):
    weights = torch.softmax(scores, dim=-1) * allowed
    return weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-12)


# %% tags=["wrong:q3:0"]
# still after softmax
# says: Rows do not sum to one: the mask still comes after softmax. Mask the scores, before it.
import torch

def masked_weights(scores, allowed):
    return torch.softmax(scores, dim=-1) * allowed


# %% tags=["wrong:q3:0"]
# inverted
# says: The mask is inverted: True means allowed, and the keys marked True get 0.
import torch

def masked_weights(scores, allowed):
    return torch.softmax(scores.masked_fill(allowed, float("-inf")), dim=-1)


# %% tags=["wrong:q3:0"]
# score zero
# says: A score of 0 is not a blocked key: exp(0) = 1 still takes its share. Use -inf.
import torch

def masked_weights(scores, allowed):
    return torch.softmax(scores * allowed, dim=-1)


# %% tags=["wrong:q3:3"]
# NaN row
# says: The row without an allowed key is NaN (all its scores are -inf, 0/0): it needs zeros.
import torch

def masked_weights(scores, allowed):
    return torch.softmax(scores.masked_fill(~allowed, float("-inf")), dim=-1)


# %% tags=["wrong:q3:3"]
# minus a billion
# says: The row without an allowed key is not empty: one very negative number for all its scores cancels in softmax.
import torch

def masked_weights(scores, allowed):
    return torch.softmax(scores.masked_fill(~allowed, -1e9), dim=-1)


# %% tags=["wrong:q3:0"]
# in place
# says: `masked_weights` changed its input `scores` in place: work on a copy.
import torch

def masked_weights(scores, allowed):
    scores[~allowed] = float("-inf")
    return torch.softmax(scores, dim=-1).nan_to_num()


# %% tags=["wrong:q3:3"]
# minus a hundred
# says: A blocked key beats allowed scores near -1000000: what you give it has to lie below every score, so -inf.
import torch

def masked_weights(scores, allowed):
    return torch.softmax(scores.masked_fill(~allowed, -100.0), dim=-1) * allowed


# %% tags=["right:q3"]
# numerator and denominator
import torch


def masked_weights(scores, allowed):
    scores = torch.where(allowed, scores, -torch.inf)
    top = scores.amax(-1, keepdim=True)
    powers = (scores - torch.where(top == -torch.inf, 0.0, top)).exp()
    return powers / powers.sum(-1, keepdim=True).clamp(min=1e-30)


# %% tags=["right:q3"]
# nan_to_num
import torch


def masked_weights(scores, allowed):
    scores = scores + torch.zeros_like(scores).masked_fill(allowed.logical_not(), float("-inf"))
    return scores.softmax(-1).nan_to_num(0)


# %% tags=["right:q3"]
# row by row
import torch


def masked_weights(scores, allowed):
    weights = torch.zeros_like(scores, dtype=torch.float64)
    rows = zip(weights.view(-1, scores.shape[-1]), scores.flatten(0, -2), allowed.flatten(0, -2))
    for row, score, may in rows:
        if may.any():
            row[may] = torch.softmax(score[may].double(), 0)
    return weights


# %% [raw] tags=["card:q4"]
# title = "What a small change of the scores does"
# kind = "derive"
# difficulty = 3
# minutes = 25
# teaches = "softmax passes on how a score moves against the weighted mean of all moves"
# assigned = false
# forbid = ["softmax", "jvp", "vjp", "grad", "backward", "linearize", "hessian", "hvp", "vhp", "make_dual", "forward_ad", "_softmax_backward_data", "jacobian", "jacrev", "jacfwd", "softmax_jacobian"]
#
# [answers]
# weight_change = "function -> tensor"
#
# [raised]
# "must match the size" = "The sum over a row loses the axis that it runs over, unless you write `keepdim=True`."
# "diag(): Supports 1D" = "Right for one row. Multiply it out: which form needs no matrix?"
# "outer: Expected 1-D" = "Right for one row. Multiply it out: which form needs no matrix?"
# "batch2 tensor" = "`@` is the sum Σ p·v for one row only: multiply entry by entry, then sum over the last axis."
# "1D tensors expected" = "`dot` is the sum Σ p·v for one row only: multiply entry by entry, then sum over the last axis."
# "Dimension out of range" = "One row has one axis, many rows have more: count from the end, `dim=-1`."

# %% [markdown] tags=["statement:q4"]
# Let $p = \mathrm{softmax}(s)$. Every score moves a little, $s_j \to s_j + \varepsilon v_j$. To first order each weight moves
# by $\varepsilon$ times some number $c_i$. **Derive** $c_i$ on paper, from $p$ and $v$ alone, until no matrix is left in it.
# Then write it down: `weight_change(weights, score_change)` takes $p$ and $v$ and returns $c$, row by row over the last axis.
#
# Before you check, ask your formula: what is $c$ when all scores move by the same amount? And when one weight is 1?

# %% tags=["answer:q4"]
def weight_change(weights, score_change):
    ### BEGIN SOLUTION
    mean_change = (weights * score_change).sum(dim=-1, keepdim=True)
    return weights * (score_change - mean_change)
    ### END SOLUTION


# %% tags=["public-test:q4:1"]
# three keys by hand
weights, move = torch.tensor([0.5, 0.25, 0.25]), torch.tensor([1.0, 0.0, 0.0])
want = torch.tensor([0.25, -0.125, -0.125])
got = student.weight_change(weights, move)
assert got.shape == (3,), f"Three weights need three changes, the result has shape {tuple(got.shape)}."
assert not same(got, weights * move), "Only the numerator moves in your formula: the sum below it moves too, by Σ p·v."
assert not same(got, weights * (1 - weights) * move), "A score moves the other weights too: what they lose is missing."
assert not same(got, weights * (move - move.mean())), "The mean move has to be weighted: Σ p·v, not the plain mean of v."
assert not same(got, move - (weights * move).sum()), "That is the relative change, of log p: multiply it by p."
assert not same(got, -want), "The sign is turned: a score that rises raises its own weight."
assert same(got, want), "By hand: 0.5·(1 − 0.5) = 0.25 for the first, 0.25·(0 − 0.5) for the other two."

# %% tags=["public-test:q4:1"]
# many rows, against autograd
scores, move = torch.randn(2, 2, 3, 5, generator=generator)
weights = torch.softmax(scores.requires_grad_(), -1)
(want,) = torch.autograd.grad(weights, scores, move)  # the Jacobian is symmetric: forward and backward agree
got = student.weight_change(weights, move)
assert got.shape == want.shape, f"Weights of shape {tuple(want.shape)} need as many changes, not {tuple(got.shape)}."
assert not same(got, weights * (move - (weights * move).sum())), "One mean for all rows: sum over the last axis alone."
assert same(got, want), "One row is right, several rows are not: sum over the last axis, with keepdim=True."


# %% [markdown] tags=["hint:q4"]
# Start from log pᵢ = sᵢ − log Σⱼ exp(sⱼ): the derivative of a logarithm is the relative change.

# %% [markdown] tags=["hint:q4"]
# The derivative of log Σⱼ exp(sⱼ) with respect to sⱼ is pⱼ. Along v that makes Σⱼ pⱼ vⱼ, one number a row.

# %% [markdown] tags=["hint:q4"]
# cᵢ = pᵢ (vᵢ − Σⱼ pⱼ vⱼ). The sum runs over the last axis and keeps it.

# %% [markdown] tags=["because:q4"]
# $\log p_i = s_i - \log \sum_j e^{s_j}$. The derivative of the last term along $v$ is $\sum_j p_j v_j$, the mean move under the
# weights. So $c_i / p_i = v_i - \sum_j p_j v_j$, that is $c = (\mathrm{diag}(p) - p\,p^\top)\,v$ without the matrix. A common
# move gives 0: softmax sees differences only. If one weight is 1, the mean is the move of that score and the other weights are
# 0: nothing moves, whatever $v$ is. That is the saturation of this chapter.

# %% tags=["wrong:q4:0"]
# numerator only
# says: Only the numerator moves in your formula: the sum below it moves too, by Σ p·v.
def weight_change(weights, score_change):
    return weights * score_change


# %% tags=["wrong:q4:0"]
# diagonal only
# says: A score moves the other weights too: what they lose is missing.
def weight_change(weights, score_change):
    return weights * (1 - weights) * score_change


# %% tags=["wrong:q4:0"]
# plain mean
# says: The mean move has to be weighted: Σ p·v, not the plain mean of v.
def weight_change(weights, score_change):
    return weights * (score_change - score_change.mean(-1, keepdim=True))


# %% tags=["wrong:q4:1"]
# one mean for all rows
# says: One mean for all rows: sum over the last axis alone.
def weight_change(weights, score_change):
    return weights * (score_change - (weights * score_change).sum())


# %% tags=["wrong:q4:0"]
# relative change
# says: That is the relative change, of log p: multiply it by p.
def weight_change(weights, score_change):
    return score_change - (weights * score_change).sum(-1, keepdim=True)


# %% tags=["wrong:q4:1"]
# axis lost
# says: The sum over a row loses the axis that it runs over, unless you write `keepdim=True`. `weight_change` raised RuntimeError: The size of tensor a (5) must match the size of tensor b (3) at non-singleton dimension 2.
def weight_change(weights, score_change):
    return weights * (score_change - (weights * score_change).sum(-1))


# %% tags=["wrong:q4:1"]
# the matrix of one row
# says: Right for one row. Multiply it out: which form needs no matrix? `weight_change` raised RuntimeError: diag(): Supports 1D or 2D tensors. Got 3D.
import torch

def weight_change(weights, score_change):
    return (torch.diag(weights) - torch.outer(weights, weights)) @ score_change


# %% tags=["wrong:q4:1"]
# dot product of one row
# says: `@` is the sum Σ p·v for one row only: multiply entry by entry, then sum over the last axis. `weight_change` raised RuntimeError: Expected size for first two dimensions of batch2 tensor to be: [2, 5] but got: [2, 3].
def weight_change(weights, score_change):
    return weights * (score_change - weights @ score_change)


# %% tags=["wrong:q4:1"]
# torch.dot
# says: `dot` is the sum Σ p·v for one row only: multiply entry by entry, then sum over the last axis. `weight_change` raised RuntimeError: 1D tensors expected, but got 3D and 3D tensors.
import torch

def weight_change(weights, score_change):
    return weights * (score_change - torch.dot(weights, score_change))


# %% tags=["right:q4"]
# with the matrix, for all rows
import torch


def weight_change(weights, score_change):
    jacobian = torch.diag_embed(weights) - weights[..., :, None] * weights[..., None, :]
    return (jacobian @ score_change[..., None])[..., 0]


# %% tags=["right:q4"]
# einsum
import torch


def weight_change(weights, score_change):
    mean = torch.einsum("...i,...i->...", weights, score_change)
    return weights * score_change - weights * mean.unsqueeze(-1)


# %% tags=["right:q4"]
# the identity made by hand
import torch


def weight_change(weights, score_change):
    one = torch.eye(weights.shape[-1])
    return torch.einsum("...i,ij,...j->...i", weights, one, score_change) - weights * (weights * score_change).sum(
        -1, True
    )


# %% tags=["right:q4"]
# one entry at a time
import torch


def weight_change(weights, score_change):
    out = torch.zeros(weights.shape)
    for i in range(weights.shape[-1]):
        for j in range(weights.shape[-1]):
            out[..., i] += weights[..., i] * (int(i == j) - weights[..., j]) * score_change[..., j]
    return out


# %% [raw] tags=["card:q5"]
# title = "When is √d the right divisor?"
# kind = "experiment"
# difficulty = 3
# minutes = 20
# teaches = "√head_dim follows from independent entries and fails without them"
# assigned = true
#
# [answers]
# exponent_independent = "number"
# exponent_blocks = "number"
# exponent_shared = "number"

# %% [markdown] tags=["statement:q5"]
# Attention multiplies $q \cdot k$ by $d^{-a}$ with $a = \tfrac12$, where $d$ is `head_dim`. **Find by experiment** the
# exponent $a$ for which the standard deviation of $d^{-a}\, q \cdot k$ does not change as $d$ grows, for three kinds of vectors:
#
# * `exponent_independent`: all entries independent, as in the cell below.
# * `exponent_blocks`: entries come in groups of four equal numbers,
#   `torch.randn(pairs, head_dim // 4).repeat_interleave(4, dim=1)`, for queries and for keys.
# * `exponent_shared`: all entries of a vector are one number, `torch.randn(pairs, 1).expand(pairs, head_dim)`, for both.
#
# Predict first. Then measure at two or more `head_dim`, such as 16 and 1024: one of them alone cannot show how something grows.
# Measurements scatter, so an exponent that is off by less than 0.1 counts as right.

# %% tags=["answer:q5"]
import math

import torch

pairs, head_dim, generator = 4096, 64, torch.Generator().manual_seed(0)
queries = torch.randn(pairs, head_dim, generator=generator)
keys = torch.randn(pairs, head_dim, generator=generator)
print("spread at head_dim", head_dim, ":", (queries * keys).sum(dim=-1).std().item())

### BEGIN SOLUTION
def measured(vectors):  # vectors(head_dim) makes 4096 of them; compare head_dim 16 with 1024
    spreads = [(vectors(dim) * vectors(dim)).sum(dim=-1).std().item() for dim in (16, 1024)]
    return math.log(spreads[1] / spreads[0]) / math.log(1024 / 16)


exponent_independent = measured(lambda dim: torch.randn(4096, dim, generator=generator))
exponent_blocks = measured(lambda dim: torch.randn(4096, dim // 4, generator=generator).repeat_interleave(4, dim=1))
exponent_shared = measured(lambda dim: torch.randn(4096, 1, generator=generator).expand(4096, dim))
print(f"{exponent_independent:.2f}  {exponent_blocks:.2f}  {exponent_shared:.2f}")
### INSTEAD
# exponent_independent = ...
# exponent_blocks = ...
# exponent_shared = ...
### END SOLUTION

# %% tags=["public-test:q5:1"]
# independent entries
a = student.exponent_independent
assert abs(a + 0.5) > 0.1, "The sign: the scores are multiplied by d**-a, the minus is already there. Give a itself."
assert abs(a - 1) > 0.1, "1 is how the variance grows: the question asks for the standard deviation, its square root."
assert abs(a - 0.5) < 0.1, "Measure at head_dim 16 and 1024: a = log(ratio of the spreads) / log(1024 / 16)."

# %% tags=["hidden-test:q5:2"]
# groups of four
grouped = student.exponent_blocks
larger = "Groups of four make the spread larger at every head_dim, by the same factor 2. Does it also grow faster?"
assert abs(grouped - 1) > 0.1, larger
assert abs(grouped - 0.5) < 0.1, "Compare the growth from head_dim 16 to 1024. How many independent groups are there in each?"

# %% tags=["hidden-test:q5:2"]
# one shared number
shared = student.exponent_shared
assert abs(shared - 0.5) > 0.1, "√d needs terms that cancel in part. Here all terms of q·k are equal: they only add up."
assert abs(shared - 2) > 0.1, "2 is how the variance grows: the question asks for the standard deviation, its square root."
assert abs(shared - 1) < 0.1, "All terms of q·k are equal: by which factor does their sum grow from head_dim 16 to 1024?"

# %% [markdown] tags=["hint:q5"]
# Measure the spread at head_dim 16 and at 1024. By which factor did it grow, when head_dim grew by 64?

# %% [markdown] tags=["hint:q5"]
# If the spread grows as `d**a`, then a = log(ratio of spreads) / log(ratio of head_dim). Multiplying by `d**-a` undoes it.

# %% [markdown] tags=["hint:q5"]
# Groups of four, and one shared number: how many independent products does q·k sum up in each, and how does that number grow with head_dim?

# %% [markdown] tags=["because:q5"]
# Independent terms cancel in part: their sum grows as $\sqrt d$, so $a = \tfrac12$. Groups of four make the spread twice as
# large at every $d$, but the number of independent groups still grows with $d$: $a$ stays $\tfrac12$. If all entries are one
# number nothing cancels, the sum grows as $d$, and $a = 1$. So $\sqrt d$ is a statement about independent entries, which is how
# a network starts. Training may align queries with keys; for that reason [Yang et al. (2021)](../bibliography.md#yang2021tensor)
# divide by $d$ when they carry settings from a small model to a wide one.

# %% tags=["wrong:q5:0"]
# variance
# says: 1 is how the variance grows: the question asks for the standard deviation, its square root.
exponent_independent, exponent_blocks, exponent_shared = 1.0, 1.0, 2.0

# %% tags=["wrong:q5:0"]
# sign
# says: The sign: the scores are multiplied by d**-a, the minus is already there. Give a itself.
exponent_independent, exponent_blocks, exponent_shared = -0.5, -0.5, -1.0

# %% tags=["wrong:q5:3"]
# blocks grow faster
# says: Groups of four make the spread larger at every head_dim, by the same factor 2. Does it also grow faster?
exponent_independent, exponent_blocks, exponent_shared = 0.5, 1.0, 1.0

# %% tags=["wrong:q5:3"]
# always the root
# says: √d needs terms that cancel in part. Here all terms of q·k are equal: they only add up.
exponent_independent, exponent_blocks, exponent_shared = 0.5, 0.5, 0.5

# %% tags=["wrong:q5:0"]
# the spread for its exponent
# says: Measure at head_dim 16 and 1024: a = log(ratio of the spreads) / log(1024 / 16).
exponent_independent, exponent_blocks, exponent_shared = 8.0, 16.0, 64.0

# %% tags=["wrong:q5:3"]
# no division where nothing cancels
# says: All terms of q·k are equal: by which factor does their sum grow from head_dim 16 to 1024?
exponent_independent, exponent_blocks, exponent_shared = 0.5, 0.5, 0.0

# %% tags=["wrong:q5:3"]
# between the two
# says: Compare the growth from head_dim 16 to 1024. How many independent groups are there in each?
exponent_independent, exponent_blocks, exponent_shared = 0.5, 0.75, 1.0

# %% tags=["right:q5"]
# by thought
exponent_independent, exponent_blocks, exponent_shared = 1 / 2, 0.5, 1


# %% tags=["right:q5"]
# measured from 64 to 256
def width_64_and_256(make):
    spreads = [(make(dim) * make(dim)).sum(dim=-1).std() for dim in (64, 256)]
    return (spreads[1] / spreads[0]).log2() / 2


exponent_independent = width_64_and_256(lambda dim: torch.randn(20_000, dim, generator=generator))
exponent_blocks = width_64_and_256(
    lambda dim: torch.randn(20_000, dim // 4, generator=generator).repeat_interleave(4, dim=1)
)
exponent_shared = width_64_and_256(lambda dim: torch.randn(20_000, 1, generator=generator).expand(20_000, dim))

# %% [raw] tags=["card:q6"]
# title = "Two halves of a row"
# kind = "derive"
# difficulty = 4
# minutes = 25
# teaches = "softmax can be computed piece by piece, without seeing the whole row"
# assigned = true
# forbid = ["merge_states", "update_state", "online_softmax", "logsumexp", "logaddexp", "logaddexp2", "logcumsumexp"]
#
# [answers]
# merge_halves = "function -> (tensor, tensor)"
#
# [raised]
# "Boolean value of Tensor" = "Use torch.maximum: entry by entry."

# %% [markdown] tags=["statement:q6"]
# Two workers each read one half of a row of scores. Neither sees the other's half. Each reports its largest score
# $m = \max_j s_j$ and its sum $z = \sum_j e^{s_j - m}$. From these four numbers alone, compute the $m$ and the $z$ of the whole row.
#
# **An example.** The left half holds the scores 3 and 1: $m = 3$ and $z = e^0 + e^{-2} = 1.135$. The right half holds the score 2
# alone: $m = 2$ and $z = e^0 = 1$. The whole row, 3, 1 and 2, has $m = 3$ and $z = e^0 + e^{-2} + e^{-1} = 1.503$. You have to get
# there from 3, 1.135, 2 and 1: the scores are gone.
#
# Write `merge_halves(left_maximum, left_sum, right_maximum, right_sum)` from `exp` and maxima alone (torch's and the
# package's functions for sums of exponentials are not allowed). It returns the pair `(maximum, sum)`; all six are tensors of one shape, one entry a row. It keeps three promises:
#
# * it works for all finite scores, those around 1000 and those around −1000 too;
# * a worker that saw no key at all reports $m = -\infty$, $z = 0$, and leaves the other half as it is;
# * if neither saw a key, the whole row has $m = -\infty$, $z = 0$ as well, and no NaN.

# %% tags=["answer:q6"]
import torch


def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    ### BEGIN SOLUTION
    maximum = torch.maximum(left_maximum, right_maximum)
    anchor = maximum.masked_fill(maximum == float("-inf"), 0.0)  # -inf - (-inf) would be NaN
    left = left_sum * (left_maximum - anchor).exp()
    right = right_sum * (right_maximum - anchor).exp()
    return maximum, left + right
    ### END SOLUTION


# %% tags=["public-test:q6:1"]
# the example
three, two = torch.tensor([3.0]), torch.tensor([2.0])
want = (three, torch.tensor([1.5032147]))
got = largest, total = student.merge_halves(three, torch.tensor([1.1353353]), two, torch.tensor([1.0]))
shapes = f"{tuple(largest.shape)} and {tuple(total.shape)}"
assert largest.shape == total.shape == (1,), f"One row needs one maximum and one sum, the results have shapes {shapes}."
assert not same(largest, two), "The first result is the smaller maximum: the row's maximum is the larger one."
assert same(largest, three), "The first result differs from the largest score of the whole row, 3."
assert not same(total, torch.tensor([2.1353353])), "The two sums were counted from different maxima: rescale before you add."
assert not same(total, torch.tensor([3.8536171])), "The factors are turned: a half with the smaller maximum has to count less."
assert not same(total, torch.tensor([30.192875])), "That is the sum of exp(score) itself: count it from the common maximum."
assert not same(total, torch.tensor([0.7855460])), "Both halves shrink: the half that owns the common maximum keeps its sum."
assert same(total, want[1]), "The second result differs from the sum of exp(score − maximum) over the whole row, 1.503."
two_rows = student.merge_halves(torch.tensor([3.0, 2.0]), torch.ones(2), torch.tensor([2.0, 3.0]), torch.ones(2))
assert same(two_rows[0], torch.tensor([3.0, 3.0])), "With two rows, each row needs a maximum of its own: entry by entry."

# %% tags=["hidden-test:q6:2"]
# random rows
rows = 3 * torch.randn(5, 7, generator=generator) + torch.tensor([[-20.0], [-10.0], [0.0], [10.0], [20.0]])
rows[3, 0], rows[4, 6] = 45.0, 45.0
first, rest = rows[:, :3], rows[:, 3:]
a, b, m = first.amax(-1), rest.amax(-1), rows.amax(-1)
sums = [(part - part.amax(-1, True)).exp().sum(-1) for part in (first, rest)]
want = (m, (rows - m[:, None]).exp().sum(-1))
got = merged_maximum, merged_sum = student.merge_halves(a, sums[0], b, sums[1])
assert merged_maximum.shape == merged_sum.shape == (5,), "Five rows need five maxima and five sums."
assert same(merged_maximum, m), "Right for one row, wrong for several: the first result is each row's own largest score."
leads = sums[0] + sums[1] * (b - a).exp()
assert not same(merged_sum, leads), "Right where the left half holds the maximum, wrong where the right half does."
assert same(merged_sum, want[1]), "The sums of several rows differ from the sum of exp(score − maximum) over each whole row."

# %% tags=["hidden-test:q6:2"]
# scores around 1000 and −1000
a, b = torch.tensor([1000.0, 900.0, -1000.0, -1001.0]), torch.tensor([999.0, 1000.0, -1002.0, -1000.0])
far = torch.tensor([1.5 + math.exp(-1), 1.25, 1.5 + math.exp(-2), 1.25 + 2 * math.exp(-1)])
want = (torch.tensor([1000.0, 1000.0, -1000.0, -1000.0]), far)
got = student.merge_halves(a, torch.tensor([1.5, 2.0, 1.5, 2.0]), b, torch.tensor([1.0, 1.25, 1.0, 1.25]))
assert got[1][:2].isfinite().all(), "Scores of 1000: exp of a maximum overflows. Only a difference of two maxima is small enough."
assert got[1][2:].isfinite().all(), "Scores of −1000: exp of a maximum is 0, and 0/0 is NaN. Use a difference of two maxima."
assert same(got, want), "Right for small scores, wrong around 1000 or −1000: count from the common maximum, wherever it lies."

# %% tags=["hidden-test:q6:1"]
# one half without a key
none = float("-inf")
want = (torch.tensor([2.0, 3.0, -2.0, 1.0]), torch.tensor([1.5, 1.25, 1.75, 1.0 + math.exp(-1)]))
a, b = torch.tensor([none, 3.0, none, 0.0]), torch.tensor([2.0, none, -2.0, 1.0])
got = student.merge_halves(a, torch.tensor([0.0, 1.25, 0.0, 1.0]), b, torch.tensor([1.5, 0.0, 1.75, 1.0]))
assert same(got, want), "A half without a key (maximum -inf, sum 0) has to leave the other half as it is."

# %% tags=["hidden-test:q6:1"]
# two halves without a key
a, b = torch.tensor([float("-inf"), 0.0]), torch.tensor([float("-inf"), 1.0])
got = merged_maximum, merged_sum = student.merge_halves(a, torch.tensor([0.0, 1.0]), b, torch.tensor([0.0, 1.0]))
assert not merged_sum[0].isnan(), "Both halves are empty: -inf - (-inf) is NaN. The whole row has maximum -inf and sum 0."
assert merged_maximum[0] == a[0] and merged_sum[0] == 0, "Both halves are empty: the whole row has maximum -inf and sum 0."
assert abs(merged_sum[1] - 1.3678795) < 1e-4, "The empty row is right, but the row beside it, with keys in both halves, is wrong."

# %% [markdown] tags=["hint:q6"]
# The common maximum is the larger one. Each sum was counted from its own maximum: what changes, counted from the common one?

# %% [markdown] tags=["hint:q6"]
# In the example the right half alone, counted from 3 and not from 2, would have reported exp(−1). By which factor did its sum change? Does that factor depend on which scores are in the half?

# %% [markdown] tags=["hint:q6"]
# Let torch print −inf − (−inf), and think of a row that nobody saw. From which number could you count there without harm?

# %% [markdown] tags=["because:q6"]
# The left sum was counted from the left maximum: $\sum_j e^{s_j - m} = e^{m_\text{left} - m} \sum_j e^{s_j - m_\text{left}}$.
# So each sum is multiplied by $e^{(\text{its own maximum}) - (\text{common maximum})}$, a factor of at most 1, which never
# overflows. This is all that online softmax needs, and with it a kernel can read keys block by block and never hold the row.

# %% tags=["wrong:q6:0"]
# added as they are
# says: The two sums were counted from different maxima: rescale before you add.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    return torch.maximum(left_maximum, right_maximum), left_sum + right_sum


# %% tags=["wrong:q6:0"]
# factors turned
# says: The factors are turned: a half with the smaller maximum has to count less.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.maximum(left_maximum, right_maximum)
    return top, left_sum * (top - left_maximum).exp() + right_sum * (top - right_maximum).exp()


# %% tags=["wrong:q6:4"]
# overflow
# says: Scores of 1000: exp of a maximum overflows. Only a difference of two maxima is small enough.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.maximum(left_maximum, right_maximum)
    return top, (left_sum * left_maximum.exp() + right_sum * right_maximum.exp()) / top.exp()


# %% tags=["wrong:q6:6"]
# two empty halves
# says: Both halves are empty: -inf - (-inf) is NaN. The whole row has maximum -inf and sum 0.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.maximum(left_maximum, right_maximum)
    return top, left_sum * (left_maximum - top).exp() + right_sum * (right_maximum - top).exp()


# %% tags=["wrong:q6:0"]
# one result
# says: `merge_halves(…)` needs to be a tuple of 2, it is a tensor of shape (1,).
def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    return left_sum + right_sum


# %% tags=["wrong:q6:0"]
# Python's max
# says: Use torch.maximum: entry by entry. `merge_halves` raised RuntimeError: Boolean value of Tensor with more than one value is ambiguous.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = max(left_maximum, right_maximum)
    return top, left_sum * (left_maximum - top).exp() + right_sum * (right_maximum - top).exp()


# %% tags=["wrong:q6:6"]
# empty halves expected on the left only
# says: A half without a key (maximum -inf, sum 0) has to leave the other half as it is.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.maximum(left_maximum, right_maximum)
    total = left_sum * (left_maximum - top).exp() + right_sum * (right_maximum - top).exp()
    return top, torch.where(right_maximum == -torch.inf, right_sum, total)


# %% tags=["wrong:q6:0"]
# sum of the exponentials themselves
# says: That is the sum of exp(score) itself: count it from the common maximum.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.maximum(left_maximum, right_maximum)
    return top, left_sum * left_maximum.exp() + right_sum * right_maximum.exp()


# %% tags=["wrong:q6:0"]
# the smaller maximum
# says: The first result is the smaller maximum: the row's maximum is the larger one.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.minimum(left_maximum, right_maximum)
    return top, left_sum * (left_maximum - top).exp() + right_sum * (right_maximum - top).exp()


# %% tags=["wrong:q6:0"]
# exp of the scores
# says: That is the sum of exp(score) itself: count it from the common maximum.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.maximum(left_maximum, right_maximum)
    return top, left_sum * left_maximum.exp() + right_sum * right_maximum.exp()


# %% tags=["wrong:q6:0"]
# one factor for both halves
# says: Both halves shrink: the half that owns the common maximum keeps its sum.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.maximum(left_maximum, right_maximum)
    return top, (left_sum + right_sum) * (torch.minimum(left_maximum, right_maximum) - top).exp()


# %% tags=["wrong:q6:1"]
# the left half always leads
# says: Right where the left half holds the maximum, wrong where the right half does.
def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = left_maximum.max(right_maximum)
    return top, left_sum + right_sum * (right_maximum - left_maximum).exp()


# %% tags=["wrong:q6:2"]
# counted from zero below zero
# says: The sums of several rows differ from the sum of exp(score − maximum) over each whole row.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.maximum(left_maximum, right_maximum)
    start = top.clamp(min=0.0)
    return top, left_sum * (left_maximum - start).exp() + right_sum * (right_maximum - start).exp()


# %% tags=["wrong:q6:4"]
# a floor of minus one hundred
# says: Right for small scores, wrong around 1000 or −1000: count from the common maximum, wherever it lies.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    left_maximum, right_maximum = left_maximum.clamp(min=-100.0), right_maximum.clamp(min=-100.0)
    top = torch.maximum(left_maximum, right_maximum)
    return top, left_sum * (left_maximum - top).exp() + right_sum * (right_maximum - top).exp()


# %% tags=["wrong:q6:5"]
# an empty half counts from zero
# says: A half without a key (maximum -inf, sum 0) has to leave the other half as it is.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    left_maximum, right_maximum = left_maximum.nan_to_num(neginf=0.0), right_maximum.nan_to_num(neginf=0.0)
    top = torch.maximum(left_maximum, right_maximum)
    return top, left_sum * (left_maximum - top).exp() + right_sum * (right_maximum - top).exp()


# %% tags=["wrong:q6:6"]
# a maximum of minus a billion
# says: Both halves are empty: the whole row has maximum -inf and sum 0.
import torch

def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    top = torch.maximum(left_maximum, right_maximum).clamp(min=-1e9)
    return top, left_sum * (left_maximum - top).exp() + right_sum * (right_maximum - top).exp()


# %% tags=["wrong:q6:0"]
# called what the package has
# says: Your answer uses `merge_states`, which this exercise does not allow.
from transformer_edu.softmax.online import merge_states as merge_halves

# %% tags=["right:q6"]
# where
import torch


def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    maximum = torch.where(left_maximum > right_maximum, left_maximum, right_maximum)
    left = torch.where(left_sum > 0, left_sum * torch.exp(left_maximum - maximum), 0.0)
    right = torch.where(right_sum > 0, right_sum * torch.exp(right_maximum - maximum), 0.0)
    return [maximum, left + right]


# %% tags=["right:q6"]
# entry by entry
import math

import torch


def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    pairs = []
    for a, y, b, z in zip(*(part.tolist() for part in (left_maximum, left_sum, right_maximum, right_sum))):
        m = max(a, b)
        pairs.append((m, sum(total * math.exp(top - m) for top, total in ((a, y), (b, z)) if top > -math.inf)))
    return torch.tensor(pairs, dtype=torch.float64).unbind(1)


# %% tags=["right:q6"]
# stack and nan_to_num
import torch


def merge_halves(left_maximum, left_sum, right_maximum, right_sum):
    tops, sums = torch.stack([left_maximum, right_maximum]), torch.stack([left_sum, right_sum])
    maximum = tops.amax(0)
    return maximum, (sums * (tops - maximum).exp().nan_to_num()).sum(0)


# %% [raw] tags=["card:q7"]
# title = "How far ahead to take half?"
# kind = "predict"
# difficulty = 2
# minutes = 10
# teaches = "softmax compares exponentials, so differences of scores decide, however many keys there are"
# assigned = true
# mine = [11, 6, 9, 14, 17, 21, 26, 31]
#
# [answers]
# warm_up = "number"
# half_lead = "number"
# after_shift = "number"
# after_doubling = "number"

# %% [markdown] tags=["statement:q7"]
# One query reads `keys` keys. All of them have the same score but one, the *leader*: its score is higher by a number that we
# call its lead. How many keys there are depends on your `student_id`; the cell prints your own number.
#
# **Worked.** With 3 keys and a lead of $\ln 8$ the exponentials stand 8 to 1 to 1. So the leader has $8 / 10 = 0.8$ of all weight.
#
# **Predict**, on paper:
#
# 1. `warm_up`: the leader's weight with 4 keys (not your own number) and a lead of $\ln 9$.
# 2. `half_lead`: with your own number of keys, the lead for which the leader has exactly half of all weight.
# 3. `after_shift`: the lead is `half_lead`. Now 5 is added to every score, the leader's too. Which weight has the leader?
# 4. `after_doubling`: from `half_lead` again, every score is doubled. Which weight has the leader now?
#
# A weight is a share between 0 and 1. Three decimals are enough, and an expression is as good as a number (`math.log` is the
# natural logarithm).

# %% tags=["answer:q7"]
import math

from transformer_edu.exercises import mine

keys = mine("softmax/q7")
print("your number of keys:", keys)

### BEGIN SOLUTION
warm_up = 9 / 12
half_lead = math.log(keys - 1)
after_shift = 0.5
after_doubling = (keys - 1) / keys
### INSTEAD
# warm_up = ...  # for everyone: 4 keys, a lead of ln 9
# half_lead = ...
# after_shift = ...
# after_doubling = ...
### END SOLUTION

# %% tags=["public-test:q7:1"]
# the case for everyone
share = student.warm_up
assert share <= 1, "A weight is a share between 0 and 1: 0.4, not 40 percent."
assert abs(share - 0.9) > 0.005, "9 to 1 would be one other key. With 4 keys there are three others, each with 1."
assert abs(share - 9 / 13) > 0.005, "The leader is one of the 4 keys: three others, not four."
assert abs(share - 0.4228) > 0.005, "Softmax compares exponentials, exp(ln 9) = 9, not the leads themselves."
assert abs(share - 0.75) < 0.001, "The exponentials stand 9 to 1 to 1 to 1: which part of their sum is the leader's?"

# %% tags=["public-test:q7:0"]
# the form of your own answers
assert student.half_lead > 0, "A lead of 0 gives all keys the same weight, and a negative one is no lead."
for name in ("after_shift", "after_doubling"):
    weight = getattr(student, name)
    assert 0 <= weight <= 1, "A weight is a share between 0 and 1: 0.4, not 40 percent."

# %% tags=["hidden-test:q7:2"]
# half of all weight
ahead, others = student.half_lead, mine - 1
assert abs(ahead - others) > 0.01, "That is how large exp(lead) has to be: the lead is its logarithm."
assert abs(ahead - math.log2(others)) > 0.01, "That is the logarithm to base 2: softmax uses powers of e."
assert abs(ahead - math.log10(others)) > 0.01, "That is the logarithm to base 10: softmax uses powers of e."
assert abs(ahead - math.log(mine)) > 0.006, "The leader is one of your keys: only the others stand against it."
row = torch.zeros(mine, dtype=torch.float64).index_fill(0, torch.tensor(0), ahead)
assert abs(torch.softmax(row, 0)[0] - 0.5) < 0.002, "With your lead, and your number of keys, the leader has not half of all weight."

# %% tags=["hidden-test:q7:1"]
# a shift of all scores
moved = student.after_shift
assert abs(moved - 0.9933) > 0.002, "The others rise by 5 too: the lead stays as it was."
assert abs(moved - 0.5) < 0.001, "Softmax reads differences of scores. Which of them changes, if 5 is added to every score?"

# %% tags=["hidden-test:q7:2"]
# doubled scores
grown = student.after_doubling
assert grown < 0.9999, "The weight does not double: doubled scores double the lead, and the weight stays below 1."
assert abs(grown - 0.5) > 0.002, "Doubling is no shift: all differences double, the lead too."
assert abs(grown - 2 / 3) > 0.002, "Twice the lead is not twice its exponential: exp(2 · lead) is exp(lead) squared."
assert abs(grown - mine / (mine + 1)) > 0.0003, "The leader is one of your keys: only the others stand against it, before and after."
assert abs(grown - (mine - 1) / mine) < 0.0006, "Square exp(lead), then ask again which part of the sum it is, for your number of keys."

# %% [markdown] tags=["hint:q7"]
# Write the exponentials as proportions, as in the worked case: exp(lead) for the leader, 1 for each of the others.

# %% [markdown] tags=["hint:q7"]
# The leader has half of the weight when its exponential is as large as those of all the others together. How many others are there?

# %% [markdown] tags=["hint:q7"]
# Adding 5 multiplies every exponential by the same number. Doubling the scores does not: what does it make of exp(lead), and what of the 1 of the others, if you set their score to 0?

# %% [markdown] tags=["because:q7"]
# With $n$ keys the exponentials stand $e^{\text{lead}}$ to 1 for each of the $n - 1$ others. Half of the weight needs
# $e^{\text{lead}} = n - 1$, so the lead is $\ln(n - 1)$. Adding 5 to all scores changes no difference: the weight stays ½. Doubling all
# scores doubles the lead, $e^{2\,\text{lead}} = (n - 1)^2$, and the weight is $(n - 1)^2 / ((n - 1)^2 + (n - 1)) = (n - 1) / n$. A thousand
# times as many keys ask for a lead that is larger by $\ln 1000 \approx 6.9$, no more: that is why scores of a modest size can single out
# one key among very many.

# %% tags=["wrong:q7:2"]
# the leader among the others
# says: The leader is one of your keys: only the others stand against it.
warm_up, half_lead, after_shift, after_doubling = 9 / 12, math.log(keys), 0.5, keys / (keys + 1)

# %% tags=["wrong:q7:4"]
# no logarithm
# says: That is how large exp(lead) has to be: the lead is its logarithm.
warm_up, half_lead, after_shift, after_doubling = 0.75, keys - 1, 0.5, (keys - 1) / keys

# %% tags=["wrong:q7:4"]
# a logarithm to base 2
# says: That is the logarithm to base 2: softmax uses powers of e.
warm_up, half_lead, after_shift, after_doubling = 0.75, math.log2(keys - 1), 0.5, (keys - 1) / keys

# %% tags=["wrong:q7:1"]
# leads for exponentials
# says: Softmax compares exponentials, exp(ln 9) = 9, not the leads themselves.
warm_up, half_lead, after_shift, after_doubling = math.log(9) / (math.log(9) + 3), keys - 1, 0.5, 2 / 3

# %% tags=["wrong:q7:5"]
# one other key only
# says: 9 to 1 would be one other key. With 4 keys there are three others, each with 1.
warm_up, half_lead, after_shift, after_doubling = 9 / 10, math.log(keys - 1), 0.5, (keys - 1) / keys

# %% tags=["wrong:q7:2"]
# percent
# says: A weight is a share between 0 and 1: 0.4, not 40 percent.
warm_up, half_lead, after_shift, after_doubling = 75, math.log(keys - 1), 50, 100 * (keys - 1) / keys

# %% tags=["wrong:q7:3"]
# percent for one's own weights
# says: A weight is a share between 0 and 1: 0.4, not 40 percent.
warm_up, half_lead, after_shift, after_doubling = 0.75, math.log(keys - 1), 50, 100 * (keys - 1) / keys

# %% tags=["wrong:q7:5"]
# only the leader rises
# says: The others rise by 5 too: the lead stays as it was.
warm_up, half_lead, after_shift, after_doubling = 0.75, math.log(keys - 1), 1 / (1 + math.exp(-5)), (keys - 1) / keys

# %% tags=["wrong:q7:4"]
# twice the weight
# says: The weight does not double: doubled scores double the lead, and the weight stays below 1.
warm_up, half_lead, after_shift, after_doubling = 0.75, math.log(keys - 1), 0.5, 1.0

# %% tags=["wrong:q7:4"]
# twice the exponential
# says: Twice the lead is not twice its exponential: exp(2 · lead) is exp(lead) squared.
warm_up, half_lead, after_shift, after_doubling = 0.75, math.log(keys - 1), 0.5, 2 / 3

# %% tags=["wrong:q7:4"]
# doubling is a shift
# says: Doubling is no shift: all differences double, the lead too.
warm_up, half_lead, after_shift, after_doubling = 0.75, math.log(keys - 1), 0.5, 0.5

# %% tags=["wrong:q7:2"]
# another student's number of keys
# says: With your lead, and your number of keys, the leader has not half of all weight.
warm_up, half_lead, after_shift, after_doubling = 0.75, math.log(63), 0.5, 63 / 64

# %% tags=["right:q7"]
# rounded to three decimals
warm_up, half_lead, after_shift = 0.75, round(math.log(keys - 1), 3), 0.5
after_doubling = round(1 - 1 / keys, 3)

# %% tags=["right:q7"]
# searched with torch
import torch


def weight(lead, n, shift=0.0, factor=1.0):
    scores = torch.zeros(n, dtype=torch.float64)
    scores[0] = lead
    return torch.softmax(factor * (scores + shift), dim=0)[0]


leads = torch.linspace(0, 10, 100_001, dtype=torch.float64)
half_lead = min(leads[::100].tolist(), key=lambda lead: abs(weight(lead, keys) - 0.5))
near = leads[(leads - half_lead).abs() < 0.01].tolist()
half_lead = min(near, key=lambda lead: abs(weight(lead, keys) - 0.5))
warm_up = weight(math.log(9), 4)
after_shift = weight(half_lead, keys, shift=5)
after_doubling = weight(half_lead, keys, factor=2)
