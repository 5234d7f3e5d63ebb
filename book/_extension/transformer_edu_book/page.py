"""Tell each page what it holds: description, notebook to download, Colab's address, formulas, explorers."""

import re
from functools import partial

from docutils import nodes

from .assets import address
from .settings import colab_address

SEARCH_SCRIPTS = (
    "documentation_options.js",
    "doctools.js",
    "sphinx_highlight.js",
    "language_data.js",
    "searchtools.js",
)


def connect(app):
    app.connect("html-page-context", describe)


def describe(app, pagename, templatename, context, doctree):
    """Fill the names that theme/layout.html reads. Its style and scripts depend on nothing else."""
    body = context.get("body") or ""
    context["asset"] = partial(address, pathto=context["pathto"])
    context["description"] = summary(doctree) or f"{app.config.html_title}: an interactive book."
    context["has_explorer"] = 'class="explorer"' in body
    if context["has_explorer"]:
        from transformer_edu.explorers.page import check_page

        check_page(body, pagename)  # raises above the budget of compressed grids
    context["has_mathematics"] = 'class="formula' in body
    context["search_scripts"] = [f"_static/{name}" for name in SEARCH_SCRIPTS] + ["searchindex.js"]
    source = str(app.env.doc2path(pagename, base=False)) if pagename in app.env.found_docs else ""
    if source.endswith(".ipynb"):
        context["notebook"] = context["pathto"]("_sources/" + source, 1)
        context["colab"] = colab_of(app.config.html_theme_options, source)


def colab_of(options, source):
    folder = options.get("path_to_docs", "").strip("/")
    return colab_address(
        options.get("repository_url", ""),
        options.get("repository_branch", "main"),
        f"{folder}/{source}".lstrip("/"),
        colab=(options.get("launch_buttons") or {}).get("colab_url", ""),
    )


def summary(doctree, limit=180):
    """Take the first paragraph as the description that search engines and link previews show."""
    if doctree is None:
        return ""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(re.sub(r"<!--.*?-->", "", paragraph.astext()).split())  # marks of tools/write_lists.py
        if len(text) > 40:
            return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " …"
    return ""
