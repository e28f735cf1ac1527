"""The desk's pages of planning, findings and results, judged by axe, and fitted to a phone."""

import re

import pytest

from processing import AreasDrawn
from survey.findings import count_effects, count_findings
from survey.models import Wave
from survey.results import open_results

_CUT = """[...document.querySelectorAll(".plot, .scroll")]
    .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.ariaLabel)"""
PLAN = "primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 199\n"


@pytest.fixture
def study(evaluated, database):
    study = evaluated(AreasDrawn(12, [2] * 6, effects=[0.9]), few=4)
    count_findings("bopuls", study.data)
    count_effects("bopuls", study.data, PLAN)
    with database.writing() as session:
        wave = session.get(Wave, study.waves[-1].id)
        open_results(session, wave, study.data, "afdeling", "9000-004", actor="Karen")
    return study


def test_every_page_is_as_wcag_asks_and_fits_a_phone(open_browser, judge, employ, study):
    employ("Karen", (study.study, "researcher"), (study.study, "coordinator"))
    page = open_browser(viewport={"width": 360, "height": 740}, locale="da-DK")
    page.goto("/staff/sign-in")
    page.fill("#name", "Karen")
    page.fill("#password", "fire ord uden mening")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/staff/$"))
    base = f"/research/studies/{study.study.id}"
    for path in (
        "/research/planning",
        "/research/planning?treated=x",
        base,
        f"{base}/measures/tryghed_t1",
        f"{base}/evidence/tryghed_t1",
        f"{base}/effects/study",
        f"/coordination/waves/{study.waves[-1].id}/results",
        f"/coordination/waves/{study.waves[-1].id}/counts",
        f"/coordination/studies/{study.study.id}/analysis-plan",
    ):
        page.goto(path)
        judge.look(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    # On a phone and on a small desk no figure and no table is cut off by its box.
    for width in (360, 1100):
        page.set_viewport_size({"width": width, "height": 740})
        for path in (f"{base}/effects/study", f"{base}/evidence/tryghed_t1"):
            page.goto(path)
            assert page.evaluate(_CUT) == [], (path, width)
