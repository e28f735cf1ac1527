"""Coordinators have letters made, and see how far that is, with and without a script."""

import re
import zipfile

import pytest
from playwright.sync_api import expect

from survey.job_kinds import KINDS
from survey.serving import start_worker
from survey.worker import Worker

DESK = {"viewport": {"width": 1280, "height": 800}, "locale": "da-DK"}


@pytest.fixture
def karen(employ, asked, correspondence):
    """A coordinator whose wave has three invited dwellings."""
    employ("Karen", (asked, "coordinator"))
    for languages in ((), ("en",), ()):
        correspondence.invite(languages=languages)
    return "Karen"


def order(desk, correspondence):
    desk.goto(f"/coordination/waves/{correspondence.wave.id}")
    desk.get_by_role("link", name="Breve og beskeder").click()
    desk.wait_for_url("**/writing")
    desk.get_by_role("button", name="Lav", exact=True).click()
    desk.wait_for_url(re.compile(r"/staff/jobs/\d+$"))


def test_a_job_is_seen_to_its_end_on_one_page(
    open_browser, karen, signs_in, correspondence, shop, judge, tmp_path
):
    desk = open_browser(**DESK)
    signs_in(desk, karen)
    judge.look(desk, "coordination")
    order(desk, correspondence)
    judge.look(desk, "a job that waits")
    expect(desk.get_by_role("progressbar")).to_be_visible()
    worker = start_worker(shop)
    expect(desk.locator("#how-far")).to_have_text("Færdigt.")
    worker.stop()
    judge.look(desk, "a job that is done")
    with desk.expect_download() as taken:
        desk.get_by_role("button", name="Hent filen").click()
    taken.value.save_as(tmp_path / "letters.zip")
    with zipfile.ZipFile(tmp_path / "letters.zip") as archive:
        assert len(archive.namelist()) == 4
    desk.goto(f"/coordination/waves/{correspondence.wave.id}/writing")
    judge.look(desk, "letters")
    desk.get_by_role("radio", name="Dem, vi mangler svar fra").check()
    desk.get_by_role("button", name="Lav", exact=True).click()
    expect(desk.get_by_text("I kan minde om det igen fra")).to_be_visible()
    judge.look(desk, "letters refused")


def test_without_a_script_a_link_looks_again(open_browser, karen, signs_in, correspondence, shop):
    desk = open_browser(**DESK, java_script_enabled=False)
    signs_in(desk, karen)
    order(desk, correspondence)
    expect(desk.locator("#how-far")).to_have_text("Begynder om et øjeblik.")
    Worker(shop, KINDS).work(until_idle=True)
    desk.get_by_role("link", name="Se igen").click()
    expect(desk.locator("#how-far")).to_have_text("Færdigt.")
    expect(desk.get_by_role("button", name="Hent filen")).to_be_visible()
