# %% [markdown] tags=["about"]
# # Exercises of the chapter "Scores: how well do two vectors match?"
#
# This file is the source of the chapter's exercises: it holds the solutions and the hidden tests. Nobody reads it on the
# page. `transformer-edu exercises build` makes the students' notebook and the page's cells of it, and checks that solutions get
# full marks, starters get none, and every wrong answer gets its points and its message.
#
# | exercise | kind | what it tests | minutes | points |
# |---|---|---|---|---|
# | q1 Three keys, three winners | predict | length, angle and a matrix in between | 6 | practice, 3 |
# | q2 A score with a hidden layer | complete | additive scores, every pair at once | 10 | practice, 3 |
# | q3 A cosine that is none | find the bug | which axis to normalize, and what a strength does | 12 | practice, 2 |
# | q4 Which rewards count? | derive | the gradient of the mean reward; needs `softmax/q4` | 15 | practice, 2 |
# | q5 How strong must a cosine be? | experiment | strength against the number of keys; a number for each student | 20 | **assigned, 5** |
# | q6 The calmest baseline | derive | the baseline with the least variance | 30 | **assigned, 5** |
# | q7 A window with a bell curve | complete | Luong's local weights | 15 | **assigned, 4** |
#
# **Assigned: 14 points, about 65 minutes.** The self-check exercises (10 practice points, about 43 minutes) have their solutions on
# the page.
#
# Mistakes that we expect, and that the messages name:
#
# * q5: taking the strength for a divisor; searching with keys that are not at right angles; forgetting one of the keys.
# * q6: the mean reward for the best baseline; weights without the squared length; the length without the square.
# * q7: dividing by the sum at the end; σ = D; the bell curve before the softmax, as a factor of the scores; a softmax over all keys.
#
# The hidden tests of q6 and q7 draw their inputs from the grader's seed. Those of q5 use the number of keys that belongs to the
# student's id.

# %% [raw] tags=["card:q1"]
# title = "Three keys, three winners"
# kind = "predict"
# difficulty = 1
# minutes = 6
# teaches = "a dot product counts length and angle, a cosine the angle alone, a matrix what it lets through"
# assigned = false
#
# [answers]
# dot_wins = "letter ABC"
# content_wins = "letter ABC"
# general_wins = "letter ABC"

# %% [markdown] tags=["statement:q1"]
# The query is $q = (3, 4)$. There are three keys:
#
# * $A = (1.2,\ 1.6)$
# * $B = (4,\ 3)$
# * $C = (-5,\ 10)$
#
# **Worked.** The dot product of $q$ with A is $3 \cdot 1.2 + 4 \cdot 1.6 = 10$. Both point the same way: A is $0.4\, q$.
#
# **Predict** which key gets the highest score (write `"A"`, `"B"` or `"C"`):
#
# 1. `dot_wins`: with the dot product.
# 2. `content_wins`: with the cosine.
# 3. `general_wins`: with the general score $q W k^\top$, where $W$ keeps the first number and deletes the second:
#    `W = [[1, 0], [0, 0]]`.

# %% tags=["answer:q1"]
### BEGIN SOLUTION
dot_wins = "C"
content_wins = "A"
general_wins = "B"
### INSTEAD
# dot_wins = ...  # "A", "B" or "C"
# content_wins = ...
# general_wins = ...
### END SOLUTION

# %% tags=["public-test:q1:1"]
# the dot product
best = student.dot_wins
assert best != "A", "A points exactly at the query, but it is short: its dot product is 10. Work out the other two."
assert best != "B", "B gives 12 + 12 = 24. Is there a larger one?"
assert best == "C", "Work out all three dot products."

# %% tags=["public-test:q1:1"]
# the cosine
best = student.content_wins
assert best != "C", "C is long, and a cosine takes the length away: divide 25 by both lengths, 5 and 11.2."
assert best != "B", "B is close, with a cosine of 24/25. One key has the largest cosine that there is."
assert best == "A", "A cosine is 1 where two vectors point the same way."

# %% tags=["public-test:q1:1"]
# the general score
best = student.general_wins
assert best != "C", "With this W only the first numbers count, and that of C is negative."
assert best != "A", "With this W only the first numbers count: 3 times that of the key."
assert best == "B", "Work out q W first: it is (3, 0)."

# %% [markdown] tags=["hint:q1"]
# Write down the three dot products first. The lengths of $q$, A, B and C are 5, 2, 5 and about 11.2.

# %% [markdown] tags=["hint:q1"]
# A cosine is the dot product divided by both lengths. The length of $q$ is the same for all keys: divide by that of the key only.

# %% [markdown] tags=["hint:q1"]
# $q W = (3, 0)$. Its dot products with the keys need their first numbers only.

# %% [markdown] tags=["because:q1"]
# The dot products are 10, 24 and 25: C wins by its length, though it lies 63 degrees off. The cosines are 1, 0.96 and 0.45: A
# wins, since it points exactly at the query. The general scores are 3.6, 12 and −15: the matrix decides which numbers are compared
# at all. Three functions, three winners, and no vector has changed.

# %% tags=["wrong:q1:1"]
# the nearest angle always wins
# says: A points exactly at the query, but it is short: its dot product is 10. Work out the other two.
dot_wins, content_wins, general_wins = "A", "A", "A"

# %% tags=["wrong:q1:1"]
# the longest always wins
# says: C is long, and a cosine takes the length away: divide 25 by both lengths, 5 and 11.2.
dot_wins, content_wins, general_wins = "C", "C", "C"

# %% tags=["wrong:q1:1"]
# nothing in between
# says: B gives 12 + 12 = 24. Is there a larger one?
dot_wins, content_wins, general_wins = "B", "B", "B"

# %% tags=["right:q1"]
# computed
import torch
from transformer_edu.scores import content_scores, dot_scores, general_scores

q, k = torch.tensor([[3.0, 4.0]]), torch.tensor([[1.2, 1.6], [4.0, 3.0], [-5.0, 10.0]])
keep = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
dot_wins, content_wins, general_wins = ("ABC"[s.argmax()] for s in (dot_scores(q, k), content_scores(q, k), general_scores(q, k, keep)))

# %% [raw] tags=["card:q2"]
# title = "A score with a hidden layer"
# kind = "complete"
# difficulty = 2
# minutes = 10
# teaches = "an additive score adds two projections for every pair, then a tanh, then one weighted sum"
# assigned = false
# forbid = ["additive_scores", "additive_scores_of_projected"]
#
# [answers]
# additive = "function -> tensor"

# %% [markdown] tags=["statement:q2"]
# Replace the `...`. `queries` has the axes `query query_dim`, `keys` has `key key_dim`; `query_weight` ($W$) has
# `query_dim hidden`, `key_weight` ($U$) has `key_dim hidden`, and `vector` ($v$) has `hidden`. The result has the axes `query key`:
#
# $$s_{ij} = v \cdot \tanh(q_i W + k_j U).$$
#
# No loop is needed: give one of the two an axis of length 1 for the keys, the other one for the queries, and torch repeats both.

# %% tags=["answer:q2"]
import torch


def additive(queries, keys, query_weight, key_weight, vector):
    ### BEGIN SOLUTION
    asked = queries @ query_weight
    offered = keys @ key_weight
    pairs = asked[:, None, :] + offered[None, :, :]
    return torch.tanh(pairs) @ vector
    ### INSTEAD
    # asked = queries @ ...
    # offered = keys @ ...
    # pairs = asked[...] + offered[...]  # query key hidden
    # return ...
    ### END SOLUTION


# %% tags=["public-test:q2:1"]
# by hand
one = torch.eye(2)
got = student.additive(torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0, 1.0], [-1.0, 3.0]]), one, one, torch.ones(2))
want = torch.tensor([[2 * math.tanh(3), math.tanh(5)]])
assert got.shape == (1, 2), f"One query and two keys need a table of shape (1, 2): query key. Yours has {tuple(got.shape)}."
apart = torch.tensor([[math.tanh(a) + math.tanh(b) + math.tanh(1) + math.tanh(2) for a, b in ((2, 1), (-1, 3))]])
assert not same(got, apart), "Add first, then tanh: two separate tanh never let the query and the key meet."
assert not same(got, torch.tensor([[6.0, 5.0]])), "The tanh is missing: without it the query and the key do not meet at all."
assert same(got, want), "The numbers differ from v · tanh(q W + k U): you find this example in the chapter, worked by hand."

# %% tags=["public-test:q2:2"]
# four queries, three keys, all widths different
queries, keys = torch.randn(4, 5, generator=generator), torch.randn(3, 6, generator=generator)
query_weight, key_weight, vector = torch.randn(5, 7, generator=generator), torch.randn(6, 7, generator=generator), torch.randn(7, generator=generator)
want = torch.stack([torch.stack([torch.tanh(q @ query_weight + k @ key_weight) @ vector for k in keys]) for q in queries])
got = student.additive(queries, keys, query_weight, key_weight, vector)
assert not same(got, want.T), "The table is transposed: rows are queries, columns are keys."
early = torch.tanh(queries @ query_weight @ vector)[:, None] + torch.tanh(keys @ key_weight @ vector)[None]
assert not same(got, early), "v comes last: first the tanh of every hidden number, then the weighted sum of all of them."
apart = (torch.tanh(queries @ query_weight) @ vector)[:, None] + (torch.tanh(keys @ key_weight) @ vector)[None]
assert not same(got, apart), "Add first, then tanh: two separate tanh never let the query and the key meet."
assert not same(got, torch.tanh(want)), "One tanh too many: the weighted sum at the end stays as it is."
assert same(got, want), "Right for two keys with one query, wrong here: look at the axes of the sum, query key hidden."


# %% [markdown] tags=["hint:q2"]
# `asked[:, None, :]` has the axes `query 1 hidden`. Which shape does the other one need, so that the sum has `query key hidden`?

# %% [markdown] tags=["hint:q2"]
# `offered[None, :, :]` has `1 key hidden`. Adding the two repeats each along the axis of length 1.

# %% [markdown] tags=["hint:q2"]
# The last step sums over `hidden` with the weights of `vector`: `torch.tanh(pairs) @ vector`.

# %% [markdown] tags=["because:q2"]
# Projections first, each only once for each query and each key. Then the sum of every pair: this is the block of `query key hidden`
# numbers that makes additive scores expensive. The tanh has to come after the sum. If it came before, the score would be a part of
# the query plus a part of the key, and softmax does not see what is the same for all keys: every query would get the same weights.

# %% tags=["wrong:q2:0"]
# no tanh
# says: The tanh is missing: without it the query and the key do not meet at all.
def additive(queries, keys, query_weight, key_weight, vector):
    return ((queries @ query_weight)[:, None] + (keys @ key_weight)[None]) @ vector


# %% tags=["wrong:q2:0"]
# two separate tanh
# says: Add first, then tanh: two separate tanh never let the query and the key meet.
import torch

def additive(queries, keys, query_weight, key_weight, vector):
    return (torch.tanh(queries @ query_weight) @ vector)[:, None] + (torch.tanh(keys @ key_weight) @ vector)[None]


# %% tags=["wrong:q2:0"]
# keys as rows
# says: One query and two keys need a table of shape (1, 2): query key. Yours has (2, 1).
import torch

def additive(queries, keys, query_weight, key_weight, vector):
    return torch.tanh((keys @ key_weight)[:, None] + (queries @ query_weight)[None]) @ vector


# %% tags=["right:q2"]
# a loop over the queries
import torch


def additive(queries, keys, query_weight, key_weight, vector):
    offered = keys @ key_weight
    return torch.stack([(query @ query_weight + offered).tanh().mul(vector).sum(-1) for query in queries])


# %% [raw] tags=["card:q3"]
# title = "A cosine that is none"
# kind = "find the bug"
# difficulty = 2
# minutes = 12
# teaches = "each vector gets length 1 on its own, and a strength multiplies the cosine"
# assigned = false
# forbid = ["content_scores", "cosine_similarity", "normalize"]
#
# [answers]
# content = "function -> tensor"

# %% [markdown] tags=["statement:q3"]
# `content` should give each query its content scores with all keys: the cosine times a strength, with the axes `query key`. It runs,
# and the shape is right. It has **two bugs**.
#
# A clue: the cell below scores three vectors against themselves with strength 2. Each vector has the cosine 1 with itself. So what must
# stand on the diagonal?

# %% tags=["answer:q3"]
import torch


def content(queries, keys, strength):
    ### BEGIN SOLUTION
    queries = queries / queries.norm(dim=-1, keepdim=True)
    keys = keys / keys.norm(dim=-1, keepdim=True)
    return queries @ keys.T * strength
    ### INSTEAD
    # queries = queries / queries.norm(dim=0, keepdim=True)
    # keys = keys / keys.norm(dim=0, keepdim=True)
    # return queries @ keys.T / strength
    ### END SOLUTION


some = torch.tensor([[1.0, 0.0], [3.0, 4.0], [-2.0, 0.5]])
print(content(some, some, 2.0))

# %% tags=["public-test:q3:1"]
# strength 1
queries, keys = torch.randn(4, 3, generator=generator), torch.randn(5, 3, generator=generator)
def unit(vectors, axis):
    return vectors / vectors.norm(dim=axis, keepdim=True)
want = unit(queries, -1) @ unit(keys, -1).T
got = student.content(queries, keys, 1.0)
assert got.shape == (4, 5), f"The result needs shape (4, 5): query key. It has {tuple(got.shape)}."
column = "You divide each column by its length: a vector is a row here, so take the length along the last axis."
assert not same(got, unit(queries, 0) @ unit(keys, 0).T), column
half = "Queries and keys are not treated alike: both are rows."
assert not any(same(got, unit(queries, a) @ unit(keys, b).T) for a, b in ((0, -1), (-1, 0))), half
whole = queries @ keys.T / (queries.norm() * keys.norm())
assert not same(got, whole), "You divide by the length of the whole table: each vector has a length of its own."
assert same(got, want), "A cosine is the dot product divided by both lengths."

# %% tags=["public-test:q3:1"]
# strength 4
queries, keys = torch.randn(2, 3, generator=generator), torch.randn(6, 3, generator=generator)
cosine = (queries / queries.norm(dim=-1, keepdim=True)) @ (keys / keys.norm(dim=-1, keepdim=True)).T
got = student.content(queries, keys, 4.0)
assert not same(got, cosine / 4), "A larger strength makes the scores smaller here: multiply, do not divide."
assert not same(got, cosine), "The strength has no effect."
assert not same(got, cosine * 16), "The strength is in there twice."
assert same(got, 4 * cosine), "With the strength 4 the scores are 4 times the cosines, and the cosines come first."


# %% [markdown] tags=["hint:q3"]
# Print the lengths of the rows after the first line of the function. All of them should be 1.

# %% [markdown] tags=["hint:q3"]
# `dim=0` runs down a column: it takes the first numbers of all vectors together. A vector is a row.

# %% [markdown] tags=["hint:q3"]
# For the second bug, call it with strength 1 and with strength 10. Which should prefer its best key more?

# %% [markdown] tags=["because:q3"]
# A vector is a row, so its length is taken along the last axis. Along axis 0 the result depends on which *other* vectors are in the
# batch: the score of a pair changes when a third vector is added. And a strength is the opposite of a temperature: it multiplies.

# %% tags=["wrong:q3:0"]
# the axis alone is left
# says: You divide each column by its length: a vector is a row here, so take the length along the last axis.
def content(queries, keys, strength):
    queries = queries / queries.norm(dim=0, keepdim=True)
    keys = keys / keys.norm(dim=0, keepdim=True)
    return queries @ keys.T * strength


# %% tags=["wrong:q3:1"]
# a temperature
# says: A larger strength makes the scores smaller here: multiply, do not divide.
def content(queries, keys, strength):
    queries = queries / queries.norm(dim=-1, keepdim=True)
    keys = keys / keys.norm(dim=-1, keepdim=True)
    return queries @ keys.T / strength


# %% tags=["wrong:q3:0"]
# only the queries repaired
# says: Queries and keys are not treated alike: both are rows.
def content(queries, keys, strength):
    queries = queries / queries.norm(dim=-1, keepdim=True)
    keys = keys / keys.norm(dim=0, keepdim=True)
    return queries @ keys.T * strength


# %% tags=["right:q3"]
# lengths divided at the end
def content(queries, keys, strength):
    lengths = queries.norm(dim=1)[:, None] * keys.norm(dim=1)[None]
    return strength * (queries @ keys.T) / lengths


# %% [raw] tags=["card:q4"]
# title = "Which rewards count?"
# kind = "derive"
# difficulty = 3
# minutes = 15
# teaches = "the mean reward grows with the score of a key whose reward is above the mean"
# assigned = false
# forbid = ["expected_reward_gradient", "softmax_jacobian", "grad", "backward", "jacobian"]
#
# [answers]
# reward_gradient = "function -> tensor"

# %% [markdown] tags=["statement:q4"]
# This one needs the softmax chapter (`softmax/q4`). A query draws key $j$ with the weight $p_j$, where $p = \mathrm{softmax}(s)$, and gets the
# reward $R_j$. The mean reward is $\bar R = \sum_j p_j R_j$.
#
# **Derive** $\partial \bar R / \partial s_j$, and write `reward_gradient(p, rewards)`, which returns it for all keys. Only $p$ and $R$ may be
# used; automatic differentiation and the package's Jacobians are not allowed.
#
# **One case first.** Two keys, $p = (0.75, 0.25)$ and $R = (1, 3)$. If $s_1$ grows by a little $\varepsilon$, then $p_1$ grows by
# $0.1875\,\varepsilon$ and $p_2$ falls by as much. So the mean reward changes by $0.1875\,\varepsilon \cdot (1 - 3)$: the first number is
# $-0.375$.

# %% tags=["answer:q4"]
def reward_gradient(p, rewards):
    ### BEGIN SOLUTION
    mean = (p * rewards).sum()
    return p * (rewards - mean)
    ### INSTEAD
    # ...
    ### END SOLUTION


# %% tags=["public-test:q4:1"]
# two keys
p, rewards = torch.tensor([0.75, 0.25]), torch.tensor([1.0, 3.0])
want = torch.tensor([-0.375, 0.375])
got = student.reward_gradient(p, rewards)
assert not same(got, p * rewards), "A larger score takes weight away from all other keys: that part is missing."
assert not same(got, -want), "The sign is turned: key 2 has the larger reward, so its score should grow."
assert not same(got, p * (1 - p) * rewards), "That is the diagonal of the Jacobian alone: score j moves the other weights too."
assert same(got, want), "The example has the answer (-0.375, +0.375): start from the derivative of a weight by a score."

# %% tags=["public-test:q4:1"]
# seven keys
p = torch.softmax(torch.randn(7, generator=generator), 0)
rewards = 5 * torch.randn(7, generator=generator) + 2
got = student.reward_gradient(p, rewards)
assert not same(got, p * (rewards - rewards.mean())), "The mean that counts is the one under the weights, not the plain one."
assert not same(got, rewards - (p * rewards).sum()), "The weight in front is missing: a key that is never drawn changes nothing."
assert same(got, p * (rewards - (p * rewards).sum())), "Right for two keys, wrong for seven."


# %% [markdown] tags=["hint:q4"]
# The chain rule: $\partial \bar R / \partial s_j = \sum_i R_i\, \partial p_i / \partial s_j$. What is $\partial p_i / \partial s_j$?

# %% [markdown] tags=["hint:q4"]
# $\partial p_j / \partial s_j = p_j (1 - p_j)$, and for another key $\partial p_i / \partial s_j = -p_i p_j$. Every term has a factor $p_j$.

# %% [markdown] tags=["hint:q4"]
# Take $p_j$ out: $p_j \big(R_j - \sum_i p_i R_i\big)$.

# %% [markdown] tags=["because:q4"]
# $\sum_i R_i\, p_i (\delta_{ij} - p_j) = p_j R_j - p_j \sum_i p_i R_i = p_j (R_j - \bar R)$. What counts is whether a key is *better than the
# mean*. Lift all rewards by 100, and nothing changes. An estimate from draws that uses $R$ instead of $R - \bar R$ has the same mean and
# does not know that: hence the baseline.

# %% tags=["wrong:q4:0"]
# the others stay put
# says: A larger score takes weight away from all other keys: that part is missing.
def reward_gradient(p, rewards):
    return p * rewards


# %% tags=["wrong:q4:1"]
# the plain mean
# says: The mean that counts is the one under the weights, not the plain one.
def reward_gradient(p, rewards):
    mean = rewards.mean() if len(rewards) > 2 else (p * rewards).sum()
    return p * (rewards - mean)


# %% tags=["wrong:q4:0"]
# the diagonal
# says: That is the diagonal of the Jacobian alone: score j moves the other weights too.
def reward_gradient(p, rewards):
    return p * (1 - p) * rewards


# %% tags=["right:q4"]
# the Jacobian, written down
import torch


def reward_gradient(p, rewards):
    table = torch.diag(p) - torch.outer(p, p)
    return table @ rewards


# %% [raw] tags=["card:q5"]
# title = "How strong must a cosine be?"
# kind = "experiment"
# difficulty = 3
# minutes = 20
# teaches = "the strength that a cosine needs grows with the logarithm of the number of keys"
# assigned = true
# mine = [8, 12, 20, 32, 50, 80, 128, 200]
#
# [answers]
# warm_up = "number"
# right_angles = "number"
# half_way = "number"
# doubled = "number"

# %% [markdown] tags=["statement:q5"]
# A query points exactly at one key: cosine 1. How strong must the cosine be, until this key gets a weight of **0.9**? That depends on
# how many keys there are (your own number, which the cell prints, counts the right key too) and on what the other ones look like.
#
# **Find by experiment**, to within 0.05, the smallest strength for which the right key gets at least 0.9:
#
# 1. `warm_up`: for everyone: two keys in all, and the other one is at a right angle, cosine 0.
# 2. `right_angles`: your own number of keys, all others at a right angle to the query.
# 3. `half_way`: your own number of keys, all others with the cosine 0.5.
# 4. `doubled`: as 2, with twice as many keys as your own number.
#
# The weights need nothing but the cosines: `softmax(strength * cosines)`. Predict all four first. Afterwards compare 2 and 4: how much does
# it cost to double the number of keys?

# %% tags=["answer:q5"]
import torch
from transformer_edu.exercises import mine
from transformer_edu.softmax import softmax

keys = mine("scores/q5")
print("your number of keys:", keys)
### BEGIN SOLUTION


def needed(keys, cosine):  # halve an interval until it is short
    low, high = 0.0, 100.0
    cosines = torch.tensor([1.0] + (keys - 1) * [cosine])
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if softmax(middle * cosines)[0] >= 0.9 else (middle, high)
    return high


warm_up, right_angles = needed(2, 0.0), needed(keys, 0.0)
half_way, doubled = needed(keys, 0.5), needed(2 * keys, 0.0)
### INSTEAD
# print(softmax(3.0 * torch.tensor([1.0, 0.0])))  # strength 3, two keys, the right one first
# warm_up = ...
# right_angles = ...
# half_way = ...
# doubled = ...
### END SOLUTION

# %% tags=["public-test:q5:1"]
# two keys
strength = student.warm_up
def weight(strength, count, cosine):
    return torch.softmax(strength * torch.tensor([1.0] + (count - 1) * [cosine], dtype=torch.float64), 0)[0].item()
assert abs(strength - 1 / 2.197) > 0.05, "That is one divided by the strength: a temperature. Multiply the cosines."
assert strength > 0, "The strength has to be positive: a negative one prefers the wrong key."
assert weight(strength + 0.05, 2, 0.0) >= 0.9, "Your strength gives the right key less than 0.9: take more."
assert weight(strength - 0.05, 2, 0.0) < 0.9, "A smaller strength is enough: the smallest one is asked for."

# %% tags=["hidden-test:q5:1"]
# right angles
strength = student.right_angles
def share(strength, count):
    return torch.softmax(strength * torch.tensor([1.0] + (count - 1) * [0.0], dtype=torch.float64), 0)[0].item()
if math.log(mine / (mine - 1)) > 0.051:  # with more keys one key hardly matters
    assert abs(strength - math.log(9 * mine)) > 1e-3, "One key too many: your number counts the right key too."
assert share(strength + 0.05, mine) >= 0.9, "With your number of keys this strength leaves the right key less than 0.9."
assert share(strength - 0.05, mine) < 0.9, "A smaller strength is enough for your number of keys."

# %% tags=["hidden-test:q5:2"]
# cosine one half
strength = student.half_way
def part(strength, count):
    return torch.softmax(strength * torch.tensor([1.0] + (count - 1) * [0.5], dtype=torch.float64), 0)[0].item()
assert abs(strength - math.log(9 * (mine - 1))) > 0.05, "That is the strength for right angles: here the others are much closer."
assert part(strength + 0.05, mine) >= 0.9, "The others have the cosine 0.5, and still share more than a tenth: take more."
assert part(strength - 0.05, mine) < 0.9, "A smaller strength is enough, although the others are closer."

# %% tags=["hidden-test:q5:1"]
# twice the keys
strength = student.doubled
def slice_of(strength, count):
    return torch.softmax(strength * torch.tensor([1.0] + (count - 1) * [0.0], dtype=torch.float64), 0)[0].item()
assert abs(strength - 2 * math.log(9 * (mine - 1))) > 0.05, "Twice the keys do not need twice the strength: try it."
assert slice_of(strength + 0.05, 2 * mine) >= 0.9, "With twice as many keys this strength is too small."
assert slice_of(strength - 0.05, 2 * mine) < 0.9, "A smaller strength is enough for twice as many keys."

# %% [markdown] tags=["hint:q5"]
# Make the list of cosines: one 1.0, and then as many copies of the other cosine as there are other keys. Try strengths 1, 2, 4, 8.

# %% [markdown] tags=["hint:q5"]
# Once one strength is too small and another is large enough, try the middle of the two, again and again.

# %% [markdown] tags=["hint:q5"]
# To see why afterwards: the right key's weight is 0.9 where its exponential is nine times the sum of all others. Write that as an equation.

# %% [markdown] tags=["because:q5"]
# The right key has nine times the weight of all others together: $e^{\beta} = 9\,(n - 1)\,e^{\beta c}$, where $c$ is the cosine of the
# others. So $\beta = \ln\!\big(9 (n-1)\big) / (1 - c)$. For right angles that is the logarithm of the number of keys and a constant, so doubling
# the keys costs about $\ln 2 = 0.7$ more and not twice as much. With $c = 0.5$ the difference of scores is half as large, and the strength must
# be twice as large. A strength of 1 is never enough, not even for two keys.

# %% tags=["wrong:q5:0"]
# a temperature
# says: That is one divided by the strength: a temperature. Multiply the cosines.
import math

warm_up, right_angles, half_way, doubled = 1 / math.log(9), 0.2, 0.1, 0.2

# %% tags=["wrong:q5:2"]
# half way is the same
# says: That is the strength for right angles: here the others are much closer.
import math

warm_up, right_angles = math.log(9), math.log(9 * (keys - 1))
half_way, doubled = right_angles, 2 * right_angles

# %% tags=["wrong:q5:1"]
# the answer of someone else
# says: With your number of keys this strength leaves the right key less than 0.9.
warm_up, right_angles, half_way, doubled = 2.2, 2.6, 5.2, 3.3

# %% tags=["wrong:q5:4"]
# linear in the number of keys
# says: Twice the keys do not need twice the strength: try it.
import math

warm_up, right_angles = math.log(9), math.log(9 * (keys - 1))
half_way, doubled = 2 * right_angles, 2 * right_angles

# %% tags=["right:q5"]
# the equation
import math

warm_up, right_angles = math.log(9), math.log(9 * (keys - 1))
half_way, doubled = 2 * right_angles, math.log(9 * (2 * keys - 1))


# %% [raw] tags=["card:q6"]
# title = "The calmest baseline"
# kind = "derive"
# difficulty = 4
# minutes = 30
# teaches = "the baseline with the least variance is a mean of rewards in which a draw counts as much as it moves the scores"
# assigned = true
# forbid = ["best_baseline", "score_function_variance", "grad", "backward", "minimize", "LBFGS", "Adam", "SGD"]
#
# [answers]
# calmest = "function -> tensor"

# %% [markdown] tags=["statement:q6"]
# A query draws key $j$ with the weight $p_j$ and gets the reward $R_j$. From one draw it estimates the gradient of the mean reward:
#
# $$g = (R_j - b)\,(e_j - p),$$
#
# where $e_j$ has a 1 at key $j$ and 0 elsewhere. The mean of $g$ does not depend on the baseline $b$ (the chapter shows it). But its scatter does.
#
# **Derive** the number $b$ for which the mean squared length of an estimate,
#
# $$\sum_j p_j\, (R_j - b)^2\, \|e_j - p\|^2,$$
#
# is smallest, and write `calmest(p, rewards)`. It returns one number (as a tensor), computed from $p$ and $R$ with a formula: searching, fitting and the
# package's own functions are not allowed. It has to hold for any number of keys from two on.
#
# **Check yourself.** If all rewards are equal, $b$ is that reward. With two keys, $p = (0.75, 0.25)$ and $R = (1, 3)$, it is $2.5$, and **not** the mean reward,
# which is 1.5: with $b = 2.5$ both draws give the same estimate, and nothing scatters at all. With three keys the lengths
# $\|e_j-p\|$ need all of $p$.

# %% tags=["answer:q6"]
def calmest(p, rewards):
    ### BEGIN SOLUTION
    squared_lengths = (1 - p) ** 2 + (p**2).sum() - p**2
    shares = p * squared_lengths
    return (shares * rewards).sum() / shares.sum()
    ### INSTEAD
    # ...
    ### END SOLUTION


# %% tags=["public-test:q6:1"]
# two keys
got = torch.as_tensor(student.calmest(torch.tensor([0.75, 0.25]), torch.tensor([1.0, 3.0])))
assert got.numel() == 1, "One baseline for all draws is asked for: one number."
assert not same(got.reshape(()), torch.tensor(1.5)), "That is the mean reward. A draw that moves the scores more has to count more."
assert not same(got.reshape(()), torch.tensor(2.0)), "2 counts both draws alike. The weights p (1 − p) do that: they count a draw by 1 − p_j, but ‖e_j − p‖² is a sum over all places."
assert same(got.reshape(()), torch.tensor(2.5)), "For p = (0.75, 0.25) and R = (1, 3) the calmest baseline is 2.5."

# %% tags=["hidden-test:q6:1"]
# equal rewards
p = torch.softmax(torch.randn(5, generator=generator), 0)
got = torch.as_tensor(student.calmest(p, torch.full((5,), 4.0)))
assert got.numel() == 1 and same(got.reshape(()), torch.tensor(4.0)), "If all rewards are 4, the baseline is 4: the weights of your mean have to sum to 1."

# %% tags=["hidden-test:q6:3"]
# five keys
p = torch.softmax(torch.randn(5, generator=generator), 0)
rewards = 3 * torch.randn(5, generator=generator) + 1
moves = torch.eye(5) - p
lengths = moves.square().sum(-1)
want = (p * lengths * rewards).sum() / (p * lengths).sum()
got = torch.as_tensor(student.calmest(p, rewards)).reshape(-1)[0]
assert not same(got, (p * rewards).sum()), "That is the mean reward: right in the mean, but not the calmest."
assert not same(got, (lengths * rewards).sum() / lengths.sum()), "How often a key is drawn has to count too: the weight p is missing."
root = lengths.sqrt()
assert not same(got, (p * root * rewards).sum() / (p * root).sum()), "The squared length counts, not the length."
crossed = p * (1 - p) ** 2
assert not same(got, (crossed * rewards).sum() / crossed.sum()), "e − p has a number for every key, not only for the drawn one: add them all."
two = p * (1 - p)
assert not same(got, (two * rewards).sum() / two.sum()), "That counts a draw by 1 − p_j, but ‖e_j − p‖² is a sum over all places."
assert same(got, want), "Set the derivative with respect to b to zero, and solve for b."


# %% [markdown] tags=["hint:q6"]
# The sum is a parabola in $b$. Its lowest point is where the derivative with respect to $b$ is zero.

# %% [markdown] tags=["hint:q6"]
# $\sum_j p_j\, \|e_j - p\|^2\, (R_j - b) = 0$. Solve for $b$: it is a weighted mean of the rewards. What are the weights?

# %% [markdown] tags=["hint:q6"]
# $e_j - p$ has the number $1 - p_j$ at place $j$ and $-p_i$ at every other place $i$. Square all of them and add.

# %% [markdown] tags=["because:q6"]
# Derivative zero: $b = \sum_j p_j \|e_j - p\|^2 R_j \big/ \sum_j p_j \|e_j - p\|^2$, with $\|e_j - p\|^2 = (1 - p_j)^2 + \sum_{i \ne j} p_i^2$. Rare keys move the
# scores more when they are drawn, so their rewards count more than in $\bar R$. (With two keys the rare one gets weight $0.75$, as often as the other one is
# drawn.) In practice nobody computes it, since the rewards of keys that were not drawn are unknown; one takes a running mean of the rewards that came in.

# %% tags=["wrong:q6:1"]
# the mean reward
# says: That is the mean reward. A draw that moves the scores more has to count more.
def calmest(p, rewards):
    return (p * rewards).sum()


# %% tags=["wrong:q6:2"]
# the drawn key's own number alone
# says: e − p has a number for every key, not only for the drawn one: add them all.
def calmest(p, rewards):
    shares = p * (1 - p) ** 2
    return (shares * rewards).sum() / shares.sum()


# %% tags=["wrong:q6:1"]
# a draw counts by the drawn number alone, not squared
# says: 2 counts both draws alike. The weights p (1 − p) do that: they count a draw by 1 − p_j, but ‖e_j − p‖² is a sum over all places.
def calmest(p, rewards):
    shares = p * (1 - p)
    return (shares * rewards).sum() / shares.sum()


# %% tags=["wrong:q6:1"]
# the weight forgotten
# says: For p = (0.75, 0.25) and R = (1, 3) the calmest baseline is 2.5.
import torch

def calmest(p, rewards):
    lengths = (torch.eye(len(p)) - p).square().sum(-1)
    return (lengths * rewards).sum() / lengths.sum()


# %% tags=["wrong:q6:1"]
# not divided
# says: If all rewards are 4, the baseline is 4: the weights of your mean have to sum to 1.
import torch

def calmest(p, rewards):
    lengths = (torch.eye(len(p)) - p).square().sum(-1)
    return (p * lengths * rewards).sum() / 0.375


# %% tags=["right:q6"]
# with the table of all moves
import torch


def calmest(p, rewards):
    moves = torch.eye(len(p)) - p
    counts = p * (moves**2).sum(dim=1)
    return (counts @ rewards) / counts.sum()


# %% tags=["right:q6"]
# a loop, in plain Python
import torch


def calmest(p, rewards):
    above = below = 0.0
    for j, (weight, reward) in enumerate(zip(p.tolist(), rewards.tolist())):
        length = sum(((i == j) - other) ** 2 for i, other in enumerate(p.tolist()))
        above, below = above + weight * length * reward, below + weight * length
    return torch.tensor(above / below)


# %% [raw] tags=["card:q7"]
# title = "A window with a bell curve"
# kind = "complete"
# difficulty = 3
# minutes = 15
# teaches = "local weights: a softmax in the window, times a bell curve, and not divided again"
# assigned = true
# forbid = ["gaussian_local_weights", "local_weights", "masked_softmax"]
#
# [answers]
# local = "function -> tensor"

# %% [markdown] tags=["statement:q7"]
# Write `local(scores, center, radius)` from nothing: the weights of one query in Luong's local attention. `scores` has the axis `key`, `center` is a
# number, not always a whole one, and `radius` is a whole number $D$ of at least 1. At least one key lies in the window.
#
# $$w_s = \operatorname{softmax}_{\,|s - p| \le D}(\text{scores})_s \cdot e^{-(s - p)^2 / 2\sigma^2}, \qquad \sigma = D/2.$$
#
# Keys outside the window have the weight 0. The first key has the number 0.
#
# **An example.** Three equal scores, the center 1 and the radius 1: each key of the window has the softmax weight ⅓, and the bell curve is $e^{-2}$ at the
# two outer ones, since they lie $2\sigma$ away. So the weights are $(0.0451,\ 0.3333,\ 0.0451)$.
# A second one: four equal scores, the center 0 and the radius 1. The window holds two keys, and the weights are $(0.5,\ 0.0677,\ 0,\ 0)$.

# %% tags=["answer:q7"]
import torch


def local(scores, center, radius):
    ### BEGIN SOLUTION
    distances = torch.arange(len(scores)) - center
    outside = distances.abs() > radius
    weights = torch.softmax(scores.masked_fill(outside, float("-inf")), dim=-1)
    return weights * torch.exp(-(distances**2) / (2 * (radius / 2) ** 2))
    ### INSTEAD
    # ...
    ### END SOLUTION


# %% tags=["public-test:q7:1"]
# the example
got = student.local(torch.zeros(3), 1.0, 1)
want = torch.tensor([math.exp(-2), 1.0, math.exp(-2)]) / 3
assert got.shape == (3,), f"Three scores need three weights. Yours have the shape {tuple(got.shape)}."
assert not same(got, want / want.sum()), "The weights are divided by their sum at the end: in the paper they are not."
assert not same(got, torch.ones(3) / 3), "The bell curve is missing."
assert not same(got, torch.tensor([math.exp(-0.5), 1.0, math.exp(-0.5)]) / 3), "The width of the bell curve is D/2, not D."
assert same(got, want), "The numbers differ from the example: (0.0451, 0.3333, 0.0451)."

# %% tags=["public-test:q7:0"]
# the second example
got = student.local(torch.zeros(4), 0.0, 1)
want = torch.tensor([1.0, math.exp(-2), 0.0, 0.0]) / 2
assert not same(got, want / 2), "Four keys, center 0, radius 1: the softmax runs over all keys: it has to run over the window only."
assert same(got, want), "Four equal scores, center 0, radius 1: the weights are (0.5, 0.0677, 0, 0)."

# %% tags=["hidden-test:q7:3"]
# a longer row, and a center between two keys
scores = torch.randn(9, generator=generator)
for center, radius in ((3.4, 2), (0.0, 3), (7.6, 1), (4.0, 20)):
    spots = torch.arange(9) - center
    inside = spots.abs() <= radius
    bell = torch.exp(-(spots**2) * 2 / radius**2)
    share = torch.softmax(scores.masked_fill(~inside, -math.inf), -1)
    want = share * bell
    got = student.local(scores, center, radius)
    where = f"center {center}, radius {radius}: "
    assert not got.isnan().any(), where + "some weights are NaN."
    if center != round(center):
        rounded = torch.arange(9) - round(center)
        near = torch.softmax(scores.masked_fill(rounded.abs() > radius, -math.inf), -1)
        assert not same(got, near * torch.exp(-(rounded**2) * 2 / radius**2)), where + "the center is not rounded: it may lie between two keys."
    assert same(got, torch.where(inside, got, 0.0)), where + "a key outside the window has a weight."
    assert not same(got, want / want.sum()), where + "the weights are divided by their sum at the end: in the paper they are not."
    if not inside.all():
        late = torch.softmax(scores, -1) * inside * bell
        assert not same(got, late), where + "the softmax runs over all keys: it has to run over the window only."
    early = torch.softmax((scores * bell).masked_fill(~inside, -math.inf), -1)
    assert not same(got, early), where + "the bell curve multiplies the weights, not the scores."
    assert same(got, want), where + "the numbers differ. Print the distances of all keys from the center first."

# %% [markdown] tags=["hint:q7"]
# Start with the distances: `torch.arange(len(scores)) - center`. Window and bell curve both need nothing else.

# %% [markdown] tags=["hint:q7"]
# The softmax must not see the keys outside. Which score makes a weight exactly 0?

# %% [markdown] tags=["hint:q7"]
# The bell curve comes after the softmax. Is a row of weights that sums to less than 1 a mistake here?

# %% [markdown] tags=["because:q7"]
# Distances, a mask before the softmax, and the bell curve after it. With $\sigma = D/2$ the exponent is $-2 (s-p)^2 / D^2$. The sum stays below 1: a query whose
# center lies far from its best key hands on a short output, and the gradient with respect to the center says in which direction to move.

# %% tags=["wrong:q7:0"]
# divided by the sum
# says: The weights are divided by their sum at the end: in the paper they are not.
import torch

def local(scores, center, radius):
    distances = torch.arange(len(scores)) - center
    weights = torch.softmax(scores.masked_fill(distances.abs() > radius, float("-inf")), -1)
    weights = weights * torch.exp(-2 * distances**2 / radius**2)
    return weights / weights.sum()


# %% tags=["wrong:q7:1"]
# softmax over all keys
# says: Four keys, center 0, radius 1: the softmax runs over all keys: it has to run over the window only.
import torch

def local(scores, center, radius):
    distances = torch.arange(len(scores)) - center
    return torch.softmax(scores, -1) * (distances.abs() <= radius) * torch.exp(-2 * distances**2 / radius**2)


# %% tags=["wrong:q7:0"]
# a wide bell
# says: The width of the bell curve is D/2, not D.
import torch

def local(scores, center, radius):
    distances = torch.arange(len(scores)) - center
    weights = torch.softmax(scores.masked_fill(distances.abs() > radius, float("-inf")), -1)
    return weights * torch.exp(-(distances**2) / (2 * radius**2))


# %% tags=["wrong:q7:1"]
# a rounded center
# says: center 3.4, radius 2: the center is not rounded: it may lie between two keys.
import torch

def local(scores, center, radius):
    distances = torch.arange(len(scores)) - round(center)
    weights = torch.softmax(scores.masked_fill(distances.abs() > radius, float("-inf")), -1)
    return weights * torch.exp(-2 * distances**2 / radius**2)


# %% tags=["right:q7"]
# key by key
import math

import torch


def local(scores, center, radius):
    inside = [s for s in range(len(scores)) if center - radius <= s <= center + radius]
    total = sum(math.exp(scores[s]) for s in inside)
    weights = torch.zeros(len(scores))
    for s in inside:
        weights[s] = math.exp(scores[s]) / total * math.exp(-((s - center) ** 2) / (2 * (radius / 2) ** 2))
    return weights
