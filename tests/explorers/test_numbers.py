"""One way to write a number, in Python and in the drawing module."""

import json
import math
import random
import struct
from decimal import ROUND_HALF_UP, Context, Decimal

import pytest

from tools import check_drawing
from transformer_edu.explorers.numbers import decimals, number_text


@pytest.mark.parametrize(
    ("number", "number_format", "text"),
    [
        (0.0625, ".3f", "0.063"),  # a tie: Python's own format would say 0.062
        (-0.0625, ".3f", "−0.063"),
        (0.5, "d", "1"),
        (-0.0001, ".3f", "0.000"),  # a rounded zero carries no sign
        (9.996, ".3s", "10.0"),
        (1022.4, ".3s", "1022"),
        (0.00712, ".3s", "0.00712"),
        (4.1234e-8, ".3s", "4.12×10⁻⁸"),
        (-2.5e7, ".2s", "−2.5×10⁷"),
        (999999.7, ".3s", "1.00×10⁶"),
        (0.0, ".3s", "0"),
        (math.nan, ".3f", "–"),
        (-math.inf, ".3f", "−∞"),
    ],
)
def test_known_cases(number, number_format, text):
    assert number_text(number, number_format) == text


def test_fixed_agrees_with_exact_decimal_arithmetic():
    draw = random.Random(0)
    for _ in range(2000):
        number, places = draw.uniform(-100, 100), draw.randint(0, 6)
        exact = Decimal(number).quantize(Decimal(10) ** -places, ROUND_HALF_UP)
        assert Decimal(number_text(number, f".{places}f").replace("−", "-")) == exact


def test_significant_digits_lose_at_most_half_a_unit_of_the_last():
    draw = random.Random(1)
    for _ in range(2000):
        number = draw.uniform(1, 10) * 10.0 ** draw.randint(-12, 12)
        text = number_text(number, ".3s")
        mantissa, _, power = text.partition("×10")
        exponent = int("".join("-0123456789"["⁻⁰¹²³⁴⁵⁶⁷⁸⁹".index(sign)] for sign in power)) if power else 0
        shown = Decimal(mantissa).scaleb(exponent)
        assert abs(shown - Decimal(number)) <= Context(prec=3).plus(Decimal(number)).copy_abs() * Decimal("0.005")


@pytest.mark.parametrize("number_format", ["", "3f", ".f", ".0s", ".3g", "x"])
def test_unknown_format_is_refused(number_format):
    with pytest.raises(ValueError, match=r"decimals needs a number format .* got number_format="):
        decimals(number_format)


TWIN = """import { numberText } from './src/numbers.js';
const [numbers, formats] = JSON.parse(process.argv[1]);
console.log(JSON.stringify(numbers.map(number => formats.map(format => numberText(number, format)))));"""


def test_the_two_writers_of_numbers_agree():
    """Thousands of numbers, ties and extremes among them, written by Python and by the drawing module."""
    draw = random.Random(0)
    numbers = [draw.uniform(-2, 2) * 10.0 ** draw.randint(-9, 8) for _ in range(3000)]
    numbers += [i / 16 for i in range(-64, 64)] + [0.0, 1e-4, 9.9995, 999999.5, 5e-324, 1e21 / 3]
    numbers = [struct.unpack("<f", struct.pack("<f", number))[0] for number in numbers]
    formats = ["d", ".0f", ".1f", ".3f", ".2s", ".3s", ".6s"]
    said = check_drawing.run("--input-type=module", "--eval", TWIN, "--", json.dumps([numbers, formats]))
    assert json.loads(said) == [[number_text(number, number_format) for number_format in formats] for number in numbers]
