"""Build the exercises of a chapter from its source notebook: page, package data, student notebook, instructor's pack.

A source notebook holds everything, solutions and hidden tests too. It is a text in percent format, or a notebook of
Jupyter. `transformer-edu exercises build` reads it (`entries`, `tags`, `cells`, `card`, `regions`, `source`), writes
what each reader gets (`pages`, `assignment`, `pack`, `outputs`), and refuses unless every answer earns what it should
(`earning`, `verify`) and nothing secret is public (`leaks`).
"""

from transformer_edu_course.building.entries import SourceError
from transformer_edu_course.building.source import Chapter, Source, Worked, read_chapter_source, source_chapters

__all__ = ["Chapter", "Source", "SourceError", "Worked", "read_chapter_source", "source_chapters"]
