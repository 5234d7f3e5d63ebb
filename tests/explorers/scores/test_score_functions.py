"""What the explorer claims about angle and length, and that its lines name the functions that it draws."""

import math

import pytest
import torch

from transformer_edu.explorers.scores.score_functions import ANGLES, KEYS, LENGTHS, SCORES, scored


def scores(function, angle=40, length=1.0):
    return scored(function=function, angle=angle, length=length)["scores"]


def test_dot_products_by_hand():
    angle = math.radians(40)
    expected = [2.0 * (math.cos(angle) * x + math.sin(angle) * y) for x, y in KEYS]
    torch.testing.assert_close(scores("dot", length=2.0), torch.tensor(expected))
    torch.testing.assert_close(scores("scaled dot", length=2.0), torch.tensor(expected) / 2**0.5)


def test_the_prediction_is_true():
    dot, content = scores("dot"), scores("content (cosine, strength 3)")
    assert dot[1] > dot[0] and content[0] > content[1]
    assert content[0].item() == pytest.approx(3, abs=1e-3)  # the query points exactly at key 1
    short, long = (math.hypot(*key) for key in KEYS[:2])
    assert long / short == pytest.approx(2.7, abs=0.05)
    assert math.degrees(math.acos(content[1].item() / 3)) == pytest.approx(50, abs=1)


def test_only_content_does_not_know_the_length():
    for function in SCORES:
        one, two = scores(function), scores(function, length=2.0)
        same = torch.isclose(one, two, rtol=1e-4, atol=1e-5).all()
        assert bool(same) == (function in ("content (cosine, strength 3)", "additive, without")), function
    torch.testing.assert_close(scores("dot", length=2.0), 2 * scores("dot"))


def test_additive_is_bounded_and_without_its_bias_this_one_says_nothing():
    for angle in ANGLES[::5]:
        for length in LENGTHS:
            assert scores("additive, with a bias", angle, length).abs().max() <= 8
            assert scores("additive, without", angle, length).abs().max() < 1e-5
    best = [scores("additive, with a bias", angle)[1].item() for angle in ANGLES]
    assert 70 <= ANGLES[best.index(max(best))] <= 110  # key 2 lies at 90 degrees: the sum q + k is longest there


def test_general_looks_a_quarter_turn_to_the_left():
    turned = scores("general (W turns by 90 degrees)", angle=20)
    torch.testing.assert_close(turned, scores("dot", angle=110), atol=1e-5, rtol=1e-5)


def test_lines_over_the_length_pass_through_the_present_one():
    for function in SCORES:
        answer = scored(function=function, angle=140, length=2.0)
        for i in range(3):
            torch.testing.assert_close(answer[f"longer_{i + 1}"][8], answer["scores"][i], atol=1e-5, rtol=1e-5)
    assert answer["lengths"][8] == 2


def test_each_choice_names_the_function_that_it_draws():
    drawn = {"dot": "dot_scores(", "scaled": "scaled_dot_scores(", "content": "content_scores("}
    drawn |= {"general": "general_scores(", "additive": "additive_scores(", "location": "location_scores("}
    assert all(code.startswith(drawn[name.replace(",", " ").split()[0]]) for name, code in SCORES.items())
    assert ["bias=" in code for name, code in SCORES.items() if "additive" in name] == [True, False]
