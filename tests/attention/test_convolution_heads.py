"""A convolution made of heads: exact with one-hot heads, as close as one likes with soft ones."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from transformer_edu.attention import (
    at_offset,
    convolution_heads,
    convolve_with_heads,
    convolve_with_soft_heads,
    kernel_offsets,
    mask_from,
    soft_offsets,
)

BATCH, CHANNELS, OUT, HEIGHT, WIDTH = 2, 3, 5, 6, 7
SHARP = 60.0  # the nearest other pixel gets exp(-60) = 9e-27 of the weight


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def convolve(image, kernel):
    """Return torch's convolution with zeros around the image."""
    return functional.conv2d(image, kernel, padding=(kernel.shape[2] // 2, kernel.shape[3] // 2))


# (a) Oracle


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (5, 5), (1, 3), (5, 3)])
@pytest.mark.parametrize(("channels", "out"), [(3, 5), (5, 3), (4, 4), (1, 1)])
def test_heads_are_torchs_convolution(channels, out, size):
    image, kernel = draw(BATCH, channels, HEIGHT, WIDTH), draw(out, channels, *size, seed=1)
    heads = convolution_heads(kernel)
    assert len(heads.offsets) == size[0] * size[1]
    torch.testing.assert_close(convolve_with_heads(image, heads), convolve(image, kernel))
    soft = convolve_with_soft_heads(image, heads, sharpness=SHARP).outputs
    torch.testing.assert_close(soft, convolve(image, kernel))


def test_a_layer_of_torch_becomes_heads():
    layer = nn.Conv2d(CHANNELS, OUT, 3, padding=1, bias=False).double()
    layer.weight.data = draw(OUT, CHANNELS, 3, 3, seed=1)
    image = draw(BATCH, CHANNELS, HEIGHT, WIDTH)
    torch.testing.assert_close(convolve_with_heads(image, convolution_heads(layer.weight)), layer(image))


def test_offsets_by_hand():
    assert kernel_offsets(1, 3).tolist() == [[0, -1], [0, 0], [0, 1]]
    assert kernel_offsets(3, 1).tolist() == [[-1, 0], [0, 0], [1, 0]]
    assert kernel_offsets(3, 3)[4].tolist() == [0, 0]
    # Pixels 0 1 2 / 3 4 5: below and to the right of 0 lies 4, of 1 lies 5, of all others nothing.
    allowed = mask_from(at_offset(1, 1, width=3), queries=6, keys=6)
    assert allowed.nonzero().tolist() == [[0, 4], [1, 5]]
    assert mask_from(at_offset(0, -1, width=3), queries=6, keys=6).nonzero().tolist() == [
        [1, 0],
        [2, 1],
        [4, 3],
        [5, 4],
    ]
    assert at_offset(1, 1, width=3)(1, 5) is True


def test_soft_weights_fall_off_with_the_squared_distance():
    queries, keys = soft_offsets(torch.tensor([[1, -2], [0, 0]]), height=3, width=4, sharpness=0.7, border=2)
    weights = torch.softmax(queries @ keys.T, dim=-1)
    inner = [(row, column) for row in range(3) for column in range(4)]
    around = [(row, column) for row in range(-2, 5) for column in range(-2, 6)]
    for head, offset in enumerate(((1, -2), (0, 0))):
        for query, own in enumerate(inner):
            wanted = (own[0] + offset[0], own[1] + offset[1])
            squared = torch.tensor([(r - wanted[0]) ** 2 + (c - wanted[1]) ** 2 for r, c in around])
            torch.testing.assert_close(weights[head, query], torch.softmax(-0.7 * squared, dim=-1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_type_on_every_device(dtype, device):
    image, kernel = draw(BATCH, CHANNELS, HEIGHT, WIDTH).to(device, dtype), draw(OUT, CHANNELS, 3, 3).to(device, dtype)
    heads = convolution_heads(kernel)
    wanted = convolve(image.double().cpu(), kernel.double().cpu())
    tolerance = 20 * torch.finfo(dtype).eps
    outputs = convolve_with_heads(image, heads)
    soft = convolve_with_soft_heads(image, heads, sharpness=SHARP).outputs if dtype == torch.float32 else outputs
    for got in (outputs, soft):
        assert got.dtype == dtype and got.device == image.device
        torch.testing.assert_close(got.double().cpu(), wanted, rtol=tolerance, atol=tolerance)


# (b) Properties and limits


@pytest.mark.parametrize("value_dim", [3, 4, 5, 8])
def test_any_width_of_a_head_from_the_narrower_side_on(value_dim):
    image, kernel = draw(BATCH, CHANNELS, HEIGHT, WIDTH), draw(OUT, CHANNELS, 3, 3, seed=1)
    heads = convolution_heads(kernel, value_dim=value_dim)
    assert heads.value_weights.shape == (9, CHANNELS, value_dim)
    assert heads.output_weights.shape == (9, value_dim, OUT)
    torch.testing.assert_close(convolve_with_heads(image, heads), convolve(image, kernel))


def test_leading_axes_of_an_image():
    kernel = draw(OUT, CHANNELS, 3, 3, seed=1)
    for batch in ((), (2,), (2, 3)):
        image = draw(*batch, CHANNELS, HEIGHT, WIDTH)
        wanted = convolve(image.reshape(-1, CHANNELS, HEIGHT, WIDTH), kernel).reshape(*batch, OUT, HEIGHT, WIDTH)
        torch.testing.assert_close(convolve_with_heads(image, convolution_heads(kernel)), wanted)
        soft = convolve_with_soft_heads(image, convolution_heads(kernel), sharpness=SHARP)
        torch.testing.assert_close(soft.outputs, wanted)
        assert soft.weights.shape == (*batch, 9, HEIGHT * WIDTH, (HEIGHT + 2) * (WIDTH + 2))


def test_heads_without_sharpness_see_the_plain_mean():
    image, kernel = draw(CHANNELS, HEIGHT, WIDTH), draw(OUT, CHANNELS, 3, 3, seed=1)
    outputs, weights = convolve_with_soft_heads(image, convolution_heads(kernel), sharpness=0.0)
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / 72))
    wanted = kernel.sum((-2, -1)) @ image.sum((-2, -1)) / 72
    torch.testing.assert_close(outputs, wanted[:, None, None].expand(OUT, HEIGHT, WIDTH))


def test_weights_do_not_depend_on_the_image():
    heads = convolution_heads(draw(OUT, CHANNELS, 3, 3))
    images = draw(2, CHANNELS, HEIGHT, WIDTH)
    weights = convolve_with_soft_heads(images, heads, sharpness=1.0).weights
    assert weights[0].equal(weights[1])


def test_the_order_of_the_heads_does_not_matter():
    image, heads = draw(CHANNELS, HEIGHT, WIDTH), convolution_heads(draw(OUT, CHANNELS, 3, 3))
    order = torch.tensor([4, 0, 8, 1, 7, 2, 6, 3, 5])
    moved = type(heads)(*(part[order] for part in heads))
    torch.testing.assert_close(convolve_with_heads(image, moved), convolve_with_heads(image, heads))


# (c) Bad input and edges


@pytest.mark.parametrize("size", [(2, 3), (3, 4), (0, 1)])
def test_sizes_must_be_odd(size):
    with pytest.raises(
        ValueError, match=rf"^kernel_offsets needs odd sizes \(.*\), got size=\({size[0]}, {size[1]}\)\.$"
    ):
        kernel_offsets(*size)
    if size[0]:
        with pytest.raises(ValueError, match=r"^kernel_offsets needs odd sizes"):
            convolution_heads(draw(OUT, CHANNELS, *size))


@pytest.mark.parametrize("value_dim", [2, 0])
def test_heads_must_be_wide_enough(value_dim):
    for channels, out in ((3, 5), (5, 3)):
        with pytest.raises(
            ValueError, match=rf"^convolution_heads needs value_dim >= 3 \(.*\), got value_dim={value_dim}\.$"
        ):
            convolution_heads(draw(out, channels, 3, 3), value_dim=value_dim)


@pytest.mark.parametrize(("sharpness", "border"), [(-1.0, 0), (1.0, -1)])
def test_sharpness_and_border_must_not_be_negative(sharpness, border):
    message = (
        rf"^soft_offsets needs sharpness >= 0 and border >= 0 \(.*\), got sharpness={sharpness}, border={border}\.$"
    )
    with pytest.raises(ValueError, match=message):
        soft_offsets(kernel_offsets(3, 3), height=4, width=5, sharpness=sharpness, border=border)


@pytest.mark.parametrize("width", [0, -2])
def test_a_line_has_pixels(width):
    with pytest.raises(ValueError, match=rf"^at_offset needs width >= 1 \(.*\), got width={width}\.$"):
        at_offset(0, 1, width=width)


def test_edges():
    kernel = draw(OUT, CHANNELS, 3, 3, seed=1)
    heads = convolution_heads(kernel)
    pixel = draw(1, CHANNELS, 1, 1)  # eight of nine heads find nothing
    torch.testing.assert_close(convolve_with_heads(pixel, heads), convolve(pixel, kernel))
    assert convolve_with_heads(draw(0, CHANNELS, HEIGHT, WIDTH), heads).shape == (0, OUT, HEIGHT, WIDTH)
    assert convolve_with_soft_heads(draw(0, CHANNELS, 2, 3), heads, sharpness=1.0).outputs.shape == (0, OUT, 2, 3)


# (d) Gradients


def test_gradients_are_torchs():
    image, kernel = draw(CHANNELS, 3, 4).requires_grad_(), draw(OUT, CHANNELS, 3, 3, seed=1).requires_grad_()
    direction = draw(OUT, 3, 4, seed=2)
    ours = convolve_with_heads(image, convolution_heads(kernel))
    theirs = convolve(image[None], kernel)[0]
    torch.testing.assert_close(
        torch.autograd.grad((ours * direction).sum(), (image, kernel)),
        torch.autograd.grad((theirs * direction).sum(), (image, kernel)),
    )
    assert torch.autograd.gradcheck(lambda image: convolve_with_heads(image, convolution_heads(kernel)), image)
    heads = convolution_heads(kernel.detach())
    assert torch.autograd.gradcheck(lambda image: convolve_with_soft_heads(image, heads, sharpness=0.5), image)


# (e) The paper's claim in miniature


def test_nine_heads_with_three_numbers_of_position_are_a_convolution():
    # Cordonnier et al., theorem 1 with the quadratic encoding: K² heads with a positional part of D_p = 3 numbers
    # express any K × K convolution. The error falls with the sharpness, about as exp(-sharpness), down to rounding.
    image, kernel = draw(CHANNELS, HEIGHT, WIDTH), draw(OUT, CHANNELS, 3, 3, seed=1)
    heads, wanted = convolution_heads(kernel), convolve(image[None], kernel)[0]
    assert soft_offsets(heads.offsets, height=HEIGHT, width=WIDTH, sharpness=1.0).queries.shape == (9, 42, 3)
    errors = [
        (convolve_with_soft_heads(image, heads, sharpness=sharpness).outputs - wanted).abs().max().log()
        for sharpness in (6.0, 8.0, 10.0, 12.0)
    ]
    slopes = torch.stack(errors).diff() / 2
    torch.testing.assert_close(slopes, -torch.ones(3).double(), rtol=0, atol=0.1)
    # Fewer heads than places under the kernel cannot: with one head left out, the error is that place's whole share.
    short = type(heads)(*(part[:-1] for part in heads))
    assert (convolve_with_heads(image, short) - wanted).abs().max() > 1
