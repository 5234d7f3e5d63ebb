"""The bundle in the package is made from the sources beside it, and it is small; a new kind of panel is two files.

Types, linter and unit tests of the drawing module: `python tools/check_drawing.py`, a stage of `make test`.
"""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

from tools import check_drawing

ROOT = Path(__file__).parents[2]
DRAWING, ASSETS = ROOT / "drawing", ROOT / "transformer_edu" / "explorers" / "assets"
MOST_BYTES = 45_000


def source_digest() -> str:
    files = [path for path in (DRAWING / "src").rglob("*") if path.is_file()] + [DRAWING / "package.json"]
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.relative_to(DRAWING).as_posix()):
        digest.update(f"{path.relative_to(DRAWING).as_posix()}\n".encode())
        digest.update(path.read_bytes())
        digest.update(b"\n")
    return digest.hexdigest()


def test_bundle_carries_the_digest_of_its_sources():
    banner = (ASSETS / "explorer.js").read_text(encoding="utf-8").split("\n", 1)[0]
    assert re.search(r"sources sha256 ([0-9a-f]{64})", banner)[1] == source_digest(), (
        "transformer_edu/explorers/assets/explorer.js is stale: run `python tools/check_drawing.py --build`"
    )
    styles = [DRAWING / "src" / "explorer.css", *sorted((DRAWING / "src" / "panels").glob("*.css"))]
    assert (ASSETS / "explorer.css").read_bytes() == b"".join(path.read_bytes() for path in styles)


def test_bundle_stays_small():
    assert len(gzip.compress((ASSETS / "explorer.js").read_bytes(), 9)) <= MOST_BYTES


def test_a_rebuild_gives_the_same_bytes():
    check_drawing.install()
    assert check_drawing.bundle() == "2 files, the same bytes"


def test_packages_come_from_the_default_registry():
    lock = (DRAWING / "package-lock.json").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([^/\"]+)", lock)) <= {"opencollective.com"}  # of whom a package asks for money
    assert '"resolved"' not in lock and "git+" not in lock


PANEL = '''"""A dial: one number as the turn of a hand."""

from dataclasses import dataclass

from transformer_edu.explorers.panel import Panel


@dataclass(frozen=True, kw_only=True)
class Dial(Panel):
    """One number of `array` as the turn of a hand, drawn on a canvas."""

    array: str

    def arrays(self) -> list[str]:
        return [self.array]
'''
DRAWN = """// One number as the turn of a hand, on a canvas: a drawing needs no svg.
import { element } from "../elements.js";
export default function dial(host, panel) {
  const canvas = element("canvas", { role: "img", "aria-label": panel.title, height: panel.height });
  host.append(canvas);
  return (context, width) => {
    canvas.width = width;
    canvas.dataset.turn = context.numbers(panel.array)[0];
    const pen = canvas.getContext("2d");
    pen.fillRect(0, 0, context.numbers(panel.array)[0] * width, 9);
  };
}
"""
SHOWN = """
from typing import TypedDict
import torch
from transformer_edu.explorers import Explorer, Param
from transformer_edu.explorers.arrays import Shown
from transformer_edu.explorers.page import static_html
from transformer_edu.explorers.panels import Dial

class Turned(TypedDict):
    turn: Shown[".2f"]

def turned(*, size: int) -> Turned:
    return {"turn": torch.tensor(size / 4)}

print(static_html(Explorer(
    id="dial", title="A dial", compute=turned, params=[Param(name="size", label="size", values=(1, 2, 3), start=2)],
    panels=[Dial(title="turn", array="turn")], alt="Turn {turn}.")))
"""


def test_a_new_kind_of_panel_is_two_files_and_a_style_sheet(tmp_path: Path, browser: Browser):
    """On a copy: a class in panels/, a drawing and a style sheet of the same name; nothing else is touched."""
    check_drawing.install()
    drawing, package = tmp_path / "drawing", tmp_path / "transformer_edu"
    shutil.copytree(DRAWING, drawing, ignore=shutil.ignore_patterns("node_modules"))
    (drawing / "node_modules").symlink_to(DRAWING / "node_modules")
    package.mkdir()
    for path in (ROOT / "transformer_edu").iterdir():
        if path.name != "explorers":
            (package / path.name).symlink_to(path)
    shutil.copytree(ROOT / "transformer_edu" / "explorers", package / "explorers")
    (package / "explorers" / "panels" / "dial.py").write_text(PANEL, encoding="utf-8")
    (drawing / "src" / "panels" / "dial.js").write_text(DRAWN, encoding="utf-8")
    (drawing / "src" / "panels" / "dial.css").write_text(".explorer .dial { color: rgb(1, 2, 3); }\n", encoding="utf-8")
    check_drawing.build(tmp_path, drawing)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", SHOWN]
    figure = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    script, style = ((tmp_path / f"explorer.{ending}").read_text("utf-8") for ending in ("js", "css"))
    page = browser.new_page()
    page.set_content(f'<style>{style}</style>{figure}<script type="module">{script}</script>')
    picture = page.locator("figure#dial .panel.dial canvas")
    expect(picture).to_have_attribute("aria-label", "Turn 0.50.")
    page.get_by_label("size").fill("2")
    expect(picture).to_have_attribute("data-turn", "0.75")
    assert page.locator(".panel.dial").evaluate("node => getComputedStyle(node).color") == "rgb(1, 2, 3)"
    page.get_by_role("button", name="Numbers as a table").click()
    assert page.locator("td").all_text_contents() == ["turn", "", "0.75"]
    page.close()
