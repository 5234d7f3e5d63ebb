"""The schedule against Hugging Face's inverse square root, and where its two branches meet."""

import math

import pytest
import torch

from transformer_edu.training import noam_rate

# (a) Oracle


def test_it_is_hugging_faces_inverse_square_root_times_the_peak():
    from transformers import get_inverse_sqrt_schedule

    dim, warmup = 32, 7
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1 / math.sqrt(dim * warmup))
    schedule = get_inverse_sqrt_schedule(optimizer, num_warmup_steps=warmup, timescale=warmup)
    for step in range(1, 30):
        optimizer.step()
        schedule.step()  # torch's schedules count from 0: after one step they hold the rate of step 1
        assert noam_rate(step, dim=dim, warmup=warmup) == pytest.approx(schedule.get_last_lr()[0], rel=1e-12)


# (b) Properties


@pytest.mark.parametrize(("dim", "warmup"), [(512, 4000), (64, 100), (1, 1)])
def test_the_peak_is_at_the_end_of_the_warm_up(dim, warmup):
    rates = [noam_rate(step, dim=dim, warmup=warmup) for step in range(1, 3 * warmup + 2)]
    assert rates.index(max(rates)) == warmup - 1
    assert max(rates) == pytest.approx(1 / math.sqrt(dim * warmup))


def test_a_straight_line_up_and_a_root_down():
    def rate(step):
        return noam_rate(step, dim=512, warmup=4000)

    assert rate(2000) == pytest.approx(rate(1000) * 2) and rate(4000) == pytest.approx(rate(1) * 4000)
    assert rate(16000) == pytest.approx(rate(4000) / 2)


def test_four_times_the_warm_up_halves_the_peak_and_is_forgotten_later():
    short, long = ({"dim": 512, "warmup": warmup} for warmup in (1000, 4000))
    assert noam_rate(4000, **long) == pytest.approx(noam_rate(1000, **short) / 2)
    assert noam_rate(5000, **long) == noam_rate(5000, **short)
    assert noam_rate(9, dim=2048, warmup=4000) == pytest.approx(noam_rate(9, dim=512, warmup=4000) / 2)


# (c) Bad input


@pytest.mark.parametrize("name", ["step", "dim", "warmup"])
def test_steps_are_counted_from_1(name):
    counts = {"step": 3, "dim": 512, "warmup": 4000} | {name: 0}
    with pytest.raises(ValueError, match=rf"^noam_rate needs {name} >= 1 \(.*\), got {name}=0\.$"):
        noam_rate(counts.pop("step"), **counts)


# (e) The paper's numbers


def test_the_peak_of_the_first_transformer():
    # dim = 512, 4000 warm-up steps (section 5.3).
    assert noam_rate(4000, dim=512, warmup=4000) == pytest.approx(6.99e-4, rel=1e-3)
