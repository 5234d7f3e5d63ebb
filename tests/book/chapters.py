"""What the finished site holds: the pages of the plan, and the page that shows each explorer."""

import os
import re
from functools import cache
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

import transformer_edu.explorers as explorers
from tools.plan import ROOT, read_plan
from transformer_edu.explorers.declaration import Explorer

SITE = Path(os.environ.get("TRANSFORMER_EDU_SITE", ROOT / "_build" / "html"))  # `make check` builds its own
NOWHERE = "no page"  # of an explorer that no built page shows: its tests fail there
PLAN = read_plan()
TOC = PLAN.pages
NOTEBOOKS = [name for name in TOC if (ROOT / "book" / f"{name}.ipynb").is_file()]
CHAPTERS = [chapter.page for chapter in PLAN.written]
PAGES = [*(f"{name}.html" for name in TOC), "search.html"]
NAMES = list(explorers.FILES)


@cache
def html(page: str) -> str:
    """Return the text of a built page."""
    return (SITE / page).read_text(encoding="utf-8")


@cache
def pages_of_explorers() -> dict[str, str]:
    """Return explorer id → page, read from the built pages: the first chapter that shows it, or else another page."""
    order = [*CHAPTERS, *(name for name in TOC if name not in CHAPTERS)]
    built = [f"{name}.html" for name in order if (SITE / f"{name}.html").is_file()]
    shown = [(found, page) for page in built for found in re.findall(r'data-explorer="([^"]+)"', html(page))]
    return dict(reversed(shown))


def declared(name: str) -> Explorer:
    """Return the explorer of this name."""
    return getattr(explorers, name)


def page_of(name: str) -> str:
    """Return the page of an explorer."""
    return pages_of_explorers().get(declared(name).id, NOWHERE)


def figure_of(page: Page, explorer: Explorer) -> Locator:
    """Return the figure of an explorer, ready and in sight."""
    figure = page.locator(f"figure#{explorer.id}")
    expect(figure).to_have_attribute("data-ready", "true")
    figure.scroll_into_view_if_needed()
    return figure
