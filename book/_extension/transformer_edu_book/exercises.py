"""Put the exercises of a chapter into its page, in the place of the cell that leads to them.

Each is read as everyone may see it, from the questions that `transformer-edu exercises build` wrote. The notebook stays
as it is, in Colab and as a download. What is put in is executed with the page.
"""

import json
from pathlib import Path

from transformer_edu.exercises.question import from_json
from transformer_edu_course.building.notebook import as_text, source_of
from transformer_edu_course.building.pages import chapter_cells, put_into

from .assets import ROOT
from .assignments import ASSIGNMENTS, chapter_of

QUESTIONS = ROOT / "transformer_edu" / "exercises" / "questions"


def connect(app):
    app.connect("source-read", put)


def put(app, docname, content):
    """Put the exercises into the text that Sphinx has read."""
    chapter = chapter_of(Path(app.env.doc2path(docname)))
    if chapter:
        content[0] = as_text(put_into(json.loads(content[0]), cells_of(chapter)))


def cells_of(chapter):
    """Write the cells of a chapter's exercises. What all of them need stands in the notebook for students, too."""
    questions = from_json((QUESTIONS / f"{chapter}.json").read_text(encoding="utf-8"))
    student = json.loads((ASSIGNMENTS / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    setup = [source_of(cell) for cell in student["cells"] if cell["id"].startswith("setup-")]
    return chapter_cells(chapter, questions, setup)
