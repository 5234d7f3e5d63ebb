"""Settle what _config.yml cannot say: the folder of the execution cache, and whether Colab can open the notebooks."""

import os
from pathlib import Path

from sphinx.util import logging

from .assets import ROOT, THEME, digest, load

logger = logging.getLogger(__name__)
colab_address = load(ROOT / "tools" / "colab.py").colab_address

# Jupyter Book writes these for extensions that this book does not load; Sphinx wants to know every name.
UNUSED = ("comments_config", "bibtex_bibfiles")


def connect(app):
    app.add_html_theme("transformer_edu", str(THEME))
    for name in UNUSED:
        app.add_config_value(name, {}, "html")
    app.add_config_value("look", "", "html")
    # It does not say that pages may be read in parallel. It only numbers contents, once all are read; ours have none.
    app.extensions["sphinx_multitoc_numbering"].parallel_read_safe = True
    app.connect("config-inited", settle)


def settle(app, config):
    """Take the cache that the build has freed of what is out of date (`tools/page_keys.py`); without one, trust none.

    jupyter-cache compares notebooks only. It does not see that a module which they import has changed.
    """
    if cache := os.environ.get("TRANSFORMER_EDU_EXECUTED"):
        config.nb_execution_cache_path = cache
    elif config.nb_execution_mode == "cache":
        config.nb_execution_mode = "force"
    if only := os.environ.get("TRANSFORMER_EDU_ONLY"):
        config.nb_execution_excludepatterns = other_notebooks(Path(app.srcdir), only)
    config.look = (
        digest()
    )  # a page names its style and scripts with their digests: write all of them again if one changed
    repository = config.html_theme_options.get("repository_url", "")
    if colab_address(repository, "main", "") is None:
        logger.info(
            "No Colab button on any page: repository.url in _config.yml is %r. Set your address there.", repository
        )


def other_notebooks(book, page):
    """Return the notebooks of the book but one, by their addresses in it: `make check` executes one chapter."""
    found = sorted(path.relative_to(book).as_posix() for path in book.rglob("*.ipynb"))
    return [name for name in found if name != f"{page}.ipynb"]
