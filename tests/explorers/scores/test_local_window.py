"""The window and the bell curve: what is left of the weights, and what pulls the center."""

import pytest
import torch

from transformer_edu.attention import gaussian_local_weights
from transformer_edu.explorers.scores.local_window import CENTERS, RADII, SCORES, windowed


@pytest.mark.parametrize("radius", RADII)
def test_the_window_sums_to_1_and_the_bell_to_less(radius):
    for center in CENTERS[::3]:
        answer = windowed(center=center, radius=radius)
        assert float(answer["whole"]) == pytest.approx(1) and 0.1 < float(answer["left"]) < 1
        inside = (torch.arange(len(SCORES)) - center).abs() <= radius
        assert (answer["inside"] > 0).equal(inside) and (answer["bell"] > 0).equal(inside)
    torch.testing.assert_close(answer["everywhere"], torch.softmax(torch.tensor(SCORES), 0))


@pytest.mark.parametrize(("center", "radius"), [(9.5, 2), (13.0, 4), (3.0, 4), (11.0, 3)])
def test_the_slope_is_the_derivative(center, radius):
    place = torch.tensor([center], requires_grad=True)
    gaussian_local_weights(torch.tensor(SCORES)[None], place, radius=radius)[0, 11].backward()
    assert float(windowed(center=center, radius=radius)["pull"]) == pytest.approx(place.grad.item(), abs=1e-6)


def test_key_11_is_the_best_and_pulls_the_center_towards_itself():
    assert max(range(len(SCORES)), key=SCORES.__getitem__) == 11
    assert float(windowed(center=9.5, radius=4)["pull"]) > 0 > float(windowed(center=12.5, radius=4)["pull"])
    assert float(windowed(center=2.0, radius=4)["pull"]) == 0  # out of sight
