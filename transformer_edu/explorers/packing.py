"""Pack the arrays of a grid into few bytes, without changing a digit that a reader sees.

An array printed with three decimals is stored as whole thousandths in the smallest integer type that holds them: the
page then shows the digits that Python rounded. Arrays printed with significant digits stay float32. An array that does
not change along a knob is stored once along it.
"""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import torch

from transformer_edu.explorers.numbers import decimals

INTEGERS = ("u1", "u2", "u4")
MISSING = {name: np.iinfo(name).max for name in INTEGERS}  # the largest integer of a type stands for NaN


def as_array(values: Any) -> np.ndarray:
    """Turn a tensor into a float64 array whose entries are the float32 numbers that the page prints."""
    tensor = values.detach() if isinstance(values, torch.Tensor) else torch.as_tensor(values)
    return tensor.to("cpu", torch.float32).numpy().astype(np.float64)


def whole(values: np.ndarray, places: int) -> np.ndarray:
    """Count units of the last decimal shown, ties away from zero; exact for float32 and up to eight decimals."""
    return np.copysign(np.floor(np.abs(values) * 10.0**places + 0.5), values)


def pack_numbers(values: np.ndarray, number_format: str) -> tuple[dict[str, Any], bytes]:
    """Pack one flat array; return how to read it and its bytes (little-endian)."""
    places = decimals(number_format)
    if places is None or not np.isfinite(values[~np.isnan(values)]).all():
        return {"type": "f4"}, values.astype("<f4").tobytes()
    units = whole(values, places)
    low = 0 if np.isnan(units).all() else int(np.nanmin(units))
    span = 0 if np.isnan(units).all() else int(np.nanmax(units)) - low
    kind = next((name for name in INTEGERS if span < MISSING[name]), None)
    if kind is None:
        return {"type": "f4"}, values.astype("<f4").tobytes()
    packed = np.where(np.isnan(units), MISSING[kind], units - low).astype(f"<{kind}")
    return {"type": kind, "low": low, "places": places}, packed.tobytes()


def is_words(value: Any) -> bool:
    """Tell names (tokens, labels) from numbers."""
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def unchanging(entries: Mapping[tuple[int, ...], Any], sizes: Sequence[int]) -> list[bool]:
    """Tell for each axis of the grid whether the entries are the same all along it."""

    def same(left: Any, right: Any) -> bool:
        if is_words(left):
            return list(left) == list(right)
        return left.shape == right.shape and np.array_equal(left, right, equal_nan=True)

    def origin(point: tuple[int, ...], axis: int) -> tuple[int, ...]:
        return (*point[:axis], 0, *point[axis + 1 :])

    return [
        all(same(entry, entries[origin(point, axis)]) for point, entry in entries.items()) for axis in range(len(sizes))
    ]


def pack_array(
    entries: Mapping[tuple[int, ...], Any], sizes: Sequence[int], number_format: str | None
) -> dict[str, Any]:
    """Pack one named array over the whole grid: which knobs it depends on, its shape or shapes, its bytes.

    Words have no number format.
    """
    still = unchanging(entries, sizes)
    kept = [entries[point] for point in product(*(range(1 if s else n) for s, n in zip(still, sizes, strict=True)))]
    meta: dict[str, Any] = {"depends": [not s for s in still]}
    if is_words(kept[0]):
        return meta | {"words": [list(entry) for entry in kept]}
    shapes = [list(entry.shape) for entry in kept]
    meta |= {"shape": shapes[0]} if all(shape == shapes[0] for shape in shapes) else {"shapes": shapes}
    how, data = pack_numbers(np.concatenate([entry.ravel() for entry in kept]), number_format)
    return meta | how | {"format": number_format, "data": base64.b64encode(data).decode()}


def pack_answer(
    arrays: Mapping[str, Any], format_of: Callable[[str], str | None]
) -> tuple[dict[str, Any], list[bytes]]:
    """Pack the arrays of one point for a kernel's message: what each is, and the float32 numbers as buffers."""
    meta, buffers = {}, []
    for name, value in arrays.items():
        if is_words(value):
            meta[name] = {"words": list(value)}
            continue
        numbers = as_array(value)
        meta[name] = {"shape": list(numbers.shape), "buffer": len(buffers), "format": format_of(name), "type": "f4"}
        buffers.append(numbers.astype("<f4").tobytes())
    return meta, buffers


def point_count(sizes: Sequence[int]) -> int:
    """Count the points of a grid."""
    return math.prod(sizes)
