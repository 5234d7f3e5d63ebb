"""Carry values between the judge and a sandbox: JSON and raw tensor bytes, never pickle. Both ends use this file.

A frame is two lengths (4 bytes each), a JSON text, then the bytes of all tensors, one after the other.
"""

import json
import struct
from collections.abc import Callable
from typing import Any

from transformer_edu_course.grading.wire_values import (
    LARGEST_DATA,
    MOST_NODES,
    Data,
    Malformed,
    TooLarge,
    decode,
    encode,
)

LARGEST_TEXT = 4 * 2**20  # bytes of JSON in an answer
LARGEST_REQUEST = 8 * 2**20  # … and in a request, which may hold a whole notebook's code
HEADER = struct.Struct("!II")


def pack(message: dict[str, Any], *values: Any, largest: int = LARGEST_TEXT) -> bytes:
    """Write a message and values as one frame. Raises: TooLarge above the limits."""
    data, budget = bytearray(), [MOST_NODES]
    content = [encode(value, data, budget, 0) for value in values]
    text = json.dumps({"message": message, "values": content}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(text) > largest or len(data) > LARGEST_DATA:
        raise TooLarge(f"{(len(text) + len(data)) / 2**20:.0f} MB")
    return HEADER.pack(len(text), len(data)) + text + bytes(data)


def unpack(receive: Callable[[int], bytes], *, largest: int = LARGEST_TEXT) -> tuple[dict[str, Any], list[Any]]:
    """Read one frame with `receive(count)`, which returns exactly that many bytes. Raises: Malformed."""
    text_length, data_length = HEADER.unpack(receive(HEADER.size))
    if text_length > largest or data_length > LARGEST_DATA:
        raise Malformed("a frame above the limit")
    text, data = receive(text_length), receive(data_length)
    try:
        frame = json.loads(text.decode("utf-8", "surrogatepass"))
        message, content = frame["message"], frame["values"]
        if not isinstance(message, dict) or not isinstance(content, list):
            raise Malformed("a frame of another form")
        budget, left = [MOST_NODES], Data(data)
        return message, [decode(value, left, budget, 0) for value in content]
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError, RuntimeError) as error:
        raise Malformed(f"{type(error).__name__} in a frame") from error
