"""One's own answers, who helped, and an interview, in a real browser."""

import contextlib
import datetime as dt
import json
import re
import uuid

import pytest
from playwright.sync_api import Error, expect
from sqlalchemy import select

import survey
from instruments import LIBRARY, make_form
from survey.answering import begin, record, submit
from survey.freezing import freeze
from survey.languages import TRANSLATIONS, Languages
from survey.models import Response, Wave
from survey.sealed_answers import PageWrite
from survey.secrets import shown_code
from survey.settings import Settings

LANGUAGES = ("da", "ar", "bs", "en", "fa", "pl", "so", "tr", "uk", "ur")
PHONE = {"width": 360, "height": 740}
NARROW = {"width": 320, "height": 256}
TABLET = {"width": 820, "height": 1180}
WIDE = "document.documentElement.scrollWidth - innerWidth"
SMALL = """
() => Array.from(document.querySelectorAll("main a, main button, .answer label, summary, .entry"))
  .filter((one) => !one.matches("p:not(.moves) a"))
  .filter((one) => one.getBoundingClientRect().width)
  .filter((one) => one.getBoundingClientRect().height < 44)
  .map((one) => one.textContent.trim())
"""


# Whether the whole questionnaire lies on the phone.
KEPT = """(async () => {
  for (const name of await caches.keys())
    for (const one of await (await caches.open(name)).keys())
      if (new URL(one.url).pathname.startsWith("/offline/")) return true;
  return false;
})()"""


@pytest.fixture
def settings(database_url, keys, tmp_path):
    return Settings(
        database=database_url, keys=keys, data=tmp_path / "data", library=LIBRARY, https=False
    )


@pytest.fixture
def app(settings):
    app = survey.create_app(settings, Languages(TRANSLATIONS))
    yield app
    app.extensions["beboerpuls"].database.engine.dispose()


@pytest.fixture
def form():
    return make_form(["background", "trivsel"], LANGUAGES)


@pytest.fixture
def study(make):
    return make.study(sender="Fonden for Gode Naboer", contact="ring 12 34 56 78")


@pytest.fixture
def wave(make, study, form):
    return make.open_wave(study, form, closes=dt.date(2099, 12, 13), legal_basis="research")


@pytest.fixture
def invited(make, wave, study):
    return make.invitation(wave, make.area(study, name="Nørrevang 12"))


@pytest.fixture
def code(invited):
    return invited[1]


@pytest.fixture
def receipt(database, keys, form, wave, invited):
    """The receipt of somebody who has answered every question they could choose an answer to."""
    day = dt.date(2026, 11, 22)
    with database.writing() as session:
        one = begin(
            session, keys, uuid.uuid4(), wave, invitation=invited[0], language="da", day=day
        )
        for page in form.pages():
            answers = {
                form_column: str(item.responses.codes[0])
                for item, form_column in zip(page.page.items, page.columns, strict=True)
                if item.responses.codes and item.kind.value == "single"
            }
            write = PageWrite(uuid.uuid4(), page.key, answers, 0)
            record(session, keys, form, one.id, write, day=day, language="da")
        return shown_code(
            submit(session, keys, one.id, day=day, duration_class=2, helper="present")
        )


def press(page, selector):
    with page.expect_navigation():
        page.locator(selector).first.click()


def wait_until(page, condition):
    """Our policy forbids what Playwright waits with."""
    for _ in range(200):
        with contextlib.suppress(Error):  # a page that is just going has nobody to answer
            if page.evaluate(condition):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")


def look(page, receipt, language="da"):
    page.goto(f"/?language={language}")
    page.goto("/mine")
    page.fill("#receipt", receipt)
    press(page, "main form .button")
    expect(page).to_have_url(re.compile("/mine/answers$"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_ones_own_data_is_accessible_and_fits(open_browser, receipt, judge, language):
    page = open_browser(viewport=NARROW, locale="da-DK")
    found = []

    def judged(name):
        judge.look(page, name)
        if page.evaluate(WIDE) > 0:
            found.append(f"{name} is too wide")
        found.extend(f"{name}: {one} is too small" for one in page.evaluate(SMALL))

    page.goto(f"/?language={language}")
    page.goto("/mine")
    judged("receipt")
    page.fill("#receipt", "ABCD")
    press(page, "main form .button")
    judged("mistyped")
    look(page, receipt, language)
    judged("answers")
    page.goto("/mine/erase")
    judged("erase")
    press(page, "main form .button")
    expect(page).to_have_url(re.compile("/mine/erased$"))
    judged("erased")
    assert found == []


def test_it_all_works_without_a_script(phone_without_javascript, receipt, database):
    page = phone_without_javascript
    look(page, receipt)
    with page.expect_download() as download:
        page.locator("a[href$='answers.json']").click()
    assert download.value.suggested_filename == "mine-svar.json"
    press(page, "a[href='/mine/erase']")
    press(page, "main form .button")
    expect(page.locator("h1")).to_have_text("Dine svar er slettet")
    with database.reading() as session:
        assert session.scalars(select(Response)).all() == []


def test_nothing_comes_back_with_the_back_button_after_closing(phone, receipt):
    look(phone, receipt)
    press(phone, "main form .button")
    expect(phone).to_have_url(re.compile("/left$"))
    phone.go_back()
    expect(phone).to_have_url(re.compile("/mine$"))
    assert phone.locator("dl.written").count() == 0


@pytest.mark.parametrize("path", ["/mine/answers", "/mine/erase"])
def test_answers_that_nobody_looks_at_any_more_are_closed(phone, receipt, path):
    phone.clock.install()
    look(phone, receipt)
    phone.goto(path)
    phone.clock.run_for(19 * 60 * 1000)
    expect(phone).to_have_url(re.compile(f"{path}$"))
    phone.clock.run_for(2 * 60 * 1000)
    expect(phone.locator("h1")).to_have_text("Her kan ingen se dine svar")
    phone.goto(path)
    expect(phone).to_have_url(re.compile("/mine$"))


@pytest.mark.parametrize("offline", [False, True])
def test_a_receipt_that_nobody_looks_at_any_more_is_closed(phone, code, offline):
    phone.clock.install()
    phone.goto(f"/c/{code}")
    press(phone, "button[value=da]")
    press(phone, "main form .button")
    if offline:
        wait_until(phone, "navigator.serviceWorker.controller !== null")
        wait_until(phone, KEPT)
        phone.context.set_offline(True)
        answer_without_a_line(phone, helper="none")
    else:
        answer_to_the_end(phone)
    expect(phone.locator(".receipt .code")).to_be_visible()
    phone.clock.run_for(21 * 60 * 1000)
    expect(phone.locator("h1:visible")).to_have_text("Her kan ingen se dine svar")
    expect(phone.locator(".receipt .code:visible")).to_have_count(0)


def test_after_a_double_click_one_dataset_supersedes_and_the_number_is_shown(
    phone, receipt, database, keys, form, wave, settings
):
    with database.writing() as session:
        session.get_one(Wave, wave.id).status = "closed"
    with database.writing() as session:
        freeze(session, keys, form, session.get_one(Wave, wave.id), settings.data, actor="x")
    look(phone, receipt)
    phone.goto("/mine/erase")
    phone.locator("main form button.button").dblclick()
    expect(phone).to_have_url(re.compile("/mine/erased$"))
    expect(phone.locator(".receipt .code")).to_have_text(re.compile(r"^(\w{4} ){2}\w{4}$"))
    assert sorted(path.name for path in settings.data.glob("*/wave-*")) == [
        f"wave-{wave.number}-freeze-1",
        f"wave-{wave.number}-freeze-2",
    ]


def answer_to_the_end(page):
    for _ in range(20):
        if not re.search(r"/page/\d+$", page.url):
            return
        last = page.locator(".moves .button").first.get_attribute("value") == "send"
        if last:
            expect(page.locator("#helped")).to_be_visible()
            page.locator("label[for=helper_helped]").click()
        press(page, ".moves .button")


def test_a_tablet_at_the_door_forgets_the_person_and_goes_back_to_the_desk(
    open_browser, employ, signs_in, study, code, database
):
    employ("Karen", (study, "fieldworker"))
    tablet = open_browser(viewport=TABLET, has_touch=True, locale="da-DK")
    signs_in(tablet, "Karen")
    tablet.get_by_role("link", name="Interview").click()
    tablet.fill("#code", code)
    press(tablet, ".moves .button")
    press(tablet, "button[value=ar]")
    expect(tablet.locator(".at-the-door")).to_be_visible()
    press(tablet, "main form .button")
    answer_to_the_end(tablet)
    expect(tablet).to_have_url(re.compile("/done$"))
    expect(tablet.locator(".receipt .code")).to_be_hidden()
    press(tablet, "main .moves .button")
    expect(tablet.locator("h1")).to_have_text("Hvem skal svare?")
    for _ in range(4):
        tablet.go_back()
        assert tablet.locator("input:checked").count() == 0
        expect(tablet).not_to_have_url(re.compile("/page/"))
    kept = tablet.evaluate("async () => (await caches.keys()).length")
    assert kept <= 1  # the blank questionnaire, the same for everybody
    with database.reading() as session:
        (response,) = session.scalars(select(Response)).all()
    assert (response.mode, response.helper, response.status) == (
        "interview",
        "helped",
        "submitted",
    )


@pytest.mark.parametrize("viewport", [NARROW, TABLET])
def test_the_interviewers_desk_and_the_covered_receipt_are_accessible_and_fit(
    open_browser, employ, signs_in, study, code, judge, viewport
):
    employ("Karen", (study, "fieldworker"))
    page = open_browser(viewport=viewport, locale="da-DK")
    found = []

    def judged(name):
        judge.look(page, name)
        if page.evaluate(WIDE) > 0:
            found.append(f"{name} is too wide")
        found.extend(f"{name}: {one} is too small" for one in page.evaluate(SMALL))

    signs_in(page, "Karen")
    page.goto("/interview/")
    judged("desk")
    page.fill("#code", "ABCD")
    press(page, ".moves .button")
    judged("desk, mistyped")
    page.fill("#code", code)
    press(page, ".moves .button")
    press(page, "button[value=da]")
    press(page, "main form .button")
    judged("a page")
    answer_to_the_end(page)
    judged("done, covered")
    page.locator("summary").click()
    expect(page.locator(".receipt .code")).to_be_visible()
    judged("done, uncovered")
    assert found == []


def test_at_the_door_without_a_line_it_is_still_an_interview_and_the_receipt_is_covered(
    open_browser, employ, signs_in, study, code, database
):
    employ("Karen", (study, "fieldworker"))
    tablet = open_browser(viewport=TABLET, locale="da-DK")
    signs_in(tablet, "Karen")
    tablet.goto("/interview/")
    tablet.fill("#code", code)
    press(tablet, ".moves .button")
    press(tablet, "button[value=da]")
    press(tablet, "main form .button")
    wait_until(tablet, "navigator.serviceWorker.controller !== null")
    wait_until(tablet, KEPT)
    tablet.context.set_offline(True)
    answer_without_a_line(tablet, helper="none")
    expect(tablet.locator("#at-the-door")).to_be_visible()
    expect(tablet.locator(".receipt")).to_be_hidden()
    expect(tablet.locator("#back-to-desk")).to_be_hidden()
    tablet.locator("#covered button").click()
    expect(tablet.locator(".receipt .code")).to_be_visible()
    tablet.context.set_offline(False)
    expect(tablet.locator("h1[data-when=sent]")).to_be_visible()
    press(tablet, "#back-to-desk a")
    expect(tablet.locator("h1")).to_have_text("Hvem skal svare?")
    with database.reading() as session:
        (response,) = session.scalars(select(Response)).all()
    assert (response.mode, response.helper, response.status) == ("interview", "none", "submitted")


def answer_without_a_line(page, helper):
    for _ in range(20):
        button = page.locator(".moves .button:visible").first
        last = button.get_attribute("value") == "send"
        assert page.locator("#helped:visible").count() == int(last)
        if last:
            page.locator(f"label[for=helper_{helper}]:visible").click()
        before = page.url
        button.click()
        wait_until(page, f"location.href !== {json.dumps(before)}")
        if page.url.endswith("/done"):
            return


def test_who_helped_is_sent_from_a_phone_without_a_line(phone, code, database):
    phone.goto(f"/c/{code}")
    press(phone, "button[value=da]")
    press(phone, "main form .button")
    wait_until(phone, "navigator.serviceWorker.controller !== null")
    wait_until(phone, KEPT)
    phone.context.set_offline(True)
    answer_without_a_line(phone, helper="present")
    phone.context.set_offline(False)
    expect(phone.locator("h1[data-when=sent]")).to_be_visible()
    with database.reading() as session:
        (response,) = session.scalars(select(Response)).all()
    assert (response.helper, response.status) == ("present", "submitted")
