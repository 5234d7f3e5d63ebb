"""The smallest training run: the same for a seed, blind at its start, and it learns."""

import pytest
import torch
from torch import nn

from transformer_edu.attention import Attended
from transformer_edu.data import seeded
from transformer_edu.data.noisy_keys import ITEMS, NOISE, VALUE_DIM, WIDTH, NoisyKeys, draw_noisy_keys
from transformer_edu.studies.key_retrieval import attend, loss_of, train_retrieval


@pytest.fixture(scope="module")
def run():
    return train_retrieval(head_dim=16, scale=0.25, learning_rate=1.0, seed=1, steps=200, every=100)


def test_a_seed_gives_the_same_run(run):
    again = train_retrieval(head_dim=16, scale=0.25, learning_rate=1.0, seed=1, steps=100, every=100)
    other = train_retrieval(head_dim=16, scale=0.25, learning_rate=1.0, seed=2, steps=0)
    assert again.losses == run.losses[:2] and other.losses[0] != run.losses[0]


def test_it_looks_at_the_steps_that_one_asks_for(run):
    assert run.steps == [0, 100, 200] and len(run.losses) == len(run.accuracies) == 3


def test_it_learns(run):
    assert run.losses[-1] < 0.7 * run.losses[0] and run.accuracies[-1] > 2 * run.accuracies[0]


def test_with_scale_0_attention_is_blind_and_stays_so():
    """The mean of sixteen values of variance 1 misses the right one by 15/16."""
    blind = train_retrieval(head_dim=4, scale=0.0, learning_rate=1.0, seed=3, steps=40, every=40)
    assert blind.losses[0] == blind.losses[1] == pytest.approx(15 / 16, abs=0.05)


def test_projected_entries_start_with_variance_1(monkeypatch):
    seen = []

    def keep(examples, projections, scale):
        seen.append((examples.items @ projections[1].mT).var())
        return attend(examples, projections, scale)

    monkeypatch.setattr("transformer_edu.studies.key_retrieval.attend", keep)
    train_retrieval(head_dim=256, scale=1 / 16, learning_rate=1.0, seed=0, steps=0)
    assert float(seen[0]) == pytest.approx(1, abs=0.1)


def test_the_right_item_is_the_query_without_its_noise():
    examples = draw_noisy_keys(500, generator=seeded(1))
    right = examples.items[torch.arange(500), examples.places]
    assert float((examples.queries - right).std()) == pytest.approx(NOISE, rel=0.05)
    assert examples.items.shape == (500, ITEMS, WIDTH) and examples.values.shape == (500, ITEMS, VALUE_DIM)


def test_the_loss_is_the_distance_to_the_right_value():
    values = torch.tensor([[[1.0, 2.0], [5.0, 5.0], [0.0, 0.0]], [[3.0, 3.0], [4.0, 0.0], [0.0, 0.0]]])
    examples = NoisyKeys(torch.zeros(2, 3), torch.zeros(2, 3, 3), values, torch.tensor([0, 1]))
    answer = Attended(torch.tensor([[[1.0, 2.0]], [[2.0, 0.0]]]), torch.zeros(2, 1, 3))
    assert float(loss_of(answer, examples)) == pytest.approx((0 + 0 + 4 + 0) / 4)


def test_weights_are_the_softmax_of_the_projected_products():
    examples, draw = draw_noisy_keys(2, generator=seeded(2)), seeded(3)
    left, right = (nn.Parameter(torch.randn(4, WIDTH, generator=draw)) for _ in range(2))
    found = attend(examples, [left, right], 0.5)
    for place in range(2):
        scores = (examples.items[place] @ right.T) @ (left @ examples.queries[place]) * 0.5
        torch.testing.assert_close(found.weights[place, 0], torch.softmax(scores, -1))
        torch.testing.assert_close(found.outputs[place, 0], torch.softmax(scores, -1) @ examples.values[place])
