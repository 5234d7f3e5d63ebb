"""The explorer shows the committed runs, all of them, and the middle one of each three."""

import pytest
import torch

from transformer_edu.explorers.scores.additive_or_dot import SEEDS, WIDTHS, compared
from transformer_edu.studies import measured
from transformer_edu.studies.additive_or_dot import SCORES


@pytest.mark.parametrize("measure", ["accuracy", "loss"])
@pytest.mark.parametrize("hidden", WIDTHS)
def test_every_run_is_drawn(hidden, measure):
    for number, score in enumerate(SCORES):
        answer = compared(hidden=hidden, measure=measure, score=score)
        rates = answer["rates"].tolist()
        assert rates == sorted(rates)
        for seed in SEEDS:
            found = measured("additive_or_dot").where(score=score, hidden=hidden, seed=seed)
            values = {run["learning_rate"]: run[measure] for run in found}
            torch.testing.assert_close(answer[f"seed_{seed}"], torch.tensor([values[rate] for rate in sorted(values)]))
        middle = torch.stack([answer[f"seed_{seed}"] for seed in SEEDS]).sort(0).values[1]
        torch.testing.assert_close(answer[f"middle_{number}"], middle)
        assert answer[f"best_{number}"] == (middle.max() if measure == "accuracy" else middle.min())


def test_the_prediction_is_true():
    for hidden in WIDTHS:
        answer = compared(hidden=hidden, measure="accuracy")
        assert float(answer["best_2"]) <= 0.55 < 0.9 < float(answer["best_3"])
