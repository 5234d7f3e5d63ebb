"""Nine heads make torch's convolution when they are sharp, and a flat picture when they are not."""

import pytest
import torch

from transformer_edu.explorers.attention.convolution_from_heads import KERNELS, OFFSETS, SHARPNESS, heads_that_convolve


@pytest.mark.parametrize("kernel", KERNELS)
def test_sharper_heads_come_closer(kernel):
    errors = [float(heads_that_convolve(kernel=kernel, row=0, column=0, sharpness=s)["error"]) for s in SHARPNESS]
    assert errors == sorted(errors, reverse=True)
    assert 1e-7 < errors[-1] < 1e-5 and errors[0] > 0.1


def test_without_sharpness_all_pixels_are_alike():
    answer = heads_that_convolve(kernel="blur", row=1, column=-1, sharpness=0.0)
    mean = torch.full((7, 7), 12 / 81).double()  # 12 of the 81 pixels are the letter
    torch.testing.assert_close(answer["made"], mean)
    assert float(answer["largest"]) == pytest.approx(1 / 81)


@pytest.mark.parametrize("row", OFFSETS)
@pytest.mark.parametrize("column", OFFSETS)
def test_a_sharp_head_looks_at_its_place_and_brings_the_shifted_image(row, column):
    answer = heads_that_convolve(kernel="sharpen", row=row, column=column, sharpness=16.0)
    assert divmod(int(answer["looks"].argmax()), 9) == (4 + row, 4 + column)
    around = torch.nn.functional.pad(answer["image"], (1, 1, 1, 1))
    shifted = around[1 + row : 8 + row, 1 + column : 8 + column]
    torch.testing.assert_close(answer["brings"], answer["kernel_weight"] * shifted, atol=1e-5, rtol=0)
    assert float(answer["kernel_weight"]) == float(answer["kernel"][1 + row, 1 + column])


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_heads_add_up(kernel):
    parts = [
        heads_that_convolve(kernel=kernel, row=row, column=column, sharpness=1.0)
        for row in OFFSETS
        for column in OFFSETS
    ]
    torch.testing.assert_close(sum(part["brings"] for part in parts), parts[0]["made"])
    assert float(parts[0]["made"].abs().max()) <= 5 and float(parts[0]["wanted"].abs().max()) <= 5
