"""What stays on the phone: a browser that is killed loses nothing, and nobody can read what it holds."""

import datetime as dt

import pytest
from playwright.sync_api import expect
from profiles import found_on_disk, kill
from sqlalchemy import select

from survey.models import Response
from survey.sealed_answers import read

LINE = "#sending"
WRITTEN = "Rundkirsebærtærtens hemmelighed"
COLUMN = "mini_comment"


@pytest.fixture
def code(make, mini):
    study = make.study(sender="Fonden for Gode Naboer")
    wave = make.open_wave(study, mini, closes=dt.date(2099, 12, 13))
    return make.invitation(wave, make.area(study))[1]


@pytest.fixture
def the_only(database, keys):
    def one():
        with database.reading() as session:
            (found,) = session.scalars(select(Response)).all()
            return found.status, read(keys, found).answers

    return one


def begin(page, code):
    page.goto(f"/c/{code}")
    page.locator("button[value=da]").click()
    page.locator("main form button.button").click()
    page.wait_for_url("**/page/1")
    holds = """async () => navigator.serviceWorker.controller !== null &&
        (await (await caches.open('beboerpuls')).keys())
          .some(({ url }) => url.includes('/offline/'))"""
    for _ in range(100):
        if page.evaluate(holds):
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(100)


def forward(page):
    page.locator("main .moves .button:visible").first.click()


def without_a_line(page):
    """From page 1 to the last, where something is written."""
    page.get_by_text("Enig", exact=True).first.click()
    page.context.set_offline(True)
    forward(page)
    page.get_by_role("group", name="forening").get_by_text("Nej", exact=True).click()
    forward(page)
    page.get_by_label("Vil du sige mere?").fill(WRITTEN)


def eventually(page, holds):
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    assert holds()


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_a_browser_that_was_closed_or_killed_sends_when_it_is_opened_again(
    open_phone, profile, server, code, the_only, end
):
    page = open_phone()
    begin(page, code)
    without_a_line(page)
    server.kill()
    page.context.set_offline(False)
    forward(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tak. Dine svar venter på telefonen.")
    if end == "killed":
        kill(profile)
    else:
        page.context.close()
    server.start()
    assert the_only()[0] == "started"
    page = open_phone()
    page.goto("/")
    eventually(page, lambda: the_only()[0] == "submitted")
    assert the_only()[1][COLUMN] == WRITTEN
    assert the_only()[1]["mini_home"] == 4


def test_opened_again_in_the_middle_it_asks_for_the_code_and_says_what_waits(
    open_phone, profile, server, code, the_only
):
    page = open_phone()
    begin(page, code)
    without_a_line(page)
    page.context.set_offline(False)
    server.kill()
    page.context.close()
    page = open_phone()
    page.goto("/page/4")
    expect(page.get_by_role("heading", level=1)).to_have_text("Der er ikke forbindelse lige nu")
    expect(page.locator(LINE)).to_contain_text("2 sider venter")
    server.start()
    expect(page.locator(LINE)).to_contain_text("nu sendt", timeout=20_000)
    page.goto("/")
    page.get_by_label("Din kode").fill(code)
    page.get_by_role("button", name="Begynd").click()
    page.wait_for_url("**/page/4")
    assert the_only()[1]["mini_member"] == 2


@pytest.mark.parametrize("end", ["finished", "left", "idle", "killed"])
def test_nothing_on_the_phones_disk_can_be_read(open_phone, profile, code, end):
    page = open_phone()
    if end == "idle":
        page.clock.install()
    begin(page, code)
    without_a_line(page)
    if end == "finished":
        forward(page)
        expect(page.locator("h1:visible")).to_have_text("Tak. Dine svar venter på telefonen.")
    elif end == "left":
        page.get_by_role("button", name="Luk mine svar her").locator("visible=true").click()
    elif end == "idle":
        page.clock.run_for(21 * 60 * 1000)
    if end == "killed":
        page.wait_for_timeout(4000)  # a browser writes down what it has open every now and then
        kill(profile)
    else:
        if end != "finished":
            expect(page.locator("h1:visible")).to_have_text("Her kan ingen se dine svar")
        assert page.evaluate("sessionStorage.length + localStorage.length") == 0
        assert page.evaluate(HELD) == {"copies": 0, "now": False}
        page.context.close()
    # The scan sees what is there to be seen: the questionnaire itself, which is no secret.
    assert found_on_disk(profile, "Vil du sige mere?")
    assert found_on_disk(profile, WRITTEN, "Rundkirseb", '"mini_home":4') == []


HELD = """() => new Promise((resolve) => {
  indexedDB.open('beboerpuls').onsuccess = ({ target }) => {
    const asked = target.result.transaction(['copies', 'notes']);
    const copies = asked.objectStore('copies').count();
    const now = asked.objectStore('notes').get('now');
    asked.oncomplete = () => {
      target.result.close();
      resolve({ copies: copies.result, now: now.result !== undefined });
    };
  };
})"""


def test_a_phone_that_is_full_from_the_start_stays_on_the_page_and_sends_when_it_can(
    open_phone, server, code, the_only
):
    page = open_phone()
    full = {"origin": server.address, "quotaSize": 1}
    page.context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", full)
    page.goto(f"/c/{code}")
    page.locator("button[value=da]").click()
    page.locator("main form button.button").click()
    page.wait_for_url("**/page/1")
    page.get_by_text("Enig", exact=True).first.click()
    page.context.set_offline(True)
    forward(page)
    expect(page.locator(LINE)).to_contain_text("Bliv på siden")
    expect(page.locator("#mini_home_4")).to_be_checked()
    page.context.set_offline(False)
    page.wait_for_url("**/page/2", timeout=20_000)
    assert the_only()[1]["mini_home"] == 4
