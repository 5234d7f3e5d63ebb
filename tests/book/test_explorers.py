"""Every explorer in the finished page, moved by keyboard and by pointer: what it shows is what torch computes."""

import ast
import csv
import io
import json
import math
import random
import re
import struct
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.book.chapters import NAMES, declared, page_of
from transformer_edu.explorers.declaration import Explorer
from transformer_edu.explorers.numbers import number_text
from transformer_edu.explorers.packing import as_array, is_words
from transformer_edu.explorers.panels import Sweep

WHERE = {name: page_of(name) for name in NAMES}
SOFTMAX, ATTENTION = page_of("softmax_collapse"), page_of("real_heads")
PAGES = sorted(set(WHERE.values()))
LEAST_POINTS = 20


def some_points(explorer: Explorer) -> list[tuple[int, ...]]:
    """Spread at least twenty points over the grid, corners among them (all points of a smaller grid)."""
    grid = list(product(*(range(len(param.values)) for param in explorer.params)))
    if len(grid) <= LEAST_POINTS:
        return grid
    return [grid[round(i * (len(grid) - 1) / (LEAST_POINTS + 3))] for i in range(LEAST_POINTS + 4)]


def values_at(explorer: Explorer, point: tuple[int, ...]) -> dict:
    return {param.name: param.values[i] for param, i in zip(explorer.params, point, strict=True)}


@cache
def answer_at(name: str, point: tuple[int, ...]) -> dict:
    """Compute one point once a session: several tests look at the same."""
    return declared(name).compute(**values_at(declared(name), point))


@pytest.fixture(scope="module")
def open_chapters(browser, site) -> Iterator[dict[str, tuple[Page, list[str]]]]:
    """Keep one page a chapter open for all tests here, with what its console says."""
    chapters: dict[str, tuple[Page, list[str]]] = {}
    yield chapters
    for page, _ in chapters.values():
        page.context.close()


@pytest.fixture
def chapter(browser, site, open_chapters) -> Iterator[Callable[[str], Page]]:
    """Return a function that gives an open chapter with all figures at their start and all boxes closed."""

    def give(path: str) -> Page:
        if path not in open_chapters:
            page, wrong = browser.new_context(viewport={"width": 1280, "height": 844}).new_page(), []
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
            page.goto(site + path, wait_until="load")
            open_chapters[path] = page, wrong
        page = open_chapters[path][0]
        page.evaluate(AS_NEW)
        return page

    yield give
    assert [line for _, wrong in open_chapters.values() for line in wrong] == []


AS_NEW = """() => {
    for (const button of document.querySelectorAll('.explorer [aria-expanded=true]')) button.click();
    for (const button of document.querySelectorAll('.explorer .more > button.plain'))
        if (button.textContent === 'Start again') button.click();
}"""


def figure_of(page, explorer: Explorer) -> Locator:
    figure = page.locator(f"figure#{explorer.id}")
    expect(figure).to_have_attribute("data-ready", "true")
    figure.scroll_into_view_if_needed()
    return figure


def turn(figure: Locator, label: str, place: int, stops: int, *, pointer: bool) -> None:
    """Turn one knob to a stop, by a click on its track or by keys alone (the shortest way there)."""
    knob = figure.get_by_label(label, exact=True)
    now, is_list = int(knob.input_value()), knob.evaluate("node => node.tagName") == "SELECT"
    if pointer and is_list:
        knob.select_option(str(place))
    elif pointer:
        box, thumb = knob.bounding_box(), 16
        x = thumb / 2 + place / (stops - 1) * (box["width"] - thumb)
        knob.click(position={"x": x, "y": box["height"] / 2})
    else:
        knob.focus()
        back, forth = ("ArrowUp", "ArrowDown") if is_list else ("ArrowLeft", "ArrowRight")
        keys = figure.page.keyboard
        if place in (0, stops - 1):
            keys.press("End" if place else "Home")
        else:
            for _ in range(abs(place - now)):
                keys.press(forth if place > now else back)
    expect(knob).to_have_js_property("value", str(place))


def go(figure: Locator, explorer: Explorer, point: tuple[int, ...], *, pointer: bool) -> None:
    for param, place in zip(explorer.params, point, strict=True):
        if len(param.values) > 1:
            turn(figure, param.label, place, len(param.values), pointer=pointer)


def expected_readouts(explorer: Explorer, answer: dict, picks: dict[str, int]) -> list[tuple[str, str]]:
    shown = []
    for readout in explorer.readouts:
        for name in readout.arrays():
            numbers = as_array(answer[name])
            number = numbers[picks[readout.pick]] if readout.pick else numbers
            shown.append((name, number_text(float(number), explorer.format_of(name))))
    return shown


def shown_readouts(figure: Locator) -> list[tuple[str, str]]:
    return [tuple(pair) for pair in figure.locator("[data-readout]").evaluate_all(
        "nodes => nodes.map(node => [node.dataset.readout, node.textContent])")]  # fmt: skip


@pytest.mark.parametrize("pointer", [False, True], ids=["keyboard", "pointer"])
@pytest.mark.parametrize("name", WHERE)
def test_readouts_equal_torch(chapter, name, pointer):
    explorer = declared(name)
    figure = figure_of(chapter(WHERE[name]), explorer)
    points = some_points(explorer)
    assert len(points) >= min(LEAST_POINTS, math.prod(len(param.values) for param in explorer.params))
    for point in points:
        go(figure, explorer, point, pointer=pointer)
        answer = answer_at(name, point)
        picks = {p.name: int(figure.get_by_label(p.label, exact=True).input_value()) for p in explorer.picks}
        assert shown_readouts(figure) == expected_readouts(explorer, answer, picks), values_at(explorer, point)


def expected_rows(name: str, point: tuple[int, ...]) -> dict[str, list[str]]:
    """Every number of the picture as text: arrays by name, and the line over each swept knob."""
    explorer, answer, rows = declared(name), answer_at(name, point), {}

    def texts(array: str) -> list[str]:
        return [number_text(float(number), explorer.format_of(array)) for number in as_array(answer[array]).ravel()]

    for panel in explorer.panels:
        for array in panel.arrays():
            if isinstance(panel, Sweep):
                axis = next(i for i, param in enumerate(explorer.params) if param.name == panel.over)
                knob = explorer.params[axis]
                line = [answer_at(name, (*point[:axis], i, *point[axis + 1 :])) for i in range(len(knob.values))]
                numbers = [float(as_array(answer[array])) for answer in line]
                rows[f"{array} over {knob.label}"] = [number_text(n, explorer.format_of(array)) for n in numbers]
            else:
                rows[array] = texts(array)
    for readout in explorer.readouts:
        for array in readout.arrays():
            rows.setdefault(array, texts(array))
    return rows


@pytest.mark.parametrize("name", WHERE)
def test_table_and_csv_hold_every_number_of_the_picture(chapter, name):
    explorer = declared(name)
    page = chapter(WHERE[name])
    figure = figure_of(page, explorer)
    figure.get_by_role("button", name="Numbers as a table").click()
    for point in some_points(explorer)[::8]:
        go(figure, explorer, point, pointer=False)
        wanted = expected_rows(name, point)
        with page.expect_download() as download:
            figure.get_by_role("link", name="Download as CSV").click()
        assert download.value.suggested_filename == f"{explorer.id}.csv"
        rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["quantity"], []).append(row["value"])
        wanted = {quantity: texts for quantity, texts in wanted.items() if texts}  # an array may have no entries now
        assert found == {quantity: [machine_text(text) for text in texts] for quantity, texts in wanted.items()}
        cells = figure.locator("td.number").all_text_contents()
        flat = [text for quantity in found for text in wanted[quantity]]
        assert cells == flat[: len(cells)] and len(cells) == min(len(flat), 400)


def machine_text(text: str) -> str:
    """Write what a reader sees as what a spreadsheet reads."""
    text = text.replace("−", "-").replace("–", "nan").replace("∞", "inf")
    power = re.search("×10(.+)", text)
    digits = "".join("-0123456789"["⁻⁰¹²³⁴⁵⁶⁷⁸⁹".index(sign)] for sign in power[1]) if power else ""
    return re.sub("×10.+", f"e{digits}", text)


@pytest.mark.parametrize("name", WHERE)
def test_the_lines_that_compute_it_compute_it(chapter, name):
    explorer = declared(name)
    figure = figure_of(chapter(WHERE[name]), explorer)
    figure.get_by_role("button", name="The lines that compute it").click()
    point = some_points(explorer)[-3]
    go(figure, explorer, point, pointer=False)
    *body, last = ast.parse(figure.locator("pre").text_content()).body
    space: dict = {}
    exec(compile(ast.Module(body, []), "page", "exec"), space)
    result = eval(compile(ast.Expression(last.value), "page", "eval"), space)
    arrays = [as_array(value).ravel() for value in answer_at(name, point).values() if not is_words(value)]
    for one in map(as_array, result if isinstance(result, tuple) else [result]):
        assert any(one.size == array.size and np.isclose(one.ravel(), array, rtol=1e-5).all() for array in arrays)


@pytest.mark.parametrize("name", WHERE)
def test_a_setting_is_an_address(visit, chapter, name):
    explorer = declared(name)
    figure = figure_of(chapter(WHERE[name]), explorer)
    start = shown_readouts(figure)
    go(figure, explorer, some_points(explorer)[-2], pointer=False)
    for pick in explorer.picks:
        knob = figure.get_by_label(pick.label, exact=True)
        turn(figure, pick.label, 0 if pick.start else 1, int(knob.get_attribute("max")) + 1, pointer=False)
    link = figure.get_by_role("link", name="Link to this setting").get_attribute("href")
    opened = figure_of(visit(WHERE[name] + link).page, explorer)
    assert shown_readouts(opened) == shown_readouts(figure) != start
    expect(opened).to_be_in_viewport()
    opened.get_by_role("button", name="Start again").click()
    assert shown_readouts(opened) == start


@pytest.mark.parametrize("name", WHERE)
def test_prediction_stays_and_is_answered_after_the_first_move(chapter, name):
    explorer = declared(name)
    figure = figure_of(chapter(WHERE[name]), explorer)
    told = figure.locator(".told")
    wrong = (explorer.prediction.right + 1) % len(explorer.prediction.answers)
    figure.get_by_label(explorer.prediction.answers[wrong], exact=True).check()
    expect(told).to_be_empty()
    knob = next(param for param in explorer.params if len(param.values) > 1)
    turn(figure, knob.label, len(knob.values) - 1, len(knob.values), pointer=False)
    expect(told).to_contain_text(f"you guessed “{explorer.prediction.answers[wrong]}”")
    expect(told).to_contain_text(explorer.prediction.because[:40])
    expect(figure.get_by_label(explorer.prediction.answers[wrong], exact=True)).to_be_checked()


@pytest.mark.parametrize("path", PAGES)
def test_ids_are_unique_and_labels_find_their_inputs(visit, path):
    page = visit(path).page
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))
    assert page.evaluate(
        "[...document.querySelectorAll('.explorer label[for]')].every(l => document.getElementById(l.htmlFor))"
    )


def test_without_javascript_the_numbers_stand_in_tables(visit):
    page = visit(SOFTMAX, java_script_enabled=False).page
    explorer = declared("softmax_collapse")
    answer = explorer.compute(**explorer.start())
    figure = page.locator(f"figure[data-explorer={explorer.id}]")
    for name, text in expected_readouts(explorer, answer, {}):
        expect(figure.locator("table").first, name).to_contain_text(text)


def test_arrow_keys_do_not_scroll_the_page_and_say_their_value(visit):
    page = visit(SOFTMAX).page
    knob = figure_of(page, declared("softmax_collapse")).get_by_label("head width dₖ", exact=True)
    knob.focus()
    before = page.evaluate("scrollY")
    knob.press("ArrowDown")
    assert page.evaluate("scrollY") == before
    expect(knob).to_have_attribute("aria-valuetext", "head width dₖ 32")


def test_a_click_in_the_map_of_heads_turns_the_knobs(visit):
    figure = figure_of(visit(ATTENTION).page, declared("real_heads"))
    figure.locator(".panel.heatmap").nth(1).locator("rect[data-i='40']").click()
    expect(figure.get_by_label("layer", exact=True)).to_have_js_property("value", "3")
    expect(figure.get_by_label("head", exact=True)).to_have_js_property("value", "4")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", PAGES)
def test_pictures_fit_their_card_and_letters_stay_legible(visit, path, width):
    page = visit(path, width=width).page
    page.wait_for_selector("figure.explorer[data-ready]")
    wide = page.evaluate("""() => [...document.querySelectorAll('figure.explorer')].flatMap(figure => {
        const card = figure.getBoundingClientRect();
        return [...figure.querySelectorAll('svg rect, svg text, .token, .knob')].filter(node => {
            const box = node.getBoundingClientRect();
            return box.width > 0 && (box.right > card.right + 1 || box.left < card.left - 1);
        }).map(node => figure.id + ': ' + node.outerHTML.slice(0, 90));
    })""")
    assert wide == []
    sizes = page.evaluate(
        "[...document.querySelectorAll('.explorer svg text')].map(t => parseFloat(getComputedStyle(t).fontSize))"
    )
    assert min(sizes) >= 12


def test_the_two_writers_of_numbers_agree(visit):
    """Thousands of numbers, ties and extremes among them, written by Python and by the drawing module."""
    draw = random.Random(0)
    numbers = [draw.uniform(-2, 2) * 10.0 ** draw.randint(-9, 8) for _ in range(3000)]
    numbers += [i / 16 for i in range(-64, 64)] + [0.0, 1e-4, 9.9995, 999999.5, 5e-324, 1e21 / 3]
    numbers = [struct.unpack("<f", struct.pack("<f", number))[0] for number in numbers]
    formats = ["d", ".1f", ".3f", ".2s", ".3s", ".6s"]
    page = visit(SOFTMAX).page
    module = page.evaluate("[...document.scripts].map(s => s.src).find(src => src.includes('explorer.js'))")
    written = page.evaluate(
        "async ([module, numbers, formats]) => { const { numberText } = await import(module);"
        " return numbers.map(number => formats.map(format => numberText(number, format))); }",
        [module, json.loads(json.dumps(numbers)), formats],
    )
    assert written == [[number_text(number, number_format) for number_format in formats] for number in numbers]


@pytest.mark.parametrize("path", PAGES)
def test_no_description_of_a_picture_has_an_empty_place(visit, path):
    page = visit(path).page
    page.wait_for_selector("figure.explorer[data-ready]")
    labels = page.evaluate(
        "[...document.querySelectorAll('figure.explorer svg')].map(svg => svg.getAttribute('aria-label'))"
    )
    assert labels
    assert [label for label in labels if "{" in label] == []
