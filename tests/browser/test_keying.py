"""A whole sheet, keyed in a real browser with the keys of a number pad."""

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select
from staff import PASSWORD

from instruments import hidden
from instruments.routing import All, AnyOf, Comparison, Not, Operator
from survey import sealed_answers
from survey.models import Batch, Keying, Response

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"
PAD = {"/": "Divide", "*": "Multiply", "-": "Subtract", "+": "Add", ",": "Decimal", "\n": "Enter"}
# Longer than the page waits before Enter may save a sheet that was just keyed to its end.
PAUSE = 400


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


@pytest.fixture
def sheet(make, wave, area):
    return make.sheet(wave, area)


@pytest.fixture
def karen(employ, study, desk, signs_in, sheet):
    """Karen's screen, with the sheet on it."""
    employ("Karen", (study, "fieldworker"))
    signs_in(desk, "Karen")
    return opened(desk, sheet)


# What lies on the device of sheets that were begun, besides their seal.
SEALED = """async () => {
  const { sealedOf } = await import("/static/sealed-drafts.js");
  const rows = await sealedOf(JSON.parse(document.getElementById("keying").dataset.sheet).keyer);
  return rows.map(({ nonce, sealed, touched, keyer, ...plain }) => plain);
}"""


# What lies there is damaged, and the tab's own copy is gone.
SPOILT = """() => new Promise((resolve) => {
  sessionStorage.clear();
  indexedDB.open("beboerpuls-begun").onsuccess = ({ target }) => {
    const rows = target.result.transaction("drafts", "readwrite").objectStore("drafts");
    rows.getAll().onsuccess = ({ target: { result: [row] } }) => {
      rows.put({ ...row, sealed: row.sealed.slice(1) }).onsuccess = () => {
        target.result.close();
        resolve();
      };
    };
  };
})"""


def opened(page, sheet):
    page.fill("#serial", sheet.serial)
    page.keyboard.press("NumpadEnter")
    expect(page.locator("#field")).to_be_visible()
    return page


def key(page, signs):
    """Press keys of the number pad."""
    for sign in signs:
        page.keyboard.press(f"Numpad{PAD.get(sign, sign)}")


def at(page, number):
    expect(page.locator("#field-number")).to_have_text(f"Felt {number}")


def save(page):
    expect(page.locator("#review")).to_be_visible()
    page.wait_for_timeout(PAUSE)
    key(page, "\n")
    expect(page.locator("#serial")).to_be_focused()


def answers(database, keys):
    with database.reading() as session:
        return [sealed_answers.read(keys, one).answers for one in session.scalars(select(Response))]


def test_a_sheet_is_keyed_from_serial_to_next_serial_on_the_number_pad_alone(
    karen, sheet, database, keys
):
    # Four statements: an answer, don't know, illegible, double mark.
    key(karen, "48/*")
    # Year, adults, 0-10, a member, in clubs 1 and 3 (2 ticked and cleared), glad.
    key(karen, "1996\n" + "2\n" + "10\n" + "1" + "1232\n" + "5")
    at(karen, 11)
    karen.keyboard.type("Mere lys - og mindre støj/uro")
    key(karen, "\n")
    save(karen)
    expect(karen.get_by_role("status")).to_contain_text(f"Ark {sheet.serial} er gemt")
    assert answers(database, keys) == [
        {
            "mini_home": 4,
            "mini_stairs": -3,
            "mini_outside": -6,
            "mini_afraid": -7,
            "mini_moved_in": 1996,
            "mini_adults": 2,
            "mini_life": 10,
            "mini_member": 1,
            "mini_clubs": [1, 3],
            "mini_club_glad": 5,
            "mini_comment": "Mere lys - og mindre støj/uro",
        }
    ]


def test_a_keyboard_without_a_number_pad_keys_the_same(karen, database, keys):
    for letter in "uvid":  # illegible, don't know, not relevant, double mark
        karen.keyboard.press(letter)
    karen.keyboard.press("n")  # would not say which year
    karen.keyboard.press("b")  # adults: not answered
    karen.keyboard.type("7")
    karen.keyboard.press("Enter")
    karen.keyboard.press("2")  # in no club: clubs are skipped
    at(karen, 11)
    karen.keyboard.press("-")
    save(karen)
    (stored,) = answers(database, keys)
    assert [*stored.values()][:8] == [-6, -3, -4, -7, -5, -8, 7, 2]
    assert stored["mini_comment"] == -8


def test_a_value_out_of_range_is_told_and_the_field_stays(karen):
    key(karen, "6")
    at(karen, 1)
    expect(karen.locator("#notice")).to_contain_text("Modtaget: 6")
    expect(karen.locator("#notice")).to_contain_text("Tilladt: 1–5")
    expect(karen.locator("#value")).to_have_attribute("aria-invalid", "true")
    key(karen, "4")
    at(karen, 2)
    key(karen, "123")
    at(karen, 5)
    key(karen, "1929\n")
    expect(karen.locator("#notice")).to_contain_text("Tilladt: 1930–2026")
    key(karen, "2014\n")
    at(karen, 6)


def test_plain_eight_is_a_reason_only_where_the_sheet_offers_it(karen):
    key(karen, "4444\n" + "2000\n" + "2\n" + "5\n")
    at(karen, 8)
    key(karen, "8")
    expect(karen.locator("#notice")).to_contain_text("Modtaget: 8")
    key(karen, ",8")
    at(karen, 9)


def test_four_alike_are_doubted_once_and_enter_keeps_them(karen, database, keys):
    key(karen, "3333")
    at(karen, 4)
    expect(karen.locator("#notice")).to_contain_text("Fjerde 3 i træk")
    expect(karen.locator("#go-on")).to_have_text("Behold og gå videre")
    key(karen, "\n")
    at(karen, 5)
    key(karen, "+\n")
    at(karen, 5)


def test_the_next_fields_digit_does_not_take_a_doubted_values_place(karen):
    key(karen, "33332")
    at(karen, 4)
    expect(karen.locator("#notice")).to_contain_text("Tallet 2 er ikke tastet ind")
    key(karen, "\n")
    at(karen, 5)
    expect(karen.locator("#rows li").nth(3)).to_contain_text("3")


def test_a_field_closed_by_an_answer_is_skipped_and_can_still_be_keyed(karen, database, keys):
    key(karen, "1234" + "2000\n" + "2\n" + "5\n" + "2")
    at(karen, 11)
    expect(karen.locator("#rows li").nth(8)).to_contain_text("springes over")
    key(karen, "++")
    at(karen, 9)
    expect(karen.locator("#notice")).to_contain_text("Springes over efter felt 8")
    expect(karen.locator("#go-on")).to_have_text("Spring over")
    key(karen, "2")
    expect(karen.locator("#go-on")).to_have_text("Næste felt")
    key(karen, "\n")
    expect(karen.locator("#notice")).to_contain_text("skulle springes over efter felt 8")
    key(karen, "\n")
    at(karen, 11)
    key(karen, "\n")
    expect(karen.locator("#told-against")).to_contain_text("9 Hvilke")
    save(karen)
    assert answers(database, keys)[0]["mini_clubs"] == [2]


def test_an_answer_that_closes_what_was_keyed_is_doubted(karen):
    key(karen, "1234" + "2000\n" + "2\n" + "5\n" + "1" + "1\n")
    at(karen, 10)
    key(karen, "++2")
    at(karen, 8)
    expect(karen.locator("#notice")).to_contain_text("felt 9")
    key(karen, "\n")
    at(karen, 9)


def test_one_jumps_to_a_question_by_its_number_and_back_to_the_first_empty(karen):
    key(karen, "12")
    key(karen, ",+11\n")
    at(karen, 11)
    key(karen, ",+\n")
    at(karen, 3)
    key(karen, ",+99\n")
    expect(karen.locator("#notice")).to_contain_text("Felterne har numrene 1–11")


def test_the_end_tells_what_is_empty_and_leads_there_before_it_saves(karen, database, keys):
    key(karen, "12")
    key(karen, ",+11\n\n")
    expect(karen.locator("#review")).to_be_visible()
    expect(karen.locator("#told-unkeyed")).to_contain_text("3–10 Udenfor")
    expect(karen.locator("#save")).to_have_text("Gem uden 8 felter")
    karen.wait_for_timeout(PAUSE)
    key(karen, "\n")
    at(karen, 3)
    key(karen, "4")
    expect(karen.locator("#review")).to_be_visible()
    karen.click("#save")
    expect(karen.locator("#serial")).to_be_focused()
    stored = answers(database, keys)[0]
    assert (stored["mini_outside"], stored["mini_afraid"]) == (4, -8)


def test_one_enter_too_many_on_the_last_field_saves_nothing(karen, database, keys):
    key(karen, ",+11\n" + "\n\n")
    expect(karen.locator("#review")).to_be_visible()
    assert answers(database, keys) == []


def test_what_was_keyed_survives_a_reload_and_ends_with_the_save(karen, database, keys):
    key(karen, "1234" + "19")
    karen.reload()
    at(karen, 5)
    expect(karen.locator("#rows li").nth(3)).to_contain_text("4")
    key(karen, ",+11\n\n")
    karen.context.set_offline(True)
    karen.click("#save")
    expect(karen.locator("#review-lead")).to_contain_text("Arket er ikke gemt, for der er ikke net")
    karen.context.set_offline(False)
    karen.click("#save")
    expect(karen.locator("#serial")).to_be_focused()
    karen.wait_for_function("sessionStorage.length === 0")


def test_a_sheet_laid_aside_is_found_again_where_it_was_left(karen):
    key(karen, "123" + ",0")
    karen.get_by_role("link", name=re.compile("nået til felt 4")).click()
    at(karen, 4)


def test_a_link_to_a_sheet_laid_aside_keeps_its_words_apart(karen, sheet):
    key(karen, "123" + ",0")
    link = karen.get_by_role("link", name=re.compile("nået til felt"))
    assert link.inner_text() == f"Ark {sheet.serial}, nået til felt 4"


def test_a_sheet_saved_after_signing_in_anew_elsewhere_is_still_there_to_be_saved(
    karen, database, keys
):
    key(karen, "1234" + "2014\n" + ",+11\n\n")
    elsewhere = karen.context.new_page()
    elsewhere.goto("/keying/")
    elsewhere.get_by_role("button", name=re.compile("Log ud")).click()
    expect(elsewhere.locator("h1")).to_have_text("Du er logget ud")
    karen.click("#save")
    expect(karen.locator("h1")).to_have_text("Det er ikke gemt endnu")
    karen.get_by_role("link", name="Gå tilbage til siden").click()
    karen.fill("#name", "Karen")
    karen.fill("#password", PASSWORD)
    karen.keyboard.press("Enter")
    expect(karen.locator("#rows li").nth(3)).to_contain_text("4")
    key(karen, ",+11\n\n")
    karen.click("#save")
    expect(karen.locator("#serial")).to_be_focused()
    (stored,) = answers(database, keys)
    assert [*stored.values()][:5] == [1, 2, 3, 4, 2014]


def test_what_was_begun_outlives_its_tab_sealed_for_its_keyer_until_she_signs_out(
    karen, employ, study, signs_in, sheet
):
    employ("Bo", (study, "fieldworker"))
    key(karen, "123")
    expect(karen.locator("#keying[data-writing]")).to_have_count(0)
    assert karen.evaluate(SEALED) == [{"serial": sheet.serial, "at": 3}]
    karen.evaluate("sessionStorage.clear()")  # all that a browser loses that dies
    karen.context.clear_cookies()
    signs_in(karen, "Bo")
    expect(karen.locator("#begun")).to_be_hidden()
    karen.goto(f"/keying/{sheet.serial}")
    at(karen, 1)
    # Whoever else signs out here takes nothing of hers along.
    karen.get_by_role("button", name=re.compile("Log ud")).click()
    expect(karen.locator("h1")).to_have_text("Du er logget ud")
    signs_in(karen, "Karen")
    karen.get_by_role("link", name=re.compile("nået til felt 4")).click()
    at(karen, 4)
    expect(karen.locator("#rows li").nth(2)).to_contain_text("3")
    # An older copy in this tab gives way to what another one has gone on with.
    old = karen.evaluate("JSON.stringify(sessionStorage)")
    key(karen, "4")
    expect(karen.locator("#keying[data-writing]")).to_have_count(0)
    karen.evaluate("old => Object.assign(sessionStorage, JSON.parse(old))", old)
    karen.reload()
    at(karen, 5)
    # One that cannot be opened is told, and is not written over.
    karen.evaluate(SPOILT)
    karen.reload()
    expect(karen.locator("#notice")).to_contain_text("kan ikke åbnes lige nu")
    key(karen, "1")
    at(karen, 2)
    assert karen.evaluate(SEALED) == [{"serial": sheet.serial, "at": 4}]
    karen.get_by_role("button", name=re.compile("Log ud")).click()
    expect(karen.locator("h1")).to_have_text("Du er logget ud")
    signs_in(karen, "Karen")
    expect(karen.locator("#begun")).to_be_hidden()
    karen.wait_for_function("sessionStorage.length === 0")


def test_the_next_person_in_the_same_tab_gets_nothing_of_what_was_begun(
    karen, employ, study, signs_in, sheet
):
    employ("Bo", (study, "fieldworker"))
    key(karen, "123")
    karen.context.clear_cookies()
    signs_in(karen, "Bo")
    karen.wait_for_function("sessionStorage.length === 0")


def test_a_click_on_save_twice_stores_one_keying(karen, database):
    key(karen, ",+11\n\n")
    karen.locator("#save").dblclick()
    expect(karen.locator("#serial")).to_be_focused()
    with database.reading() as session:
        assert len(session.scalars(select(Keying)).all()) == 1


def test_the_second_person_sees_nothing_of_the_first(
    karen, employ, study, make, wave, area, database, open_browser, signs_in
):
    with database.writing() as session:
        batch = Batch(wave_id=wave.id, name="Bundt 14", second_keying_share=1.0)
        session.add(batch)
    twice = make.sheet(wave, area, batch)
    employ("Bo", (study, "fieldworker"))
    karen.goto("/keying/")
    key(opened(karen, twice), "1" + ",+11\n\n")
    karen.click("#save")
    expect(karen.locator("#serial")).to_be_focused()
    bo = signs_in(open_browser(locale="da-DK"), "Bo")
    opened(bo, twice)
    expect(bo.locator(".where").first).to_contain_text("Anden indtastning")
    expect(bo.locator("#rows li").first).to_contain_text("·")
    karen.fill("#serial", twice.serial)
    karen.keyboard.press("NumpadEnter")
    expect(karen.locator("#problem")).to_contain_text("skal en anden gøre det")


def test_without_javascript_the_sheet_is_keyed_with_tab(
    employ, study, sheet, open_browser, signs_in, database, keys
):
    employ("Karen", (study, "fieldworker"))
    page = signs_in(open_browser(locale="da-DK", java_script_enabled=False), "Karen")
    page.fill("#serial", sheet.serial)
    page.keyboard.press("Enter")
    page.focus("#plain-mini_home")
    for typed in ("4", "/", "*", ",8", "1996", "2", "10", "1", "1 3", "5", "Mere lys"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Gem arket").click()
    expect(page.get_by_role("status")).to_contain_text("er gemt")
    stored = answers(database, keys)[0]
    assert (stored["mini_home"], stored["mini_clubs"]) == (4, [1, 3])


def test_the_next_field_stands_before_the_keys_event_is_over_and_nothing_is_fetched(karen):
    karen.wait_for_load_state("networkidle")
    fetched = []
    karen.on("request", lambda request: fetched.append(request.url))
    shown = karen.evaluate(
        """() => [..."1234"].map((key) => {
            const code = `Numpad${key}`;
            document.dispatchEvent(new KeyboardEvent("keydown", { key, code }));
            return document.getElementById("field-number").textContent;
        })"""
    )
    assert shown == ["Felt 2", "Felt 3", "Felt 4", "Felt 5"]
    assert fetched == []


@pytest.mark.parametrize("width", [320, 360, 640, 1280])
def test_every_key_of_the_drawing_is_readable_and_large_enough(karen, width):
    karen.set_viewport_size({"width": width, "height": 800})
    for signs in ("", ","):
        key(karen, signs)
        sizes = karen.eval_on_selector_all(
            ".pad-key small",
            "all => all.filter(one => one.textContent)"
            ".map(one => [parseFloat(getComputedStyle(one).fontSize),"
            " one.scrollWidth <= one.clientWidth + 1 || one.clientWidth === 0])",
        )
        assert sizes
        assert all(size >= 14 and fits for size, fits in sizes)
    expect(karen.locator(".pad button:visible")).to_have_count(16)
    # What stands in the field is read whole, also where it is a word.
    whole = "one => one.scrollWidth <= one.clientWidth"
    for sign in (",", *"-*/"):
        key(karen, sign)
        if sign != ",":
            key(karen, "+")
            assert karen.locator("#value").evaluate(whole), sign
    for box in karen.locator("button:visible, input:visible").all():
        size = box.bounding_box()
        assert min(size["width"], size["height"]) >= 44
    overflow = "document.documentElement.scrollWidth > innerWidth"
    assert karen.evaluate(overflow) is False


def test_a_key_on_the_drawing_can_be_pressed_instead(karen):
    for sign in "4/":
        karen.locator(f'.pad-key[data-key="{sign}"]').click()
    at(karen, 3)


def test_the_script_routes_as_the_questionnaire_does(karen):
    """A thousand made-up routes and answers: both must close the same fields."""
    rng = random.Random(7)  # noqa: S311 -- made-up cases, not secrets
    cases = [made_up(rng) for _ in range(1000)]
    told = karen.evaluate(
        """async (cases) => {
            const { closedFields } = await import("/static/routing.js");
            return cases.map(([fields, values]) => [...closedFields(fields, values).keys()]);
        }""",
        [
            (
                [
                    {"column": item, "routes": [one.to_data() for one in conditions]}
                    for item, conditions in routes
                ],
                values,
            )
            for routes, values in cases
        ],
    )
    closed = [sorted(hidden(routes, values)) for routes, values in cases]
    assert [sorted(one) for one in told] == closed
    assert sum(map(len, closed)) > 500


def made_up(rng):
    items = [f"i{number}" for number in range(6)]
    routes = [
        (
            item,
            tuple(condition(rng, items[:place]) for _ in range(rng.randrange(3) if place else 0)),
        )
        for place, item in enumerate(items)
    ]
    values = {item: rng.choice([1, 2, 3, -2, -3, -5, -8, [1, 3], [2], "tekst"]) for item in items}
    return routes, {item: value for item, value in values.items() if rng.random() < 0.8}


def condition(rng, items, depth=0):
    kind = rng.randrange(9 if depth < 2 else 6)
    if kind == 6:
        return All(tuple(condition(rng, items, depth + 1) for _ in range(2)))
    if kind == 7:
        return AnyOf(tuple(condition(rng, items, depth + 1) for _ in range(2)))
    if kind == 8:
        return Not(condition(rng, items, depth + 1))
    operator = [*Operator][kind % len(Operator)]
    bound = operator in {Operator.AT_LEAST, Operator.AT_MOST}
    values = tuple(rng.sample([1, 2, 3, -3, -5], 1 if bound else 2))
    return Comparison(rng.choice(items), operator, (abs(values[0]),) if bound else values)
