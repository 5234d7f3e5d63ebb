"""In JupyterLab, with a real kernel: a live slider moves, and the number that appears is torch's."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import Error as PlaywrightError

from transformer_edu.explorers import attention_by_hand, palette, real_heads, temperature_sampling
from transformer_edu.explorers.numbers import number_text
from transformer_edu.explorers.packing import as_array

PATIENCE = 300_000  # ms; on a busy machine a server starts, and a kernel imports torch, late
pytestmark = pytest.mark.timeout(1100)  # the first test starts a server and a kernel
TRIES = 3  # JupyterLab, not we, now and then loses a command that comes while its kernel connects
SETTINGS = [
    "--LabApp.expose_app_in_browser=True",
    "--ServerApp.port_retries=0",
    "--ServerApp.ip=127.0.0.1",
    "--IdentityProvider.token=",
    "--LabApp.news_url=",
    "--LabApp.extension_manager=readonly",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Write a notebook with one explorer a cell."""
    folder = tmp_path_factory.mktemp("lab")
    names = ("temperature_sampling", "attention_by_hand", "real_heads")
    sources = [f"from transformer_edu.explorers import {name}\n\n{name}" for name in names]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "live.ipynb")
    return folder


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[str]:
    """Start JupyterLab on a free port of this machine, with settings of its own, and stop it with its kernels."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{name}_DIR": str(folder / ".jupyter" / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = {key: value for key, value in os.environ.items() if key != "TRANSFORMER_EDU_STATIC"} | own
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", *SETTINGS]
    log = (folder / "lab.log").open("w")
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield wait_for(f"http://127.0.0.1:{port}", process, folder / "lab.log")
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def wait_for(address: str, process: subprocess.Popen, log: Path) -> str:
    """Wait until the server answers; say what it printed if it does not."""
    end = time.monotonic() + PATIENCE / 1000
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=60).close()
            return address
        except OSError:
            time.sleep(0.25)
    return pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}", pytrace=False)


RUN_ALL = """async patience => {
    const app = window.jupyterapp;
    const run = async () => {
        await app.restored;
        const notebook = app.shell.currentWidget;
        await notebook.context.ready;
        await notebook.sessionContext.ready;
        await app.commands.execute('notebook:run-all-cells');
    };
    const late = new Promise((_, refuse) => setTimeout(() => refuse(new Error('The kernel is late.')), patience));
    await Promise.race([run(), late]);
}"""


@pytest.fixture(scope="module")
def page(lab: str, browser: Browser) -> Iterator[Page]:
    """Open the notebook and run all of its cells, until every figure has its first numbers.

    What fails here fails once for all tests, after minutes and not after hours.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE)
    for last in [False] * (TRIES - 1) + [True]:
        try:
            page.goto(f"{lab}/lab/tree/live.ipynb")
            page.wait_for_selector(".jp-Notebook .jp-CodeCell")
            page.evaluate(RUN_ALL, PATIENCE)
            expect(page.locator("figure.explorer .explorer-status", has_text="Computed on")).to_have_count(
                3, timeout=PATIENCE
            )
            break
        except (AssertionError, PlaywrightError):
            if last:
                raise
            page.reload()
    yield page
    page.close()


def figure(page: Page, place: int) -> Locator:
    found = page.locator("figure.explorer").nth(place)
    expect(found.locator(".explorer-status")).to_contain_text("Computed on", timeout=PATIENCE)
    return found


def readouts(explorer, **changes) -> list[str]:
    answer, written = explorer.compute(**(explorer.start() | changes)), []
    for readout in explorer.readouts:
        pick = next((pick for pick in explorer.picks if pick.name == readout.pick), None)
        place = min(pick.start, len(answer[pick.of]) - 1) if pick else ()
        written.append(number_text(float(as_array(answer[readout.array])[place]), explorer.format_of(readout.array)))
    return written


@pytest.mark.parametrize("steps", [1, 3])
def test_a_live_slider_shows_what_torch_computes(page, steps):
    shown = figure(page, 0)
    knob = shown.get_by_label("temperature T", exact=True)
    knob.focus()
    knob.press("Home")
    for _ in range(steps):
        knob.press("ArrowRight")  # JupyterLab would take this key for itself
    values = temperature_sampling.params[0].stops(live=True)
    wanted = readouts(temperature_sampling, temperature=values[steps])
    expect(shown.locator("[data-readout]")).to_have_text(wanted, timeout=PATIENCE)


def test_a_kernel_accepts_stops_that_the_book_does_not_hold(page):
    shown = figure(page, 1)
    param = attention_by_hand.params[1]
    place = len(param.live) - 1
    assert param.live[place] not in param.values
    knob = shown.get_by_label(param.label, exact=True)
    knob.focus()
    knob.press("End")
    expect(shown.locator("[data-readout]")).to_have_text(
        readouts(attention_by_hand, length=param.live[place]), timeout=PATIENCE
    )


def test_a_reader_types_any_sentence(page):
    shown, sentence = figure(page, 2), "A <b>brand-new</b> sentence, typed here!"
    box = shown.get_by_label("sentence", exact=True)
    box.fill(sentence)
    box.press("Enter")
    expect(shown.locator("[data-readout]")).to_have_text(readouts(real_heads, sentence=sentence), timeout=PATIENCE)
    expect(shown.locator(".token-names text").nth(1)).to_have_text("a")


def test_a_live_figure_has_the_colors_of_the_book(page):
    shown = figure(page, 0)
    theme = page.evaluate("document.body.dataset.jpThemeLight") == "false"
    channels = [int(palette.ROLES["query"][theme][i : i + 2], 16) for i in (1, 3, 5)]
    bars = shown.locator(".panel.bars .marks").first
    assert bars.evaluate("node => getComputedStyle(node).fill") == f"rgb({', '.join(map(str, channels))})"
