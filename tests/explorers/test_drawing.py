"""The drawing module in a browser, fed by hand-made explorers: right numbers at every point, and a kernel of our own.

These figures are not in the book. They have what could go wrong: knobs without effect, shapes that change from point to
point, missing numbers, names that want quoting, several views of one widget, a kernel that fails, is late or is gone.
"""

import base64
import csv
import io
import shutil
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import TypedDict

import pytest
import torch
from playwright.sync_api import Browser, Page, expect

import transformer_edu.explorers
from tools.site_server import serving
from transformer_edu.explorers import palette
from transformer_edu.explorers.arrays import Shown, Words
from transformer_edu.explorers.declaration import Explorer, Param, Pick
from transformer_edu.explorers.live import LiveExplorer
from transformer_edu.explorers.numbers import number_text
from transformer_edu.explorers.packing import as_array
from transformer_edu.explorers.page import static_html
from transformer_edu.explorers.panels import Arcs, Bars, Heatmap, Lines, Readout, Series, Sweep

ASSETS = Path(transformer_edu.explorers.__file__).parent / "assets"
SPECIAL = ('a "quoted", word', "two\nlines", "</script>", "d")


class Growing(TypedDict):
    rows: Shown["place column", ".2f"]
    gaps: Shown["word", ".1f"]
    line: Shown[".3s"]
    double: Shown[".3s"]
    marks: Shown["place", "d"]
    words: Words
    places: Words


def growing(*, size: int, power: float, idle: int, law: str) -> Growing:
    """Return arrays that depend on some knobs only, change their shape with one, and miss numbers at places."""
    rows = torch.arange(float(size * 3)).reshape(size, 3) / 7 + power + 0.25
    line = torch.tensor(float(size)) ** power * {"plain": 1.0, "twice": 2.0}[law]
    return {
        "rows": rows,
        "gaps": torch.where(torch.arange(4) == size % 4, torch.nan, torch.arange(4) * power),
        "line": line if size != 4 else torch.tensor(torch.nan),
        "double": line * 2,
        "marks": torch.arange(float(size)) * 10,
        "words": list(SPECIAL),
        "places": [f"place {i + 1}" for i in range(size)],
    }


GROWING = Explorer(
    id="growing",
    title="Made for the test",
    compute=growing,
    params=[
        Param(name="size", label="size", values=(2, 3, 4), start=3),
        Param(name="power", label="power", values=(0.0, 0.5, 1.0, 2.0), start=0.5),
        Param(name="idle", label="idle", values=(1, 2), start=2),
        Param(name="law", label="law", values=("plain", "twice"), start="plain", choice=True),
    ],
    picks=[Pick(name="place", label="place", of="places", start=1)],
    panels=[
        Bars(title="one row", series=[Series("rows", "row")], pick="place", domain=(0, 4)),
        Bars(title="gaps", series=[Series("gaps", "gap")], labels="words", domain=(0, 6)),
        Heatmap(title="all rows", array="rows", rows="places", mark=["place"], domain=(0, 4)),
        Sweep(title="line over size", over="size", series=[Series("line", "line")], domain=(0, 20)),
        Sweep(title="line over power", over="power", series=[Series("double", "double")], domain=(0, 40), peaks=True),
    ],
    readouts=[Readout("marks", "mark", pick="place"), Readout("line", "line", then="double")],
    code="growing(size={size}, power={power}, law={law})",
    alt="Line {line} at size {size}.",
)
POINTS = list(product(range(3), range(4), range(2), range(2)))


def values_at(point: tuple[int, ...]) -> dict:
    return {param.name: param.values[i] for param, i in zip(GROWING.params, point, strict=True)}


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page with some static figures, the drawing module and its colors."""
    folder = tmp_path_factory.mktemp("figures")
    for name in ("explorer.js", "explorer.css"):
        shutil.copy(ASSETS / name, folder)
    with serving(folder) as (base, _):
        count, wrong = 0, []

        def open_page(body: str, address: str = "", *, width: int = 1000) -> Page:
            nonlocal count
            count += 1
            head = f'<meta charset="utf-8"><style>{palette.css()}</style><link rel="stylesheet" href="explorer.css">'
            head += '<script type="module" src="explorer.js"></script><link rel="icon" href="data:,">'
            text = f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>"
            (folder / f"{count}.html").write_text(text, encoding="utf-8")
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
            page.goto(f"{base}{count}.html{address}")
            return page

        open_page.wrong = wrong
        yield open_page


@pytest.fixture
def open_page(opened) -> Iterator[Callable[..., Page]]:
    """Open pages, and fail at the end if one of them reported an error that the test did not take away."""
    opened.wrong.clear()
    yield opened
    assert opened.wrong == []


@pytest.fixture(scope="module")
def html() -> str:
    return static_html(GROWING)


@pytest.fixture
def page(open_page, html) -> Iterator[Page]:
    page = open_page(html)
    expect(page.locator("figure#growing[data-ready]")).to_be_attached()
    yield page
    page.close()


SET = """([i, place]) => {
    const knob = document.querySelectorAll('.knob input, .knob select')[i];
    knob.value = place;
    knob.dispatchEvent(new Event(knob.tagName === 'SELECT' ? 'change' : 'input'));
}"""
READ = """() => ({
    readouts: [...document.querySelectorAll('[data-readout]')].map(node => node.textContent),
    bars: [...document.querySelectorAll('.panel.bars')].map(panel => [...panel.querySelectorAll('.marks rect')].length),
    cells: [...document.querySelectorAll('.heatmap .cells rect')].map(cell => Number(cell.style.fillOpacity)),
    csv: decodeURIComponent(document.querySelector('a[download]').href.split(',').slice(1).join(',')),
    label: document.querySelector('.panel svg').getAttribute('aria-label'),
    code: document.querySelector('pre').textContent,
})"""


def text(number, name: str) -> str:
    return number_text(float(number), GROWING.format_of(name))


def machine(number, name: str) -> str:
    return text(number, name).replace("−", "-").replace("–", "nan")


def wanted_rows(values: dict, answer: dict) -> list[tuple[str, str, str]]:
    """Write the CSV anew from `compute`: quantity, first place, value."""
    rows = []
    for over, array in (("size", "line"), ("power", "double")):
        param = next(param for param in GROWING.params if param.name == over)
        for stop in param.values:
            number = growing(**(values | {over: stop}))[array]
            rows.append((f"{array} over {over}", f"{stop:g}", machine(number, array)))
    named = {"rows": answer["places"], "gaps": answer["words"], "marks": answer["places"]}
    for name in ("rows", "gaps", "marks", "line", "double"):
        numbers = as_array(answer[name])
        width = numbers.shape[1] if numbers.ndim > 1 else 1
        for i, number in enumerate(numbers.ravel()):
            words = named.get(name)
            place = f"{i // width + 1} {words[i // width]}" if words else ""
            rows.append((name, place, machine(number, name)))
    return rows


def test_every_point_of_the_grid_shows_what_compute_returns(page):
    page.get_by_role("button", name="Numbers as a table").click()
    page.get_by_role("button", name="The lines that compute it").click()
    for point in POINTS:
        for i, place in enumerate(point):
            page.evaluate(SET, [i, place])
        for pick in (0, values_at(point)["size"] - 1):
            page.evaluate(SET, [4, pick])
            values, found = values_at(point), page.evaluate(READ)
            answer = growing(**values)
            marks = (answer["marks"][pick], "marks"), (answer["line"], "line"), (answer["double"], "double")
            assert found["readouts"] == [text(*mark) for mark in marks], values
            assert found["bars"] == [3, 4]
            tones = (as_array(answer["rows"]).round(2) / 4).clip(0, 1).ravel().tolist()
            assert found["cells"] == pytest.approx(tones, abs=0.002), values
            rows = [tuple(row.values()) for row in csv.DictReader(io.StringIO(found["csv"]))]
            assert [(row[0], row[1], row[4]) for row in rows] == wanted_rows(values, answer)
            assert found["label"] == f"Line {text(answer['line'], 'line')} at size {values['size']}."
            assert found["code"] == "growing(size={size}, power={power!r}, law={law!r})".format(**values)


BAR_HEIGHTS = """() => [...document.querySelectorAll('.panel.bars')[0].querySelectorAll('.marks rect')].map(
    bar => Number(bar.getAttribute('height')))"""


def test_bars_show_the_row_that_is_picked(page):
    for pick in range(3):
        page.evaluate(SET, [4, pick])
        heights = page.evaluate(BAR_HEIGHTS)
        row = growing(**GROWING.start())["rows"][pick]
        assert [height / heights[2] for height in heights] == pytest.approx((row / row[2]).tolist(), abs=0.01)


def test_a_sweep_draws_its_line_over_its_knob_and_skips_what_is_missing(page):
    path = page.locator(".panel.sweep path.curve").first
    assert path.get_attribute("d").count("L") == 1  # sizes 2 and 3; at size 4 the number is missing
    dot = page.locator(".panel.sweep circle.dot")
    before = [dot.nth(i).get_attribute("cx") for i in (0, 1)]
    page.evaluate(SET, [0, 0])
    assert dot.nth(0).get_attribute("cx") != before[0] and dot.nth(1).get_attribute("cx") == before[1]
    page.evaluate(SET, [0, 2])
    expect(dot.nth(0)).to_be_hidden()


def test_start_again_restores_knobs_picks_and_the_guess(page):
    fresh = page.evaluate("() => document.querySelector('.readouts').textContent")
    knobs = "() => [...document.querySelectorAll('.knob input, .knob select')].map(knob => knob.value)"
    start = page.evaluate(knobs)
    for i, place in enumerate((0, 3, 0, 1, 0)):
        page.evaluate(SET, [i, place])
    page.get_by_role("button", name="Start again").click()
    assert page.evaluate(knobs) == start == ["1", "1", "1", "0", "1"]
    assert page.evaluate("() => document.querySelector('.readouts').textContent") == fresh


def test_an_address_holds_knobs_and_picks(page, open_page, html):
    for i, place in enumerate((2, 3, 0, 1, 3)):
        page.evaluate(SET, [i, place])
    address = page.get_by_role("link", name="Link to this setting").get_attribute("href")
    assert address == "#growing?size=4&power=2&idle=1&law=twice&place=4"
    second = open_page(html, address)
    assert second.locator(".readouts").text_content() == page.locator(".readouts").text_content()
    second.close()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("#growing?size=99&power=x&place=2", "10"),  # unknown stops are passed over
        ("#growing?place=77", "20"),  # past the end: the last
        ("#growing?place=-1", "10"),
        ("#growing?place=%E0%A4%A", "10"),  # not an encoding
        ("#growing", "10"),
        ("#grow", "10"),
    ],
)
def test_an_address_with_unknown_values_opens_what_it_can(open_page, html, address, shown):
    page = open_page(html, address)
    expect(page.locator("[data-readout=marks]")).to_have_text(shown)
    page.close()


def test_a_pick_past_the_end_of_a_shorter_list_moves_to_its_last(page):
    page.evaluate(SET, [0, 2])
    page.evaluate(SET, [4, 3])
    page.evaluate(SET, [0, 0])
    expect(page.locator("[data-readout=marks]")).to_have_text("10")
    assert page.locator(".knob input").nth(3).get_attribute("max") == "1"


def test_a_click_on_a_cell_picks_its_row(page):
    page.locator(".heatmap rect[data-i='6']").click()
    expect(page.locator("[data-readout=marks]")).to_have_text("20")


@pytest.mark.parametrize(("count", "shown"), [(24, True), (150, False)])
def test_the_longest_name_of_a_narrow_column_is_not_cut(open_page, count, shown):
    """Names of narrow columns are turned, and get the room that the longest of them needs; too narrow ones get none."""
    columns = [f"column {i + 1}" for i in range(count)]

    def narrow() -> TypedDict("Narrow", {"table": Shown["row column", ".2f"], "columns": Words}):
        return {"table": torch.rand(2, count, generator=torch.Generator()), "columns": columns}

    explorer = Explorer(
        id="narrow",
        title="Many columns",
        compute=narrow,
        panels=[Heatmap(title="narrow", array="table", columns="columns")],
        alt="A table.",
    )
    page = open_page(static_html(explorer))
    expect(page.locator("figure#narrow[data-ready]")).to_be_attached()
    assert page.locator(".heatmap .words").nth(1).locator("text").all_text_contents() == (
        columns if shown else [""] * count
    )
    page.close()


def test_no_line_runs_through_a_name(open_page):
    """What is drawn later covers what is drawn before: names come last, and series without one take no room."""

    def crossing() -> TypedDict("Crossing", dict.fromkeys("abcx", Shown["point", ".3s"])):
        return {name: torch.tensor([0.0, 1.0]) for name in "abc"} | {"x": torch.tensor([1.0, 2.0])}

    series = [Series("a", "first", "query"), Series("b", "second", "key"), Series("c", "", "key", thin=True)]
    explorer = Explorer(
        id="crossing",
        title="Three lines that end together",
        compute=crossing,
        panels=[Lines(title="lines", x="x", series=series, domain=(0, 1))],
        alt="Three lines.",
    )
    page = open_page(static_html(explorer))
    expect(page.locator("figure#crossing[data-ready]")).to_be_attached()
    order = page.evaluate("[...document.querySelectorAll('.panel svg .curve, .panel svg .name')].map(n => n.tagName)")
    assert order.count("path") == 3 and order[-2:] == ["text", "text"]
    heights = [
        float(h) for h in page.evaluate("[...document.querySelectorAll('.name')].map(n => n.getAttribute('y'))") if h
    ]
    assert len(heights) == 2 and abs(heights[0] - heights[1]) >= 14.9
    page.close()


def test_a_figure_that_is_hidden_draws_when_it_appears_and_follows_the_width(open_page, html):
    page = open_page(f"<div id=box hidden>{html}</div>")
    expect(page.locator("figure[data-ready]")).to_be_attached()
    assert page.locator(".marks rect").count() == 0  # nothing is drawn without a width
    page.evaluate("() => { document.getElementById('box').hidden = false; }")
    expect(page.locator(".marks rect").first).to_be_visible()
    page.set_viewport_size({"width": 500, "height": 900})
    width = page.locator(".panel-host").first.evaluate("node => node.clientWidth")
    expect(page.locator(".panel svg").first).to_have_attribute("width", str(width))
    page.close()


def test_two_figures_with_one_name_share_no_id_and_the_first_has_the_address(open_page, html):
    page = open_page(html + html, "#growing?place=3")
    expect(page.locator("[data-readout=marks]")).to_have_text(["20", "10"])
    assert page.evaluate("() => document.querySelectorAll('#growing').length") == 1
    page.close()


def test_a_broken_figure_keeps_its_tables_and_the_next_one_comes_to_life(open_page, opened, html):
    page = open_page(html.replace('{"spec"', '{"spec', 1) + html)
    expect(page.locator("figure[data-ready]")).to_have_count(1)
    expect(page.locator("figure").first.locator("table").first).to_be_visible()
    assert len(opened.wrong) == 1 and "JSON" in opened.wrong.pop()
    page.close()


# A kernel of our own: Python answers what a view sends, when the test says so


class Kernel:
    """Two views of one widget in a page; their requests wait in `asked` until the test answers them."""

    def __init__(self, page: Page, *, views: int = 2):
        self.page, self.live, self.asked = page, LiveExplorer(GROWING), []
        page.expose_function("toKernel", lambda message: self.asked.append(message))
        page.evaluate(
            """async ([spec, views]) => {
            const { default: widget } = await import('./explorer.js');
            const handlers = new Set();
            const model = {
                get: () => spec,
                on: (_, handler) => handlers.add(handler),
                off: (_, handler) => handlers.delete(handler),
                send: message => { if (window.gone) throw new Error('Canceled'); toKernel(message); },
            };
            window.handlers = handlers;
            window.answer = (message, buffers) => {
                const view = text => new DataView(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
                const bytes = buffers.map(view);
                for (const handler of [...handlers]) handler(message, bytes);
            };
            window.close = [];
            for (let i = 0; i < views; i++) {
                const el = document.createElement('div');
                document.body.append(el);
                window.close.push(widget.render({ model, el }));
            }
        }""",
            [self.live.spec, views],
        )

    def wait_for(self, count: int) -> None:
        for _ in range(100):
            if len(self.asked) >= count:
                return
            self.page.wait_for_timeout(20)
        pytest.fail(f"{len(self.asked)} requests instead of {count}")

    def answer(self, message: dict, **changes) -> None:
        """Answer one request as the widget in Python does."""
        reply, buffers = self.live.answer(message)
        self.page.evaluate(
            "([reply, buffers]) => answer(reply, buffers)",
            [reply | changes, [base64.b64encode(data).decode() for data in buffers]],
        )

    def set(self, view: int, knob: int, place: int) -> None:
        self.page.evaluate(
            """([view, i, place]) => {
            const knob = document.querySelectorAll('figure')[view].querySelectorAll('.knob input, .knob select')[i];
            knob.value = place;
            knob.dispatchEvent(new Event(knob.tagName === 'SELECT' ? 'change' : 'input'));
        }""",
            [view, knob, place],
        )

    def shown(self, view: int) -> list[str]:
        return self.page.locator("figure").nth(view).locator("[data-readout]").all_text_contents()

    def status(self, view: int):
        return self.page.locator("figure").nth(view).locator(".explorer-status")


def readouts(point: tuple[int, ...], pick: int = 1) -> list[str]:
    answer = growing(**values_at(point))
    return [text(answer["marks"][pick], "marks"), text(answer["line"], "line"), text(answer["double"], "double")]


START = (1, 1, 1, 0)


@pytest.fixture
def kernel(open_page) -> Iterator[Kernel]:
    page = open_page("")
    page.clock.install()
    kernel = Kernel(page)
    kernel.wait_for(2)
    yield kernel
    page.close()


def test_each_view_of_one_widget_draws_its_own_answer(kernel):
    """Both views ask; each must wait for its own answer though it hears the other's."""
    first, second = kernel.asked
    assert first["request"] != second["request"]
    kernel.answer(second)
    assert kernel.shown(1) == readouts(START) and kernel.shown(0) == ["", "", ""]
    kernel.answer(first)
    kernel.set(0, 0, 0)
    kernel.set(1, 0, 2)
    kernel.wait_for(4)
    kernel.answer(kernel.asked[2])
    kernel.answer(kernel.asked[3])
    assert kernel.shown(0) == readouts((0, 1, 1, 0)) and kernel.shown(1) == readouts((2, 1, 1, 0))


def test_the_latest_wish_wins_and_sweeps_are_asked_for_only_when_stale(kernel):
    kernel.answer(kernel.asked[0])
    assert kernel.asked[0]["sweeps"] == ["size", "power"]
    for place in (0, 1, 2):
        kernel.set(0, 1, place)  # the power: its own line stays, the line over the size is stale
    kernel.wait_for(3)
    assert kernel.asked[2]["state"]["power"] == 0 and kernel.asked[2]["sweeps"] == ["size"]
    kernel.answer(kernel.asked[2])
    kernel.wait_for(4)
    assert kernel.asked[3]["state"]["power"] == 2 and len(kernel.asked) == 4
    expect(kernel.status(0)).to_have_text("computing …")
    kernel.answer(kernel.asked[3])
    assert kernel.shown(0) == readouts((1, 2, 1, 0))
    expect(kernel.status(0)).to_contain_text("Computed on cpu in")


def test_a_failure_is_told_and_the_next_move_works(kernel):
    kernel.answer(kernel.asked[0])
    kernel.set(0, 0, 0)
    kernel.wait_for(3)
    wrong = {"request": kernel.asked[2]["request"], "error": "RuntimeError: out of room"}
    kernel.page.evaluate("reply => answer(reply, [])", wrong)
    expect(kernel.status(0)).to_have_text("RuntimeError: out of room")
    kernel.page.set_viewport_size({"width": 700, "height": 900})  # draws anew: the last good answer, at its own place
    label = kernel.page.locator("figure").first.locator("svg").first
    expect(label).to_have_attribute("aria-label", f"Line {readouts(START)[1]} at size 3.")
    kernel.set(0, 0, 2)
    kernel.wait_for(4)
    kernel.answer(kernel.asked[3])
    assert kernel.shown(0) == readouts((2, 1, 1, 0))


def test_without_a_kernel_a_figure_says_what_to_do(kernel):
    figure = kernel.page.locator("figure").first
    expect(figure.locator(".panels")).to_be_hidden()
    kernel.page.clock.run_for(9000)
    expect(kernel.status(0)).to_have_text("Run the cell to bring this figure to life.")
    expect(kernel.status(0)).to_be_visible()
    kernel.answer(kernel.asked[0])  # it was only slow
    expect(figure.locator(".panels")).to_be_visible()
    assert kernel.shown(0) == readouts(START)


def test_a_kernel_that_stops_answering_is_told_and_may_be_asked_again(kernel):
    kernel.answer(kernel.asked[0])
    kernel.set(0, 0, 0)
    kernel.wait_for(3)
    kernel.page.clock.run_for(9000)
    expect(kernel.status(0)).to_contain_text("The kernel does not answer")
    kernel.set(0, 0, 2)
    kernel.wait_for(4)
    kernel.answer(kernel.asked[2])  # too late: the reader has moved on
    assert kernel.shown(0) == readouts(START)
    kernel.answer(kernel.asked[3])
    assert kernel.shown(0) == readouts((2, 1, 1, 0))


def test_a_connection_that_is_gone_is_told(kernel):
    kernel.answer(kernel.asked[0])
    kernel.page.evaluate("() => { window.gone = true; }")
    kernel.set(0, 0, 0)
    expect(kernel.status(0)).to_contain_text("The kernel does not answer")


def test_a_closed_view_listens_no_more(kernel):
    assert kernel.page.evaluate("() => { for (const close of window.close) close(); return handlers.size; }") == 0


class Spoken(TypedDict):
    tokens: Words
    weights: Shown["token token", ".3s"]


def spoken(*, note: str, times: float) -> Spoken:
    return {"tokens": note.split(), "weights": torch.eye(len(note.split())) * times}


WORDS = Explorer(
    id="words",
    title="Any words",
    compute=spoken,
    params=[
        Param(name="note", label="note", values=("a b c",), start="a b c", text=True),
        Param(name="times", label="times", values=(0.5, 1.0), start=1.0),
    ],
    picks=[Pick(name="token", label="token", of="tokens", start=2)],
    panels=[Arcs(title="arcs", weights="weights", tokens="tokens", pick="token")],
    code="show({note}, {times})",
    alt="Words {note}.",
)


def test_a_readers_words_stand_in_the_code_as_they_are(open_page):
    """Braces that a reader types are not the name of a knob."""
    page = open_page("")
    live = LiveExplorer(WORDS)

    def reply(message: dict) -> list:
        answer, buffers = live.answer(message)
        return [answer, [base64.b64encode(data).decode() for data in buffers]]

    page.expose_function("ask", reply)
    page.evaluate(
        """async spec => {
        const { default: widget } = await import('./explorer.js');
        let hear;
        const send = async message => {
            const [reply, buffers] = await ask(message);
            hear(reply, buffers.map(text => new DataView(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer)));
        };
        widget.render({ model: { get: () => spec, on: (_, handler) => { hear = handler; }, send }, el: document.body });
    }""",
        live.spec,
    )
    expect(page.locator(".explorer-status")).to_contain_text("Computed")
    page.get_by_role("button", name="The lines that compute it").click()
    page.get_by_label("note", exact=True).fill("x {times}")
    page.get_by_label("note", exact=True).press("Enter")
    expect(page.locator("pre")).to_have_text('show("x {times}", 1.0)')
    expect(page.locator(".knob output").last).to_have_text("{times}")  # the pick moved to the last of two words
    page.close()
