"""What a student reads: everything that helps, nothing that runs, asks for anything or gives a solution away."""

import re
from html.parser import HTMLParser

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.course.grading.graded_examples import HOSTILE, outcome, question, result
from transformer_edu.explorers.palette import ROLES
from transformer_edu_course.grading.feedback import feedback_page, write_feedback


class Page(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        self.texts += " " * (tag in ("p", "li", "h2", "div"))

    def handle_data(self, data):
        if self.tags[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())


def test_it_says_how_each_exercise_and_test_went():
    text = Page(feedback_page(result("12345", name="Ada Lovelace", late=True))).text
    for part in (
        "Feedback: attention", "Ada Lovelace, 12345", "handed in late", "5 of 7 points", "0 of 2 points",
        "Practice, which does not count", "Title of q1 3 of 3 points", "✔ right · q1", "◐ partly right · q2",
        "○ not answered · q3 · practice, does not count", "✘ not right yet · no overflow",
        "Did you scale by √head_dim?", "called with x = 3", "✔ right · the shape (hidden test)", "Positions differ.",
        "Not answered: answer.",
    ):  # fmt: skip
        assert part in text


def test_flags_are_for_the_instructor():
    assert "CHEAT" not in feedback_page(result(flags=["CHEAT"]))


def test_what_a_hidden_test_looked_at_stays_hidden():
    assert "SECRET" not in feedback_page(result())


def test_a_notebook_that_could_not_be_graded_says_why():
    page = Page(feedback_page(result(state="unreadable", points=0, note="The file is empty.")))
    assert "Your notebook could not be graded. The file is empty." in page.text
    page = Page(feedback_page(result(note="code cell 3 raised `KeyError`.")))
    assert "When your notebook ran: code cell 3 raised KeyError." in page.text


def test_practice_alone_is_not_nothing_of_nothing():
    practice = question("q1", 2, outcome("x", 2), assigned=False)
    page = feedback_page(result(points=0, possible=0, practice_points=2, questions=[practice]))
    assert "0 of 0" not in page and "2 of 2 points" in page


def test_an_unknown_state_does_not_stop_it():
    spoiled = result()
    spoiled["questions"][0]["state"] = "x"
    assert "not right yet" in feedback_page(spoiled)


MARKUP = ['"><img src=x onerror=alert(1)>', "`</code><script>`", "</style>", "&lt;", "`"]


@pytest.mark.parametrize("hostile", [*HOSTILE, *MARKUP])
def test_hostile_texts_are_only_text(hostile):
    tame = Page(feedback_page(filled("word")))
    page = Page(feedback_page(filled(hostile)))
    assert page.tags == tame.tags or "`" in hostile
    assert not {"script", "img", "iframe", "link", "form", "a"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("style", "src", "href")]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", feedback_page(filled(hostile)))


def filled(word):
    """Make a result in which a hostile student chose every text that can be chosen."""
    one = question("q1", 1, outcome(word, 1, "failed", word, [word])) | {"title": word, "id": word}
    return result(word, name=f"{word} {word}", source=word, note=word, chapter=word, questions=[one])


def test_long_texts_are_cut():
    assert len(feedback_page(filled("x" * 10**6))) < 40_000


def test_the_file_is_written_whole(tmp_path):
    write_feedback(result("lone \ud800", name="lone \ud800"), tmp_path / "x.html")
    assert (tmp_path / "x.html").read_text("utf-8").endswith("</html>\n")
    assert [file.name for file in tmp_path.iterdir()] == ["x.html"]


def test_the_colors_are_those_of_the_book():
    page = feedback_page(result())
    for dark, part in enumerate(page.split("@media screen")[:2]):
        found = dict(re.findall(r"--(\w+): (#\w+);", part))
        assert found == {role: pair[dark] for role, pair in ROLES.items() if role in found}
        assert len(found) == 8


# In a browser


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page as a student does, from the disk, and collect what it asks for and complains about."""
    pages = []

    def open_page(one, **settings):
        write_feedback(one, tmp_path / "x.html")
        page = browser.new_page(**settings)
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("dialog", lambda dialog: page.complaints.append("dialog"))
        page.goto(f"file://{tmp_path}/x.html")
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_no_barrier_no_request_no_sideways_scroll(opened, scheme, width):
    page = opened(result(note="x", late=True), color_scheme=scheme, viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == {
        "light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 30)",
    }[scheme]  # fmt: skip
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(page.asked) == 1 and page.complaints == []
    assert page.locator("summary").bounding_box()["height"] >= 28


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(browser, tmp_path, scheme):
    write_feedback(result(note="x", late=True), tmp_path / "x.html")
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # axe itself is a script
    page = context.new_page()
    page.goto(f"file://{tmp_path}/x.html")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = {rule["id"]: rule["nodes"][0]["html"] for rule in Axe().run(page).response["violations"]}
    context.close()
    assert found == {}


def test_the_policy_stops_what_an_escape_might_miss(opened, tmp_path):
    page = opened(result())
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=http://127.0.0.1:9/x onerror=alert(1)>')")
    page.wait_for_function("document.images[0].complete")
    assert "dialog" not in page.complaints
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


def test_a_300_letter_name_fits_a_phone(opened):
    page = opened(filled("x" * 300), viewport={"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_print_is_light_and_unfolded(opened):
    page = opened(result(), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 35, 41)"
    assert page.locator("details li").first.bounding_box()["height"] > 0
