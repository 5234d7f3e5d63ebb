"""A second oracle: Hugging Face's generate, on a small T5 with random weights."""

from typing import NamedTuple

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from transformer_edu.decoding import beam_search, greedy
from transformer_edu.machines import END, PAD, START, Step

VOCAB, LONGEST = 7, 3


class Prefix(NamedTuple):
    """What a model without a cache remembers: the source, and everything that was written."""

    sources: torch.Tensor
    written: torch.Tensor


class Asked:
    """Give Hugging Face's model our two methods; every step computes everything again."""

    def __init__(self, theirs):
        self.theirs = theirs

    def start(self, sources):
        return Prefix(sources, sources[:, :0])

    def step(self, tokens, state):
        written = torch.cat([state.written, tokens[:, None]], dim=1)
        real = (state.sources != PAD).long()
        logits = self.theirs(input_ids=state.sources, attention_mask=real, decoder_input_ids=written).logits
        return Step(logits[:, -1], None, Prefix(state.sources, written))


@pytest.fixture(scope="module")
def theirs():
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(5)
        config = T5Config(
            vocab_size=VOCAB, d_model=16, d_kv=8, d_ff=24, num_layers=1, num_heads=2, tie_word_embeddings=False
        )
        config.pad_token_id, config.decoder_start_token_id, config.eos_token_id = PAD, START, END
        model = T5ForConditionalGeneration(config).eval()
        for parameter in model.parameters():
            parameter.data = torch.randn_like(parameter) / 2
    return model


def generated(theirs, sources, **settings):
    real = (sources != PAD).long()
    with torch.no_grad():
        found = theirs.generate(
            input_ids=sources, attention_mask=real, max_new_tokens=LONGEST, do_sample=False, use_cache=False, **settings
        )
    return found[:, 1:]  # without the start mark


SOURCES = torch.tensor([[3, 4, 5, 6], [6, 3, PAD, PAD], [4, 4, 6, PAD], [5, 3, 6, 4], [6, 6, 5, 3]])


def test_greedy_is_theirs(theirs):
    ours = greedy(Asked(theirs), SOURCES, longest=LONGEST).tokens
    expected = generated(theirs, SOURCES, num_beams=1)
    assert ours.tolist() == expected[:, : ours.shape[1]].tolist()
    assert len(set(map(tuple, ours.tolist()))) > 1


def test_a_beam_that_keeps_everything_holds_their_answer(theirs):
    # With length_penalty = 0 their score is log P too. But at the last step they let an unfinished sequence win over
    # finished ones, which we do only if there is no finished one: so we look for the best of both among our steps.
    for source in SOURCES[:, None]:
        steps = beam_search(Asked(theirs), source, width=VOCAB**LONGEST, longest=LONGEST).steps
        kept = [own for step in steps for own in zip(step.log_probabilities, step.tokens, step.finished, strict=True)]
        most, tokens, _ = max((own for own in kept if own[2] or len(own[1]) == len(steps)), key=lambda own: own[0])
        expected = generated(theirs, source, num_beams=60, length_penalty=0.0, early_stopping="never")[0].tolist()
        assert tokens.tolist() == expected[: len(tokens)] and set(expected[len(tokens) :]) <= {PAD}
        assert torch.isfinite(most)
