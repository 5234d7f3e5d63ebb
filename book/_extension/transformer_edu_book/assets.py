"""Bring the files that pages load into the site, from the one place where each is kept."""

import hashlib
import importlib.util
import shutil
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BOOK = ROOT / "book"
THEME = BOOK / "_extension" / "theme"
EXPLORERS = ROOT / "transformer_edu" / "explorers"
SOURCES = {  # name on the site -> file in the checkout
    "explorer.js": EXPLORERS / "assets" / "explorer.js",
    "explorer.css": EXPLORERS / "assets" / "explorer.css",
    "book.js": BOOK / "assets" / "book.js",
    "favicon.svg": BOOK / "assets" / "favicon.svg",
    "katex/katex.min.css": BOOK / "assets" / "katex" / "katex.min.css",
    "katex/katex.min.js": BOOK / "assets" / "katex" / "katex.min.js",
}
UNUSED = ("basic.css", "pygments.css", "file.png", "minus.png", "plus.png", "mystnb.*.css")


def connect(app):
    app.connect("build-finished", write)


@cache
def load(path):
    """Load a file of Python by its path."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def palette():
    """Load the table of colors alone: importing its package would start torch for the sake of twelve colors."""
    return load(EXPLORERS / "palette.py")


def style_sheet():
    """Join the palette and the book's own rules: one table of colors for a page and its explorers, light on paper."""
    on_paper = f"@media print {{ html[data-theme] {{ color-scheme: light; {palette().variables(dark=False)} }} }}"
    return "\n".join([palette().css(), on_paper, (BOOK / "assets" / "book.css").read_text(encoding="utf-8")])


def content(name):
    return style_sheet().encode() if name == "book.css" else SOURCES[name].read_bytes()


def digest():
    """Return what every page depends on besides its text: its template, style and scripts."""
    files = [path.read_bytes() for path in [*sorted(THEME.iterdir()), *SOURCES.values()] if path.is_file()]
    return hashlib.sha256(b"".join([style_sheet().encode(), *files])).hexdigest()[:16]


def address(name, pathto):
    """Link to an asset with a digest behind it, so that no browser shows a new page with an old style."""
    return f"{pathto('_static/' + name, 1)}?v={hashlib.sha256(content(name)).hexdigest()[:8]}"


def write(app, exception):
    """Copy the explorers' module, write the style sheet, and take out what no page loads."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for name in ("book.css", "explorer.js", "explorer.css"):
        if name == "book.css" or SOURCES[name].is_file():
            (static / name).write_bytes(content(name))
    shutil.copyfile(BOOK / "assets" / "favicon.ico", Path(app.outdir) / "favicon.ico")
    for pattern in UNUSED:
        for path in static.glob(pattern):
            path.unlink()
