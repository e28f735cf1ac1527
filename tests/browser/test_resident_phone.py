"""A resident on a narrow phone, in a real browser, with and without JavaScript."""

import datetime as dt
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

import survey
from survey.languages import TRANSLATIONS, Languages
from survey.models import Response
from survey.sealed_answers import read
from survey.settings import Settings

GIVEN = Path(__file__).parents[1] / "given"
SMALLEST_TARGET = 44


@pytest.fixture
def settings(database_url, keys, tmp_path):
    return Settings(
        database=database_url,
        keys=keys,
        data=tmp_path / "data",
        library=GIVEN / "questionnaires",
        https=False,
    )


@pytest.fixture
def app(settings):
    languages = Languages(TRANSLATIONS, GIVEN / "translations")
    app = survey.create_app(settings, languages)
    yield app
    app.extensions["beboerpuls"].database.engine.dispose()


@pytest.fixture
def code(make, mini):
    study = make.study(sender="Fonden for Gode Naboer")
    wave = make.open_wave(study, mini, closes=dt.date(2099, 12, 13))
    return make.invitation(wave, make.area(study))[1]


@pytest.fixture
def stored(database, keys):
    """A function that returns the one response's status and answers."""

    def one():
        with database.reading() as session:
            (response,) = session.scalars(select(Response)).all()
            return response.status, read(keys, response).answers

    return one


def begin(page, code, language="da"):
    page.goto(f"/c/{code}")
    page.locator(f"button[value={language}]").click()
    page.get_by_role("button", name="Begynd").click()
    page.wait_for_url("**/page/1")


def answer_all(page):
    """The whole small questionnaire, as somebody who is a member of nothing."""
    page.wait_for_url("**/page/1")
    for question in page.get_by_role("group").all():
        question.get_by_text("Enig", exact=True).click()
    page.get_by_role("button", name="Næste").last.click()
    page.get_by_label("Hvilket år flyttede du ind?").fill("2014")
    page.get_by_role("group", name="Hvor mange voksne").get_by_text("Ønsker ikke").click()
    page.get_by_label("7", exact=True).check()
    page.get_by_role("group", name="forening").get_by_text("Nej").click()
    page.get_by_role("button", name="Næste").last.click()
    page.get_by_label("Vil du sige mere?").fill("Her er rart.\nMest om sommeren.")
    page.get_by_role("button", name="Send dine svar").click()


@pytest.mark.parametrize("browser_kind", ["phone", "phone_without_javascript"])
def test_a_resident_answers_from_the_code_to_the_receipt(request, browser_kind, code, stored):
    page = request.getfixturevalue(browser_kind)
    page.goto("/")
    page.get_by_label("Din kode").fill(code.lower())
    page.get_by_role("button", name="Begynd").click()
    page.get_by_role("button", name="Dansk").click()
    page.get_by_role("button", name="Begynd").click()
    answer_all(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tak. Dine svar er kommet frem.")
    status, answers = stored()
    assert status == "submitted"
    assert answers["mini_home"] == 4
    assert answers["mini_adults"] == -5
    assert answers["mini_life"] == 7
    assert answers["mini_comment"] == "Her er rart.\nMest om sommeren."


def test_a_double_click_stores_one_answer_and_loses_none(phone, code, stored):
    begin(phone, code)
    phone.get_by_text("Enig", exact=True).first.click()
    phone.get_by_role("button", name="Næste").last.dblclick()
    expect(phone).to_have_url(re.compile("/page/2$"))
    assert stored()[1]["mini_home"] == 4


def answer_page_two(page):
    page.get_by_label("Hvilket år flyttede du ind?").fill("2014")
    page.get_by_role("group", name="forening").get_by_text("Nej").click()
    page.get_by_role("button", name="Næste").last.click()
    page.wait_for_url("**/page/4")


def middle(locator):
    """Where a finger or a mouse would press it."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(
    "target", ["button[value=next]:visible >> nth=-1", "[for=mini_adults_apart5]"]
)
def test_the_second_half_of_a_double_click_presses_nothing_on_the_next_page(
    phone, code, stored, target
):
    begin(phone, code)
    phone.get_by_text("Enig", exact=True).first.click()
    phone.mouse.click(*middle(phone.get_by_role("button", name="Næste").last))
    phone.wait_for_url("**/page/2")
    # As a browser reports it when the page came between the two halves.
    phone.mouse.move(*middle(phone.locator(f"main {target}")))
    phone.mouse.down(click_count=2)
    phone.mouse.up(click_count=2)
    answer_page_two(phone)
    answers = stored()[1]
    # Pressed, the page would have been sent blank; an answer would have been chosen by nobody.
    assert answers["mini_moved_in"] == 2014
    assert answers["mini_member"] == 2
    assert answers["mini_adults"] == -8


def test_the_second_half_of_a_double_tap_presses_nothing_on_the_next_page(phone, code, stored):
    begin(phone, code)
    phone.clock.set_fixed_time(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    phone.touchscreen.tap(*middle(phone.get_by_role("button", name="Næste").last))
    phone.wait_for_url("**/page/2")
    phone.touchscreen.tap(*middle(phone.get_by_role("group", name="forening").get_by_text("Ja")))
    phone.clock.set_fixed_time(dt.datetime(2026, 11, 22, 12, 0, 1, tzinfo=dt.UTC))
    adults = phone.get_by_role("group", name="voksne")
    phone.touchscreen.tap(*middle(adults.get_by_text("Ønsker ikke")))
    expect(adults.get_by_label("Ønsker ikke")).to_be_checked()
    expect(phone.get_by_role("group", name="forening").get_by_label("Ja")).not_to_be_checked()


def test_back_and_reload_do_no_harm(phone, code, stored):
    begin(phone, code)
    phone.get_by_text("Enig", exact=True).first.click()
    phone.get_by_role("button", name="Næste").last.click()
    phone.wait_for_url("**/page/2")
    phone.go_back()
    phone.reload()
    expect(phone.locator("#mini_home_4")).to_be_checked()
    phone.get_by_text("Uenig", exact=True).first.click()
    phone.get_by_role("button", name="Næste").last.click()
    phone.wait_for_url("**/page/2")
    assert stored()[1]["mini_home"] == 2


def test_enter_goes_forward(phone, code):
    begin(phone, code)
    phone.get_by_role("button", name="Næste").last.click()
    phone.get_by_label("Hvilket år flyttede du ind?").fill("2014")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/page/3")


def test_the_error_summary_is_focused_and_leads_to_the_field(phone, code):
    begin(phone, code)
    phone.get_by_role("button", name="Næste").last.click()
    phone.get_by_label("Hvilket år flyttede du ind?").fill("2206")
    phone.get_by_role("button", name="Næste").last.click()
    expect(phone.get_by_role("alert")).to_be_focused()
    phone.get_by_role("alert").get_by_role("link").click()
    expect(phone.get_by_label("Hvilket år flyttede du ind?")).to_be_focused()


def test_a_number_and_a_reason_for_none_exclude_one_another(phone, code):
    begin(phone, code)
    phone.get_by_role("button", name="Næste").last.click()
    adults = phone.get_by_role("group", name="Hvor mange voksne")
    adults.get_by_role("textbox").fill("3")
    adults.get_by_text("Ønsker ikke").click()
    expect(adults.get_by_role("textbox")).to_have_value("")
    adults.get_by_role("textbox").fill("2")
    expect(adults.get_by_role("checkbox")).not_to_be_checked()


@pytest.mark.parametrize(("language", "width"), [("da", 320), ("ar", 320), ("da", 1280)])
def test_nothing_scrolls_sideways_and_every_target_is_large(open_browser, code, language, width):
    page = open_browser(viewport={"width": width, "height": 740}, locale="da-DK")
    page.goto("/")
    look(page)
    page.goto(f"/c/{code}")
    look(page)
    for button, path in (
        (f"button[value={language}]", "/about"),
        ("main form button", "/page/1"),
        (".moves button", "/page/2"),
    ):
        page.locator(button).first.click()
        page.wait_for_url(f"**{path}")
        look(page)


def look(page):
    """No page is wider than the screen, and nothing to press is small, but links within a text."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"
    for control in page.locator("a:visible, button:visible:not(.unseen), label:visible").all():
        box = control.bounding_box()
        in_text = control.evaluate("one => one.matches('p a, label.question-text')")
        if not in_text:
            size = min(box["width"], box["height"])
            assert size >= SMALLEST_TARGET, f"{control.inner_text()!r} is {size} px"


def test_arabic_runs_from_right_to_left_and_danish_in_it_is_marked(phone, code):
    begin_arabic = f"/c/{code}"
    phone.goto(begin_arabic)
    phone.locator("button[value=ar]").click()
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    danish = phone.locator("h1 span[lang=da]")
    expect(danish).to_have_text("Før du begynder")
    phone.locator(".moves button").click()
    mark = phone.locator(".answer input").first.bounding_box()
    words = phone.locator(".answer label").first.bounding_box()
    assert mark["x"] > words["x"] + words["width"] / 2


def tab_to(page, selector):
    """Press Tab until the focus is on what is sought, as somebody without a mouse does."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never came to {selector}")


def test_a_whole_questionnaire_is_answered_with_the_keyboard_alone(phone, code, stored):
    phone.goto("/")
    tab_to(phone, "#code")
    phone.keyboard.type(code)
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/language")
    tab_to(phone, "button[value=da]")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/about")
    tab_to(phone, "main button.button")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/page/1")
    for column in ("home", "stairs", "outside", "afraid"):
        tab_to(phone, f"input[name=mini_{column}]")
        phone.keyboard.press("Space")
        for _ in range(3):
            phone.keyboard.press("ArrowDown")
    tab_to(phone, "main button.button")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/page/2")
    tab_to(phone, "#mini_moved_in")
    phone.keyboard.type("2014")
    tab_to(phone, "input[name=mini_member]")
    phone.keyboard.press("Space")
    phone.keyboard.press("ArrowDown")
    tab_to(phone, "main button.button")
    phone.keyboard.press("Space")
    phone.wait_for_url("**/page/4")
    tab_to(phone, "textarea")
    phone.keyboard.type("Tak")
    tab_to(phone, "main button.button")
    phone.keyboard.press("Enter")
    expect(phone.locator(".receipt")).to_be_visible()
    status, answers = stored()
    assert status == "submitted"
    assert {answers[f"mini_{name}"] for name in ("home", "stairs", "outside", "afraid")} == {4}
    assert (answers["mini_moved_in"], answers["mini_member"]) == (2014, 2)
