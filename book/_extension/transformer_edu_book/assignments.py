"""Bring the notebooks for students into the site, and link each one below the heading of its chapter's exercises."""

import html
import json
import re
import shutil
from pathlib import Path

from docutils import nodes

from .assets import ROOT
from .settings import colab_address

ASSIGNMENTS = ROOT / "assignments"
MARK = re.compile(r"exercise-([a-z][a-z0-9_]*)")  # the id of the cell with the heading


def connect(app):
    app.connect("doctree-resolved", link)
    app.connect("build-finished", copy)


def link(app, doctree, docname):
    """Put the links below the heading Exercises."""
    chapter = chapter_of(Path(app.env.doc2path(docname)))
    section = next((part for part in doctree.findall(nodes.section) if part[0].astext() == "Exercises"), None)
    if chapter and section:
        folder = "../" * docname.count("/")
        section.insert(1, nodes.raw("", links(chapter, folder, app.config.html_theme_options), format="html"))


def chapter_of(source):
    """Return the chapter of which a notebook holds the exercises, if students have a notebook for it."""
    if source.suffix != ".ipynb":
        return None
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    found = (MARK.fullmatch(cell.get("id", "")) for cell in cells)
    return next((match[1] for match in found if match and (ASSIGNMENTS / f"{match[1]}.ipynb").is_file()), None)


def links(chapter, folder, options):
    """Write the links to the notebook of a chapter: in Colab where the book has an address, and to download."""
    path = f"assignments/{chapter}.ipynb"
    colab = colab_address(
        options.get("repository_url", ""),
        options.get("repository_branch", "main"),
        path,
        colab=(options.get("launch_buttons") or {}).get("colab_url", ""),
    )
    shown = f'<a class="download-exercises" href="{folder}{path}" download>Download the exercises as a notebook</a>'
    if colab:
        shown = f'<a class="exercises-in-colab" href="{html.escape(colab)}">Open the exercises in Colab</a>{shown}'
    return f'<nav class="page-tools" aria-label="The exercises as a notebook">{shown}</nav>'


def copy(app, exception):
    """Copy the notebooks as they are."""
    if exception or app.builder.format != "html" or not ASSIGNMENTS.is_dir():
        return
    target = Path(app.outdir) / "assignments"
    target.mkdir(exist_ok=True)
    for path in ASSIGNMENTS.glob("*.ipynb"):
        shutil.copyfile(path, target / path.name)
