"""Dress the book: settings that depend on the checkout, what a page loads, prose conventions, formulas, references.

The Markdown cells of a chapter are read in Colab too, so they hold no Sphinx role or directive. This extension finds
plain conventions in them (a quotation that starts with **Predict.**, a cell whose output is an explorer) and dresses
them for the page. Each module adds what it does in its own `connect(app)`.
"""

import os

from . import assets, assignments, bibliography, exercises, mathematics, measured, moved, page, prose, settings


def setup(app):
    """Register everything; kernels that the build starts inherit the variable and embed their explorers' numbers."""
    os.environ["TRANSFORMER_EDU_STATIC"] = "1"
    for module in (settings, assets, page, prose, mathematics, bibliography, measured, exercises, assignments, moved):
        module.connect(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
