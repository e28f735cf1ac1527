"""Which other, ranking, a month and a long text: the same answers from phone, offline and paper."""

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from survey.models import Response
from survey.sealed_answers import read

# Longer than the page waits before a key may save a sheet that was just keyed to its end.
PAUSE = 400
QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"

GIVEN = {
    "kinds_spoken": 9,
    "kinds_spoken_other": "Farsi",
    "kinds_clubs": [1, 9],
    "kinds_clubs_other": "Brætspil",
    "kinds_moved": 201405,
    "kinds_wishes": [3, 1],
    "kinds_story": "Her er rart.\nMest om sommeren.",
}


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


@pytest.fixture
def study(make):
    return make.study(sender="Fonden for Gode Naboer")


@pytest.fixture
def wave(make, study, kinds):
    return make.open_wave(study, kinds, closes=dt.date(2099, 12, 13))


@pytest.fixture
def code(make, study, wave):
    return make.invitation(wave, make.area(study))[1]


@pytest.fixture
def stored(database, keys):
    """A function that returns the one response's status and what was answered in it."""

    def one():
        with database.reading() as session:
            (response,) = session.scalars(select(Response)).all()
            answers = read(keys, response).answers
            return response.status, {name: one for name, one in answers.items() if one != -8}

    return one


def begin(page, code):
    page.goto(f"/c/{code}")
    page.locator("button[value=da]").click()
    page.get_by_role("button", name="Begynd").click()
    page.wait_for_url("**/page/1")


def home(page):
    page.get_by_role("group", name="Hvilket sprog").get_by_text("Et andet", exact=True).click()
    page.get_by_label("Hvilket andet sprog?").fill("Farsi")
    clubs = page.get_by_role("group", name="Hvad går du til?")
    clubs.get_by_text("Noget andet", exact=True).click()
    clubs.get_by_text("Sport", exact=True).click()
    page.get_by_label("Hvad andet?").fill("Brætspil")
    page.get_by_role("textbox", name="Hvornår flyttede").fill("5/2014")


def wishes(page):
    group = page.get_by_role("group", name="Hvad er vigtigst")
    group.get_by_label("Nr. 1").select_option("Renere trapper")
    group.get_by_label("Nr. 2").select_option("Lys")
    page.get_by_label("Vil du fortælle mere?").fill(GIVEN["kinds_story"])


def kept(page):
    """Wait until the phone holds the questionnaire."""
    holds = """async () => navigator.serviceWorker.controller !== null &&
        (await (await caches.open('beboerpuls')).keys())
          .some(({ url }) => url.includes('/offline/'))"""
    for _ in range(100):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the phone never held the questionnaire")


def key(page, signs):
    """Press keys of the number pad; Enter in the serial waits for the page it leads to."""
    for sign in signs:
        name = "NumpadEnter" if sign == "\n" else f"Numpad{sign}"
        if sign == "\n" and page.locator("#serial").count():
            with page.expect_navigation():
                page.keyboard.press(name)
            # Its script has begun where there is a field, or says what was wrong with the serial.
            expect(page.locator("#field:visible, #problem:visible")).to_have_count(1)
        else:
            page.keyboard.press(name)


def forward(page):
    page.locator("main .moves .button:visible").first.click()


@pytest.mark.parametrize("browser_kind", ["phone", "phone_without_javascript"])
def test_a_phone_stores_every_kind_as_it_was_given(browser, request, browser_kind, code, stored):
    page = request.getfixturevalue(browser_kind)
    begin(page, code)
    home(page)
    forward(page)
    page.wait_for_url("**/page/2")
    wishes(page)
    forward(page)
    page.wait_for_url("**/send")  # nobody asks more of somebody who wishes no playground
    forward(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tak. Dine svar er kommet frem.")
    assert stored() == ("submitted", GIVEN)


def test_which_other_is_asked_when_other_is_chosen_and_kept_when_it_no_longer_is(
    phone, code, stored
):
    begin(phone, code)
    which = phone.get_by_label("Hvilket andet sprog?")
    expect(which).to_be_hidden()
    home(phone)
    expect(which).to_be_visible()
    phone.get_by_role("group", name="Hvilket sprog").get_by_text("Arabisk", exact=True).click()
    expect(which).to_be_hidden()
    forward(phone)
    phone.wait_for_url("**/page/2")
    on_this_page = [name for name in GIVEN if name not in {"kinds_wishes", "kinds_story"}]
    assert stored()[1] == {name: GIVEN[name] for name in on_this_page} | {"kinds_spoken": 2}
    # And it is there again for whoever comes back and chooses other after all.
    phone.goto("/page/1")
    phone.get_by_role("group", name="Hvilket sprog").get_by_text("Et andet", exact=True).click()
    expect(which).to_have_value("Farsi")
    expect(phone.get_by_role("textbox", name="Hvornår flyttede")).to_have_value("5/2014")


@pytest.mark.parametrize("browser_kind", ["phone", "phone_without_javascript"])
def test_what_cannot_be_a_ranking_or_a_month_is_told_and_may_be_left(
    browser, request, browser_kind, code, stored
):
    page = request.getfixturevalue(browser_kind)
    begin(page, code)
    page.get_by_role("textbox", name="Hvornår flyttede").fill("maj")
    forward(page)
    expect(page.locator(".error-summary")).to_contain_text("Du skrev »maj«. Skriv måned og år")
    page.get_by_role("textbox", name="Hvornår flyttede").fill("5 1914")
    forward(page)
    expect(page.locator(".error-summary")).to_contain_text("Året skal ligge mellem 1930 og")
    page.get_by_role("textbox", name="Hvornår flyttede").fill("1.2020")
    forward(page)
    page.wait_for_url("**/page/2")
    group = page.get_by_role("group", name="Hvad er vigtigst")
    group.get_by_label("Nr. 1").select_option("Lys")
    group.get_by_label("Nr. 3").select_option("Lys")
    forward(page)
    expect(page.locator(".error-summary")).to_contain_text("Du har valgt det samme to gange.")
    expect(group.get_by_label("Nr. 3")).to_have_value("1")
    group.get_by_label("Nr. 3").select_option("Legeplads")
    forward(page)
    page.wait_for_url("**/page/3")  # which a month from 2020 on opens
    assert stored()[1] == {"kinds_moved": 202001, "kinds_wishes": [1, 2]}


def test_without_a_line_every_kind_waits_and_is_stored_the_same(phone, code, stored):
    begin(phone, code)
    kept(phone)
    phone.context.set_offline(True)
    home(phone)
    forward(phone)
    expect(phone.get_by_label("Vil du fortælle mere?")).to_be_visible()
    group = phone.get_by_role("group", name="Hvad er vigtigst")
    group.get_by_label("Nr. 1").select_option("Lys")
    group.get_by_label("Nr. 2").select_option("Lys")
    forward(phone)
    expect(phone.locator(".error-summary:visible")).to_have_text(
        re.compile("Du har valgt det samme to gange")
    )
    # Back and forth: what was said is there again.
    phone.get_by_role("button", name="Tilbage").locator("visible=true").click()
    expect(phone.get_by_label("Hvilket andet sprog?")).to_have_value("Farsi")
    moved = phone.get_by_role("textbox", name="Hvornår flyttede")
    expect(moved).to_have_value("5/2014")
    moved.fill("13/2014")
    forward(phone)
    expect(phone.locator(".error-summary:visible")).to_contain_text("Du skrev »13/2014«.")
    moved.fill("52014")
    forward(phone)
    wishes(phone)
    forward(phone)
    expect(phone.get_by_role("heading", level=1)).to_have_text(
        "Tak. Dine svar venter på telefonen."
    )
    phone.context.set_offline(False)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Tak. Dine svar er kommet frem.")
    assert stored() == ("submitted", GIVEN)


def test_a_reason_for_none_and_a_ranking_exclude_one_another(phone, code, stored):
    begin(phone, code)
    home(phone)
    forward(phone)
    phone.wait_for_url("**/page/2")
    wishes(phone)
    group = phone.get_by_role("group", name="Hvad er vigtigst")
    group.get_by_text("Ved ikke").click()
    expect(group.get_by_label("Nr. 1")).to_have_value("")
    group.get_by_label("Nr. 2").select_option("Lys")
    expect(group.get_by_label("Ved ikke")).not_to_be_checked()
    group.get_by_text("Ved ikke").click()
    forward(phone)
    phone.wait_for_url("**/page/3")  # nobody knows what is wished, so it is asked
    assert stored()[1] == GIVEN | {"kinds_wishes": -3}


def test_keyed_with_the_number_pad_it_is_stored_the_same(
    make, study, wave, employ, desk, signs_in, stored
):
    sheet = make.sheet(wave, make.area(study))
    employ("Karen", (study, "fieldworker"))
    karen = signs_in(desk, "Karen")
    key(karen, sheet.serial + "\n" + "9")
    karen.keyboard.type(GIVEN["kinds_spoken_other"])
    key(karen, "\n" + "91\n")
    karen.keyboard.type(GIVEN["kinds_clubs_other"])
    key(karen, "\n" + "132014\n")  # no month has that number
    expect(karen.locator("#notice-title")).to_contain_text("132014")
    key(karen, "52014\n")
    key(karen, "3142")  # three places; the fourth is one too many
    expect(karen.locator("#notice-title")).to_contain_text("Alle 3 pladser")
    key(karen, "4\n")  # once more takes it away again
    karen.keyboard.type("Her er rart.")
    key(karen, "\n")
    expect(karen.locator("#review")).to_be_visible()
    karen.wait_for_timeout(PAUSE)
    with karen.expect_navigation():
        key(karen, "\n")
    assert stored() == ("submitted", GIVEN | {"kinds_story": "Her er rart."})


def test_keyed_without_a_script_it_is_stored_the_same(
    make, study, wave, employ, open_browser, signs_in, stored
):
    sheet = make.sheet(wave, make.area(study))
    employ("Karen", (study, "fieldworker"))
    karen = signs_in(open_browser(java_script_enabled=False, locale="da-DK"), "Karen")
    karen.goto(f"/keying/{sheet.serial}")
    for name, typed in {
        "kinds_spoken": "9",
        "kinds_spoken_other": "Farsi",
        "kinds_clubs": "1,9",
        "kinds_clubs_other": "Brætspil",
        "kinds_moved": "5/2014",
        "kinds_wishes": "3,3",
        "kinds_story": "-",
        "kinds_more": "",
    }.items():
        karen.locator(f"#plain-{name}").fill(typed)
    karen.get_by_role("button", name="Gem arket").click()
    expect(karen.locator("main")).to_contain_text("Hvert svar kan kun have én plads.")
    karen.locator("#plain-kinds_wishes").fill("3 1")
    karen.get_by_role("button", name="Gem arket").click()
    karen.wait_for_url("**/keying/")
    expected = {name: answer for name, answer in GIVEN.items() if name != "kinds_story"}
    assert stored() == ("submitted", expected)


@pytest.mark.parametrize("language", ["da", "ar"])
def test_pages_with_every_kind_are_accessible(phone, code, judge, language):
    phone.goto(f"/c/{code}")
    phone.locator(f"button[value={language}]").click()
    phone.locator("main form button.button").click()
    phone.wait_for_url("**/page/1")
    phone.locator("#kinds_spoken_9 + label").click()
    judge.look(phone)
    phone.locator("#kinds_moved").fill("maj")
    forward(phone)
    expect(phone.locator(".error-summary")).to_be_visible()
    judge.look(phone)
    phone.locator("#kinds_moved").fill("5/2014")
    forward(phone)
    phone.wait_for_url("**/page/2")
    judge.look(phone)
    targets = phone.locator("select, textarea, .answer label:visible").all()
    assert len(targets) >= 4
    for target in targets:
        assert target.bounding_box()["height"] >= 44
