"""The paper desk's pages, judged by axe, on a desk and on a phone in the dark."""

from dataclasses import replace
from pathlib import Path

import pytest

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"
SCREENS = (
    {"viewport": {"width": 1280, "height": 800}, "locale": "da-DK"},
    {"viewport": {"width": 360, "height": 740}, "locale": "da-DK", "color_scheme": "dark"},
)


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


@pytest.fixture
def differing(paper_wave):
    """A sheet keyed by two who differ in two fields, in a batch of which another is settled."""
    karen, bo = paper_wave.person("Karen"), paper_wave.person("Bo")
    pile = paper_wave.batch(second_keying_share=0.5)
    sheets = paper_wave.sheets(paper_wave.batch("Alle", second_keying_share=1), 2)
    for sheet, changed in zip(sheets, ({"mini_home": 5, "mini_comment": "x"}, {}), strict=True):
        paper_wave.key(sheet, karen)
        paper_wave.key(sheet, bo, changed)
    paper_wave.sheets(pile, 2)
    return sheets[0], pile


@pytest.mark.parametrize("screen", SCREENS, ids=["desk", "phone"])
def test_the_paper_desk_meets_wcag(
    open_browser, employ, paper_wave, differing, signs_in, judge, screen
):
    employ("Gerda", (paper_wave.study, "fieldworker"), (paper_wave.study, "coordinator"))
    sheet, pile = differing
    page = open_browser(**screen)
    signs_in(page, "Gerda")
    wave = paper_wave.wave.id
    for path in (
        "/paper/",
        "/paper/receive",
        f"/paper/batches/{pile.id}",
        f"/paper/waves/{wave}/missing",
        f"/paper/waves/{wave}/quality",
        f"/paper/waves/{wave}/printed",
        f"/paper/sheets/{sheet.serial}",
        "/settling/",
        f"/settling/{sheet.serial}",
        f"/coordination/waves/{wave}/sheets",
    ):
        page.goto(path)
        judge.look(page, path)
    page.goto(f"/settling/{sheet.serial}")
    with page.expect_navigation():
        page.locator("#settle button").click()
    judge.look(page, "settling refused")
    page.goto(f"/paper/batches/{pile.id}")
    page.fill("#second_keying_share", "120")
    with page.expect_navigation():
        page.locator("[action$=rules] button").click()
    judge.look(page, "rules refused")
