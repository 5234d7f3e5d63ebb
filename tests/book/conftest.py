"""Serve the finished site from this machine's own address and open it in a browser that can reach nothing else.

`make html` builds the site. Nothing is skipped: without a site or a browser the tests fail and say what to type.

Opening a page is dear, so each is opened twice in all: `wide` (1280 px) and `narrow` (390 px) give the open page to
every test that only looks. The tests of one page run one after the other, by one worker. `visit` opens a page anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.book.chapters import SITE
from tools.site_server import serving

LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf-8")
CURE = "The browser tests need the finished site in _build/html. Type `make html`, then run the tests again."
PATIENCE = 120_000  # ms that a page may take on a busy machine


@dataclass
class Visit:
    """A page open in the browser, and everything that went on while it was."""

    page: Page
    base: str
    sizes: dict[str, int]
    requests: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    first_requests: list[str] = field(default_factory=list)  # until the page was quiet

    def foreign(self) -> list[str]:
        """Return the requests that went to any other host."""
        return [url for url in self.requests if not url.startswith((self.base, "data:", "blob:"))]

    def bytes(self) -> int:
        """Return the compressed bytes of everything that a first visit asks for, each file once."""
        own = {urlsplit(url).path for url in self.first_requests if url.startswith(self.base)}
        return sum(self.sizes.get(path, 0) for path in own)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of one page together, and give them to one worker (`--dist loadgroup`)."""
    pages = {}
    for item in items:
        if item.path.parent == Path(__file__).parent and "path" in getattr(item, "callspec", NONE).params:
            pages[item] = item.callspec.params["path"]
            item.add_marker(pytest.mark.xdist_group(pages[item]))
    items.sort(key=lambda item: pages.get(item, ""))


class NONE:
    """A test without parameters has this call."""

    params: tuple = ()


@pytest.fixture(scope="session")
def built_site() -> Path:
    """Return the folder of the finished site."""
    if not (SITE / "index.html").is_file():
        pytest.fail(CURE, pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def served(built_site: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Serve the site; give its address and the compressed bytes sent for each path."""
    with serving(built_site) as served:
        yield served


@pytest.fixture(scope="session")
def site(served: tuple[str, dict[str, int]]) -> str:
    """Return the address of the site, with a slash at its end."""
    return served[0]


def open_visit(browser: Browser, served, path: str, *, theme: str = "light", width: int = 1280, **options) -> Visit:
    """Open a page as a new reader, with everything that happens on it written down."""
    context = browser.new_context(
        color_scheme=theme, viewport={"width": width, "height": 844}, has_touch=width < 500, **options
    )
    context.set_default_timeout(PATIENCE)
    seen = Visit(context.new_page(), *served)
    watch(seen)
    seen.page.goto(served[0] + path, wait_until="load")
    seen.page.wait_for_load_state("networkidle")
    seen.first_requests = list(seen.requests)
    return seen


@pytest.fixture
def visit(browser: Browser, served: tuple[str, dict[str, int]]) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a page as a new reader: `visit("index.html", theme="dark", width=390)`.

    What went wrong on the page fails the test at its end, whatever else the test looks at.
    """
    visits = []

    def open_page(path: str, **options) -> Visit:
        visits.append(open_visit(browser, served, path, **options))
        return visits[-1]

    yield open_page
    for seen in visits:
        seen.page.context.close()
    assert [line for seen in visits for line in [*seen.wrong, *seen.foreign()]] == []


@pytest.fixture(scope="session")
def kept(browser: Browser, served) -> Iterator[Callable[[str, int], Visit]]:
    """Return a function that gives the open page of a width, and closes the one before it."""
    open_pages: dict[int, tuple[str, Visit]] = {}

    def give(path: str, width: int) -> Visit:
        if open_pages.get(width, ("",))[0] != path:
            if width in open_pages:
                open_pages.pop(width)[1].page.context.close()
            seen = open_visit(browser, served, path, width=width)
            seen.page.evaluate(LOOK)
            open_pages[width] = path, seen
        return open_pages[width][1]

    yield give
    for _, seen in open_pages.values():
        seen.page.context.close()


def looking(seen: Visit) -> Iterator[Visit]:
    """Lend an open page to a test, as new; what went wrong on it since then fails the test."""
    seen.page.evaluate(AS_NEW)
    yield seen
    wrong, seen.wrong[:] = list(seen.wrong), []
    assert [*wrong, *seen.foreign()] == []


@pytest.fixture
def wide(kept, path: str) -> Iterator[Visit]:
    """Return the page `path`, open at the width of a desk, with all figures at their start."""
    yield from looking(kept(path, 1280))


@pytest.fixture
def narrow(kept, path: str) -> Iterator[Visit]:
    """Return the page `path`, open at the width of a phone."""
    yield from looking(kept(path, 390))


AS_NEW = """() => {
    for (const button of document.querySelectorAll('.explorer [aria-expanded=true]')) button.click();
    for (const button of document.querySelectorAll('.explorer .more > button.plain'))
        if (button.textContent === 'Start again') button.click();
    scrollTo({ top: 0, behavior: 'instant' });
}"""


def watch(visit: Visit) -> None:
    """Record every request, and everything that a console would show in red or yellow."""
    page, wrong = visit.page, visit.wrong
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url} {request.failure}"))
    page.on("response", lambda response: response.status >= 400 and wrong.append(f"{response.status}: {response.url}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: message.type in ("error", "warning") and wrong.append(f"{message.type}: {message.text}"),
    )
