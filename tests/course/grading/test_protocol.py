"""The only thing that crosses the wall: every value arrives as it left, and no frame of a stranger's does harm."""

import io
import json
import math
import random
import struct

import numpy
import pytest
import torch

from transformer_edu.exercises.values import Foreign
from transformer_edu_course.grading import protocol, wire_values
from transformer_edu_course.grading.protocol import HEADER, Malformed, TooLarge, pack, unpack


def read(frame: bytes):
    file = io.BytesIO(frame)

    def receive(count: int) -> bytes:
        content = file.read(count)
        if len(content) < count:
            raise EOFError
        return content

    return unpack(receive)


def frame(text: str, data: bytes = b"") -> bytes:
    return HEADER.pack(len(text.encode()), len(data)) + text.encode() + data


def crossed(value):
    return read(pack({"id": "1"}, value))[1][0]


@pytest.mark.parametrize("dtype", wire_values.DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 5)])
def test_a_tensor_arrives_bit_by_bit(dtype, shape, generator):
    tensor = (100 * torch.randn(shape, generator=generator)).to(dtype)
    arrived = crossed(tensor)
    assert (arrived.dtype, arrived.shape) == (tensor.dtype, tensor.shape)
    assert torch.equal(arrived, tensor)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6.0).reshape(2, 3).T,
        torch.zeros(1, 2)[:, 0],
        torch.ones(3, requires_grad=True),
        torch.ones(1).expand(4),
        torch.tensor([1.0, math.nan, math.inf, -0.0]),
        torch.tensor([1 + 2j]).conj(),
        torch.eye(3).to_sparse(),
    ],
    ids=["transposed", "odd strides", "with gradient", "expanded", "special numbers", "conjugate", "sparse"],
)
def test_odd_tensors_arrive_as_plain_ones(tensor):
    wanted = tensor.detach().to_dense() if tensor.is_sparse else tensor.detach().resolve_conj()
    torch.testing.assert_close(crossed(tensor), wanted, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2.5, 2.5),
        ("text", "text"),
        (..., ...),
        ([1, (2.0, "a")], [1, (2.0, "a")]),
        ({3}, [3]),
        (range(2), [0, 1]),
        (numpy.float32(0.5), 0.5),
        (numpy.int64(4), 4),
        (10**400, math.inf),
        (numpy.ones(2), Foreign("ndarray")),
        ({"a": 1}, Foreign("dict")),
        (print, Foreign("builtin_function_or_method", True)),
        (Foreign("x"), Foreign("Foreign")),
    ],
)
def test_values_arrive_as_what_they_are(sent, arrives):
    assert crossed(sent) == arrives


def test_infinity_and_nan_arrive():
    assert crossed([math.inf, -math.inf]) == [math.inf, -math.inf]
    assert math.isnan(crossed(math.nan))


@pytest.mark.parametrize("value", [torch.zeros(2**25), [0] * 300_000, "x" * 200_000, [[0] * 1000] * 1000])
def test_what_is_too_large_does_not_leave(value):
    with pytest.raises(TooLarge):
        pack({}, value)


def test_what_contains_itself_does_not_leave():
    loop = []
    loop.append(loop)
    with pytest.raises(TooLarge, match="too many entries"):
        pack({}, loop)


HOSTILE = {
    "announces gigabytes": struct.pack("!II", 2**32 - 1, 2**32 - 1),
    "announces much text": struct.pack("!II", protocol.LARGEST_TEXT + 1, 0),
    "no JSON": frame("{"),
    "a list": frame("[]"),
    "no values": frame('{"message": {}}'),
    "message of another type": frame('{"message": 1, "values": []}'),
    "values of another type": frame('{"message": {}, "values": {}}'),
    "a dictionary inside": frame('{"message": {}, "values": [{}]}'),
    "unknown tag": frame('{"message": {}, "values": [["exec", "x"]]}'),
    "empty list": frame('{"message": {}, "values": [[]]}'),
    "tag of another type": frame('{"message": {}, "values": [[[]]]}'),
    "deep": frame('{"message": {}, "values": [' + '["list", [' * 60 + "]]" * 60 + "]}"),
    "deep JSON": frame("[" * 100_000),
    "many entries": frame('{"message": {}, "values": [["list", [' + "0," * 250_000 + "0]]]}"),
    "unknown dtype": frame('{"message": {}, "values": [["tensor", "object", [1], 0]]}', b"1234"),
    "negative size": frame('{"message": {}, "values": [["tensor", "int8", [-1], 0]]}', b"1234"),
    "size of another type": frame('{"message": {}, "values": [["tensor", "int8", ["4"], 0]]}', b"1234"),
    "truth as size": frame('{"message": {}, "values": [["tensor", "int8", [true], 0]]}', b"1234"),
    "larger than its data": frame('{"message": {}, "values": [["tensor", "int8", [5], 0]]}', b"1234"),
    "outside of its data": frame('{"message": {}, "values": [["tensor", "int8", [4], 1]]}', b"1234"),
    "before its data": frame('{"message": {}, "values": [["tensor", "int8", [4], -1]]}', b"1234"),
    "huge and empty": frame('{"message": {}, "values": [["tensor", "int8", [0, 99999999999999999999], 0]]}'),
    "product overflows": frame('{"message": {}, "values": [["tensor", "int8", [4294967296, 4294967296], 0]]}'),
    "many axes": frame('{"message": {}, "values": [["tensor", "int8", [' + ",".join("1" * 99) + "], 0]]}", b"1"),
    "long number": frame('{"message": {}, "values": [' + "9" * 10_000 + "]}"),
    "no text": HEADER.pack(4, 0) + b"\xff\xfe\xfd\xfc",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_malformed_frame_is_refused(content):
    with pytest.raises(Malformed):
        read(content)


def test_bytes_that_are_no_truth_values_become_some():
    (value,) = read(frame('{"message": {}, "values": [["tensor", "bool", [3], 0]]}', b"\x00\x02\xff"))[1]
    assert value.tolist() == [False, True, True]
    assert value.view(torch.uint8).tolist() == [0, 1, 1]


def test_whatever_comes_is_read_or_refused():
    """Mutated frames, 3000 of them: a value, a refusal or too few bytes, never another error."""
    source = random.Random(5)
    whole = pack({"id": "x"}, [torch.ones(2, 3), (1, "a", None, ...)], 2.5)
    outcomes = set()
    for _ in range(3000):
        content = bytearray(whole)
        for _ in range(source.randint(1, 6)):
            place = source.randrange(8, len(content)) if source.random() < 0.9 else source.randrange(8)
            content[place] = source.randrange(256)
        try:
            read(bytes(content))
            outcomes.add("read")
        except (Malformed, EOFError) as refusal:
            outcomes.add(type(refusal).__name__)
    assert outcomes == {"read", "Malformed", "EOFError"}


def test_nothing_is_pickled():
    text = json.dumps({"message": {}, "values": [["foreign", "x" * 500, "yes"]]})
    (value,) = read(frame(text))[1]
    assert value == Foreign("x" * 80, False)
