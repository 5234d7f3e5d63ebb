"""The site as a reader meets it: in a browser, in both themes, on a phone, with every other host out of reach."""

import gzip
import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.book.chapters import PLAN

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_extension"))
from transformer_edu_book.assets import palette
from transformer_edu_book.settings import colab_address

from tests.book.chapters import CHAPTERS, NOTEBOOKS, PAGES, ROOT, SITE, html

CHAPTER_BYTES = 600_000  # gzipped, everything on a first visit
MODULE_BYTES = 45_000  # gzipped, the explorers' script
SMALLEST_LETTER = 12  # px
THEMES = ("light", "dark")
COLORS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}  # axe's rules that a theme can break


def background(page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def rgb(color: str) -> str:
    return f"rgb({int(color[1:3], 16)}, {int(color[3:5], 16)}, {int(color[5:7], 16)})"


@pytest.fixture(autouse=True)
def finished(built_site):
    """Every test here reads the finished site."""


# What is there


def test_every_page_of_the_contents_exists_and_no_other():
    built = {path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html")}
    assert built == {*PAGES, *(f"{old}.html" for old in PLAN.moved)}


@pytest.mark.parametrize("name", PAGES)
def test_page_says_what_it_is(name):
    source = html(name)
    assert re.search(r'<html lang="en"', source)
    title, description = (
        re.search(r"<title>(.+?)</title>", source),
        re.search(r'name="description" content="(.+?)"', source),
    )
    assert title
    assert len(title[1]) > 10
    assert description
    assert 40 <= len(description[1]) <= 220
    assert len(re.findall(r"<h1[ >]", source)) == 1


def test_titles_and_descriptions_differ():
    pages = [html(name) for name in PAGES if name != "search.html"]
    for pattern in (r"<title>(.+?)</title>", r'name="description" content="(.+?)"'):
        found = [re.search(pattern, page)[1] for page in pages]
        assert len(set(found)) == len(found)


@pytest.mark.parametrize("name", PAGES)
def test_links_inside_the_book_resolve(name):
    page = SITE / name
    for address in re.findall(r'(?:href|src)="([^"]+)"', html(name)):
        url = urlsplit(address)
        if url.scheme or address.startswith("//"):
            continue
        target = (page.parent / unquote(url.path)).resolve() if url.path else page
        assert target.is_file(), address
        if url.fragment and target.suffix == ".html":
            anchor, text = unquote(url.fragment).partition("?")[0], target.read_text(encoding="utf-8")
            assert f'id="{anchor}"' in text or f'data-explorer="{anchor}"' in text, address


def test_every_reference_has_its_key_as_anchor():
    keys = re.findall(r"^@\w+\{\s*([^,\s]+)\s*,", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"), re.M)
    page = html("bibliography.html")
    assert keys
    assert [key for key in keys if f'id="{key}"' not in page] == []


def test_the_map_marks_what_is_planned():
    source = html("index.html")
    planned = re.findall(r'<li class="planned">(.*?)</li>', source, re.S)
    assert len(planned) == len(PLAN.chapters) - len(PLAN.written)
    assert all("<a " not in item for item in planned)
    assert all(f'href="{name}.html"' in source for name in CHAPTERS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_conventions_of_the_prose_are_dressed(name):
    cells = json.loads((ROOT / "book" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    wanted = len(re.findall(r"^> \*\*(?:Predict|Exercise|Trap|Folklore)\b", prose, re.M))
    assert len(re.findall(r'<div class="card ', html(f"{name}.html"))) == wanted


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_code_follows_the_explorer_that_it_shows(name):
    for cell in html(f"{name}.html").split('<div class="cell ')[1:]:
        figure, code = cell.find('<figure class="explorer"'), cell.find('class="cell_input')
        assert figure < 0 or code < 0 or figure < code


# What a visit asks for


every_page = pytest.mark.parametrize("path", PAGES)


@every_page
def test_page_asks_no_other_host_loads_what_it_needs_and_nothing_breaks(path, wide):
    wide.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    wide.page.wait_for_timeout(200)
    assert wide.requests
    assert wide.foreign() == []
    assert wide.wrong == []
    loaded = [urlsplit(url).path.rsplit("/", 1)[1] for url in wide.first_requests]
    assert ("explorer.js" in loaded) == ("explorer.css" in loaded) == ('class="explorer"' in html(path))
    assert ("katex.min.js" in loaded) == ('class="formula' in html(path))


@pytest.mark.parametrize("path", [f"{name}.html" for name in CHAPTERS])
def test_chapter_weighs_at_most_600_kb(path, wide):
    assert 5_000 < wide.bytes() <= CHAPTER_BYTES


def test_explorers_module_weighs_at_most_45_kb():
    assert len(gzip.compress((SITE / "_static" / "explorer.js").read_bytes(), 6)) <= MODULE_BYTES


@every_page
def test_every_formula_is_set(path, wide):
    page = wide.page
    assert (
        page.locator(".formula").count()
        == page.locator(".formula:has(.katex)").count()
        == html(path).count('class="formula')
    )
    assert page.locator(".katex-error").count() == 0


# Who can read it


@every_page
def test_no_serious_barrier(path, wide):
    """All rules in light; in dark the page is the same but for its colors."""
    assert wide.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert serious_barriers(wide.page) == {}
    wide.page.get_by_role("button", name="Use dark colors").click()
    try:
        assert serious_barriers(wide.page, runOnly=COLORS) == {}
    finally:
        wide.page.get_by_role("button", name="Use light colors").click()


def serious_barriers(page, **options) -> dict[str, list[str]]:
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    serious = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return {rule["id"]: [node["html"][:120] for node in rule["nodes"]] for rule in serious}


@every_page
def test_phone_shows_the_page_without_sideways_scroll_or_tiny_letters(path, narrow):
    page = narrow.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tiny = page.evaluate(
        """smallest => [...document.querySelectorAll("body *")].filter(element =>
          [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) &&
          element.checkVisibility() && !element.closest(".katex, script, style, noscript") &&
          parseFloat(getComputedStyle(element).fontSize) < smallest)
          .map(element => `${element.tagName} ${element.getAttribute("class")} ${element.textContent.slice(0, 40)}`)""",
        SMALLEST_LETTER,
    )
    assert tiny == []


@every_page
def test_lines_hold_at_most_75_characters(path, wide):
    """On the widest screen; the page is told of it, not opened anew."""
    wide.page.set_viewport_size({"width": 1600, "height": 844})
    widest = wide.page.evaluate(
        """() => {
          const perLine = paragraph => {
            const range = document.createRange();
            range.selectNodeContents(paragraph);
            const lines = new Set([...range.getClientRects()].map(box => Math.round(box.bottom / 12))).size;
            return lines > 3 ? paragraph.textContent.length / lines : 0;
          };
          const plain = [...document.querySelectorAll("article p:not(:has(.formula))")];
          const prose = plain.filter(paragraph => !paragraph.closest(".explorer, td, .cell"));
          return Math.max(0, ...prose.map(perLine));
        }"""
    )
    wide.page.set_viewport_size({"width": 1280, "height": 844})
    assert widest <= 75


def test_skip_link_leads_to_the_text(visit):
    page = visit("index.html").page
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main-content")).to_be_focused()


def test_page_without_script_keeps_its_text_and_links(visit):
    page = visit("index.html", java_script_enabled=False).page
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_role("link", name="Notation", exact=True)).to_be_visible()


# Theme


@pytest.mark.parametrize("theme", THEMES)
def test_first_visit_follows_the_system(theme, visit):
    page = visit("index.html", theme=theme).page
    assert background(page) == rgb(palette().ROLES["page"][theme == "dark"])


def test_switching_the_theme_changes_the_page_and_lasts(visit, site):
    page = visit("index.html", theme="light").page
    before = background(page)
    page.get_by_role("button", name="Use dark colors").click()
    assert background(page) != before
    page.goto(site + "notation.html")
    assert background(page) == rgb(palette().ROLES["page"][1])
    expect(page.get_by_role("button", name="Use light colors")).to_be_visible()


def test_paper_is_light(visit):
    page = visit("index.html", theme="dark").page
    page.emulate_media(media="print")
    assert background(page) == rgb(palette().ROLES["page"][0])
    expect(page.locator(".side")).to_be_hidden()
    expect(page.locator("figure.explorer svg").first).to_be_visible()


def test_page_and_explorers_share_one_palette():
    own = re.sub(r"/\*.*?\*/", "", (ROOT / "book" / "assets" / "book.css").read_text(encoding="utf-8"), flags=re.S)
    assert palette().css() in (SITE / "_static" / "book.css").read_text(encoding="utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*;)", own) == []
    assert set(re.findall(r"var\(--te-(\w+)\)", own)) <= set(palette().ROLES)


# Search, contents, notebooks


@pytest.mark.parametrize(
    ("words", "name"), [("softmax", "attention_from_scratch/why_sqrt_d"), ("allowed mask", "notation")]
)
def test_search_dialog_finds_a_page_by_its_words(words, name, visit):
    page = visit("bibliography.html").page
    page.keyboard.press("Control+k")
    page.keyboard.type(words, delay=20)
    found = page.locator(f'#search-found a[href*="{name}.html"]').first
    found.click()
    page.wait_for_load_state("load")
    assert urlsplit(page.url).path == f"/{name}.html"


def test_search_page_lists_pages_with_the_sentence(visit):
    page = visit("search.html?q=attention").page
    first = page.locator("ul.search li", has=page.locator('a[href^="attention_from_scratch/"]')).first
    expect(first).to_be_visible()
    expect(first.locator(".context")).to_contain_text(re.compile("attention", re.I))


def test_search_without_result_says_so(visit):
    page = visit("index.html").page
    page.locator("#open-search").click()
    page.locator("#search-words").fill("zyxwvut")
    expect(page.locator("#search-found")).to_have_text("No page holds all of these words.")
    page.keyboard.press("Escape")
    expect(page.locator("#search-dialog")).to_be_hidden()


def test_contents_open_on_a_phone(visit):
    page = visit("index.html", width=390).page
    contents = page.locator("#contents")
    expect(contents).to_be_hidden()
    page.get_by_role("button", name="Contents").click()
    contents.get_by_role("link", name="Bibliography").click()
    page.wait_for_load_state("load")
    assert urlsplit(page.url).path == "/bibliography.html"


@pytest.mark.parametrize("path", [f"{name}.html" for name in NOTEBOOKS])
def test_notebook_can_be_downloaded(path, wide):
    with wide.page.expect_download() as download:
        wide.page.locator("#download-notebook").click()
    name = path.removesuffix(".html")
    assert json.loads(Path(download.value.path()).read_text(encoding="utf-8")) == json.loads(
        (ROOT / "book" / f"{name}.ipynb").read_text(encoding="utf-8")
    )


def test_code_can_be_copied(visit):
    page = visit("index.html", permissions=["clipboard-read", "clipboard-write"]).page
    block = page.locator("div.highlight", has_text="make book")
    block.hover()
    block.get_by_role("button", name="Copy this code").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("make book")


# Colab


def test_colab_address_is_none_while_the_owner_is_unknown():
    assert colab_address("https://github.com/OWNER/transformer_edu", "main", "book/index.ipynb") is None


def test_colab_address_opens_the_file_of_the_repository():
    path = "book/attention_from_scratch/why_sqrt_d.ipynb"
    wanted = f"https://colab.research.google.com/github/ada/lovelace/blob/main/{path}"
    assert colab_address("https://github.com/ada/lovelace", "main", path) == wanted
    assert colab_address("https://github.com/ada/lovelace.git", "main", path) == wanted
    assert colab_address("https://github.com/ada/lovelace/", "main", path) == wanted
    assert colab_address("https://gitlab.com/ada/lovelace", "main", path) is None
    assert colab_address("https://github.com/ada/lovelace", "main", path, colab="") is None


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_shows_the_button_that_its_settings_allow(name):
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    wanted = colab_address(settings["url"], settings["branch"], f"{settings['path_to_book']}/{name}.ipynb")
    button = re.search(r'<a id="open-in-colab" href="([^"]+)"', html(f"{name}.html"))
    assert (button and button[1]) == wanted
