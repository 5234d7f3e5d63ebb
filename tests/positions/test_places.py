"""Places that are not 0, 1, 2, …: the forms by places, the object that holds the mechanisms, and its refusals."""

import re

import pytest
import torch

from tests.positions.kinds import DIM, HEADS, IN_LAYERS, KINDS, draw, draw_parameters, some_places
from transformer_edu.positions import (
    AddLearned,
    AddSinusoidal,
    AddSinusoidal2d,
    Alibi,
    GridBias,
    LearnedPositions,
    Positions,
    Rotary,
    ShawKeys,
    ShawValues,
    T5Bias,
    TransformerXLBias,
    alibi_bias,
    alibi_bias_at,
    alibi_slopes,
    check_places,
    count_places,
    count_real,
    distance_sinusoids,
    distances,
    distances_between,
    grid_bias,
    grid_places,
    grid_steps,
    grid_steps_at,
    rotary,
    rotary_at,
    rotary_halves,
    rotary_halves_at,
    shaw_bias,
    shaw_bias_at,
    shaw_mix,
    shaw_mix_at,
    sinusoidal,
    sinusoidal_2d,
    sinusoidal_2d_at,
    sinusoidal_at,
    t5_buckets,
    t5_causal_buckets,
    transformer_xl_bias_at,
    transformer_xl_scores,
)

BATCH, QUERIES, KEYS, HEAD_DIM = 2, 5, 7, 4
SHUFFLED = torch.tensor([3, 0, 6, 1, 5, 2, 4])


def exactly(found, wanted):
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)


# (a) What a form by places does to places in a row is what the form by lengths does


@pytest.mark.parametrize(("by_places", "by_lengths"), [(rotary_at, rotary), (rotary_halves_at, rotary_halves)])
@pytest.mark.parametrize("base", [10000.0, 50.0])
def test_turns_by_places(by_places, by_lengths, base):
    vectors = draw(BATCH, KEYS, 6)
    exactly(by_places(vectors, torch.arange(3, 3 + KEYS), base=base), by_lengths(vectors, first=3, base=base))
    each = torch.stack([torch.arange(KEYS), torch.arange(KEYS) + 9])  # places of their own for each text of a batch
    wanted = [by_lengths(vectors[0], base=base), by_lengths(vectors[1], first=9, base=base)]
    exactly(by_places(vectors, each, base=base), torch.stack(wanted))
    whole = by_lengths(vectors, base=base)
    exactly(by_places(vectors[:, SHUFFLED], SHUFFLED, base=base), whole[:, SHUFFLED])


@pytest.mark.parametrize("first", [0, 2, 9])
def test_biases_by_distances(first):
    apart, queries, keys = distances(QUERIES, KEYS, first=first), draw(BATCH, QUERIES, 6), draw(BATCH, KEYS, 6, seed=1)
    slopes = alibi_slopes(HEADS).double()
    exactly(alibi_bias_at(slopes, apart), alibi_bias(slopes, queries=QUERIES, keys=KEYS, first=first))
    for clip in (0, 2, 20):
        vectors = draw(2 * clip + 1, 6, seed=2)
        torch.testing.assert_close(
            shaw_bias_at(queries, vectors, apart), shaw_bias(queries, vectors, keys=KEYS, first=first)
        )
        weights = draw(BATCH, QUERIES, KEYS, seed=3).softmax(-1)
        wanted = shaw_mix(weights, keys, vectors, first=first)
        torch.testing.assert_close(weights @ keys + shaw_mix_at(weights, vectors, apart), wanted)


@pytest.mark.parametrize("first", [0, 2, 9])
def test_three_terms_of_transformer_xl_complete_the_first(first):
    queries, keys, apart = draw(BATCH, QUERIES, 6), draw(BATCH, KEYS, 6, seed=1), distances(QUERIES, KEYS, first=first)
    codes = distance_sinusoids(QUERIES, KEYS, dim=6, first=first).double() @ draw(6, 6, seed=2)
    learned = draw(6, seed=3), draw(6, seed=4)
    rows = apart + first + QUERIES - 1  # the first row belongs to the key farthest before the last query
    found = queries @ keys.mT / 6**0.5 + transformer_xl_bias_at(queries, keys, codes, rows, *learned)
    torch.testing.assert_close(found, transformer_xl_scores(queries, keys, codes, *learned))


def test_grids_by_places():
    places = grid_places(3, 4)
    assert places.tolist() == [[y, x] for y in range(3) for x in range(4)]
    exactly(grid_steps_at(places, places, height=3, width=4), grid_steps(3, 4))
    exactly(grid_steps_at(places[:5] + 7, places + 7, height=3, width=4), grid_steps(3, 4)[:5])
    steps = grid_steps_at(places.expand(2, -1, -1), places[SHUFFLED], height=3, width=4)
    exactly(steps, grid_steps(3, 4)[:, SHUFFLED].expand(2, -1, -1))
    table = draw(5 * 7, HEADS)
    exactly(grid_bias(table, steps)[1], grid_bias(table, grid_steps(3, 4))[:, :, SHUFFLED])
    codes = sinusoidal_2d_at(places.double() + 1, dim=8)
    exactly(codes.reshape(3, 4, 8), sinusoidal_2d(3, 4, 8, first=1, dtype=torch.float64))
    exactly(
        sinusoidal_2d_at(torch.tensor([2.0, 5.0]), dim=8),
        torch.cat([sinusoidal_at(torch.tensor(p), dim=4) for p in (2.0, 5.0)]),
    )


def test_codes_that_are_added():
    tokens, table = draw(BATCH, KEYS, DIM), LearnedPositions(40, DIM).double()
    exactly(AddSinusoidal()(tokens, count_places(tokens)), tokens + sinusoidal(KEYS, DIM, dtype=torch.float64))
    exactly(
        AddSinusoidal(base=7.0)(tokens, SHUFFLED),
        tokens + sinusoidal(KEYS, DIM, base=7.0, dtype=torch.float64)[SHUFFLED],
    )
    exactly(AddLearned(table)(tokens, torch.arange(3, 3 + KEYS)), tokens + table(KEYS, first=3))
    grid = grid_places(1, KEYS) + 2
    wanted = tokens + sinusoidal_2d(KEYS + 2, KEYS + 2, DIM, dtype=torch.float64)[2, 2:]
    exactly(AddSinusoidal2d()(tokens, grid), wanted)


# (b) By hand, and properties


def test_places_by_hand():
    assert count_places(draw(BATCH, 4, DIM)).tolist() == [0, 1, 2, 3]
    real = torch.tensor([[False, False, True, True, True], [True, True, False, False, False], [False] * 5])
    assert count_real(real).tolist() == [[0, 0, 0, 1, 2], [0, 1, 1, 1, 1], [0] * 5]
    assert distances_between(torch.tensor([3, 0]), torch.tensor([0, 1, 9])).tolist() == [[-3, -2, 6], [0, 1, 9]]
    exactly(distances_between(torch.arange(2, 2 + QUERIES), torch.arange(KEYS)), distances(QUERIES, KEYS, first=2))


def test_nothing_changes_nothing():
    positions, tokens, heads = Positions(), draw(BATCH, KEYS, DIM), draw(BATCH, HEADS, KEYS, HEAD_DIM)
    assert positions.place(tokens) is positions.enter(tokens) is positions.enter_keys(tokens) is tokens
    assert positions.turn(heads) is heads and positions.bias(heads, heads) is None and not positions.mixes
    assert not list(positions.parameters()) and positions.state_dict() == {}


def test_moments_change_what_they_say():
    code, table = AddSinusoidal(), AddLearned(LearnedPositions(9, DIM))
    tokens = draw(BATCH, KEYS, DIM, dtype=torch.float32)
    placed = Positions(place=code)
    assert placed.enter(tokens) is tokens and placed.place(tokens).equal(code(tokens, torch.arange(KEYS)))
    entered = Positions(enter=code)
    assert entered.place(tokens) is tokens and entered.enter(tokens).equal(entered.enter_keys(tokens))
    both = Positions(enter=code, enter_keys=table)
    assert both.enter_keys(tokens).equal(table(tokens, torch.arange(KEYS))) and not both.enter(tokens).equal(tokens)


@pytest.mark.parametrize(
    "name", [name for name, kind in IN_LAYERS.items() if kind.make().hooks.keys() & {"bias", "mix"}]
)
def test_pairs_are_told_apart_by_their_places_alone(name):
    """A shuffled text with its shuffled places has the shuffled bias; a shift of all places changes none."""
    kind = IN_LAYERS[name]
    positions, places = draw_parameters(kind.make()), some_places(kind, KEYS)
    queries, keys = draw(BATCH, HEADS, KEYS, HEAD_DIM), draw(BATCH, HEADS, KEYS, HEAD_DIM, seed=1)
    bias = positions.bias(queries, keys, places, places)
    shuffled = positions.bias(queries[:, :, SHUFFLED], keys[:, :, SHUFFLED], places[SHUFFLED], places[SHUFFLED])
    torch.testing.assert_close(shuffled, bias[..., SHUFFLED, :][..., SHUFFLED])
    torch.testing.assert_close(positions.bias(queries, keys, places + 8, places + 8), bias)
    assert (positions.bias(queries, keys, places, places.flip(0)) - bias).abs().max() > 0.01
    if positions.mixes:
        weights = draw(BATCH, HEADS, KEYS, KEYS).softmax(-1)
        mixed = positions.mix(weights, places, places)
        shuffled = positions.mix(weights[..., SHUFFLED, :][..., SHUFFLED], places[SHUFFLED], places[SHUFFLED])
        torch.testing.assert_close(shuffled, mixed[..., SHUFFLED, :])
    if kind.axes == 1:
        exactly(positions.bias(queries, keys), bias)


# (c) Bad input and edges


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        (lambda: Positions(turn=AddSinusoidal()).turn(draw(KEYS, DIM), torch.arange(4)), r"7 tokens .*shape=\(4,\)\.$"),
        (
            lambda: check_places(torch.zeros(4, 2), tokens=7),
            r"^check_places needs one place .*places.shape=\(4, 2\)\.$",
        ),
        (
            lambda: AddSinusoidal2d()(draw(2, 8), torch.arange(2)),
            r"needs one place for each of 2 .*places.shape=\(\)\.$",
        ),
        (lambda: AddSinusoidal2d()(draw(KEYS, 8), torch.arange(KEYS)), r"^check_places .*got places.shape=\(\)\.$"),
        (lambda: AddSinusoidal2d()(draw(3, 8), torch.zeros(3, 3)), r"^sinusoidal_2d_at needs two .*shape=\(3, 3\)\.$"),
        (lambda: sinusoidal_2d_at(torch.zeros(3, 2), dim=6), r"^sinusoidal_2d_at needs a dim that 4 .*got dim=6\.$"),
        (
            lambda: GridBias(2, 3, heads=1)(None, None, torch.tensor([[0, 0]]), torch.tensor([[0, 2], [-1, 3]])),
            r"^grid_steps_at needs places within one grid of height=2 and width=3 .*got a step of \(1, -3\)\.$",
        ),
        (
            lambda: grid_steps_at(torch.zeros(3, 2), torch.zeros(3), height=2, width=2),
            r"^grid_steps_at needs two numbers .*got key_places.shape=\(3,\)\.$",
        ),
        (lambda: grid_places(0, 3), r"^grid_places needs sides >= 1 \(they count\), got height=0, width=3\.$"),
        (lambda: GridBias(2, 0, heads=3), r"^GridBias needs sides >= 1 \(they count\), got height=2, width=0\.$"),
        (lambda: LearnedPositions(4, 3).at(torch.tensor([0, -1, 9, 3])), r"within 0 … 3 .*got places=\[-1, 9\]\.$"),
        (lambda: ShawKeys(4, clip=-1), r"^ShawKeys needs clip >= 0 and head_dim >= 1 .*got clip=-1, head_dim=4\.$"),
        (lambda: ShawValues(0, clip=1), r"^ShawValues needs clip >= 0 .*got clip=1, head_dim=0\.$"),
        (lambda: TransformerXLBias(12, heads=5), r"^TransformerXLBias needs heads that .*dim=12 .*got heads=5\.$"),
        (lambda: T5Bias(2, sort=t5_buckets, buckets=6), r"^t5_buckets needs buckets that 4 divides .*got buckets=6\.$"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_does_not_fit_is_refused(moment, message):
    with pytest.raises(ValueError, match=message):
        moment()


WRONG = {1: [(KEYS, 1), (KEYS, KEYS), (BATCH, KEYS, 2), (3, KEYS)], 2: [(KEYS,), (BATCH, KEYS), (KEYS, 1, 2)]}


@pytest.mark.parametrize("name", [name for name in KINDS if name != "none"])
@pytest.mark.usefixtures("unchecked")
def test_places_of_another_form_are_refused(name):
    """Each of these shapes could be stretched, so that a place goes to the wrong token, or the result grows."""
    positions, right = KINDS[name].make(), some_places(KINDS[name], KEYS)
    tokens, heads = draw(BATCH, KEYS, DIM), draw(BATCH, HEADS, KEYS, HEAD_DIM)
    moments = {
        "place": lambda places: positions.place(tokens, places),
        "enter": lambda places: positions.enter(tokens, places),
        "turn": lambda places: positions.turn(heads, places),
        "bias": lambda places: positions.bias(heads, heads, right, places),
        "mix": lambda places: positions.mix(heads @ heads.mT, places, right),
    }
    for moment in positions.hooks:
        moments[moment](right)
        for shape in WRONG[KINDS[name].axes]:
            told = rf"each of {KEYS} tokens \((a row of numbers|one number) each\).*{re.escape(str(shape))}\.$"
            with pytest.raises(ValueError, match=told):
                moments[moment](torch.zeros(shape, dtype=torch.long))


OTHERS = {
    "Alibi": lambda: Positions(bias=Alibi(1)),
    "T5Bias": lambda: Positions(bias=T5Bias(1, sort=t5_buckets)),
    "GridBias": lambda: Positions(bias=GridBias(4, 5, heads=1)),
    "TransformerXLBias": lambda: Positions(bias=TransformerXLBias(HEAD_DIM, heads=1)),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.usefixtures("unchecked")
def test_one_head_is_not_stretched_to_many(name):
    heads, places = draw(BATCH, HEADS, KEYS, HEAD_DIM), some_places(KINDS["grid bias"], KEYS)
    places = places if name == "GridBias" else None
    with pytest.raises(ValueError, match=rf"^{name} needs queries of 1 heads .*got queries.shape=\(2, 6, 7, 4\)\.$"):
        OTHERS[name]().double().bias(heads, heads, places, places)


@pytest.mark.usefixtures("unchecked")
def test_one_number_is_not_stretched_to_a_vector():
    heads = draw(BATCH, HEADS, KEYS, HEAD_DIM)
    with pytest.raises(ValueError, match=r"^ShawKeys needs queries of head_dim=1 .*queries.shape=\(2, 6, 7, 4\)\.$"):
        Positions(bias=ShawKeys(1, clip=2)).bias(heads, heads)


@pytest.mark.usefixtures("unchecked")
def test_two_places_of_two_numbers_are_not_two_texts():
    for positions, moment in ((Positions(place=AddSinusoidal()), "place"), (Positions(enter=AddSinusoidal()), "enter")):
        with pytest.raises(ValueError, match=r"one number each.*places.shape=\(2, 2\)\.$"):
            getattr(positions, moment)(draw(2, DIM), torch.zeros(2, 2, dtype=torch.long))
    with pytest.raises(ValueError, match=r"one number each.*places.shape=\(2, 2\)\.$"):
        Positions(turn=Rotary()).turn(draw(HEADS, 2, HEAD_DIM), torch.zeros(2, 2, dtype=torch.long))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_once(name, dtype):
    """Far from the start, where a place in half precision would be off by several steps."""
    kind = KINDS[name]
    positions = draw_parameters(kind.make(), dtype=dtype)
    places = some_places(kind, KEYS, shift=40 if "learned" in name else 5000)
    tokens, heads = draw(BATCH, KEYS, DIM, dtype=dtype), draw(BATCH, HEADS, KEYS, HEAD_DIM, dtype=dtype)
    halves = [positions.place(tokens, places), positions.enter(tokens, places), positions.turn(heads, places)]
    bias = positions.bias(heads, heads, places, places)
    wide = positions.double()
    wides = [
        wide.place(tokens.double(), places),
        wide.enter(tokens.double(), places),
        wide.turn(heads.double(), places),
    ]
    for half, exact in zip(halves, wides, strict=True):
        assert half.dtype == dtype
        torch.testing.assert_close(half.double(), exact, rtol=0.51 * torch.finfo(dtype).eps, atol=1e-5)
    if bias is not None:
        assert bias.dtype == torch.float32
        exact = wide.bias(heads.double(), heads.double(), places, places)
        torch.testing.assert_close(bias, exact.float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_slopes_have_the_type_of_the_queries(dtype):
    """Whatever torch's default type is, and with all its digits: sixteen heads have roots of powers of two."""
    heads = draw(BATCH, 16, KEYS, HEAD_DIM, dtype=dtype)
    bias = Positions(bias=Alibi(16)).bias(heads, heads)
    slopes = torch.tensor([2.0 ** (-h / 2) for h in range(1, 17)], dtype=torch.float64)
    wanted = alibi_bias(slopes, queries=KEYS, keys=KEYS)
    exactly(bias, wanted.to(torch.float32 if dtype == torch.bfloat16 else dtype))


def test_empty_batches():
    for kind in IN_LAYERS.values():
        positions, places = kind.make(), some_places(kind, KEYS)
        heads = torch.zeros(0, HEADS, KEYS, HEAD_DIM)
        assert positions.turn(heads, places).shape == heads.shape
        bias = positions.bias(heads, heads, places, places)
        assert bias is None or bias.shape in {(0, HEADS, KEYS, KEYS), (HEADS, KEYS, KEYS)}


# (d) Gradients


def test_gradients_of_the_forms_by_places():
    queries, keys, apart = (
        draw(3, 6).requires_grad_(),
        draw(4, 6, seed=1).requires_grad_(),
        distances(3, 4)[:, [2, 0, 3, 1]],
    )
    vectors, codes = draw(5, 6, seed=2).requires_grad_(), draw(9, 6, seed=3).requires_grad_()
    learned = [draw(6, seed=4).requires_grad_(), draw(6, seed=5).requires_grad_()]
    assert torch.autograd.gradcheck(lambda q, v: shaw_bias_at(q, v, apart), [queries, vectors])
    weights = draw(3, 4, seed=6).softmax(-1).detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda w, v: shaw_mix_at(w, v, apart), [weights, vectors])
    xl = lambda q, k, c, u, v: transformer_xl_bias_at(q, k, c, apart + 4, u, v)  # noqa: E731
    assert torch.autograd.gradcheck(xl, [queries, keys, codes, *learned])
    assert torch.autograd.gradcheck(lambda q: rotary_at(q, torch.tensor([4, 0, 9])), queries)


def test_the_sort_of_t5_is_a_part():
    both, causal = (
        T5Bias(HEADS, sort=sort, buckets=8, generator=torch.Generator().manual_seed(1))
        for sort in (t5_buckets, t5_causal_buckets)
    )
    places, heads = torch.arange(4), torch.zeros(HEADS, 4, HEAD_DIM)
    assert both.table.equal(causal.table)
    before, behind = (bias(heads, heads, places, places)[0] for bias in (both, causal))
    assert before[0, 1] != before[1, 0] and behind[0, 1] == behind[0, 0] != behind[1, 0]
