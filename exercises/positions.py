# %% [markdown] tags=["about"]
# # Exercises of the chapter "Where is a token?"
#
# This file is the source of the chapter's exercises: it holds the solutions and the hidden tests. Nobody reads it on the
# page. `transformer-edu exercises build` makes the students' notebook and the page's cells of it, and checks that solutions get
# full marks, starters get none, and every wrong answer gets its points and its message.
#
# | exercise | kind | what it tests | minutes | points |
# |---|---|---|---|---|
# | q1 When does a wave come back? | predict | one sine gives several positions the same code | 5 | practice, 2 |
# | q2 Many clock hands | complete | the sinusoidal code, entry by entry | 10 | practice, 2 |
# | q3 Turned, but with whom? | find the bug | the pairing and the sense of rotary positions | 15 | practice, 2 |
# | q4 How near-sighted is a head? | experiment | what a slope means, in tokens; a slope for each student | 20 | **assigned, 5** |
# | q5 The same turn in another order | derive | the rotation matrix for codes in halves | 30 | **assigned, 5** |
# | q6 A vector for each distance | complete | Shaw's term: clip, sign, sum | 20 | **assigned, 5** |
# | q7 The mask knows where you are | derive | a causal mask alone gives positions | 15 | practice, 2 |
#
# **Assigned: 15 points, about 70 minutes.** q7 needs the chapter on attention (`attention/q2`).
#
# Mistakes that we expect, and that the messages name:
#
# * q4: taking the weight of the neighbor for that of the token itself; forgetting the sum below (e⁰ = 1 is no weight yet); one
#   token too few; a text that is too short for the slope.
# * q5: the matrix of the other order; the turn backwards (a transposed matrix); blocks exchanged.
# * q6: the sign of j − i; no clipping; clipped at the number of rows; the vectors added to the queries; divided by √head_dim, which
#   is not asked for.
#
# Only the simplest case of an assigned exercise is tested in public. The hidden tests of q5 and q6 draw their inputs from the
# grader's seed. Those of q4 use the slope that belongs to the student's id; two students share one with a chance of one in eight.

# %% [raw] tags=["card:q1"]
# title = "When does a wave come back?"
# kind = "predict"
# difficulty = 1
# minutes = 5
# teaches = "one sine gives several positions the same code"
# assigned = false
#
# [answers]
# like_position_1 = "numbers"
# different_codes = "number"

# %% [markdown] tags=["statement:q1"]
# The code of position $p$ is one sine of wavelength 12: $\sin(2\pi p / 12)$. So a step is 30 degrees.
#
# **Worked.** Position 0 has the code 0. So have the positions 6 (180 degrees), 12, 18 and 24.
#
# **Predict**, with a circle or a sketch of the wave:
#
# 1. `like_position_1`: which of the positions 2 … 24 have the same code as position 1?
# 2. `different_codes`: how many different codes do the positions 0, 1, 2, 3, … have in all, however many positions there are?

# %% tags=["answer:q1"]
### BEGIN SOLUTION
like_position_1 = [5, 13, 17]
different_codes = 7
### INSTEAD
# like_position_1 = ...  # a list of positions, such as [6, 12]
# different_codes = ...
### END SOLUTION

# %% tags=["public-test:q1:1"]
# like position 1
seen = sorted(student.like_position_1)
assert 1 not in seen, "Position 1 itself is not asked for: only 2 … 24."
assert seen != [13], "One wavelength later it is the same again. But the wave takes each height twice: on its way up and on its way down."
assert seen != [5, 13], "Go on to 24: the second wave comes down, too."
assert 7 not in seen and 11 not in seen, "sin 210° and sin 330° are −½: the wave is below zero there."
assert seen == [5, 13, 17], "Look for sin(30° · p) = ½: up at 30°, down at 150°, and the same one turn later."

# %% tags=["public-test:q1:1"]
# how many different ones
count = student.different_codes
assert count != math.inf, "After 12 positions it starts again: there are finitely many."
assert count != 12, "12 positions to a turn, but some of them have the same height: 30° and 150°, for one."
assert count != 13, "Position 12 is position 0 again, and some positions within a turn share their height."
assert count not in (3, 4, 5, 6), "Count the heights of both signs, with 0, ½, √3/2 and 1."
assert count == 7, "Write the 12 heights of one turn down, and strike out doubles."

# %% [markdown] tags=["hint:q1"]
# Draw a circle with 12 marks, like a clock. The code is the height of a mark.

# %% [markdown] tags=["hint:q1"]
# The marks at 30 and at 150 degrees are at one height. Which positions are these, in the first turn and in the second?

# %% [markdown] tags=["hint:q1"]
# The heights of one turn: 0, ½, √3/2, 1, √3/2, ½, 0, and the same below zero.

# %% [markdown] tags=["because:q1"]
# $\sin(30° p) = ½$ at 30° and at 150°: positions 1 and 5, and a turn later 13 and 17. In one turn the sine takes the heights 0, ±½, ±√3/2 and
# ±1, which makes 7. So a model that is given this code cannot tell position 1 from 5, and text of any length has no more than seven
# places. The cosine beside the sine would tell 1 from 5; only a second, slower wave tells 1 from 13.

# %% tags=["wrong:q1:0"]
# only a turn later
# says: One wavelength later it is the same again. But the wave takes each height twice: on its way up and on its way down.
like_position_1, different_codes = [13], 12

# %% tags=["wrong:q1:1"]
# twelve codes
# says: 12 positions to a turn, but some of them have the same height: 30° and 150°, for one.
like_position_1, different_codes = [5, 13, 17], 12

# %% tags=["wrong:q1:1"]
# also below zero
# says: sin 210° and sin 330° are −½: the wave is below zero there.
like_position_1, different_codes = [5, 7, 11, 13, 17], 7

# %% tags=["wrong:q1:0"]
# no doubles below
# says: Go on to 24: the second wave comes down, too.
like_position_1, different_codes = [5, 13], 4

# %% tags=["right:q1"]
# a set, counted
import math

like_position_1 = {p for p in range(2, 25) if abs(math.sin(math.pi * p / 6) - 0.5) < 1e-9}
different_codes = len({round(math.sin(math.pi * p / 6), 9) + 0.0 for p in range(100)})

# %% [raw] tags=["card:q2"]
# title = "Many clock hands"
# kind = "complete"
# difficulty = 2
# minutes = 10
# teaches = "sine and cosine by turns, slower with each pair"
# assigned = false
# forbid = ["sinusoidal", "sinusoidal_at", "sinusoidal_halves", "sinusoidal_2d", "sinusoidal_2d_at", "AddSinusoidal", "AddSinusoidal2d", "frequencies"]
#
# [answers]
# codes = "function -> tensor"

# %% [markdown] tags=["statement:q2"]
# Replace the `...`. The result has the axes `token dim`: the codes of the positions 0 … `length` − 1.
#
# $$\mathrm{PE}[p, 2i] = \sin(p\,\omega_i), \qquad \mathrm{PE}[p, 2i + 1] = \cos(p\,\omega_i), \qquad \omega_i = \texttt{base}^{-2i/\texttt{dim}}$$

# %% tags=["answer:q2"]
import torch


def codes(length, dim, base):
    ### BEGIN SOLUTION
    positions = torch.arange(length)
    pairs = torch.arange(dim // 2)
    speeds = base ** (-2 * pairs / dim)
    angles = positions[:, None] * speeds
    table = torch.zeros(length, dim)
    table[:, 0::2] = angles.sin()
    table[:, 1::2] = angles.cos()
    return table
    ### INSTEAD
    # speeds = ...  # one number for each of the dim / 2 pairs
    # angles = ...  # positions × pairs
    # table = torch.zeros(length, dim)
    # table[:, 0::2] = ...
    # table[:, 1::2] = ...
    # return table
    ### END SOLUTION


# %% tags=["public-test:q2:1"]
# four positions of width 6
place, pair = torch.arange(4.0)[:, None], torch.arange(3.0)
def table_of(angles, first="sin"):
    waves = (angles.sin(), angles.cos()) if first == "sin" else (angles.cos(), angles.sin())
    return torch.stack(waves, -1).reshape(4, 6)
angle = place * 50.0 ** (-2 * pair / 6)
want = table_of(angle)
got = student.codes(4, 6, 50.0)
likely = {
    "The waves get faster here: the exponent needs a minus, so that ω falls.": table_of(place * 50.0 ** (2 * pair / 6)),
    "The exponent is −2i/dim, with a 2: a pair takes two features.": table_of(place * 50.0 ** (-pair / 6)),
    "That is all sines, then all cosines: here they stand by turns.": torch.cat([angle.sin(), angle.cos()], -1),
    "Sine and cosine have changed places: the even columns hold the sine.": table_of(angle, "cos"),
    "Positions are counted from 0 here, yours start at 1.": table_of((place + 1) * 50.0 ** (-2 * pair / 6)),
    "All pairs turn equally fast here: the speed has to fall from pair to pair.": table_of(place.expand(4, 3)),
    "The base is fixed at 10000: take it from the arguments.": table_of(place * 10000.0 ** (-2 * pair / 6)),
}
for mistake, numbers in likely.items():
    assert not same(got, numbers), mistake
assert got.shape == (4, 6), f"The table needs shape (4, 6): token dim. It has {tuple(got.shape)}."
assert same(got, want), "The numbers differ from the formula: print your speeds first, the first of them is 1."

# %% tags=["public-test:q2:1"]
# other sizes
from transformer_edu.positions import sinusoidal
want = sinusoidal(7, 10, base=10000.0)
got = student.codes(7, 10, 10000.0)
assert same(got, want), "Right for 4 positions of width 6, wrong for 7 of width 10: take length, dim and base from the arguments."

# %% [markdown] tags=["hint:q2"]
# The speeds are a row of dim/2 numbers that starts at 1 and falls: `base ** (-2 * pairs / dim)`.

# %% [markdown] tags=["hint:q2"]
# `positions[:, None] * speeds` is the table of all angles, one row a position.

# %% [markdown] tags=["hint:q2"]
# `table[:, 0::2]` are the even columns: they take the sines of the angles.

# %% [markdown] tags=["because:q2"]
# Each pair of columns is one clock hand: its height is the sine, its other coordinate the cosine. The speeds fall from 1 radian a step to nearly
# 1/base, so the first pair tells neighbors apart and the last ones tell far positions apart. `positions[:, None]` makes a column of the positions, and the
# product with the row of speeds is the whole table of angles.

# %% tags=["wrong:q2:0"]
# faster and faster
# says: The waves get faster here: the exponent needs a minus, so that ω falls.
import torch

def codes(length, dim, base):
    angles = torch.arange(length)[:, None] * base ** (2 * torch.arange(dim // 2) / dim)
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(length, dim)


# %% tags=["wrong:q2:0"]
# halves
# says: That is all sines, then all cosines: here they stand by turns.
import torch

def codes(length, dim, base):
    angles = torch.arange(length)[:, None] * base ** (-2 * torch.arange(dim // 2) / dim)
    return torch.cat([angles.sin(), angles.cos()], -1)


# %% tags=["wrong:q2:0"]
# the two is missing
# says: The exponent is −2i/dim, with a 2: a pair takes two features.
import torch

def codes(length, dim, base):
    angles = torch.arange(length)[:, None] * base ** (-torch.arange(dim // 2) / dim)
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(length, dim)


# %% tags=["wrong:q2:1"]
# a fixed length
# says: Right for 4 positions of width 6, wrong for 7 of width 10: take length, dim and base from the arguments.
import torch

def codes(length, dim, base):
    angles = torch.arange(4)[:, None] * base ** (-2 * torch.arange(dim // 2) / dim)
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(4, dim)


# %% tags=["right:q2"]
# entry by entry
import math
import torch

def codes(length, dim, base):
    waves = (math.sin, math.cos)
    return torch.tensor([[waves[j % 2](p / base ** ((j - j % 2) / dim)) for j in range(dim)] for p in range(length)])


# %% [raw] tags=["card:q3"]
# title = "Turned, but with whom?"
# kind = "find the bug"
# difficulty = 3
# minutes = 15
# teaches = "a property that holds does not prove that the numbers are right"
# assigned = false
# forbid = ["rotary", "rotary_at", "rotary_halves", "rotary_halves_at", "Rotary"]
#
# [answers]
# turn = "function -> tensor"

# %% [markdown] tags=["statement:q3"]
# `turn(vectors, base)` should turn queries or keys by their positions, in the pairing of GPT-NeoX (and of Llama in Hugging Face's code): feature $i$ and feature
# $i + \texttt{dim}/2$ are a pair, and at position $p$ it turns by the angle $p\,\omega_i$ with $\omega_i = \texttt{base}^{-2i/\texttt{dim}}$, in the mathematical sense:
#
# $$(x_i,\ x_{i+h}) \to (x_i \cos p\omega_i - x_{i+h} \sin p\omega_i,\ \ x_i \sin p\omega_i + x_{i+h} \cos p\omega_i), \qquad h = \texttt{dim}/2$$
#
# It runs, its shapes are right, and position 0 is left alone, as it should be. But it has **two bugs**. With the first the lengths of
# vectors change. The second is worse: repair only the first one, and lengths stay, and scores depend on the distance only, as they should. The
# numbers are still not those of the formula, and a checkpoint that was trained with the formula would give nonsense. **Find both and repair them.**

# %% tags=["answer:q3"]
import torch


def turn(vectors, base):
    tokens, dim = vectors.shape
    speeds = base ** (-torch.arange(0, dim, 2) / dim)
    angles = torch.arange(tokens)[:, None] * speeds
    ### BEGIN SOLUTION
    angles = torch.cat([angles, angles], dim=-1)
    left, right = vectors.chunk(2, dim=-1)
    partners = torch.cat([-right, left], dim=-1)
    ### INSTEAD
    # angles = angles.repeat_interleave(2, dim=-1)
    # left, right = vectors.chunk(2, dim=-1)
    # partners = torch.cat([right, -left], dim=-1)
    ### END SOLUTION
    return vectors * angles.cos() + partners * angles.sin()


# %% tags=["public-test:q3:1"]
# three positions of width 6
vectors = torch.randn(3, 6, generator=generator)
angles = torch.arange(3)[:, None] * 20.0 ** (-torch.arange(0, 6, 2) / 6)
def turned(sense, pairs):
    if pairs == "halves":
        x, y = vectors.chunk(2, -1)
    else:
        x, y = vectors[:, ::2], vectors[:, 1::2]
    parts = [x * angles.cos() - sense * y * angles.sin(), sense * x * angles.sin() + y * angles.cos()]
    return torch.cat(parts, -1) if pairs == "halves" else torch.stack(parts, -1).flatten(1)
def mixed(sense):
    x, y = vectors.chunk(2, -1)
    both = angles.repeat_interleave(2, -1)
    return vectors * both.cos() + sense * torch.cat([-y, x], -1) * both.sin()
want = turned(1, "halves")
got = student.turn(vectors, 20.0)
assert got.shape == (3, 6), f"The result needs shape (3, 6): token dim. It has {tuple(got.shape)}."
assert same(got[0], vectors[0]), "Position 0 turns by the angle 0: it stays as it is."
assert not same(got, mixed(-1)), "Both bugs are there. Print the angles: which of them belong to feature 0 and to its partner, feature dim/2?"
assert not same(got, mixed(1)), "The sense is right now. The angles still stand as for neighbors: feature 0 and feature dim/2 need the same one."
assert not same(got, turned(-1, "halves")), "The pairs are right now. They turn backwards: compare the signs with the formula."
assert not same(got, turned(1, "neighbors")), "That is the other pairing, (2i, 2i + 1): right in itself, but asked for is (i, i + dim/2)."
assert same(got, want), "The numbers differ: feature i and feature i + dim/2 turn together, by position times speed i."

# %% tags=["public-test:q3:1"]
# other sizes
from transformer_edu.positions import rotary_halves
vectors = torch.randn(9, 4, generator=generator)
want = rotary_halves(vectors, base=500.0)
got = student.turn(vectors, 500.0)
assert same(got, want), "Right for three positions of width 6, wrong for nine of width 4."

# %% [markdown] tags=["hint:q3"]
# The formula wants one angle for feature 0 and feature dim/2. Print `angles` for dim = 4: which columns are alike?

# %% [markdown] tags=["hint:q3"]
# `repeat_interleave(2)` gives a, a, b, b. The pairing of halves needs a, b, a, b.

# %% [markdown] tags=["hint:q3"]
# For the second bug: what stands beside the sine in the first half of the formula, and with which sign?

# %% [markdown] tags=["because:q3"]
# The angles were laid out for the pairing of neighbors, (a, a, b, b), and the partners for that of halves: features of one pair turned by different angles, which is
# no turn at all, so lengths changed. And the partners had their signs exchanged, which turns all pairs backwards. That second bug keeps every property: lengths stay,
# and ⟨R₋ₚ q, R₋ₛ k⟩ still depends on s − p only. A test of properties passes it. It takes a second source of the numbers, an *oracle*, to see it: the
# formula by hand, or another implementation.

# %% tags=["wrong:q3:0"]
# only the angles repaired
# says: The pairs are right now. They turn backwards: compare the signs with the formula.
import torch

def turn(vectors, base):
    tokens, dim = vectors.shape
    angles = torch.arange(tokens)[:, None] * base ** (-torch.arange(0, dim, 2) / dim)
    angles = torch.cat([angles, angles], dim=-1)
    left, right = vectors.chunk(2, dim=-1)
    return vectors * angles.cos() + torch.cat([right, -left], dim=-1) * angles.sin()


# %% tags=["wrong:q3:0"]
# only the signs repaired
# says: The sense is right now. The angles still stand as for neighbors: feature 0 and feature dim/2 need the same one.
import torch

def turn(vectors, base):
    tokens, dim = vectors.shape
    angles = torch.arange(tokens)[:, None] * base ** (-torch.arange(0, dim, 2) / dim)
    angles = angles.repeat_interleave(2, dim=-1)
    left, right = vectors.chunk(2, dim=-1)
    return vectors * angles.cos() + torch.cat([-right, left], dim=-1) * angles.sin()


# %% tags=["wrong:q3:0"]
# the other pairing
# says: That is the other pairing, (2i, 2i + 1): right in itself, but asked for is (i, i + dim/2).
import torch

def turn(vectors, base):
    tokens, dim = vectors.shape
    angles = torch.arange(tokens)[:, None] * base ** (-torch.arange(0, dim, 2) / dim)
    x, y = vectors[:, ::2], vectors[:, 1::2]
    return torch.stack([x * angles.cos() - y * angles.sin(), x * angles.sin() + y * angles.cos()], -1).flatten(1)


# %% tags=["right:q3"]
# pair by pair
import math
import torch

def turn(vectors, base):
    turned, half = vectors.clone(), vectors.shape[1] // 2
    for p in range(len(vectors)):
        for i in range(half):
            angle = p * base ** (-i / half)
            x, y = vectors[p, i], vectors[p, i + half]
            turned[p, i] = x * math.cos(angle) - y * math.sin(angle)
            turned[p, i + half] = x * math.sin(angle) + y * math.cos(angle)
    return turned


# %% [raw] tags=["card:q4"]
# title = "How near-sighted is a head?"
# kind = "experiment"
# difficulty = 3
# minutes = 20
# teaches = "what an ALiBi slope means in tokens"
# assigned = true
# mine = [8, 12, 16, 24, 32, 48, 64, 96]
#
# [answers]
# warm_up = "number"
# own_weight = "number"
# half_within = "number"
# twice_as_long = "number"

# %% [markdown] tags=["statement:q4"]
# An ALiBi head subtracts slope · distance from its scores. Let the contents of all tokens match alike, so that the scores are the penalties alone.
# The *last* token of a long causal text looks back: what does it see? Your slope is 1/`reach`; `reach` depends on your `student_id`, and the cell prints it.
#
# **Find by experiment**, in a text so long that a longer one changes nothing (the function `alibi_bias` of `transformer_edu.positions` takes a tensor of slopes):
#
# 1. `warm_up`: for everyone, slope ½. The weight that the last token gives to itself. (Two decimals are enough.)
# 2. `own_weight`: your slope. The weight that the last token gives to itself, to 0.0005.
# 3. `half_within`: your slope. The smallest number of tokens, the last one among them and counted from it back, that together get at least half
#    of the weight.
# 4. `twice_as_long`: your slope, and a text twice as long as the long one. By what factor does the answer to 3 change? (1 means: not at all.)
#
# Predict first: how does `half_within` depend on `reach`? A sketch of $e^{-\text{distance}/\text{reach}}$ helps.

# %% tags=["answer:q4"]
from transformer_edu.exercises import mine

reach = mine("positions/q4")
print("your slope: 1 /", reach)

### BEGIN SOLUTION
import torch

from transformer_edu.positions import alibi_bias


def looks(slope, tokens=2000):  # from the last token back
    bias = alibi_bias(torch.tensor([slope], dtype=torch.float64), queries=1, keys=tokens, first=tokens - 1)
    return bias[0, 0].softmax(-1).flip(0)


warm_up = looks(0.5)[0].item()
own_weight = looks(1 / reach)[0].item()
half_within = int((looks(1 / reach).cumsum(0) < 0.5).sum()) + 1
twice_as_long = (int((looks(1 / reach, 4000).cumsum(0) < 0.5).sum()) + 1) / half_within
print(warm_up, own_weight, half_within, twice_as_long)
### INSTEAD
# warm_up = ...  # slope ½
# own_weight = ...  # from here on slope 1 / reach
# half_within = ...
# twice_as_long = ...
### END SOLUTION

# %% tags=["public-test:q4:1"]
# the case for everyone
weight = student.warm_up
assert weight != 1, "e⁰ = 1 is what stands above. Divide by the sum over all keys, as the softmax does."
assert abs(weight - math.exp(-0.5)) > 0.006, "That is e^(−½), the ratio of two neighbors, before the softmax divides by the sum."
assert abs(weight - 0.2387) > 0.006, "That is the token before the last one: the last one has the distance 0."
assert abs(weight - 1 / (1 + math.exp(-0.5) + math.exp(-1.0))) > 0.006, "Three keys are too few: take a text so long that more keys change nothing."
assert abs(weight - (1 - math.exp(-0.5))) < 0.006, "Softmax the penalties −distance/2 over many keys and take the weight at distance 0."

# %% tags=["hidden-test:q4:2"]
# the weight of the last token
weight = student.own_weight
assert abs(weight - (1 - math.exp(-0.5))) > 0.001, "That is the weight for slope ½: use your own."
assert weight < 1, "e⁰ = 1 is what stands above. Divide by the sum over all keys, as the softmax does."
assert abs(weight - math.exp(-1 / mine)) > 0.001, "That is the ratio of two neighbors, before the softmax divides by the sum."
assert abs(weight - (1 - math.exp(-1 / mine))) < 0.0006, "The weight at distance 0, in a text so long that more keys change nothing."

# %% tags=["hidden-test:q4:1"]
# half of the weight
within = student.half_within
half = math.ceil(mine * math.log(2))
assert within != half - 1, "One token too few: so many do not yet hold half of the weight. The last token counts as one."
assert within != half + 1, "One token too many: one fewer already hold half of the weight."
assert within != mine, "Within `reach` tokens there is more than half: 1 − 1/e of the weight, or 63 %."
assert within == half, "Add up the weights from the last token back, until half is reached. Is the text long enough?"

# %% tags=["hidden-test:q4:1"]
# a text twice as long
factor = student.twice_as_long
assert factor != 2, "The new tokens are farther away than those that are seen: what do they get?"
assert abs(factor - 1) < 0.01, "Measure it again with twice as many keys: the far ones get almost nothing."

# %% [markdown] tags=["hint:q4"]
# `alibi_bias(torch.tensor([1 / reach]), queries=1, keys=n, first=n - 1)[0, 0]` is the row of the last token. What turns scores into weights?

# %% [markdown] tags=["hint:q4"]
# Is n large enough? Double it: if the answer changes in the third digit, it was not. 20 times `reach` is plenty.

# %% [markdown] tags=["hint:q4"]
# For the third answer turn the row round with `.flip(0)`, and add up with `.cumsum(0)`. An index counted from 0 is one less than a number of tokens.

# %% [markdown] tags=["because:q4"]
# The penalties −distance/reach become weights proportional to $e^{-\text{distance}/r}$, and the sum of this geometric series is $1/(1 - e^{-1/r})$. So the last token
# keeps $1 - e^{-1/r}$, about $1/r$. The nearest $n$ tokens hold $1 - e^{-n/r}$, which reaches one half at $n = r \ln 2$. Tokens farther away than a few times $r$ get nothing
# that matters, so a longer text changes nothing: this head has a soft window of about $1/\text{slope}$ tokens. That is why ALiBi keeps its head in longer
# texts, and also why a head with a large slope cannot fetch anything from far away.

# %% tags=["wrong:q4:0"]
# not divided by the sum
# says: e⁰ = 1 is what stands above. Divide by the sum over all keys, as the softmax does.
import math

warm_up, own_weight, half_within, twice_as_long = 1, 1, reach, 2

# %% tags=["wrong:q4:4"]
# the length counts
# says: The new tokens are farther away than those that are seen: what do they get?
import math

warm_up, own_weight = 0.39, 1 - math.exp(-1 / reach)
half_within, twice_as_long = math.ceil(reach * math.log(2)), 2

# %% tags=["wrong:q4:3"]
# one token too few, and twice
# says: One token too few: so many do not yet hold half of the weight. The last token counts as one.
import math

warm_up, own_weight = 0.39, 1 - math.exp(-1 / reach)
half_within, twice_as_long = math.floor(reach * math.log(2)), 2

# %% tags=["wrong:q4:3"]
# reach for half
# says: Within `reach` tokens there is more than half: 1 − 1/e of the weight, or 63 %.
import math

warm_up, own_weight = 0.393, 1 - math.exp(-1 / reach)
half_within, twice_as_long = reach, 2.0

# %% tags=["wrong:q4:2"]
# the warm-up for all
# says: That is the weight for slope ½: use your own.
import math

warm_up = own_weight = 1 - math.exp(-0.5)
half_within, twice_as_long = 2, 1

# %% tags=["right:q4"]
# by formula
import math

warm_up = 0.39
own_weight = 1 - math.exp(-1 / reach)
half_within = math.ceil(reach * math.log(2))
twice_as_long = 1

# %% [raw] tags=["card:q5"]
# title = "The same turn in another order"
# kind = "derive"
# difficulty = 4
# minutes = 30
# teaches = "a shift of all positions is one fixed matrix, and its form follows the order of the features"
# assigned = true
# forbid = ["turn_matrix", "lstsq", "pinv", "solve", "inv"]
#
# [answers]
# shift_matrix = "function -> tensor"

# %% [markdown] tags=["statement:q5"]
# The page shows the matrix $R_k$ that takes the code of any position $p$ to that of $p + k$, for codes with sine and cosine *by turns*. The codes of `sinusoidal_halves` hold
# the same numbers in another order, first all sines and then all cosines:
#
# $$c_p = (\sin p\omega_0, \dots, \sin p\omega_{h-1},\ \cos p\omega_0, \dots, \cos p\omega_{h-1}), \qquad h = \texttt{dim}/2, \quad \omega_i = \texttt{base}^{-2i/\texttt{dim}}$$
#
# **Derive** the matrix $M_k$ with $c_{p+k} = M_k\, c_p$ for *every* $p$, from the addition theorems. (Here $c$ is a column.) Then write `shift_matrix(offset, dim, base)`, which
# returns it with the axes `dim dim`. `offset` may be negative, or a fraction. Fitting it to examples is not allowed here.
#
# **The smallest case: dim = 2.** Then $c_p = (\sin p, \cos p)$, and $\sin(p + k) = \cos k \sin p + \sin k \cos p$. The first row of $M_k$ is $(\cos k, \sin k)$. What is the second?

# %% tags=["answer:q5"]
import torch


def shift_matrix(offset, dim, base):
    ### BEGIN SOLUTION
    angles = offset * base ** (-torch.arange(0, dim, 2) / dim)
    cos, sin = torch.diag(angles.cos()), torch.diag(angles.sin())
    return torch.cat([torch.cat([cos, sin], dim=1), torch.cat([-sin, cos], dim=1)])
    ### END SOLUTION


# %% tags=["public-test:q5:1"]
# the smallest case
want = torch.tensor([[math.cos(0.5), math.sin(0.5)], [-math.sin(0.5), math.cos(0.5)]])
got = student.shift_matrix(0.5, 2, 10000.0)
assert got.shape == (2, 2), f"A matrix of dim × dim has shape (2, 2) here, yours has {tuple(got.shape)}."
assert not same(got, want.T), "This matrix moves codes backwards, to p − k. Check with sin(p + k) = cos k sin p + sin k cos p."
assert not same(got, want.abs()), "The signs: cos(p + k) = cos p cos k − sin p sin k."
assert same(got, want), "For dim = 2 the first row is (cos k, sin k), the second comes from cos(p + k)."

# %% tags=["hidden-test:q5:3"]
# eight features
from transformer_edu.positions import frequencies, sinusoidal_halves
offset = int(torch.randint(2, 6, (), generator=generator))
angles = (offset * frequencies(8, base=30.0)).float()
cos, sin = torch.diag(angles.cos()), torch.diag(angles.sin())
def blocks(a, b, c, d):
    return torch.cat([torch.cat([a, b], 1), torch.cat([c, d], 1)])
turns = torch.block_diag(*[torch.tensor([[a.cos(), a.sin()], [-a.sin(), a.cos()]]) for a in angles])
want = blocks(cos, sin, -sin, cos)
got = student.shift_matrix(offset, 8, 30.0)
assert got.shape == (8, 8), f"A matrix of dim × dim has shape (8, 8) here, yours has {tuple(got.shape)}."
slips = {
    "That is the matrix for sine and cosine by turns: here all sines come first.": turns,
    "This matrix moves codes backwards, to p − k.": want.T,
    "Right for dim = 2, but cosine and sine have to stand on diagonals of the blocks: pairs do not mix.": torch.cat(
        [torch.cat([angles.cos().expand(4, 4), angles.sin().expand(4, 4)], 1), torch.cat([-angles.sin().expand(4, 4), angles.cos().expand(4, 4)], 1)]
    ),
    "Cosine and sine blocks have changed places.": blocks(sin, cos, cos, -sin),
}
for slip, numbers in slips.items():
    assert not same(got, numbers), slip
assert same(got, want), "Right for dim = 2, wrong for 8 features: pair i turns by k·ω_i, and its sine and cosine lie dim/2 apart."

# %% tags=["hidden-test:q5:1"]
# backwards, and far away
from transformer_edu.positions import sinusoidal_halves
codes = sinusoidal_halves(6, 4, base=100.0)
want = codes[1]
got = student.shift_matrix(-3, 4, 100.0) @ codes[4]
assert got.shape == (4,), f"A matrix of dim × dim times a code has shape (4,), yours gives {tuple(got.shape)}."
assert not same(got, codes[4]), "A negative offset leaves the code where it is in yours."
assert same(got, want), "With offset −3 the code of position 4 has to become that of position 1."

# %% [markdown] tags=["hint:q5"]
# Write $\sin((p + k)\omega_i)$ with the addition theorem. Which two entries of $c_p$ occur in it, and where do they stand?

# %% [markdown] tags=["hint:q5"]
# Entry $i$ of the new code needs entries $i$ and $i + h$ of the old one. So the matrix has four blocks of $h × h$, and each is diagonal.

# %% [markdown] tags=["hint:q5"]
# `torch.diag(numbers)` makes a diagonal block, `torch.cat([a, b], dim=1)` sets two blocks side by side. Try your matrix on two codes before you hand it in.

# %% [markdown] tags=["because:q5"]
# $\sin((p+k)\omega) = \cos k\omega\,\sin p\omega + \sin k\omega\,\cos p\omega$ and $\cos((p+k)\omega) = -\sin k\omega\,\sin p\omega + \cos k\omega\,\cos p\omega$. The sine of pair $i$ stands in entry $i$, its cosine in
# entry $i + h$. So with $C = \mathrm{diag}(\cos k\omega_i)$ and $S = \mathrm{diag}(\sin k\omega_i)$ the matrix is $\begin{pmatrix} C & S \\ -S & C \end{pmatrix}$. It is $R_k$ with rows and columns reordered: the same turns, written down
# otherwise. $p$ does not occur in it, and that is the point.

# %% tags=["wrong:q5:1"]
# the page's order
# says: That is the matrix for sine and cosine by turns: here all sines come first.
import torch

def shift_matrix(offset, dim, base):
    angles = offset * base ** (-torch.arange(0, dim, 2) / dim)
    return torch.block_diag(*[torch.tensor([[a.cos(), a.sin()], [-a.sin(), a.cos()]]) for a in angles])


# %% tags=["wrong:q5:0"]
# backwards
# says: This matrix moves codes backwards, to p − k. Check with sin(p + k) = cos k sin p + sin k cos p.
import torch

def shift_matrix(offset, dim, base):
    angles = offset * base ** (-torch.arange(0, dim, 2) / dim)
    cos, sin = torch.diag(angles.cos()), torch.diag(angles.sin())
    return torch.cat([torch.cat([cos, -sin], dim=1), torch.cat([sin, cos], dim=1)])


# %% tags=["wrong:q5:0"]
# no minus
# says: The signs: cos(p + k) = cos p cos k − sin p sin k.
import torch

def shift_matrix(offset, dim, base):
    angles = offset * base ** (-torch.arange(0, dim, 2) / dim)
    cos, sin = torch.diag(angles.cos()), torch.diag(angles.sin())
    return torch.cat([torch.cat([cos, sin], dim=1), torch.cat([sin, cos], dim=1)])


# %% tags=["wrong:q5:1"]
# one speed for all pairs
# says: Right for dim = 2, wrong for 8 features: pair i turns by k·ω_i, and its sine and cosine lie dim/2 apart.
import math
import torch

def shift_matrix(offset, dim, base):
    one = torch.eye(dim // 2)
    cos, sin = one * math.cos(offset), one * math.sin(offset)
    return torch.cat([torch.cat([cos, sin], dim=1), torch.cat([-sin, cos], dim=1)])


# %% tags=["right:q5"]
# entry by entry
import math
import torch

def shift_matrix(offset, dim, base):
    half, matrix = dim // 2, torch.zeros(dim, dim)
    for i in range(half):
        angle = offset * base ** (-i / half)
        matrix[i, i] = matrix[i + half, i + half] = math.cos(angle)
        matrix[i, i + half], matrix[i + half, i] = math.sin(angle), -math.sin(angle)
    return matrix


# %% [raw] tags=["card:q6"]
# title = "A vector for each distance"
# kind = "complete"
# difficulty = 3
# minutes = 20
# teaches = "a relative term depends on the clipped, signed distance and on the query"
# assigned = true
# forbid = ["shaw_bias", "shaw_bias_at", "ShawKeys", "shaw_scores", "clipped", "distances", "distances_between", "skew"]
#
# [answers]
# relative_term = "function -> tensor"

# %% [markdown] tags=["statement:q6"]
# Shaw's positions have a learned vector for each distance from $-k$ to $k$. Write `relative_term(queries, vectors)` from nothing. `queries` has the axes `query head_dim`;
# `vectors` has $2k + 1$ rows of `head_dim` numbers, and row 0 belongs to the distance $-k$ (a key that stands $k$ places *before* the query), row $k$ to the distance 0. There are as many
# keys as queries, and the result has the axes `query key`:
#
# $$b_{ij} = q_i \cdot a[\operatorname{clip}(j - i,\ -k,\ k) + k]$$
#
# Leave the division by $\sqrt{\texttt{head\_dim}}$ to whoever adds it to $QK^\top$. Find $k$ from the number of rows. Text may be longer than the table, or shorter.
#
# **An example.** Two queries of one number, 1 and 2, and `vectors = [[3.0], [5.0], [7.0]]`, so $k = 1$. The result is `[[5, 7], [6, 10]]`.

# %% tags=["answer:q6"]
import torch


def relative_term(queries, vectors):
    ### BEGIN SOLUTION
    place, clip = torch.arange(len(queries)), len(vectors) // 2
    rows = (place - place[:, None]).clamp(-clip, clip) + clip
    return torch.einsum("id,ijd->ij", queries, vectors[rows])
    ### INSTEAD
    # ...
    ### END SOLUTION


# %% tags=["public-test:q6:1"]
# the example
want = torch.tensor([[5.0, 7.0], [6.0, 10.0]])
got = student.relative_term(torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [5.0], [7.0]]))
assert got.shape == (2, 2), f"The result needs shape (2, 2): query key. It has {tuple(got.shape)}."
assert not same(got, torch.tensor([[5.0, 3.0], [14.0, 10.0]])), "The sign of the distance: row 0 belongs to a key before the query, j − i = −k."
assert not same(got, torch.tensor([[5.0, 14.0], [3.0, 10.0]])), "The vectors meet the query of the key's place: q_i belongs to the row."
assert same(got, want), "The example has to give [[5, 7], [6, 10]]."

# %% tags=["hidden-test:q6:3"]
# longer than the table
queries, vectors = torch.randn(6, 3, generator=generator), torch.randn(5, 3, generator=generator)
def term(row_of):
    return torch.stack([torch.stack([queries[i] @ vectors[row_of(i, j)] for j in range(6)]) for i in range(6)])
def clip(number):
    return max(-2, min(2, number))
want = term(lambda i, j: clip(j - i) + 2)
got = student.relative_term(queries, vectors)
assert got.shape == (6, 6), f"The result needs shape (6, 6): query key. It has {tuple(got.shape)}."
slips = {
    "The sign of the distance is turned: row 0 belongs to a key before the query.": term(lambda i, j: clip(i - j) + 2),
    "Distances beyond k wrap round here: clip them first.": term(lambda i, j: (j - i + 2) % 5),
    "Everything behind the query gets the vector of distance 0: distances have signs.": term(lambda i, j: clip(min(j - i, 0)) + 2),
    "The distance is taken without its sign: before and behind differ.": term(lambda i, j: clip(abs(j - i)) + 2),
    "The term is divided by √head_dim: that is left to others here.": want / 3**0.5,
    "The vectors meet the query of the key's place: q_i belongs to the row.": torch.stack(
        [torch.stack([queries[j] @ vectors[clip(j - i) + 2] for j in range(6)]) for i in range(6)]
    ),
    "The queries have no say here: b_ij is a product with q_i.": torch.stack(
        [torch.stack([vectors[clip(j - i) + 2].sum() for j in range(6)]) for i in range(6)]
    ),
}
for slip, numbers in slips.items():
    assert not same(got, numbers), slip
assert same(got, want), "Wrong for six queries and five vectors: row clip(j − i, −k, k) + k, with k = 2 here."

# %% tags=["hidden-test:q6:1"]
# shorter than the table
queries, vectors = torch.randn(2, 4, generator=generator), torch.randn(9, 4, generator=generator)
want = torch.stack([torch.stack([queries[i] @ vectors[j - i + 4] for j in range(2)]) for i in range(2)])
got = student.relative_term(queries, vectors)
assert same(got, want), "Wrong for two queries and nine vectors: k comes from the number of rows, not from the text."

# %% [markdown] tags=["hint:q6"]
# `place = torch.arange(n)`; then `place - place[:, None]` is a table. Which of its entries is j − i for query i and key j?

# %% [markdown] tags=["hint:q6"]
# Nine rows mean k = 4. `clamp(-k, k)` clips, and adding k makes row numbers of distances.

# %% [markdown] tags=["hint:q6"]
# `vectors[rows]` with a table of row numbers has the axes `query key head_dim`. Multiply by the query of each row and sum over head_dim.

# %% [markdown] tags=["because:q6"]
# `place - place[:, None]` has j − i in row i, column j. Clipped and moved by k it is a table of row numbers, and `vectors[rows]` a table of vectors. The product with the query of the row
# makes it a bias that each query has a say in. The table of vectors takes n · n · head_dim numbers; the package's `shaw_bias` multiplies first, each query with each distance once, and then
# moves the numbers to their places.

# %% tags=["wrong:q6:0"]
# the sign
# says: The sign of the distance: row 0 belongs to a key before the query, j − i = −k.
import torch

def relative_term(queries, vectors):
    place, clip = torch.arange(len(queries)), len(vectors) // 2
    rows = (place[:, None] - place).clamp(-clip, clip) + clip
    return torch.einsum("id,ijd->ij", queries, vectors[rows])


# %% tags=["wrong:q6:2"]
# no clipping
# says: Distances beyond k wrap round here: clip them first.
import torch

def relative_term(queries, vectors):
    place = torch.arange(len(queries))
    rows = (place - place[:, None] + len(vectors) // 2) % len(vectors)
    return torch.einsum("id,ijd->ij", queries, vectors[rows])


# %% tags=["wrong:q6:1"]
# divided
# says: The term is divided by √head_dim: that is left to others here.
import torch

def relative_term(queries, vectors):
    place, clip = torch.arange(len(queries)), len(vectors) // 2
    rows = (place - place[:, None]).clamp(-clip, clip) + clip
    return torch.einsum("id,ijd->ij", queries, vectors[rows]) / queries.shape[1] ** 0.5


# %% tags=["wrong:q6:0"]
# the query of the key's place
# says: The vectors meet the query of the key's place: q_i belongs to the row.
import torch

def relative_term(queries, vectors):
    place, clip = torch.arange(len(queries)), len(vectors) // 2
    rows = (place - place[:, None]).clamp(-clip, clip) + clip
    return torch.einsum("jd,ijd->ij", queries, vectors[rows])


# %% tags=["right:q6"]
# multiply first, then pick
import torch

def relative_term(queries, vectors):
    products, clip = queries @ vectors.T, len(vectors) // 2
    place = torch.arange(len(queries))
    return products.gather(1, (place - place[:, None]).clamp(-clip, clip) + clip)


# %% tags=["right:q6"]
# a loop
import torch

def relative_term(queries, vectors):
    k, n = (len(vectors) - 1) // 2, len(queries)
    rows = [[max(-k, min(k, j - i)) + k for j in range(n)] for i in range(n)]
    return (queries[:, None] * vectors[torch.tensor(rows)]).sum(-1)


# %% [raw] tags=["card:q7"]
# title = "The mask knows where you are"
# kind = "derive"
# difficulty = 3
# minutes = 15
# teaches = "a causal mask alone gives a decoder positions"
# assigned = false
#
# [answers]
# head_outputs = "function -> tensor"
# position_from = "function -> tensor"

# %% [markdown] tags=["statement:q7"]
# This one needs the chapter on attention: a causal mask, and what a query gets when all scores are equal (`attention/q2`). A decoder has *no* position codes and no biases. In one head
# all scores are 0, so each token looks at itself and at all before it, with equal weights. The *first* token (a start mark) has the value 1, all others have the value 0.
#
# 1. `head_outputs(tokens)`: what does this head give out at the positions 0, 1, …, `tokens` − 1? Return a tensor with one number for each position. Find the formula on paper first.
# 2. **Derive** the way back: `position_from(outputs)` takes the outputs of any tokens and returns their positions.

# %% tags=["answer:q7"]
import torch


def head_outputs(tokens):
    ### BEGIN SOLUTION
    return 1 / (torch.arange(tokens) + 1)
    ### END SOLUTION


def position_from(outputs):
    ### BEGIN SOLUTION
    return 1 / outputs - 1
    ### END SOLUTION


# %% tags=["public-test:q7:1"]
# what the head gives out
places = torch.arange(5.0)
want = 1 / (places + 1)
got = student.head_outputs(5)
assert got.shape == (5,), f"One number for each of 5 positions needs shape (5,), yours is {tuple(got.shape)}."
assert not same(got, (places == 0).float()), "Only the first value is 1, but every token looks at the first token, too."
assert not same(got, torch.full((5,), 0.2)), "That is a head without a mask: in a causal one position 1 sees two tokens only."
assert not same(got, torch.ones(5)), "The weights of a query add up to 1: with two keys each gets a half."
assert not same(got, 1 / (places + 2)), "Off by one: position 0 sees one token, itself."
assert same(got, want), "Position p sees p + 1 tokens with equal weights, and one of them has the value 1."

# %% tags=["public-test:q7:1"]
# the way back
from transformer_edu.attention import causal, mask_from, scaled_dot_product_attention
nothing, values = torch.zeros(9, 2), torch.eye(9)[:, :1]
outputs = scaled_dot_product_attention(nothing, nothing, values, allowed=mask_from(causal, queries=9, keys=9)).outputs[:, 0]
some = torch.tensor([4, 0, 8, 4])
want = some.float()
got = student.position_from(outputs[some])
assert not same(got, want + 1), "Off by one: the first token sees one token and stands at position 0."
assert not same(got, outputs[some]), "The output itself is not the position: which function of p is it?"
assert not same(got, torch.arange(4)), "Outputs of any tokens may come, in any order: count nothing, solve for p."
assert same(got, want), "At position p the output is 1/(p + 1). Solve for p."

# %% [markdown] tags=["hint:q7"]
# How many tokens does position 2 see under a causal mask? Which weight does each of them get?

# %% [markdown] tags=["hint:q7"]
# The output is the mean of the values that are seen: one 1 among p + 1 numbers.

# %% [markdown] tags=["hint:q7"]
# o = 1/(p + 1). Solve for p.

# %% [markdown] tags=["because:q7"]
# Equal scores give equal weights, and position p sees p + 1 tokens, so the mean is 1/(p + 1), and p = 1/o − 1. No code was added: the mask alone tells positions apart, because a token can count how many stand
# before it. An encoder without a mask cannot do that; it is equivariant to permutations. The gaps 1/p − 1/(p + 1) shrink quickly, though: far positions are hard to tell apart, and what a model makes of it
# in practice is a question for an experiment, the row "none" of this chapter's.

# %% tags=["wrong:q7:0"]
# only the first sees it
# says: Only the first value is 1, but every token looks at the first token, too.
import torch

def head_outputs(tokens):
    return torch.eye(tokens)[0]

def position_from(outputs):
    return 1 / outputs


# %% tags=["wrong:q7:1"]
# off by one
# says: Off by one: the first token sees one token and stands at position 0.
import torch

def head_outputs(tokens):
    return 1 / torch.arange(1, tokens + 1)

def position_from(outputs):
    return 1 / outputs


# %% tags=["wrong:q7:1"]
# no mask
# says: That is a head without a mask: in a causal one position 1 sees two tokens only.
import torch

def head_outputs(tokens):
    return torch.full((tokens,), 1 / tokens)

def position_from(outputs):
    return 1 / outputs - 1


# %% tags=["wrong:q7:1"]
# counted, not solved
# says: Outputs of any tokens may come, in any order: count nothing, solve for p.
import torch

def head_outputs(tokens):
    return 1 / torch.arange(1, tokens + 1)

def position_from(outputs):
    return torch.arange(len(outputs))


# %% tags=["right:q7"]
# with the package, solved otherwise
import torch
from transformer_edu.attention import causal, mask_from

def head_outputs(tokens):
    allowed = mask_from(causal, queries=tokens, keys=tokens).float()
    return (allowed / allowed.sum(-1, keepdim=True))[:, 0]

def position_from(outputs):
    return (torch.ones_like(outputs) - outputs) / outputs
