"""MiniLM made of our own parts against Hugging Face's BertModel: the trained one, and a small random one in float64."""

import copy
import json

import pytest
import torch

from transformer_edu.attention import mask_from, padding
from transformer_edu.minilm import InputEmbedding, MiniLM, MissingWeights, cache_folder, load_minilm, tokenize, weights
from transformer_edu.minilm.model import UNUSED, our_names
from transformer_edu.minilm.sources import SourceFailed

TEXTS = [
    "The animal did not cross the street because it was too tired.",
    "Attention!",
    "Ein Café in Zürich: 東京 costs 12.50 € – “really” unaffordable?",
    "word " * 300,
]
SMALL = {
    "vocab_size": 31,
    "max_position_embeddings": 13,
    "type_vocab_size": 2,
    "hidden_size": 12,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "layer_norm_eps": 1e-12,
}


@pytest.fixture(scope="module")
def bert(minilm):
    """Hugging Face's model with the same file; `eager` is its attention that returns weights."""
    from transformers import BertModel
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return BertModel.from_pretrained(cache_folder(), attn_implementation="eager", add_pooling_layer=False).eval()


@pytest.fixture(scope="module")
def small_pair(minilm):
    """A small random BertModel in float64 and ours with its weights; also gains and biases are random."""
    from transformers import BertConfig, BertModel

    config = BertConfig(**SMALL, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    theirs = BertModel._from_config(config, attn_implementation="eager", add_pooling_layer=False).double().eval()
    for seed, parameter in enumerate(theirs.parameters()):
        noise = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        parameter.data = noise / 2
    ours = MiniLM(SMALL, minilm.tokenizer).double()
    ours.load_state_dict(our_names(theirs.state_dict()))
    return ours, theirs


def stacked(theirs, token_ids, **inputs):
    """Return hidden states and weights of a BertModel with the axes of ours: layers behind the batch."""
    outputs = theirs(token_ids, output_hidden_states=True, output_attentions=True, **inputs)
    return torch.stack(outputs.hidden_states, dim=1), torch.stack(outputs.attentions, dim=1)


def largest_difference(ours, theirs):
    return (ours - theirs).abs().max().item()


# The trained model


@pytest.mark.parametrize("text", TEXTS)
def test_all_hidden_states_and_all_heads_are_hugging_faces(minilm, bert, text):
    token_ids = tokenize(minilm, text).token_ids
    with torch.no_grad():
        hidden_states, head_weights = minilm(token_ids)
        expected_states, expected_weights = stacked(bert, token_ids[None])
    count = len(token_ids)
    assert hidden_states.shape == (7, count, 384)
    assert head_weights.shape == (6, 12, count, count)
    assert largest_difference(hidden_states, expected_states[0]) < 1e-5
    assert largest_difference(head_weights, expected_weights[0]) < 1e-5


def test_a_batch_with_padding_is_hugging_faces(minilm, bert):
    rows = [tokenize(minilm, text).token_ids for text in TEXTS[:3]]
    token_ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    real = torch.arange(token_ids.shape[-1]) < torch.tensor([len(row) for row in rows])[:, None]
    allowed = mask_from(padding(real.sum(-1)), queries=real.shape[-1], keys=real.shape[-1])
    with torch.no_grad():
        hidden_states, head_weights = minilm(token_ids, allowed=allowed)
        expected_states, expected_weights = stacked(bert, token_ids, attention_mask=real.long())
        for text, row in enumerate(rows):
            here, alone = slice(len(row)), minilm(row)
            assert largest_difference(hidden_states[text, :, here], expected_states[text, :, here]) < 1e-5
            assert largest_difference(head_weights[text, :, :, here], expected_weights[text, :, :, here]) < 1e-5
            assert largest_difference(hidden_states[text, :, here], alone.hidden_states) < 1e-5
            assert largest_difference(head_weights[text, :, :, here, here], alone.weights) < 1e-5
        # The padding tokens themselves are ill-conditioned: in float32, the two kinds of attention that Hugging Face
        # has differ there by 4e-5 from each other. In float64 it shows that all tokens take the same function.
        wide = copy.deepcopy(minilm).double()(token_ids, allowed=allowed)
        expected = stacked(copy.deepcopy(bert).double(), token_ids, attention_mask=real.long())
    torch.testing.assert_close(tuple(wide), expected, rtol=0, atol=1e-11)


def test_the_whole_file_is_used_but_the_pooler(minilm):
    from safetensors import safe_open

    with safe_open(cache_folder() / "model.safetensors", "pt") as file:
        names = set(file.keys())
        pooler = sum(file.get_tensor(name).numel() for name in UNUSED if name.startswith("pooler"))
    assert names > UNUSED
    assert len(names - UNUSED) == len(minilm.state_dict())
    assert sum(parameter.numel() for parameter in minilm.parameters()) + pooler == 22_713_216


def test_the_model_is_ready_to_read_and_to_learn(minilm):
    assert not minilm.training
    assert all(parameter.requires_grad and parameter.device.type == "cpu" for parameter in minilm.parameters())
    assert minilm.embedding.norm.eps == minilm.layers[5].sublayers[1].residual.norm.eps == 1e-12


def test_half_precision_stays_close(minilm, bert):
    half = copy.deepcopy(minilm).to(torch.bfloat16)
    token_ids = tokenize(minilm, TEXTS[0]).token_ids
    with torch.no_grad():
        hidden_states, head_weights = half(token_ids)
        expected_states, _ = stacked(bert, token_ids[None])
    assert hidden_states.dtype == head_weights.dtype == torch.bfloat16
    similarity = torch.cosine_similarity(hidden_states[-1].float(), expected_states[0, -1], dim=-1)
    assert similarity.min() > 0.99


def test_without_weights_the_model_says_so(monkeypatch, tmp_path):
    def down(folder):
        raise SourceFailed("it is down")

    monkeypatch.setattr(weights, "SOURCES", {"the only source": down})
    with pytest.raises(MissingWeights, match="the only source: it is down"):
        load_minilm(tmp_path)


def test_weights_are_verified_whenever_they_are_loaded(monkeypatch, minilm, tmp_path):
    monkeypatch.setattr(weights, "SOURCES", {})
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).symlink_to(cache_folder() / name)
    assert isinstance(load_minilm(tmp_path), MiniLM)
    (tmp_path / "config.json").unlink()
    config = json.loads((cache_folder() / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 1e-5}))
    with pytest.raises(MissingWeights, match=r"config\.json is damaged or another file"):
        load_minilm(tmp_path)


# The small one: float64 shows what 1e-5 could hide


def small_inputs():
    generator = torch.Generator().manual_seed(0)
    token_ids = torch.randint(SMALL["vocab_size"], (4, 11), generator=generator)
    segments = (torch.arange(11) > torch.tensor([10, 3, 6, 0])[:, None]).long()
    real = torch.arange(11) < torch.tensor([11, 5, 9, 1])[:, None]
    return token_ids, segments, real


def test_segments_and_padding_in_float64(small_pair):
    ours, theirs = small_pair
    token_ids, segments, real = small_inputs()
    allowed = real[:, None, :]
    expected = stacked(theirs, token_ids, token_type_ids=segments, attention_mask=real.long())
    torch.testing.assert_close(
        tuple(ours(token_ids, segments=segments, allowed=allowed)), expected, rtol=1e-10, atol=1e-10
    )
    # without segments every token is in the first one
    torch.testing.assert_close(tuple(ours(token_ids)), stacked(theirs, token_ids), rtol=1e-10, atol=1e-10)


def test_gradients_are_hugging_faces(small_pair):
    ours, theirs = small_pair
    token_ids, segments, _ = small_inputs()
    ours(token_ids, segments=segments).hidden_states[:, -1].square()[..., :5].sum().backward()
    expected, _ = stacked(theirs, token_ids, token_type_ids=segments)
    expected[:, -1].square()[..., :5].sum().backward()
    gradients = our_names({name: parameter.grad for name, parameter in theirs.named_parameters()})
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(
            parameter.grad, gradients[name], rtol=1e-8, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_more_leading_axes_or_none_change_nothing(small_pair):
    ours, _ = small_pair
    token_ids, segments, _ = small_inputs()
    hidden_states, head_weights = ours(token_ids, segments=segments)
    deep = ours(token_ids.reshape(2, 2, 11), segments=segments.reshape(2, 2, 11))
    assert deep.hidden_states.shape == (2, 2, 3, 11, 12)
    assert deep.weights.shape == (2, 2, 2, 3, 11, 11)
    torch.testing.assert_close(deep.hidden_states.flatten(0, 1), hidden_states)
    torch.testing.assert_close(deep.weights.flatten(0, 1), head_weights)
    torch.testing.assert_close(ours(token_ids[2], segments=segments[2]).hidden_states, hidden_states[2])


def test_without_positions_the_order_of_the_words_would_not_matter(small_pair):
    ours, _ = small_pair
    token_ids = small_inputs()[0][0]
    forwards, backwards = (ours(ids).hidden_states[-1].mean(0) for ids in (token_ids, token_ids.flip(0)))
    assert largest_difference(forwards, backwards) > 0.01
    kept, ours.embedding.position.weight.data = ours.embedding.position.weight.data, torch.zeros(13, 12).double()
    forwards, backwards = (ours(ids).hidden_states[-1].mean(0) for ids in (token_ids, token_ids.flip(0)))
    ours.embedding.position.weight.data = kept
    assert largest_difference(forwards, backwards) < 1e-12


def test_more_tokens_than_positions_are_refused():
    embedding = InputEmbedding(12, vocab=31, positions=13, segments=2, eps=1e-12)
    assert embedding(torch.zeros(2, 13, dtype=torch.int64)).shape == (2, 13, 12)
    with pytest.raises(ValueError, match=r"InputEmbedding needs at most 13 tokens \(.*\), got token=14\."):
        embedding(torch.zeros(2, 14, dtype=torch.int64))


def test_the_embedding_is_a_product_with_one_hot_rows(small_pair):
    embedding = small_pair[0].embedding
    token_ids, segments, _ = small_inputs()
    one_hot = torch.nn.functional.one_hot
    summed = (
        one_hot(token_ids, 31).double() @ embedding.token.weight
        + one_hot(torch.arange(11), 13).double() @ embedding.position.weight
        + one_hot(segments, 2).double() @ embedding.segment.weight
    )
    torch.testing.assert_close(embedding(token_ids, segments=segments), embedding.norm(summed))
