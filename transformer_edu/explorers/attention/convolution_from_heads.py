"""Build a convolution from nine heads: where each head looks, what it brings, and what all of them make."""

from typing import TypedDict

import torch
from torch.nn import functional

from transformer_edu.attention import convolution_heads, convolve_with_soft_heads
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Prediction
from transformer_edu.explorers.panels import Heatmap, Readout, Series, Sweep

PICTURE = (".......", ".#####.", ".#.....", ".####..", ".#.....", ".#.....", ".......")  # a letter F
KERNELS = {
    "vertical edges": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "horizontal edges": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "blur": ((1 / 9, 1 / 9, 1 / 9),) * 3,
}
OFFSETS, SHARPNESS, PIXEL = (-1, 0, 1), (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0), 24  # the pixel in the middle


class HeadsThatConvolve(TypedDict):
    """What `heads_that_convolve` returns."""

    image: Shown["row column", ".0f"]
    kernel: Shown["row column", ".2f"]
    looks: Shown["row column", ".3f"]
    brings: Shown["row column", ".2f"]
    made: Shown["row column", ".2f"]
    wanted: Shown["row column", ".2f"]
    error: Shown[".2s"]
    largest: Shown[".3f"]
    kernel_weight: Shown[".2f"]
    offsets: Words


def heads_that_convolve(*, kernel: str, row: int, column: int, sharpness: float) -> HeadsThatConvolve:
    """Convolve the letter with nine heads of one sharpness, and look at the one that reads the given place."""
    image = torch.tensor([[float(mark == "#") for mark in line] for line in PICTURE], dtype=torch.float64)
    filter_ = torch.tensor(KERNELS[kernel], dtype=torch.float64)[None, None]
    heads = convolution_heads(filter_)
    made, weights = convolve_with_soft_heads(image[None], heads, sharpness=sharpness)
    chosen = 3 * OFFSETS.index(row) + OFFSETS.index(column)
    weight = filter_[0, 0, OFFSETS.index(row), OFFSETS.index(column)]
    around = functional.pad(image, (1, 1, 1, 1))
    wanted = functional.conv2d(image[None, None], filter_, padding=1)[0, 0]
    return {
        "image": image,
        "kernel": filter_[0, 0],
        "looks": weights[chosen, PIXEL].reshape(9, 9),
        "brings": (weight * weights[chosen] @ around.flatten()).reshape(7, 7),
        "made": made[0],
        "wanted": wanted,
        "error": (made[0] - wanted).abs().max(),
        "largest": weights[chosen, PIXEL].max(),
        "kernel_weight": weight,
        "offsets": [f"{offset:+d}" if offset else "0" for offset in OFFSETS],
    }


def picture(title: str, array: str, *, reach: float, marked: bool = False, height: int = 230) -> Heatmap:
    """Draw one table of signed numbers between -reach and reach."""
    names = {"rows": "offsets", "columns": "offsets", "mark": ["row", "column"]} if marked else {}
    return Heatmap(title=title, array=array, scale="signed", domain=(-reach, reach), height=height, **names)


convolution_from_heads = Explorer(
    id="convolution-from-heads",
    title="Nine heads that make a convolution",
    compute=heads_that_convolve,
    params=[
        Param(
            name="kernel",
            label="kernel",
            values=tuple(KERNELS),
            start="vertical edges",
            choice=True,
            codes=tuple(repr([list(line) for line in kernel]) for kernel in KERNELS.values()),
        ),
        Param(name="row", label="look at one head: rows down", values=OFFSETS, start=0),
        Param(name="column", label="columns to the right", values=OFFSETS, start=1),
        Param(
            name="sharpness",
            label="sharpness α of all heads",
            values=SHARPNESS,
            start=1.0,
            live=tuple(i / 2 for i in range(41)),
        ),
    ],
    panels=[
        picture("The kernel: one head for each place (click one)", "kernel", reach=5.0, marked=True),
        Heatmap(
            title="Where this head looks from the pixel in the middle",
            array="looks",
            row_label="row",
            column_label="column",
            height=230,
        ),
        picture("The image: a letter F", "image", reach=1.0),
        picture("What this head brings, times its kernel number", "brings", reach=5.0),
        picture("All nine heads together", "made", reach=5.0),
        picture("torch's convolution", "wanted", reach=5.0),
        Sweep(
            title="Largest error of the nine heads",
            over="sharpness",
            domain=(1e-7, 10),
            y_log=True,
            height=220,
            wide=True,
            series=[Series("error", "error", "key")],
        ),
    ],
    readouts=[
        Readout("error", "largest error against torch's convolution"),
        Readout("largest", "largest weight of this head"),
        Readout("kernel_weight", "its number in the kernel"),
    ],
    prediction=Prediction(
        question="all heads have sharpness 0. The nine heads together then show",
        answers=("the letter, blurred", "the same number everywhere", "the letter, as it is"),
        right=1,
        because="At sharpness 0 every head looks everywhere alike, so every pixel gets the mean of the whole image, "
        "times the sum of the kernel. Only with a place to look at does a kernel become a kernel.",
    ),
    code="import torch\n"
    "from transformer_edu.attention import convolution_heads, convolve_with_soft_heads\n"
    "from transformer_edu.explorers.attention.convolution_from_heads import PICTURE\n\n"
    "image = torch.tensor([[float(mark == '#') for mark in line] for line in PICTURE]).double()\n"
    "kernel = torch.tensor({kernel}).double()\n"
    "convolve_with_soft_heads(image[None], convolution_heads(kernel[None, None]), sharpness={sharpness}).outputs",
    alt="Nine heads of sharpness {sharpness} with the kernel “{kernel}”: the largest error against the convolution is "
    "{error}; the head at {row} rows, {column} columns gives its place a weight of {largest}.",
    note="Every pixel is a token. Around the image lie zeros that can be looked at: the second picture has a line "
    "more on each side. Queries and keys are made of positions alone, so no head sees what is in the picture. Rust is "
    "negative, blue is positive.",
)
