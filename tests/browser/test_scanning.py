"""What the scanner was not sure of, decided with the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect
from scans import as_pdf, decisions
from sqlalchemy import select

from survey.models import Keying


@pytest.fixture
def scanned(scanning):
    """A sheet that was scanned and holds handwriting; and what it says."""
    sheet = scanning.sheet()
    pages, truth = scanning.pages(sheet)
    scanning.read(as_pdf(pages))
    return sheet, decisions(scanning, sheet, truth)


def test_unsure_fields_are_decided_by_keyboard(
    desk, employ, signs_in, scanning, scanned, database, judge
):
    page = desk
    sheet, decided = scanned
    employ("Karen", (scanning.study, "fieldworker"))
    signs_in(page, "Karen")
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/scans/", "/scans/1", f"/scans/sheet/{sheet.serial}"):
        page.goto(path)
        judge.look(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        # A table stands row by row there, instead of a word a line.
        expect(page.locator("table:not(.stacks)")).to_have_count(0)
    # On a phone a strip moves aside rather than shrink until nobody can read what was written.
    assert min(box.bounding_box()["height"] for box in page.locator("img.strip").all()) > 30
    page.set_viewport_size({"width": 1280, "height": 800})
    with page.expect_navigation():
        page.locator("#decide button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    judge.look(page, "fields left empty")
    page.goto("/scans/")
    page.get_by_role("link", name=f"Ark {sheet.serial}").click()
    page.wait_for_url(re.compile(f"/scans/sheet/{sheet.serial}$"))
    strips = page.locator("img.strip")
    expect(strips).to_have_count(len(decided))
    expect(page.locator("input.entry").first).to_be_focused()
    # A slip is refused, its field is at hand, and the next key takes its place.
    page.keyboard.type("99")
    with page.expect_navigation():
        page.locator("#decide button").click()
    for place, field in enumerate(page.locator("input.entry").all()):
        expect(field).to_be_focused()
        value = decided[field.get_attribute("name")]
        page.keyboard.type("-" if value == -8 else str(value))
        page.keyboard.press("Enter")
        assert place < len(decided)
    page.keyboard.press("Enter")  # past the language of what was written
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/scans/$"))
    expect(page.get_by_role("status")).to_contain_text(sheet.serial)
    with database.reading() as session:
        assert session.scalars(select(Keying.keyed_by)).all() == ["scanner"]
