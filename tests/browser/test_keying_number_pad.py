"""From serial to save with the number pad alone, and what the page says, shows and sounds meanwhile."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from instruments import make_form
from survey import sealed_answers
from survey.models import Response
from survey.serials import make_serial

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"
LIBRARY = Path(__file__).parents[2] / "instruments" / "library"
PAD = {"/": "Divide", "*": "Multiply", "-": "Subtract", "+": "Add", ",": "Decimal", "\n": "Enter"}
# Longer than the page waits before a key may save a sheet that was just keyed to its end.
PAUSE = 400
# Counts the tones that the page really starts.
LISTEN = """(() => {
    window.tones = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) {
        window.tones.push(this.frequency.value);
        return start.apply(this, when);
    };
})()"""


@pytest.fixture
def settings(settings, library):
    return replace(settings, library=library)


@pytest.fixture
def library():
    return QUESTIONNAIRES


@pytest.fixture
def sheet(make, study, mini):
    return make.sheet(make.open_wave(study, mini), make.area(study))


@pytest.fixture
def karen(employ, study, desk, signs_in, sheet):
    """Karen's screen, which asks for a sheet."""
    employ("Karen", (study, "fieldworker"))
    desk.add_init_script(LISTEN)
    return signs_in(desk, "Karen")


@pytest.fixture
def keyed_through(karen, sheet):
    """Karen's screen at the end of a sheet, with fields 3 to 11 not keyed."""
    key(karen, sheet.serial + "\n" + "12" + ",+11\n" + "+" + ",+\n" + ",+11\n" + "-")
    expect(karen.locator("#review")).to_be_visible()
    karen.wait_for_timeout(PAUSE)
    return karen


def key(page, signs):
    """Press keys of the number pad; Enter in the serial waits for the page it leads to."""
    for sign in signs:
        name = f"Numpad{PAD.get(sign, sign)}"
        if sign == "\n" and page.locator("#serial").count():
            with page.expect_navigation():
                page.keyboard.press(name)
            # Its script has begun where there is a field, or says what was wrong with the serial.
            expect(page.locator("#field:visible, #problem:visible")).to_have_count(1)
        else:
            page.keyboard.press(name)


def at(page, number):
    expect(page.locator("#field-number")).to_have_text(f"Felt {number}")


def answers(database, keys):
    with database.reading() as session:
        return [sealed_answers.read(keys, one).answers for one in session.scalars(select(Response))]


def test_every_key_from_a_mistyped_serial_to_the_saved_sheet_is_on_the_number_pad(
    karen, sheet, database, keys
):
    wrong = make_serial(1)[:-1] + "0"
    key(karen, wrong + "\n")
    expect(karen.locator("#problem")).to_contain_text(f"Du tastede {wrong}")
    # What was refused is selected: the right number takes its place.
    key(karen, sheet.serial + "\n")
    at(karen, 1)
    key(karen, "48/*")
    key(karen, "19+1996\n")  # plus takes away what is half keyed
    key(karen, ",7")  # would not say
    key(karen, "7\n" + "1" + "13\n" + ",8")
    at(karen, 11)
    key(karen, "-")
    expect(karen.locator("#review-title")).to_have_text("Alt er tastet")
    karen.wait_for_timeout(PAUSE)
    key(karen, "\n")
    expect(karen.get_by_role("status")).to_contain_text(f"Ark {sheet.serial} er gemt")
    expect(karen.locator("#serial")).to_be_focused()
    stored = [*answers(database, keys)[0].values()]
    assert stored == [4, -3, -6, -7, 1996, -5, 7, 1, [1, 3], -3, -8]


def test_plus_empties_the_serial(karen, sheet):
    key(karen, "99+" + sheet.serial + "\n")
    at(karen, 1)


def test_a_doubted_value_can_be_keyed_again_at_once(karen, sheet):
    key(karen, sheet.serial + "\n" + "3333")
    expect(karen.locator("#notice")).to_contain_text("Fjerde 3 i træk")
    key(karen, "+")
    at(karen, 4)
    expect(karen.locator("#notice")).to_have_text("")
    key(karen, "2")
    at(karen, 5)
    expect(karen.locator("#rows li").nth(3)).to_contain_text("2")


def test_an_unusual_number_is_doubted_and_kept_when_the_paper_says_so(karen, sheet):
    key(karen, sheet.serial + "\n" + "1234" + "2000\n" + "12\n")
    at(karen, 6)
    expect(karen.locator("#notice")).to_contain_text("Usædvanligt mange: 12")
    key(karen, "\n")
    at(karen, 7)


def test_a_hard_error_is_told_by_a_word_a_filled_slat_and_no_way_on(karen, sheet):
    key(karen, sheet.serial + "\n" + "7")
    notice = karen.locator("#notice")
    expect(notice).to_contain_text("Fejl. Modtaget: 7")
    expect(notice).to_contain_text("Tilladt: 1–5")
    expect(karen.locator("#go-on")).to_be_hidden()
    painted = "one => getComputedStyle(one).backgroundColor"
    ground = karen.locator("body").evaluate(painted)
    assert notice.evaluate(painted) not in {ground, "rgba(0, 0, 0, 0)"}
    key(karen, "4" + "333" + "\n")
    at(karen, 5)


def test_a_slip_among_several_ticks_takes_none_of_them(karen, sheet):
    key(karen, sheet.serial + "\n,+9\n")
    key(karen, "\n")  # nothing keyed: as in every other field it is no answer
    expect(karen.locator("#notice")).to_contain_text("Intet tastet")
    key(karen, "139")
    expect(karen.locator("#notice")).to_contain_text("Modtaget: 9")
    key(karen, "+")
    expect(karen.locator("#notice")).to_have_text("")
    expect(karen.locator("#value")).to_have_value("1, 3")
    key(karen, "\n")
    expect(karen.locator("#rows li").nth(8)).to_contain_text("1, 3")


def test_the_comma_leads_the_same_way_from_a_field_and_from_the_end(keyed_through):
    key(keyed_through, ",7")  # no reason without a field, and no number
    expect(keyed_through.locator("#review")).to_be_visible()
    key(keyed_through, ",+4\n")
    at(keyed_through, 4)


def test_plus_takes_a_wrong_value_away_and_leaves_the_field_before_alone(karen, sheet):
    key(karen, sheet.serial + "\n" + "1234" + "1800\n")
    expect(karen.locator("#notice")).to_contain_text("Fejl. Modtaget: 1800")
    expect(karen.locator(".pad [data-key='+']")).to_contain_text("tast igen")
    key(karen, "+" + "2014\n")
    at(karen, 6)
    expect(karen.locator("#rows li").nth(3)).to_contain_text("4")
    expect(karen.locator("#rows li").nth(4)).to_contain_text("2014")


def test_what_is_missing_is_saved_as_not_answered_only_after_minus_and_enter(
    keyed_through, database, keys
):
    page = keyed_through
    expect(page.locator("#review-title")).to_have_text("8 felter mangler")
    key(page, "-")
    expect(page.locator("#review-lead")).to_contain_text("8 felter gemmes som ikke besvaret")
    key(page, "+")
    expect(page.locator("#review-lead")).to_contain_text("Enter går til felt 3")
    key(page, "-\n")
    expect(page.get_by_role("status")).to_contain_text("er gemt")
    stored = [*answers(database, keys)[0].values()]
    assert stored == [1, 2] + [-8] * 9


def test_one_minus_too_many_on_the_last_field_marks_nothing(karen, sheet):
    key(karen, sheet.serial + "\n" + "12" + ",+11\n" + "--")
    expect(karen.locator("#review-lead")).to_contain_text("Enter går til felt 3")


def test_the_end_counts_what_was_keyed_and_names_stretches_as_one(keyed_through):
    page = keyed_through
    counted = [
        page.locator(f"#count-{name}").inner_text()
        for name in ("keyed", "blank", "skipped", "unkeyed")
    ]
    assert counted == ["2", "1", "0", "8"]
    page.get_by_role("button", name="3–10 Udenfor").click()
    at(page, 3)


def test_errors_doubts_and_the_end_sound_differently_and_answers_are_silent(karen, sheet):
    def heard():
        karen.wait_for_timeout(100)
        tones = karen.evaluate("window.tones")
        karen.evaluate("window.tones = []")
        return tones

    key(karen, sheet.serial + "\n" + "444")
    assert heard() == []
    key(karen, "7")
    error = heard()
    key(karen, "4")
    doubt = heard()
    key(karen, "\n" + ",+11\n" + "-")
    end = heard()
    assert all((error, doubt, end))
    assert len({tuple(error), tuple(doubt), tuple(end)}) == 3


def test_sound_is_switched_off_on_the_pad_and_stays_off(karen, sheet):
    key(karen, sheet.serial + "\n" + ",*" + "7")
    expect(karen.locator("#sound")).to_have_text("Slå lyden til")
    expect(karen.locator("#notice")).to_contain_text("Fejl")
    karen.reload()
    key(karen, "7")
    karen.wait_for_timeout(100)
    assert karen.evaluate("window.tones") == []
    karen.click("#sound")
    key(karen, "7")
    karen.wait_for_function("window.tones.length > 0")


def test_a_sheet_laid_aside_is_taken_up_again_by_its_serial(karen, sheet):
    key(karen, sheet.serial + "\n" + "123" + ",0")
    expect(karen.locator("#begun")).to_contain_text(re.compile("nået til felt 4"))
    expect(karen.locator("#serial")).to_be_focused()
    key(karen, sheet.serial + "\n")
    at(karen, 4)
    expect(karen.locator("#rows li").nth(2)).to_contain_text("3")


def test_without_javascript_the_empty_fields_are_told_before_they_are_saved(
    employ, study, sheet, open_browser, signs_in, database, keys
):
    employ("Karen", (study, "fieldworker"))
    page = signs_in(open_browser(locale="da-DK", java_script_enabled=False), "Karen")
    page.fill("#serial", sheet.serial)
    page.keyboard.press("Enter")
    expect(page.locator("#plain-codes-mini_moved_in")).to_have_text(re.compile("Fra 1930 til 20"))
    page.fill("#plain-mini_home", "4")
    page.get_by_role("button", name="Gem arket").click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(10)
    assert answers(database, keys) == []
    page.check("#left-blank")
    page.get_by_role("button", name="Gem arket").click()
    expect(page.get_by_role("status")).to_contain_text("er gemt")
    assert [*answers(database, keys)[0].values()] == [4] + [-8] * 10


class TestOnEveryInstrument:
    """What only real questions show: long ones, many codes, many fields."""

    @pytest.fixture
    def library(self):
        return LIBRARY

    @pytest.fixture
    def ours(self):
        return make_form(["tryghed", "trivsel", "beboerdemokrati", "background"], ["da"], LIBRARY)

    @pytest.fixture
    def sheet(self, make, study, ours):
        return make.sheet(make.open_wave(study, ours), make.area(study))

    @pytest.mark.parametrize(
        ("width", "height"), [(320, 640), (360, 740), (640, 450), (1024, 700), (1280, 900)]
    )
    def test_every_field_is_seen_whole_with_its_error_and_nothing_runs_out_sideways(
        self, karen, sheet, width, height
    ):
        karen.set_viewport_size({"width": width, "height": height})
        key(karen, sheet.serial + "\n")
        fields = karen.locator("#rows li").count()
        for number in range(1, fields + 1):
            key(karen, f",+{number}")
            karen.keyboard.press("NumpadEnter")
            karen.wait_for_function(
                "number => document.getElementById('field-number').textContent === `Felt ${number}`",
                arg=number,
            )
            karen.evaluate("() => new Promise(requestAnimationFrame)")
            told = karen.evaluate(
                """() => {
                    const box = document.getElementById("value").getBoundingClientRect();
                    const keys = document.querySelector(".pad");
                    const covered = getComputedStyle(keys).position === "fixed"
                        ? keys.getBoundingClientRect().top : innerHeight;
                    return [document.documentElement.scrollWidth - innerWidth,
                        box.top >= 0 && box.bottom <= covered];
                }"""
            )
            assert told == [0, True], number
