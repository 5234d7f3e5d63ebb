"""What the explorer of a real encoder makes of a reading that we know."""

import pytest
import torch

from transformer_edu.explorers.attention import real_heads as module
from transformer_edu.minilm import Reading


@pytest.fixture
def reading(monkeypatch, generator) -> Reading:
    weights = torch.softmax(3 * torch.randn(6, 12, 5, 5, generator=generator), -1)
    reading = Reading(["[CLS]", "a", "b", "c", "[SEP]"], torch.zeros(7, 5, 4), weights)
    monkeypatch.setattr(module, "reading_of", lambda sentence: reading)
    return reading


def test_the_knobs_choose_the_head(reading):
    answer = module.heads(sentence="any", layer=3, head=11)
    assert torch.equal(answer["weights"], reading.weights[2, 10])
    assert answer["tokens"] == reading.tokens and len(answer["layers"]) == 6 and answer["heads"][-1] == "12"


def test_means_of_the_head_are_means_over_its_tokens(reading):
    answer = module.heads(sentence="any", layer=6, head=1)
    own = reading.weights[5, 0]
    apart = torch.tensor([[abs(i - j) for j in range(5)] for i in range(5)])
    torch.testing.assert_close(answer["distance"], (own * apart).sum(-1))
    torch.testing.assert_close(answer["entropy"], torch.distributions.Categorical(own).entropy())
    for mean, numbers in (("mean_distance", "distance"), ("mean_entropy", "entropy")):
        torch.testing.assert_close(answer[mean], answer[numbers].mean())
    torch.testing.assert_close(answer["distances"][5, 0], answer["mean_distance"])
    torch.testing.assert_close(answer["first"], own[:, 0].mean())
    torch.testing.assert_close(answer["last"], own[:, 4].mean())
    torch.testing.assert_close(answer["previous"], torch.stack([own[i + 1, i] for i in range(4)]).mean())
