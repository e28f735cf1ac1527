"""Settling with the keyboard alone, receiving without the page being asked for anew, a dying browser."""

from dataclasses import replace
from pathlib import Path

import pytest
from paper import ON_PAPER
from playwright.sync_api import expect

from survey.sealed_answers import read

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


@pytest.fixture
def gerda(employ, paper_wave, desk, signs_in):
    """The screen of somebody who keys, receives and settles."""
    employ("Gerda", (paper_wave.study, "fieldworker"))
    return signs_in(desk, "Gerda")


@pytest.fixture
def differing(paper_wave):
    """A sheet keyed by two who differ in three fields."""
    karen, bo = paper_wave.person("Karen"), paper_wave.person("Bo")
    (sheet,) = paper_wave.sheets(paper_wave.batch(second_keying_share=1), 1)
    paper_wave.key(sheet, karen)
    paper_wave.key(sheet, bo, {"mini_home": 5, "mini_adults": 3, "mini_life": 9})
    return sheet


def test_a_sheet_is_settled_with_the_keyboard_alone(gerda, paper_wave, differing):
    gerda.goto(f"/settling/{differing.serial}")
    expect(gerda.locator("#mini_home-first")).to_be_focused()
    why = gerda.locator("#mini_home-reason")
    expect(why).to_have_value("unsaid")
    gerda.keyboard.press("5")
    expect(why).to_have_value("unclear")
    # Saved too soon it is refused, and what is lacking is at hand.
    gerda.locator("#settle button").click()
    gerda.wait_for_selector(".error-summary")
    expect(why).to_have_value("unclear")
    expect(gerda.locator("#mini_home-first")).to_be_focused()
    gerda.keyboard.press("Numpad2")
    expect(gerda.locator("#mini_adults-first")).to_be_focused()
    gerda.keyboard.press("3")
    expect(gerda.locator("#mini_adults-typed")).to_be_focused()
    gerda.keyboard.type("0")
    # A value that was refused is replaced by the next key, and not written on.
    with gerda.expect_navigation():
        gerda.locator("#settle button").click()
    expect(gerda.locator("#mini_adults-typed")).to_be_focused()
    gerda.keyboard.type("4")
    expect(gerda.locator("#mini_adults-typed")).to_have_value("4")
    gerda.keyboard.press("Enter")
    expect(gerda.locator("#mini_life-first")).to_be_focused()
    gerda.keyboard.press("NumpadDivide")
    expect(gerda.locator("#settle button")).to_be_focused()
    gerda.keyboard.press("Enter")
    gerda.wait_for_url("**/settling/")
    (response,) = paper_wave.responses().values()
    decided = {"mini_home": 5, "mini_adults": 4, "mini_life": -6}
    assert read(paper_wave.keys, response).answers == ON_PAPER | decided


def test_sheets_are_received_one_after_another_on_one_page(gerda, paper_wave):
    pile = paper_wave.batch()
    first, second = paper_wave.sheets(pile, 2)
    gerda.goto("/paper/receive")
    for sheet in (first, second):
        gerda.fill("#serial", sheet.serial)
        gerda.keyboard.press("Enter")
        expect(gerda.locator("#told")).to_contain_text(sheet.serial)
        expect(gerda.locator("#serial")).to_have_value("")
    expect(gerda.locator("#received li")).to_have_count(2)
    assert paper_wave.state(second) == "returned"


def test_a_browser_that_dies_in_the_middle_of_a_sheet_leaves_it_to_be_keyed(
    gerda, paper_wave, open_browser, signs_in
):
    (sheet,) = paper_wave.sheets(paper_wave.batch(), 1)
    gerda.goto(f"/keying/{sheet.serial}")
    expect(gerda.locator("#field-number")).to_have_text("Felt 1")
    gerda.keyboard.press("4")
    expect(gerda.locator("#field-number")).to_have_text("Felt 2")
    gerda.context.close()
    assert paper_wave.state(sheet) == "printed"
    again = signs_in(open_browser(locale="da-DK"), "Gerda")
    again.goto(f"/keying/{sheet.serial}")
    expect(again.locator("#field-number")).to_have_text("Felt 1")
