"""Questions are read aloud: by a recording, else by a voice of the device, else not at all.

Chromium without a screen has no voices. A stand-in lists some and speaks by keeping a record, which
is all it can show: how real voices sound, and what real phones list, has to be tried on phones.
"""

import datetime as dt
import io
import json
import shutil
import wave as sound
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from instruments import LIBRARY, make_form

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "locale": "da-DK"}
# Listed late, as most browsers do. Utterances last until the test lets them end.
VOICES = """
(voices) => {
  const list = [];
  const target = new EventTarget();
  window.heard = [];
  window.silent = false;
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
  target.getVoices = () => list;
  target.speak = (said) => {
    if (window.silent) return;
    heard.push({ text: said.text, lang: said.lang, voice: said.voice.name });
    target.now = said;
    setTimeout(() => said.onstart && said.onstart(), 0);
  };
  target.cancel = () => {
    const said = target.now;
    target.now = null;
    if (said) said.onerror({ error: "canceled" });
  };
  window.finish = () => {
    const said = target.now;
    target.now = null;
    said.onend();
  };
  window.arrive = (more) => {
    list.push(...more);
    target.dispatchEvent(new Event("voiceschanged"));
  };
  Object.defineProperty(window, "speechSynthesis", { value: target });
  if (voices.length) arrive(voices);
}
"""


def voice(lang, *, local=True, name=""):
    name = name or f"A voice for {lang}"
    return {"lang": lang, "name": name, "voiceURI": name, "localService": local, "default": False}


@pytest.fixture
def library(tmp_path):
    """Ours, with one question recorded in Danish."""
    root = tmp_path / "library"
    shutil.copytree(LIBRARY, root)
    folder = root / "tryghed" / "1" / "audio" / "da"
    folder.mkdir(parents=True)
    (folder / "t1_home_night.mp3").write_bytes(second_of_silence())
    return root


def second_of_silence():
    """As a wave file, which browsers play whatever its name says."""
    written = io.BytesIO()
    with sound.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    return written.getvalue()


@pytest.fixture
def settings(settings, request):
    if "recorded" in request.fixturenames:
        return replace(settings, library=request.getfixturevalue("library"))
    return settings


@pytest.fixture
def recorded():
    """Asks for a library with a recording."""


@pytest.fixture
def first_page(open_browser, make, settings):
    """A function that opens the first page of questions on a phone with some voices."""

    def opened(language="da", voices=(), **options):
        form = make_form(["tryghed"], ["da", "ar", "bs"], settings.library)
        study = make.study()
        wave = make.open_wave(study, form, closes=dt.date(2099, 12, 13))
        _, code = make.invitation(wave, make.area(study))
        page = open_browser(**PHONE | options)
        if options.get("java_script_enabled", True):
            page.add_init_script(f"({VOICES})({json.dumps(list(voices))})")
        page.goto(f"/c/{code}")
        page.locator(f"button[value={language}]").click()
        page.wait_for_url("**/about")
        page.locator("main form button.button").first.click()
        page.wait_for_url("**/page/1")
        return page

    return opened


def read_button(page, number=0):
    return page.locator(".question").nth(number).locator(".read-aloud")


def test_without_a_voice_or_a_recording_no_button_is_shown(first_page):
    page = first_page(voices=[voice("de-DE"), voice("en_GB")])
    expect(page.locator(".question").first).to_be_visible()
    expect(page.locator(".read-aloud")).to_have_count(0)


def test_a_voice_that_sends_what_it_reads_elsewhere_is_not_used(first_page):
    page = first_page(voices=[voice("da-DK", local=False)])
    expect(page.locator(".read-aloud")).to_have_count(0)


def test_the_button_comes_when_the_voices_come(first_page):
    page = first_page()
    expect(page.locator(".read-aloud")).to_have_count(0)
    page.evaluate("voice => arrive([voice])", voice("da_DK"))
    expect(page.locator(".read-aloud")).to_have_count(page.locator(".question").count())
    assert page.evaluate("heard") == [], "nothing starts by itself"


def test_one_tap_reads_the_whole_question_and_every_answer(first_page):
    page = first_page(voices=[voice("da-DK")])
    question = page.locator(".question").first
    read_button(page).tap()
    labels = [label.inner_text() for label in question.locator("label").all()]
    seen = []
    for _ in range(1 + len(labels)):
        expect(page.locator(".being-read")).to_have_count(1)
        seen.append(page.locator(".being-read").inner_text())
        page.evaluate("finish()")
    heard = page.evaluate("heard")
    assert heard[0]["text"].startswith(
        "Hvor tryg eller utryg har du følt dig de sidste 4 uger hjemme"
    )
    assert "…" not in heard[0]["text"]
    assert [one["text"] for one in heard[1:]] == labels == seen[1:]
    assert {one["lang"] for one in heard} == {"da-DK"}
    expect(page.locator(".being-read")).to_have_count(0)
    expect(read_button(page)).to_contain_text("Læs højt")


def test_what_is_read_is_told_by_more_than_colour(first_page):
    page = first_page(voices=[voice("da-DK")], forced_colors="active")
    read_button(page).tap()
    looks = page.locator(".being-read").evaluate(
        "one => { const look = getComputedStyle(one);"
        " return [look.outlineStyle, look.outlineWidth, look.textDecorationLine]; }"
    )
    assert looks == ["dashed", "3px", "underline"]


def test_a_second_tap_stops_and_a_third_begins_again(first_page):
    page = first_page(voices=[voice("da-DK")])
    button = read_button(page)
    button.tap()
    expect(button.get_by_text("Stop")).to_be_visible()
    button.tap()
    expect(page.locator(".being-read")).to_have_count(0)
    expect(button.get_by_text("Læs højt")).to_be_visible()
    button.tap()
    heard = page.evaluate("heard")
    assert len(heard) == 2
    assert heard[0] == heard[1]


def test_another_question_takes_over_and_escape_ends_it(first_page):
    page = first_page(voices=[voice("da-DK")])
    read_button(page, 0).tap()
    read_button(page, 1).tap()
    expect(page.locator(".reading")).to_have_count(1)
    expect(read_button(page, 1)).to_contain_text("Stop")
    page.keyboard.press("Escape")
    expect(page.locator(".reading")).to_have_count(0)


def test_each_button_has_a_name_of_its_own_and_is_large_enough(first_page):
    page = first_page(voices=[voice("da-DK")])
    names = page.get_by_role("button", name="Læs højt")
    expect(names.first).to_have_accessible_name("Læs højt 1 af 6")
    boxes = [button.bounding_box() for button in names.all()]
    assert min(min(box["width"], box["height"]) for box in boxes) >= 44


def test_a_voice_that_fails_takes_its_button_away_and_keeps_the_focus(first_page):
    page = first_page(voices=[voice("da-DK")])
    read_button(page).focus()
    page.keyboard.press("Enter")
    page.evaluate("speechSynthesis.now.onerror({ error: 'synthesis-failed' })")
    expect(page.locator(".read-aloud")).to_have_count(0)
    expect(page.locator(".question input").first).to_be_focused()


def test_a_voice_that_says_nothing_counts_as_broken(first_page):
    page = first_page(voices=[voice("da-DK", name="mute"), voice("da-DK", name="other")])
    page.evaluate("silent = true")
    read_button(page).tap()
    expect(page.locator(".reading")).to_have_count(0, timeout=8000)
    page.evaluate("silent = false")
    read_button(page).tap()
    assert page.evaluate("heard.map((one) => one.voice)") == ["other"]


def test_bosnian_is_read_by_a_croatian_voice_where_there_is_no_bosnian(first_page):
    page = first_page("bs", voices=[voice("hr-HR")])
    read_button(page).tap()
    assert page.evaluate("heard[0].lang") == "hr-HR"


def test_arabic_is_read_by_an_arabic_voice_from_right_to_left(first_page):
    page = first_page("ar", voices=[voice("da-DK"), voice("ar-SA")])
    read_button(page).tap()
    assert page.evaluate("heard[0].lang") == "ar-SA"
    button = read_button(page).bounding_box()
    text = page.locator(".question-number").first.bounding_box()
    assert button["x"] + button["width"] < text["x"] + text["width"] / 2


def test_a_recording_is_played_though_there_is_no_voice(first_page, recorded):
    page = first_page()
    expect(page.locator(".read-aloud")).to_have_count(1)
    with page.expect_response("**/audio/da/tryghed_t1_home_night*") as sent:
        read_button(page).tap()
    assert sent.value.status in {200, 206}
    assert sent.value.headers["cache-control"] == "no-store"
    expect(page.locator(".question.being-read")).to_have_count(1)
    expect(page.locator(".reading")).to_have_count(0, timeout=5000)


def test_a_recording_that_cannot_be_had_gives_way_to_the_voice(first_page, recorded):
    page = first_page(voices=[voice("da-DK")])
    page.route("**/audio/**", lambda route: route.abort())
    read_button(page).tap()
    expect(page.locator("legend.being-read")).to_have_count(1)
    assert page.evaluate("heard[0].text").startswith("Hvor tryg")


def test_without_a_script_a_recording_has_the_browsers_own_player(first_page, recorded):
    page = first_page(java_script_enabled=False)
    expect(page.locator("audio")).to_have_count(1)
    assert page.locator("audio").get_attribute("preload") == "none"
    expect(page.locator(".read-aloud")).to_have_count(0)


def test_without_a_line_the_voice_still_reads(first_page):
    page = first_page(voices=[voice("da-DK")])
    kept = """async () => navigator.serviceWorker.controller !== null &&
        (await (await caches.open('beboerpuls')).keys()).some(({ url }) => url.includes('/offline/'))"""
    for _ in range(50):
        if page.evaluate(kept):
            break
        page.wait_for_timeout(200)
    page.wait_for_timeout(200)
    page.context.set_offline(True)
    page.locator(".moves .button").first.click()
    shown = page.locator("#offline [data-part='2']")
    expect(shown).to_be_visible(timeout=30_000)
    shown.locator(".read-aloud").first.tap()
    expect(shown.locator("legend.being-read")).to_have_count(1)
    heading = shown.locator("h1").inner_text().rstrip("… ")
    assert page.evaluate("heard[0].text").startswith(heading)


def test_recordings_are_for_those_who_are_asked(client):
    assert client.get("/audio/da/tryghed_t1_home_night").status_code == 404
