"""Reading a text: word pieces by the book, everything the layers computed, and what embeddings promise."""

import copy
import re
import unicodedata

import pytest
import torch

from transformer_edu.minilm import cache_folder, embed, read, tokenize

TEXTS = [
    "The guitar is a lovely instrument, unembeddable.",
    "Ein Café in Zürich: 東京 costs 12.50 € – “really”?",
    "don't stop-believing!!! http://example.org/a_b?c=1",
    "naïve ÅNGSTRÖM ﬁne",
]


def word_pieces(text, vocabulary):
    """Cut a text by the rules of BERT, written down once more: this is the oracle."""
    text = "".join(sign for sign in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(sign) != "Mn")
    pieces = ["[CLS]"]
    ascii_signs = r"!-/:-@\[-`{-~"
    for word in re.findall(rf"[{ascii_signs}‘’“”–—…]|[\u4e00-\u9fff]|[^\s{ascii_signs}‘’“”–—…\u4e00-\u9fff]+", text):
        start, found = 0, []
        while start < len(word):
            ends = (
                end for end in range(len(word), start, -1) if ("##" if start else "") + word[start:end] in vocabulary
            )
            end = next(ends, None)
            if end is None:
                found = ["[UNK]"]
                break
            found.append(("##" if start else "") + word[start:end])
            start = end
        pieces += found
    return [*pieces, "[SEP]"]


@pytest.mark.parametrize("text", TEXTS)
def test_word_pieces_are_the_longest_that_the_vocabulary_has(minilm, text):
    vocabulary = minilm.tokenizer.get_vocab()
    tokens, token_ids = tokenize(minilm, text)
    assert tokens == word_pieces(text, vocabulary)
    assert token_ids.tolist() == [vocabulary[token] for token in tokens]


def test_a_known_text(minilm):
    tokens, token_ids = tokenize(minilm, "Unaffordable embeddings")
    assert tokens == ["[CLS]", "una", "##ff", "##ord", "##able", "em", "##bed", "##ding", "##s", "[SEP]"]
    assert (token_ids[0], token_ids[-1], token_ids.dtype) == (101, 102, torch.int64)


def test_short_texts_are_not_filled_up_and_long_ones_not_cut_off(minilm):
    # As shipped, the tokenizer does both, at 128.
    assert len(tokenize(minilm, "one").tokens) == 3
    assert len(tokenize(minilm, "one " * 510).tokens) == 512
    assert "[PAD]" not in tokenize(minilm, "one " * 130).tokens


def test_a_text_that_is_too_long(minilm):
    with pytest.raises(
        ValueError, match=r"^tokenize needs a text of at most 512 word pieces .*, got 513\. Split the text"
    ):
        tokenize(minilm, "one " * 511)
    for function in (read, embed):
        with pytest.raises(ValueError, match="got 602"):
            function(minilm, "one " * 600)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b"])
def test_a_text_with_nothing_in_it(minilm, text):
    for function in (tokenize, read, embed):
        with pytest.raises(
            ValueError,
            match=re.escape(f"tokenize needs a text with at least one letter, digit or sign, got text={text!r}."),
        ):
            function(minilm, text)


def test_a_reading_holds_all_layers_and_all_heads(minilm):
    tokens, hidden_states, weights = read(minilm, "We saw her duck.")
    assert tokens == ["[CLS]", "we", "saw", "her", "duck", ".", "[SEP]"]
    assert hidden_states.shape == (7, 7, 384)
    assert weights.shape == (6, 12, 7, 7)
    assert not hidden_states.requires_grad
    torch.testing.assert_close(weights.sum(-1), torch.ones(6, 12, 7))
    again = minilm(tokenize(minilm, "We saw her duck.").token_ids)
    torch.testing.assert_close((hidden_states, weights), tuple(again))


def test_the_longest_text_can_be_read(minilm):
    assert read(minilm, "one " * 510).weights.shape == (6, 12, 512, 512)


def test_an_embedding_is_the_normalized_mean_of_hugging_faces_last_layer(minilm):
    from transformers import BertModel

    bert = BertModel.from_pretrained(cache_folder(), add_pooling_layer=False).eval()
    for text in TEXTS:
        with torch.no_grad():
            last = bert(tokenize(minilm, text).token_ids[None]).last_hidden_state[0]
        expected = torch.nn.functional.normalize(last.mean(0), dim=0)
        torch.testing.assert_close(embed(minilm, text), expected, rtol=0, atol=1e-5)


def test_similar_meanings_have_similar_directions(minilm):
    guitar, instrument, stocks = (
        embed(minilm, text)
        for text in ("A man plays the guitar.", "Someone is playing an instrument.", "Stocks fell sharply today.")
    )
    torch.testing.assert_close(guitar.norm(), torch.tensor(1.0))
    assert 0.6 < guitar @ instrument < 0.7
    assert -0.15 < guitar @ stocks < 0


def test_the_same_word_differs_with_its_neighbours(minilm):
    # Before the first layer, the vector of "bank" knows only its word and its place, which are the same here.
    river, money = (read(minilm, f"the bank of the {word}").hidden_states[:, 2] for word in ("river", "treasury"))
    similarity = torch.cosine_similarity(river, money, dim=-1)
    torch.testing.assert_close(similarity[0], torch.tensor(1.0))
    assert similarity[-1] < 0.9


def test_reading_in_half_precision(minilm):
    text = "We saw her duck."
    similarity = embed(copy.deepcopy(minilm).bfloat16(), text).float() @ embed(minilm, text)
    assert similarity > 0.99
