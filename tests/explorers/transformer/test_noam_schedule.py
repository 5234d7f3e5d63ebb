"""The schedule that is drawn is the one of the formula, with its peak at a step that is drawn."""

import pytest
import torch

from transformer_edu.explorers.transformer.noam_schedule import STEPS, noam_schedule, schedule


def test_the_peak_is_drawn():
    warmups, dims = (param.values for param in noam_schedule.params)
    for warmup in warmups:
        for dim in dims:
            answer = schedule(dim=dim, warmup=warmup)
            assert STEPS[int(answer["rates"].argmax())] == warmup
            assert float(answer["rates"].max()) == pytest.approx(float(answer["peak"]))
            assert float(answer["first"]) > 1e-8 and float(answer["peak"]) <= 0.003


def test_with_the_papers_sizes_the_schedule_is_the_papers():
    answer = schedule(dim=512, warmup=4000)
    assert torch.equal(answer["rates"], answer["paper"])
    assert float(answer["paper_peak"]) == pytest.approx(6.99e-4, rel=1e-3)


def test_a_longer_warm_up_is_forgotten_at_step_20000_and_lowers_the_peak():
    short, long = schedule(**noam_schedule.start()), schedule(dim=512, warmup=8000)
    assert float(short["last"]) == float(long["last"])
    assert float(short["peak"]) == pytest.approx(2 * float(long["peak"]))
