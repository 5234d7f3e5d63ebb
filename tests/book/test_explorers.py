"""Every explorer in the finished page: what it shows in each state is what torch computes.

All states of an explorer are read in one call inside the page (`look.js`); keys and pointer are tried on one explorer
for each kind of knob, since all explorers share the code of their knobs (`test_knobs.py`).
"""

import ast
import csv
import io
import re
from functools import cache
from itertools import product

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tests.book.chapters import CHAPTERS, NAMES, declared, figure_of, page_of, pages_of_explorers
from transformer_edu.explorers.declaration import Explorer
from transformer_edu.explorers.numbers import number_text
from transformer_edu.explorers.packing import as_array, is_words
from transformer_edu.explorers.panels import Sweep

LEAST_POINTS = 20
MOST_ROWS = 400  # of a table; the CSV holds all
WHERE = [(page_of(name), name) for name in NAMES]
every_explorer = pytest.mark.parametrize(("path", "name"), WHERE, ids=NAMES)
PAGES = sorted({path for path, _ in WHERE} | {f"{name}.html" for name in CHAPTERS})
every_page = pytest.mark.parametrize("path", PAGES)
Point = tuple[int, ...]


def some_points(explorer: Explorer) -> list[Point]:
    """Spread at least twenty points over the grid, corners among them (all points of a smaller grid)."""
    grid = list(product(*(range(len(param.values)) for param in explorer.params)))
    if len(grid) <= LEAST_POINTS:
        return grid
    return [grid[round(i * (len(grid) - 1) / (LEAST_POINTS + 3))] for i in range(LEAST_POINTS + 4)]


def rich_points(explorer: Explorer) -> list[int]:
    """Return the places of the points at which the table and the lines of code are read too."""
    places = range(len(some_points(explorer)))
    return sorted({*places[::8], places[-3:][0]})


def settings(explorer: Explorer, point: Point) -> list[tuple[str, int]]:
    """Return the stop of each knob that a reader sees."""
    pairs = zip(explorer.params, point, strict=True)
    return [(param.label, stop) for param, stop in pairs if len(param.values) > 1]


@cache
def answer_at(name: str, point: Point) -> dict:
    """Compute one point once a session: several tests look at the same."""
    explorer = declared(name)
    return explorer.compute(**{p.name: p.values[i] for p, i in zip(explorer.params, point, strict=True)})


@pytest.fixture(scope="module")
def looks() -> dict[str, list[dict]]:
    """Keep what was seen of each explorer: it is looked at once."""
    return {}


@pytest.fixture
def states(wide, name, looks) -> list[tuple[Point, dict]]:
    """Return the points of an explorer and what the page shows at each."""
    explorer = declared(name)
    points = some_points(explorer)
    if name not in looks:
        wanted = [settings(explorer, point) for point in points]
        asked = {"id": explorer.id, "points": wanted, "rich": rich_points(explorer)}
        looks[name] = wide.page.evaluate("asked => look.states(asked)", asked)
    return list(zip(points, looks[name], strict=True))


def expected_readouts(explorer: Explorer, answer: dict, picks: dict[str, int]) -> list[list[str]]:
    shown = []
    for readout in explorer.readouts:
        for array in readout.arrays():
            numbers = as_array(answer[array])
            number = numbers[picks[readout.pick]] if readout.pick else numbers
            shown.append([array, number_text(float(number), explorer.format_of(array))])
    return shown


def test_every_explorer_stands_on_a_page():
    ids = {declared(name).id for name in NAMES}
    assert ids <= set(pages_of_explorers())  # pages hold figures without knobs, too


@every_explorer
def test_readouts_equal_torch_in_every_state(states, name, path):
    explorer = declared(name)
    grid = list(product(*(range(len(param.values)) for param in explorer.params)))
    assert len(states) >= min(LEAST_POINTS, len(grid))
    for point, seen in states:
        stops = dict(seen["stops"])
        assert [(label, stops[label]) for label, _ in settings(explorer, point)] == settings(explorer, point)
        picks = {pick.name: stops[pick.label] for pick in explorer.picks}
        assert seen["readouts"] == expected_readouts(explorer, answer_at(name, point), picks), point


@every_explorer
def test_no_description_of_a_picture_has_an_empty_place(states, name, path):
    for point, seen in states:
        assert seen["alts"], point
        assert [text for text in seen["alts"] if not text or "{" in text] == [], point


def expected_rows(name: str, point: Point) -> dict[str, list[str]]:
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


def rows_of(text: str) -> dict[str, list[str]]:
    """Read a CSV: quantity → values."""
    found: dict[str, list[str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        found.setdefault(row["quantity"], []).append(row["value"])
    return found


@every_explorer
def test_table_and_csv_hold_every_number_of_the_picture(states, name, path):
    for place in rich_points(declared(name)):
        point, seen = states[place]
        wanted = {quantity: texts for quantity, texts in expected_rows(name, point).items() if texts}  # some are empty
        found = rows_of(seen["table"]["csv"])
        assert found == {quantity: [machine_text(text) for text in texts] for quantity, texts in wanted.items()}
        assert seen["table"]["file"] == f"{declared(name).id}.csv"
        flat = [text for quantity in found for text in wanted[quantity]]
        assert seen["table"]["cells"] == flat[:MOST_ROWS]


def machine_text(text: str) -> str:
    """Write what a reader sees as what a spreadsheet reads."""
    text = text.replace("−", "-").replace("–", "nan").replace("∞", "inf")
    power = re.search("×10(.+)", text)
    digits = "".join("-0123456789"["⁻⁰¹²³⁴⁵⁶⁷⁸⁹".index(sign)] for sign in power[1]) if power else ""
    return re.sub("×10.+", f"e{digits}", text)


@every_explorer
def test_the_lines_that_compute_it_compute_it(states, name, path):
    place = rich_points(declared(name))[-1]
    point, seen = states[place]
    *body, last = ast.parse(seen["code"]).body
    space: dict = {}
    exec(compile(ast.Module(body, []), "page", "exec"), space)
    result = eval(compile(ast.Expression(last.value), "page", "eval"), space)
    arrays = [as_array(value).ravel() for value in answer_at(name, point).values() if not is_words(value)]
    for one in map(as_array, result if isinstance(result, tuple) else [result]):
        assert any(one.size == array.size and np.isclose(one.ravel(), array, rtol=1e-5).all() for array in arrays)


def other_setting(explorer: Explorer) -> list[tuple[str, int]]:
    """Return a point that is not the start, and another entry of each pick."""
    picks = [(pick.label, 0 if pick.start else 1) for pick in explorer.picks]
    return settings(explorer, some_points(explorer)[-2]) + picks


def link_to(page, explorer: Explorer) -> tuple[dict, dict]:
    """Return what an explorer shows at its start, and at another setting."""
    start = page.evaluate("id => look.again(id)", explorer.id)
    (there,) = page.evaluate(
        "asked => look.states(asked)", {"id": explorer.id, "points": [other_setting(explorer)], "rich": []}
    )
    return start, there


@every_explorer
def test_a_setting_is_an_address(wide, name, path):
    explorer = declared(name)
    start, there = link_to(wide.page, explorer)
    assert there["readouts"] != start["readouts"]
    assert wide.page.evaluate("id => look.again(id)", explorer.id) == start
    opened = wide.page.evaluate("asked => look.address(asked)", {"id": explorer.id, "link": there["link"]})
    assert opened == there
    expect(wide.page.locator(f"figure#{explorer.id}")).to_be_in_viewport()
    assert wide.page.evaluate("id => look.again(id)", explorer.id) == start


def first_of_pages() -> list[tuple[str, str]]:
    """Return one explorer a page."""
    return list({path: (path, name) for path, name in reversed(WHERE)}.values())


@pytest.mark.parametrize(("path", "name"), first_of_pages())
def test_an_address_opens_in_a_new_page(visit, wide, name, path):
    explorer = declared(name)
    start, there = link_to(wide.page, explorer)
    opened = visit(path + there["link"]).page
    expect(opened.locator(f"figure#{explorer.id}")).to_be_in_viewport()
    figure = figure_of(opened, explorer)
    assert shown_readouts(figure) == there["readouts"]
    figure.get_by_role("button", name="Start again").click()
    assert shown_readouts(figure) == start["readouts"]


@pytest.mark.parametrize(("path", "name"), first_of_pages())
def test_the_csv_can_be_downloaded(wide, name, path):
    explorer = declared(name)
    figure = figure_of(wide.page, explorer)
    figure.get_by_role("button", name="Numbers as a table").click()
    with wide.page.expect_download() as download:
        figure.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename == f"{explorer.id}.csv"
    start = tuple(list(param.values).index(param.start) for param in explorer.params)
    wanted = {quantity: texts for quantity, texts in expected_rows(name, start).items() if texts}
    found = rows_of(download.value.path().read_text("utf-8"))
    assert found == {quantity: [machine_text(text) for text in texts] for quantity, texts in wanted.items()}


def shown_readouts(figure: Locator) -> list[list[str]]:
    return figure.locator("[data-readout]").evaluate_all(
        "nodes => nodes.map(node => [node.dataset.readout, node.textContent])"
    )


@every_explorer
def test_prediction_stays_and_is_answered_after_the_first_move(wide, name, path):
    explorer = declared(name)
    wrong = (explorer.prediction.right + 1) % len(explorer.prediction.answers)
    knob = next(param for param in explorer.params if len(param.values) > 1)
    last = len(knob.values) - 1
    stop = last if knob.values[last] != knob.start else 0
    asked = {"id": explorer.id, "answer": explorer.prediction.answers[wrong], "label": knob.label, "stop": stop}
    told = wide.page.evaluate("asked => look.guess(asked)", asked)
    assert told["before"] == ""
    assert f"you guessed “{explorer.prediction.answers[wrong]}”" in told["after"]
    assert explorer.prediction.because[:40] in told["after"]
    assert told["checked"]


@every_page
def test_ids_are_unique_and_labels_find_their_inputs(wide, path):
    ids = wide.page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))
    assert wide.page.evaluate(
        "[...document.querySelectorAll('.explorer label[for]')].every(l => document.getElementById(l.htmlFor))"
    )


@pytest.mark.parametrize("width", ["narrow", "wide"])
@every_page
def test_pictures_fit_their_card_and_letters_stay_legible(path, width, request):
    page = request.getfixturevalue(width).page
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
