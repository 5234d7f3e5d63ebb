"""A hard reader learns what a soft one learns, more slowly; the baseline helps at the start."""

import pytest
import torch

from transformer_edu.data import draw_noisy_keys
from transformer_edu.studies.hard_retrieval import READERS, rewards_of, running_mean, train_reader


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_soft_learns_first_and_hard_without_a_baseline_last(seed):
    early = {reader: train_reader(reader, seed=seed, steps=60, every=60).accuracies[0] for reader in READERS}
    assert early["soft"] > early["hard, baseline"] + 0.05 > early["hard, no baseline"] + 0.1 > 0.2


def test_a_reward_is_0_at_best():
    examples = draw_noisy_keys(6, generator=torch.Generator().manual_seed(1))
    right = examples.values[torch.arange(6), examples.places]
    assert rewards_of(right[:, None], examples).tolist() == [0.0] * 6
    torch.testing.assert_close(rewards_of(right[:, None] + 2.0, examples), torch.full((6,), -4.0))


def test_the_baseline_remembers():
    first = running_mean(torch.tensor(0.0), torch.tensor(-2.0), step=1)
    torch.testing.assert_close(first, torch.tensor(-2.0))
    torch.testing.assert_close(running_mean(first, torch.tensor(-1.0), step=2), torch.tensor(-1.9))


def test_a_run_depends_on_its_seed_alone():
    first, second, other = (train_reader("hard, baseline", seed=s, steps=20, every=10) for s in (1, 1, 2))
    assert first == second != other and first.steps == [10, 20]


def test_an_unknown_reader_is_refused():
    with pytest.raises(ValueError, match=r"^train_reader needs one of .*soft.*, got reader='firm'\.$"):
        train_reader("firm", seed=0)
