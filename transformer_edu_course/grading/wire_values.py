"""Write values as JSON and raw tensor bytes, and read them back: what comes out of a sandbox is a stranger's.

A scalar is itself, everything else is [tag, …]. Every length, type, shape and number is checked before it is used.
"""

import math
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor

from transformer_edu.exercises.values import Foreign

LARGEST_DATA = 64 * 2**20  # bytes of tensors in a frame
LONGEST_STRING = 100_000
MOST_NODES = 200_000  # values in one answer, lists and their entries counted
DEEPEST = 40
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.bool, torch.complex64, torch.complex128),
        *(torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8),
    )
}


class Malformed(Exception):
    """Say that a frame is not what this protocol speaks."""


class TooLarge(Exception):
    """Say that a value is larger than may cross."""


def encode(value: Any, data: bytearray, budget: list[int], depth: int) -> Any:
    """Write a value as JSON: a scalar as itself, everything else as [tag, …]."""
    budget[0] -= 1
    if budget[0] < 0 or depth > DEEPEST:
        raise TooLarge("too many entries")
    if value is None or isinstance(value, (bool, str)):
        if isinstance(value, str) and len(value) > LONGEST_STRING:
            raise TooLarge("too long a text")
        return value if value is None or isinstance(value, bool) else str(value)
    if value is ...:
        return ["open"]
    if isinstance(value, Tensor):
        return _encode_tensor(value, data)
    if isinstance(value, Integral):
        return int(value) if abs(int(value)) < 10**300 else math.inf if value > 0 else -math.inf
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, (list, set, frozenset, range)):
        return ["list", [encode(part, data, budget, depth + 1) for part in value]]
    if isinstance(value, tuple) and not isinstance(value, Foreign):
        return ["tuple", [encode(part, data, budget, depth + 1) for part in value]]
    return ["foreign", type(value).__name__[:80], callable(value)]


def _encode_tensor(value: Tensor, data: bytearray) -> list[Any]:
    plain = value.detach().cpu()
    if plain.layout != torch.strided or str(plain.dtype).removeprefix("torch.") not in DTYPES:
        plain = plain.to_dense() if plain.layout != torch.strided else plain.double()
    if plain.numel() * plain.element_size() + len(data) > LARGEST_DATA:
        raise TooLarge(f"a tensor of shape {tuple(plain.shape)}")
    plain = plain.resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
    content = torch.empty(plain.numel(), dtype=plain.dtype).copy_(plain.flatten()).view(torch.uint8).numpy().tobytes()
    data += content
    return ["tensor", str(plain.dtype).removeprefix("torch."), list(plain.shape), len(data) - len(content)]


class Data:
    """The bytes of a frame's tensors, handed out once, in their order: no two tensors share any."""

    def __init__(self, content: bytes):
        self._content, self._used = memoryview(content), 0

    def take(self, offset: int, count: int) -> bytearray:
        """Return the next bytes. Raises: Malformed if they are not the next, or not there."""
        if offset != self._used or count > len(self._content) - offset:
            raise Malformed("a tensor outside of its frame")
        self._used += count
        return bytearray(self._content[offset : self._used])


def decode(value: Any, data: Data, budget: list[int], depth: int) -> Any:
    """Read what `_encode` wrote, trusting nothing."""
    budget[0] -= 1
    if budget[0] < 0 or depth > DEEPEST:
        raise Malformed("too many entries")
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value[:LONGEST_STRING]
    if not isinstance(value, list) or not value:
        raise Malformed("a value of another form")
    tag, *rest = value
    if tag in ("list", "tuple"):
        (entries,) = rest
        parts = [decode(part, data, budget, depth + 1) for part in entries]
        return parts if tag == "list" else tuple(parts)
    if tag == "tensor":
        return _decode_tensor(*rest, data)
    if tag == "foreign":
        name, is_callable = rest
        return Foreign(str(name)[:80], is_callable is True)
    if value == ["open"]:
        return ...
    raise Malformed("an unknown tag")


def _decode_tensor(name: Any, shape: Any, offset: Any, data: Data) -> Tensor:
    dtype = DTYPES[name]
    sizes = [*shape, offset]
    if len(shape) > 20 or any(not isinstance(size, int) or isinstance(size, bool) or size < 0 for size in sizes):
        raise Malformed("a shape that is none")
    if any(size > LARGEST_DATA for size in sizes) or math.prod(shape) > LARGEST_DATA:
        raise Malformed("a shape that is too large")
    content = data.take(offset, math.prod(shape) * dtype.itemsize)
    if not content:
        return torch.empty(shape, dtype=dtype)
    if dtype == torch.bool:  # a byte that is neither 0 nor 1 would be no truth value
        return (torch.frombuffer(content, dtype=torch.uint8) != 0).reshape(shape)
    return torch.frombuffer(content, dtype=dtype).reshape(shape)
