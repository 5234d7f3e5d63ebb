"""Earlier addresses of pages lead on: with the setting of an explorer, without a script, and from a disk."""

import re

import pytest
from playwright.sync_api import expect

from tests.book.chapters import PLAN, SITE

moved = pytest.mark.parametrize(("old", "new"), PLAN.moved.items())
SETTING = "?seen=1#temperature?temperature=3&draws=1000"


@moved
def test_an_earlier_address_says_where_the_page_is(built_site, old, new):
    text = (SITE / f"{old}.html").read_text(encoding="utf-8")
    ((canonical,), links) = (
        re.findall(pattern, text) for pattern in (r'rel="canonical" href="([^"]+)"', r'<a href="([^"]+)"')
    )
    assert links == [canonical]
    assert ((SITE / f"{old}.html").parent / canonical).resolve() == (SITE / f"{new}.html").resolve()
    assert '<meta name="robots" content="noindex">' in text


def test_an_earlier_address_keeps_the_setting_of_an_explorer(visit, site):
    page = visit(f"softmax/why_sqrt_d.html{SETTING}").page
    page.wait_for_url(f"{site}attention_from_scratch/why_sqrt_d.html{SETTING}")
    figure = page.locator("figure#temperature")
    expect(figure).to_have_attribute("data-ready", "true")
    expect(figure.get_by_label("temperature T", exact=True)).to_have_attribute("aria-valuetext", "temperature T 3")
    page.wait_for_load_state("networkidle")  # what is still on its way when the page is closed counts as failed


def test_an_earlier_address_leads_on_without_a_script(visit):
    page = visit("softmax/why_sqrt_d.html", java_script_enabled=False).page
    expect(page.get_by_role("heading", name="This page has moved")).to_be_visible()
    page.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("why attention divides by √d")
    page.wait_for_load_state("networkidle")


def test_an_earlier_address_leads_on_from_a_disk(browser, built_site):
    page = browser.new_page()
    page.goto((SITE / "softmax" / "why_sqrt_d.html").as_uri() + SETTING)
    page.wait_for_url((SITE / "attention_from_scratch" / "why_sqrt_d.html").as_uri() + SETTING)
    page.context.close()
