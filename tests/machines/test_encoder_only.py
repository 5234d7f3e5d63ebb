"""BERT's mode against Hugging Face's BERT, with padding."""

import pytest
import torch

from tests.layers.copied_weights import draw, parts_of, randomize
from transformer_edu import machines

BATCH, TOKENS, LONGEST, VOCAB, DIM, HEADS, HIDDEN, LAYERS = 3, 7, 10, 13, 8, 2, 11, 4
LENGTHS = (7, 2, 5)


def our_model(*, dtype=torch.float64, eps=1e-12):
    ours = machines.bert(VOCAB, dim=DIM, heads=HEADS, hidden=HIDDEN, layers=LAYERS, positions=LONGEST, eps=eps)
    return randomize(ours, dtype=dtype)


def draw_ids(*shape):
    token_ids = torch.randint(1, VOCAB, shape, generator=torch.Generator().manual_seed(0))
    if len(token_ids) == BATCH:
        token_ids[torch.arange(shape[1]) >= torch.tensor(LENGTHS)[:, None]] = 0
    return token_ids


def bert(ours, *, eps):
    """Copy our weights into BERT. Its vector for the segment is part of our positions: 0 there."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=VOCAB,
        max_position_embeddings=LONGEST,
        type_vocab_size=1,
        hidden_size=DIM,
        num_attention_heads=HEADS,
        intermediate_size=HIDDEN,
        num_hidden_layers=LAYERS,
        layer_norm_eps=eps,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    theirs = BertModel(config, add_pooling_layer=False).double().eval()
    state = {
        "embeddings.word_embeddings.weight": ours.embedding.table,
        "embeddings.position_embeddings.weight": ours.positions.hooks["place"].codes.table,
        "embeddings.token_type_embeddings.weight": torch.zeros(1, DIM).double(),
        "embeddings.LayerNorm.weight": ours.norm.gain,
        "embeddings.LayerNorm.bias": ours.norm.bias,
    }
    for index, layer in enumerate(map(parts_of, ours.encoder.stack.layers)):
        linear = {
            "attention.self.query": layer.attention.query,
            "attention.self.key": layer.attention.key,
            "attention.self.value": layer.attention.value,
            "attention.output.dense": layer.attention.output,
            "intermediate.dense": layer.feed_forward.expand,
            "output.dense": layer.feed_forward.contract,
        }
        for their_name, ours_there in linear.items():
            for part in ("weight", "bias"):
                state[f"encoder.layer.{index}.{their_name}.{part}"] = ours_there.get_parameter(part)
        for their_name, norm in (("attention.output", layer.attention_norm), ("output", layer.feed_forward_norm)):
            state[f"encoder.layer.{index}.{their_name}.LayerNorm.weight"] = norm.gain
            state[f"encoder.layer.{index}.{their_name}.LayerNorm.bias"] = norm.bias
    theirs.load_state_dict(state)
    return theirs


# (a) Oracle


@pytest.mark.parametrize("eps", [1e-12, 0.1])
def test_outputs_weights_and_gradients_are_berts(eps):
    ours, token_ids = our_model(eps=eps), draw_ids(BATCH, TOKENS)
    theirs, real = bert(ours, eps=eps), token_ids != 0
    attended = ours(token_ids)
    expected = theirs(token_ids, attention_mask=real, output_attentions=True)
    torch.testing.assert_close(attended.outputs[real], expected.last_hidden_state[real], rtol=1e-9, atol=1e-9)
    for layer, weights in zip(attended.seen, expected.attentions, strict=True):
        torch.testing.assert_close(layer[0], weights, rtol=1e-9, atol=1e-9)
    direction = draw(BATCH, TOKENS, DIM) * real[..., None]
    torch.testing.assert_close(
        torch.autograd.grad((attended.outputs * direction).sum(), ours.embedding.table),
        torch.autograd.grad((expected.last_hidden_state * direction).sum(), theirs.embeddings.word_embeddings.weight),
        rtol=1e-8,
        atol=1e-8,
    )


# (b) Properties


def test_a_padded_batch_gives_what_the_single_texts_give():
    ours, token_ids = our_model(), draw_ids(BATCH, TOKENS)
    outputs = ours(token_ids).outputs
    for index, length in enumerate(LENGTHS):
        alone = ours(token_ids[index : index + 1, :length]).outputs[0]
        torch.testing.assert_close(outputs[index, :length], alone)


def test_every_token_sees_every_other_one_before_and_behind():
    ours, token_ids = our_model(), draw_ids(1, TOKENS)
    changed = token_ids.clone()
    changed[:, 3] = changed[:, 3] % (VOCAB - 1) + 1
    assert ((ours(token_ids).outputs - ours(changed).outputs).abs().amax((0, 2)) > 0).all()


# (c) Bad input and edges


def test_a_text_longer_than_the_table_is_refused():
    with pytest.raises(ValueError, match=r"^LearnedPositions needs .*, got places=\[10\]\.$"):
        our_model()(draw_ids(1, LONGEST + 1))


def test_edges(device):
    ours = our_model().to(device)
    seen = ours(draw_ids(1, 1).to(device)).seen
    assert [layer[0].tolist() for layer in seen] == [[[[[1.0]]] * HEADS]] * LAYERS
    assert ours(draw_ids(0, TOKENS).to(device)).outputs.shape == (0, TOKENS, DIM)
    assert our_model(dtype=torch.bfloat16)(draw_ids(1, 3)).outputs.dtype == torch.bfloat16


# (d) Gradients


def test_filler_learns_nothing():
    ours, token_ids = our_model(), draw_ids(BATCH, TOKENS)
    outputs = ours(token_ids).outputs[token_ids != 0]
    (gradient,) = torch.autograd.grad((outputs * draw(*outputs.shape)).sum(), ours.embedding.table)
    assert (gradient[0] == 0).all()
    assert (gradient[token_ids[1, 0]] != 0).any()


# (e) The claim in miniature


def test_one_word_has_another_vector_in_another_context():
    # What an encoder adds to a table of words: the same word twice, two different vectors.
    ours = our_model()
    ours.positions.hooks["place"].codes.table.data.zero_()  # so that only the context differs
    vectors = ours(torch.tensor([[5, 3, 9], [5, 3, 4]])).outputs[:, 1]
    assert (vectors[0] - vectors[1]).abs().max() > 1e-3
    alone = ours.norm(ours.embedding(torch.tensor([3, 3])))
    assert alone[0].equal(alone[1])
