"""Several mechanisms at one moment, and places with several numbers: BERT's three embeddings are the oracle."""

import pytest
import torch
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertEmbeddings

from tests.positions.kinds import DIM, HEADS, draw, draw_parameters
from transformer_edu.attention import MultiHeadAttention
from transformer_edu.positions import (
    AddLearned,
    AddSinusoidal,
    Alibi,
    GridBias,
    InTurn,
    LearnedPositions,
    OnAxis,
    Positions,
    Rotary,
    ShawKeys,
    ShawValues,
    SumOf,
    T5Bias,
    t5_buckets,
)

BATCH, TOKENS = 2, 6


def bert_positions(theirs):
    rows, segments = LearnedPositions(9, DIM), LearnedPositions(2, DIM)
    rows.table.data, segments.table.data = (
        table.weight.data for table in (theirs.position_embeddings, theirs.token_type_embeddings)
    )
    return Positions(place=InTurn(OnAxis(AddLearned(rows), axis=0), OnAxis(AddLearned(segments), axis=1)))


def test_positions_and_segments_are_berts():
    config = BertConfig(vocab_size=11, hidden_size=DIM, max_position_embeddings=9, type_vocab_size=2)
    theirs = draw_parameters(BertEmbeddings(config).eval())
    theirs.LayerNorm = torch.nn.Identity()  # their sum alone
    ids = torch.randint(1, 11, (BATCH, TOKENS), generator=torch.Generator().manual_seed(0))
    places, segments = torch.tensor([[0, 1, 2, 3, 4, 5], [2, 3, 4, 6, 7, 8]]), torch.tensor([[0, 0, 0, 1, 1, 1]] * 2)
    wanted = theirs(ids, token_type_ids=segments, position_ids=places)
    found = bert_positions(theirs).place(theirs.word_embeddings(ids), torch.stack([places, segments], dim=-1))
    torch.testing.assert_close(found, wanted)


def test_each_axis_is_read_at_each_moment():
    """Rows are turned, columns have a bias and are mixed: as with each alone, where the other number does not count."""
    rows, columns = torch.tensor([0, 0, 1, 1, 2, 5]), torch.tensor([0, 1, 0, 1, 7, 3])
    places, heads = torch.stack([rows, columns], dim=-1), draw(BATCH, HEADS, TOKENS, 4)
    keys, values = (draw_parameters(module(4, clip=3)) for module in (ShawKeys, ShawValues))
    both = Positions(turn=OnAxis(Rotary(), axis=0), bias=OnAxis(keys, axis=1), mix=OnAxis(values, axis=1))
    torch.testing.assert_close(both.turn(heads, places), Rotary()(heads, rows))
    torch.testing.assert_close(both.bias(heads, heads, places, places), keys(heads, heads, columns, columns))
    weights = draw(BATCH, HEADS, TOKENS, TOKENS).softmax(-1)
    torch.testing.assert_close(both.mix(weights, places, places), values(weights, columns, columns))


def test_biases_add_up():
    rows, heads = torch.arange(TOKENS), draw(BATCH, HEADS, TOKENS, 4)
    parts = Alibi(HEADS), draw_parameters(T5Bias(HEADS, sort=t5_buckets))
    bias = Positions(bias=SumOf(*parts)).bias(heads, heads)
    torch.testing.assert_close(bias, parts[0](heads, heads, rows, rows) + parts[1](heads, heads, rows, rows))


def test_a_layer_takes_combinations():
    """A grid in time: a bias by row and column, a penalty by time, and codes of time that enter. Fused is plain."""
    time = torch.tensor([0, 0, 1, 1, 2, 2])
    places = torch.stack([time, torch.tensor([0, 1, 1, 2, 0, 2]), torch.tensor([3, 0, 1, 2, 0, 3])], dim=-1)
    grid = OnAxis(GridBias(3, 4, heads=HEADS), axis=slice(1, 3))
    positions = Positions(enter=OnAxis(AddSinusoidal(), axis=0), bias=SumOf(OnAxis(Alibi(HEADS), axis=0), grid))
    layer = draw_parameters(MultiHeadAttention(DIM, heads=HEADS, positions=positions))
    tokens, order = draw(BATCH, TOKENS, DIM), torch.tensor([5, 1, 0, 3, 2, 4])
    outputs = layer(tokens, query_places=places).outputs
    torch.testing.assert_close(layer.fused(tokens, query_places=places), outputs)
    torch.testing.assert_close(layer(tokens[:, order], query_places=places[order]).outputs, outputs[:, order])
    for axis in range(3):
        changed = places.clone()
        changed[:, axis] = places[:, axis].flip(0).roll(1)
        assert (layer(tokens, query_places=changed).outputs - outputs).abs().max() > 1e-3, axis


def test_what_is_shared_learns_once():
    table = AddLearned(LearnedPositions(4, DIM))
    both = InTurn(OnAxis(table, axis=0), OnAxis(table, axis=1)).double()
    assert len(list(both.parameters())) == 1
    both(draw(3, DIM), torch.tensor([[0, 1], [1, 1], [3, 0]])).sum().backward()
    assert table.codes.table.grad[:, 0].tolist() == [2, 3, 0, 1]


def test_an_axis_that_is_not_there():
    with pytest.raises(IndexError, match="index 2 is out of bounds"):
        OnAxis(AddSinusoidal(), axis=2)(draw(3, DIM), torch.zeros(3, 2, dtype=torch.long))


def test_places_of_one_number_have_no_axis():
    """Otherwise the number of the first token would be that of all."""
    read = OnAxis(AddLearned(LearnedPositions(9, DIM)), axis=0)
    for moment, *places in ((Positions(place=read).place,), (read, torch.arange(3))):
        with pytest.raises(ValueError, match=r"^OnAxis needs a row of numbers for each .*got places.shape=\(3,\)\."):
            moment(draw(3, DIM), *places)
    with pytest.raises(ValueError, match=r"\(a row of numbers each\), got places.shape=\(3,\)\.$"):
        Positions(place=read).place(draw(3, DIM), torch.arange(3))


@pytest.mark.parametrize("combination", [InTurn, SumOf])
def test_what_is_combined_reads_alike(combination):
    told = rf"^{combination.__name__} needs mechanisms that read alike .*AddSinusoidal': False, 'OnAxis': True"
    with pytest.raises(ValueError, match=told):
        combination(AddSinusoidal(), OnAxis(AddSinusoidal(), axis=0))
