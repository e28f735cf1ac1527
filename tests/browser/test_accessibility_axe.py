"""Every page, judged by axe: residents' pages in ten languages, and all that staff see."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from instruments import make_form
from survey.freezing import freeze
from survey.models import Wave

LANGUAGES = ("da", "ar", "bs", "en", "fa", "pl", "so", "tr", "uk", "ur")
# One of each direction; the others have the same markup, and are looked at where they differ.
WHOLE_WAY = ("da", "ar")
OURS = ("tryghed", "trivsel", "beboerdemokrati", "background")
# Without what is kept for a lost line, which a slow machine would go on with; that is a test apart.
PHONE = {"viewport": {"width": 360, "height": 740}, "locale": "da-DK", "service_workers": "block"}
MOST_PAGES = 30


@pytest.fixture(scope="module")
def form():
    return make_form(OURS, LANGUAGES)


@pytest.fixture
def study(make):
    return make.study(sender="Fonden for Gode Naboer", contact="ring 12 34 56 78")


@pytest.fixture
def wave(make, study, form):
    return make.open_wave(study, form, closes=dt.date(2099, 12, 13))


@pytest.fixture
def code(make, study, wave):
    """A function that makes one more code."""
    area = make.area(study)
    return lambda: make.invitation(wave, area)[1]


def press(page, selector):
    """Press what leads to another page, and wait until that is there."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def begin(page, code, language):
    page.context.clear_cookies()
    page.goto(f"/c/{code}")
    press(page, f"button[value={language}]")
    press(page, "main form button.button")


def answer_first(page):
    """The first answer of every question, and a year that cannot be."""
    for entry in page.locator("input[inputmode=numeric]").all():
        entry.fill("2206")
    for question in page.locator("fieldset").all():
        answers = question.locator(".answers:not(:has(.entry)) label")
        if answers.count():
            answers.first.click()


@pytest.mark.parametrize("language", WHOLE_WAY)
def test_every_page_of_a_resident_meets_wcag(open_browser, code, judge, language):
    page = open_browser(**PHONE)
    page.goto(f"/?language={language}")
    judge.look(page)
    page.fill("#code", "K7M4 RW2P 9XQ1")
    press(page, "main form button.button")
    judge.look(page, "mistyped")
    for path in ("privacy", "help", "accessibility", "sorry/used", "no-such-page"):
        page.goto(f"/{path}")
        judge.look(page)
    page.goto(f"/c/{code()}")
    page.goto("/language")
    judge.look(page)
    press(page, f"button[value={language}]")
    judge.look(page)
    press(page, "main form button.button")
    refused = 0
    for _ in range(MOST_PAGES):
        here = page.url
        answer_first(page)
        judge.look(page)
        press(page, ".moves .button")
        if page.locator(".error-summary").count():
            refused += 1
            judge.look(page, f"{here} refused")
            press(page, "button[value=skip]")
        if "/page/" not in page.url:
            break
    assert refused
    assert page.url.endswith("/done")
    judge.look(page)


def test_the_questions_meet_wcag_in_every_other_language(open_browser, code, judge):
    page = open_browser(**PHONE)
    for language in set(LANGUAGES) - set(WHOLE_WAY):
        begin(page, code(), language)
        judge.look(page)


def test_what_staff_see_meets_wcag(
    open_browser, database, keys, form, make, study, wave, settings, employ, signs_in, judge
):
    employ("Karen", (study, "fieldworker"))
    employ("Rita", (study, "researcher"))
    sheet = make.sheet(wave, make.area(study))
    desk = open_browser(viewport={"width": 1280, "height": 800}, locale="da-DK")
    desk.goto("/staff/sign-in")
    judge.look(desk)
    desk.fill("#name", "Nobody")
    desk.fill("#password", "no such word")
    press(desk, "main form button")
    judge.look(desk, "sign-in refused")
    signs_in(desk, "Karen")
    judge.look(desk)
    desk.goto("/staff/")
    judge.look(desk)
    desk.goto("/research/")
    judge.look(desk, "research without the role")
    desk.goto(f"/keying/?serial={sheet.serial}")
    judge.look(desk, "keying")
    other = open_browser(viewport={"width": 1280, "height": 800}, locale="da-DK")
    signs_in(other, "Rita")
    judge.look(other)
    with database.writing() as session:
        session.get_one(Wave, wave.id).status = "closed"
    with database.writing() as session:
        freeze(session, keys, form, session.get_one(Wave, wave.id), settings.data, actor="operator")
    other.reload()
    judge.look(other, "research with a dataset")


def test_the_questionnaire_without_a_line_meets_wcag(open_browser, code, judge):
    page = open_browser(viewport=PHONE["viewport"], locale="da-DK")
    begin(page, code(), "ar")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#answers")).to_be_visible()
    holds = """async () => navigator.serviceWorker.controller !== null &&
        (await (await caches.open('beboerpuls')).keys()).some(({ url }) => url.includes('/offline/'))"""
    for _ in range(50):
        if page.evaluate(holds):
            break
        page.wait_for_timeout(200)
    page.wait_for_timeout(200)
    page.context.set_offline(True)
    page.locator(".moves .button").first.click()
    shown = page.locator("#offline [data-part='2']")
    expect(shown).to_be_visible(timeout=30_000)
    judge.look(page, "page 2 without a line")
