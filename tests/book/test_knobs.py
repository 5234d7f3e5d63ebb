"""Keys and pointer turn the knobs: tried on one explorer for each kind of knob (a text is typed in JupyterLab)."""

import json
import random
import struct

import pytest
from playwright.sync_api import Locator, expect

from tests.book.chapters import NAMES, declared, figure_of, page_of
from transformer_edu.explorers.declaration import Explorer, Param, Pick
from transformer_edu.explorers.numbers import number_text
from transformer_edu.explorers.packing import as_array

KINDS = {
    "slider": lambda explorer: [p for p in explorer.params if len(p.values) > 2 and not (p.choice or p.text)],
    "list": lambda explorer: [p for p in explorer.params if len(p.values) > 1 and (p.choice or p.text)],
    "pick": lambda explorer: explorer.picks,
}


def first_with(kind: str) -> tuple[str, str, str]:
    """Return the page, the explorer and the label of the first knob of a kind that changes a read-out."""
    for name in NAMES:
        explorer = declared(name)
        read = {readout.pick for readout in explorer.readouts} if kind == "pick" else None
        for knob in KINDS[kind](explorer):
            if explorer.readouts and (read is None or knob.name in read):
                return page_of(name), name, knob.label
    raise LookupError(f"no explorer has a {kind}")


FOUND = [first_with(kind) for kind in KINDS]


def turn(figure: Locator, label: str, place: int, stops: int, *, pointer: bool) -> None:
    """Turn one knob to a stop, by a click on its track or by keys alone (the shortest way there)."""
    knob = figure.get_by_label(label, exact=True)
    now, is_list = int(knob.input_value()), knob.evaluate("node => node.tagName") == "SELECT"
    if pointer and is_list:
        knob.select_option(str(place))
    elif pointer:
        box, thumb = knob.bounding_box(), 16
        knob.click(position={"x": thumb / 2 + place / (stops - 1) * (box["width"] - thumb), "y": box["height"] / 2})
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


def expected(explorer: Explorer, knob: Param | Pick, place: int) -> list[str]:
    """Return the read-outs with one knob at a stop and all others at their start."""
    values, picks = explorer.start(), {pick.name: pick.start for pick in explorer.picks}
    if isinstance(knob, Pick):
        picks[knob.name] = place
    else:
        values[knob.name] = knob.values[place]
    answer, texts = explorer.compute(**values), []
    for readout in explorer.readouts:
        for array in readout.arrays():
            number = as_array(answer[array])[picks[readout.pick] if readout.pick else ()]
            texts.append(number_text(float(number), explorer.format_of(array)))
    return texts


@pytest.mark.parametrize("pointer", [False, True], ids=["keyboard", "pointer"])
@pytest.mark.parametrize(("path", "name", "label"), FOUND, ids=KINDS)
def test_each_kind_of_knob_turns(wide, path, name, label, pointer):
    explorer = declared(name)
    figure = figure_of(wide.page, explorer)
    knob = next(one for one in [*explorer.params, *explorer.picks] if one.label == label)
    count = len(explorer.compute(**explorer.start())[knob.of]) if isinstance(knob, Pick) else len(knob.values)
    for place in [*range(count), 0, count // 2, count - 1]:
        turn(figure, label, place, count, pointer=pointer)
        expect(figure.locator("[data-readout]")).to_have_text(expected(explorer, knob, place))


SOFTMAX, ATTENTION = page_of("softmax_collapse"), page_of("real_heads")


def test_a_guess_is_given_by_hand(visit):
    explorer = declared("softmax_collapse")
    figure = figure_of(visit(SOFTMAX).page, explorer)
    answer = explorer.prediction.answers[explorer.prediction.right]
    figure.get_by_label(answer, exact=True).check()
    expect(figure.locator(".told")).to_be_empty()
    knob = explorer.params[0]
    turn(figure, knob.label, len(knob.values) - 1, len(knob.values), pointer=False)
    expect(figure.locator(".told")).to_contain_text("as you guessed")
    expect(figure.get_by_label(answer, exact=True)).to_be_checked()


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


def test_without_javascript_the_numbers_stand_in_tables(visit):
    page = visit(SOFTMAX, java_script_enabled=False).page
    explorer = declared("softmax_collapse")
    answer = explorer.compute(**explorer.start())
    figure = page.locator(f"figure[data-explorer={explorer.id}]")
    for readout in explorer.readouts:
        for array in readout.arrays():
            text = number_text(float(as_array(answer[array])), explorer.format_of(array))
            expect(figure.locator("table").first, array).to_contain_text(text)


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
