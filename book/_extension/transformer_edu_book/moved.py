"""Leave a page at each earlier address of a chapter: it leads on, with whatever stands behind `?` and `#`."""

import html
import os
from pathlib import Path

from .assets import ROOT, load

# Without a script the link stays. Search engines are told the present address, and not to list this one.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>Moved: {title}</title>
<link rel="canonical" href="{address}">
<script>
// A page that leaves before it has arrived counts as a failed one.
addEventListener("DOMContentLoaded", () => {{
  location.replace(document.querySelector("link[rel=canonical]").href + location.search + location.hash);
}});
</script>
</head>
<body>
<main><h1>This page has moved</h1><p>It is now at <a href="{address}">{title}</a>.</p></main>
</body>
</html>
"""


def connect(app):
    app.connect("build-finished", write)


def write(app, exception):
    """Write a page for each address in `moved` of book/plan.toml."""
    if exception or app.builder.format != "html":
        return
    for chapter in load(ROOT / "tools" / "plan.py").read_plan(ROOT).written:
        for old in chapter.moved:
            path = Path(app.outdir) / f"{old}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page(old, chapter.page, chapter.title), encoding="utf-8")


def page(old, new, title):
    """Write the page at an old address; its link is relative, so that it leads on from a disk, too."""
    address = os.path.relpath(f"{new}.html", Path(old).parent).replace(os.sep, "/")
    return PAGE.format(address=html.escape(address), title=html.escape(title))
