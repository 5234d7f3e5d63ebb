"""Numbers that the explanations of this chapter's exercises state."""

import pytest
import torch

from transformer_edu.costs import growth_exponent, layer_cost, model_cost, saved_bytes
from transformer_edu.data.dates import TARGET_LENGTH, decode_answers, encode_spellings
from transformer_edu.decoding import greedy
from transformer_edu.layers import encoder_layer
from transformer_edu.studies.dates_models import load_date_model


def test_q1_and_q6_lengths():
    short, long = (layer_cost(tokens=tokens, dim=256, hidden=1024, heads=4) for tokens in (128, 256))
    assert short.pairs / short.multiply_adds == pytest.approx(1 / 13)
    assert long.multiply_adds / short.multiply_adds == pytest.approx(2.15, abs=0.005)

    def exponent(tokens):
        work = [layer_cost(tokens=n, dim=96, hidden=384, heads=4).multiply_adds for n in (tokens, 2 * tokens)]
        return growth_exponent((tokens, 2 * tokens), work)

    assert exponent(407) < 1.5 < exponent(408)
    assert pytest.approx(407.3, abs=0.05) == 3 * 2**0.5 * 96


def test_q4_the_base_model_of_the_paper():
    # Vaswani et al., table 3: 65 million; one shared table of about 37,000 words.
    cost = model_cost(vocab_in=1, vocab_out=1, sources=1, targets=1, dim=512, hidden=2048, heads=8, layers=6)
    assert cost.parameters - 2 * 512 + 37_000 * 512 == pytest.approx(63e6, rel=0.005)
    layer = layer_cost(tokens=1, dim=512, hidden=2048, heads=8)
    assert 2 * 512 * 2048 / layer.parameters == pytest.approx(2 / 3, abs=0.002)


def test_q6_memory():
    layer = encoder_layer(96, heads=4, hidden=384)
    transparent, fused = (
        [saved_bytes(path, torch.zeros(tokens, 96)) for tokens in (256, 512)]
        for path in (lambda tokens: layer(tokens).outputs, layer.fused)
    )
    assert growth_exponent((256, 512), transparent) == pytest.approx(1.54, abs=0.01)
    assert growth_exponent((256, 512), fused) == pytest.approx(1.0, abs=0.01)


def test_q7_what_the_committed_date_model_needs():
    spelling = "12 March 1987"
    sources = encode_spellings([spelling]).repeat(len(spelling) + 1, 1)
    sources[:-1].fill_diagonal_(0)
    answers = decode_answers(greedy(load_date_model("transformer"), sources, longest=TARGET_LENGTH).tokens)
    assert answers[-1] == "1987-03-12"
    needed = [place for place in range(len(spelling)) if answers[place] != answers[-1]]
    assert [spelling[place] for place in needed] == ["1", "2", "8", "7"]  # the day, and the last two of the year
