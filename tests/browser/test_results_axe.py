"""Pages of results, judged by axe in all ten languages, and read where they must fit."""

import pytest
from evaluations import LANGUAGES
from playwright.sync_api import expect

from processing import AreasDrawn
from survey.models import Wave
from survey.results import open_results


@pytest.fixture
def number(database, evaluated):
    study = evaluated(AreasDrawn(12, [2] * 6, effects=[0.9]), languages=LANGUAGES)
    with database.writing() as session:
        wave = session.get(Wave, study.waves[-1].id)
        return open_results(
            session, wave, study.data, "afdeling", "9000-004", actor="Karen",
            figures=["tryghed_t1_out_dark", "tryghed_t1"], meeting_place="Fælleshuset",
        ).id  # fmt: skip


def test_results_are_as_wcag_asks_in_every_language(open_browser, judge, number):
    page = open_browser(viewport={"width": 360, "height": 740}, locale="da-DK")
    for code in LANGUAGES:
        page.goto(f"/results/{number}/{code}")
        expect(page.locator("html")).to_have_attribute("lang", code)
        page.locator("details").first.click()
        judge.look(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto("/results")
    judge.look(page)


def test_at_twice_the_size_nothing_is_cut_off(open_browser, number):
    page = open_browser(viewport={"width": 180, "height": 370})
    for code in ("da", "ar", "ur"):
        page.goto(f"/results/{number}/{code}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 180
