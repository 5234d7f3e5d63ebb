"""Three laws with mean 0 and variance 1, drawn from a generator and nothing else."""

import math

import pytest
import torch

from transformer_edu.data import ENTRIES, random_vectors, seeded


@pytest.mark.parametrize("entries", ENTRIES)
def test_entries_have_mean_0_and_variance_1(entries):
    vectors = random_vectors(400, 250, generator=seeded(5), entries=entries)
    assert vectors.shape == (400, 250)
    assert abs(float(vectors.mean())) < 4 / math.sqrt(100_000)
    assert float(vectors.var()) == pytest.approx(1, abs=4 * math.sqrt(2 / 100_000))
    assert abs(float((vectors[:, :125] * vectors[:, 125:]).mean())) < 4 / math.sqrt(50_000)  # independent


def test_each_law_is_its_own():
    normal, uniform, signs = (random_vectors(200, 50, generator=seeded(5), entries=entries) for entries in ENTRIES)
    assert float((normal**4).mean()) == pytest.approx(3, abs=0.4)
    assert float((uniform**4).mean()) == pytest.approx(9 / 5, abs=0.1)
    assert float(uniform.abs().max()) <= math.sqrt(3) and float(uniform.abs().max()) > 1.7
    assert set(signs.unique().tolist()) == {-1.0, 1.0}


def test_a_seed_gives_the_same_vectors_and_the_draw_goes_on():
    first, again, draw = seeded(7), seeded(7), seeded(8)
    assert torch.equal(random_vectors(3, 4, generator=first), random_vectors(3, 4, generator=again))
    assert not torch.equal(random_vectors(3, 4, generator=first), random_vectors(3, 4, generator=draw))
    assert not torch.equal(random_vectors(3, 4, generator=draw), random_vectors(3, 4, generator=draw))


def test_another_law_is_refused():
    with pytest.raises(ValueError, match=r"random_vectors needs a law among normal, uniform, ±1, got entries='cauchy'"):
        random_vectors(2, 3, generator=seeded(0), entries="cauchy")


def test_vectors_stand_on_the_default_device():
    with torch.device("meta"):
        assert random_vectors(2, 3, generator=seeded(0)).device.type == "meta"
