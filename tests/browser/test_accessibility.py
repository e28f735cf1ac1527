"""What axe does not see: order, focus, size, direction, narrow and enlarged screens, in Chromium."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

import survey
from instruments import LIBRARY, make_form
from survey.languages import TRANSLATIONS, Languages

LANGUAGES = ("da", "ar", "bs", "en", "fa", "pl", "so", "tr", "uk", "ur")
RIGHT_TO_LEFT = ("ar", "fa", "ur")
MINI = Path(__file__).parents[1] / "given" / "questionnaires"
PHONE = {"width": 360, "height": 740}
MOST_PAGES = 30
# A phone of 320 pixels; and what a screen of 1280 by 1024 shows when it is enlarged to 400 %.
NARROW = {"width": 320, "height": 256}
SENDER = "Fonden for Gode Naboer"

# What is too wide, and what is too small to be pressed; links within a sentence may be.
NARROWNESS = """
() => {
  const found = [];
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`the page is ${wide} px too wide`);
  for (const one of document.querySelectorAll("body *")) {
    const { left, right, width } = one.getBoundingClientRect();
    if (width && !one.closest(".unseen") && (left < -8 || right > innerWidth + 8))
      found.push(`${one.tagName} ${one.className}: ${one.textContent.slice(0, 40)} is cut off`);
  }
  for (const one of document.querySelectorAll("a, button, label, summary, .entry")) {
    if (one.matches("p a, .unseen, label.question-text")) continue;
    const { width, height } = one.getBoundingClientRect();
    if (width && Math.min(width, height) < 44)
      found.push(`${one.textContent.slice(0, 40)} is ${width} by ${height} px`);
  }
  return found;
}
"""
# Where the focus is seen: on the control, or on the label that is painted for it.
FOCUS = """
() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const label = one.matches(".answer input") ? one.nextElementSibling : one;
  const { outlineStyle, outlineWidth } = getComputedStyle(label);
  const { top, bottom } = label.getBoundingClientRect();
  const every = Array.from(document.querySelectorAll("*"));
  return { place: every.indexOf(one), name: one.id || one.textContent.trim(),
    ring: outlineStyle === "none" ? 0 : parseFloat(outlineWidth),
    seen: bottom > 0 && top < innerHeight };
}
"""
SPACED = """* { line-height: 1.5 !important; letter-spacing: .12em !important;
  word-spacing: .16em !important; } p { margin-block-end: 2em !important; }"""


@pytest.fixture
def open_page(open_browser):
    """A function that opens a browser which keeps nothing for a lost line.

    A slow machine would go on with that, and the walk be another one.
    """
    return lambda **options: open_browser(locale="da-DK", service_workers="block", **options)


@pytest.fixture
def settings(settings, request):
    return replace(settings, library=MINI if "small" in request.fixturenames else LIBRARY)


@pytest.fixture
def app(settings, request):
    """With our own words; the small questionnaire is tried with an Arabic that lacks most."""
    folders = [MINI.parent / "translations"] if "small" in request.fixturenames else []
    app = survey.create_app(settings, Languages(TRANSLATIONS, *folders))
    yield app
    app.extensions["beboerpuls"].database.engine.dispose()


@pytest.fixture
def invite(make):
    """A function that opens a wave on a form and makes a code for it."""

    def invite(form):
        study = make.study(sender=SENDER, contact="ring 12 34 56 78")
        wave = make.open_wave(study, form, closes=dt.date(2099, 12, 13))
        return make.invitation(wave, make.area(study))[1]

    return invite


@pytest.fixture
def code(invite):
    return invite(make_form(["background", "trivsel"], LANGUAGES))


@pytest.fixture
def small(invite, mini):
    """A code for the small questionnaire, which has every kind of item."""
    return invite(mini)


def press(page, selector):
    with page.expect_navigation():
        page.locator(selector).first.click()


def begin(page, code, language="da"):
    page.goto(f"/c/{code}")
    press(page, f"button[value={language}]")
    press(page, "main form button.button")


def wrong_numbers(page):
    entries = page.locator("input[inputmode=numeric]").all()
    for entry in entries:
        entry.fill("2206")
    return bool(entries)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_off_at_320_pixels_or_at_400_per_cent(open_page, code, language):
    page = open_page(viewport=NARROW)
    found = []

    def look():
        found.extend(f"{page.url}: {one}" for one in page.evaluate(NARROWNESS))

    page.goto(f"/?language={language}")
    look()
    for path in ("privacy", "help", "accessibility"):
        page.goto(f"/{path}")
        look()
    page.goto(f"/c/{code}")
    page.goto("/language")
    look()
    press(page, f"button[value={language}]")
    look()
    press(page, "main form button.button")
    refused = 0
    for _ in range(MOST_PAGES):
        look()
        if wrong_numbers(page):
            press(page, ".moves .button")
            refused += 1
            look()
            press(page, "button[value=skip]")
        else:
            press(page, ".moves .button")
        if "/page/" not in page.url:
            break
    look()
    assert refused
    assert found == []


@pytest.mark.parametrize("language", ["da", "pl", "uk"])
def test_nothing_is_cut_off_when_letters_and_lines_are_set_apart(open_page, code, language):
    page = open_page(viewport=PHONE, bypass_csp=True)
    begin(page, code, language)
    wrong_numbers(page)
    press(page, ".moves .button")
    page.add_style_tag(content=SPACED)
    assert page.evaluate(NARROWNESS) == []


@pytest.mark.parametrize("language", ["da", "ar"])
def test_focus_is_seen_and_goes_in_the_order_of_the_page(open_page, code, language):
    page = open_page(viewport=PHONE)
    begin(page, code, language)
    steps = []
    for _ in range(200):
        page.keyboard.press("Tab")
        step = page.evaluate(FOCUS)
        if step is None:
            break
        steps.append(step)
    assert len(steps) > 5
    places = [step["place"] for step in steps]
    assert places == sorted(places)
    assert [step["name"] for step in steps if step["ring"] < 2 or not step["seen"]] == []


def test_errors_are_summed_up_at_the_top_and_tied_to_their_fields(open_page, code):
    phone = open_page(viewport=PHONE)
    begin(phone, code)
    while not wrong_numbers(phone):
        press(phone, ".moves .button")
    press(phone, ".moves .button")
    summary = phone.get_by_role("alert")
    expect(summary).to_be_focused()
    assert phone.locator("main > *").first.evaluate(
        "one => one.matches('.error-summary, .sending')"
    )
    assert phone.title().startswith("Fejl: ")
    links = summary.get_by_role("link").all()
    assert len(links) == phone.locator("[aria-invalid=true]").count() > 0
    for link in links:
        link.focus()
        phone.keyboard.press("Enter")
        field = phone.locator(":focus")
        expect(field).to_have_attribute("aria-invalid", "true")
        described = field.get_attribute("aria-describedby").split()
        told = " ".join(phone.locator(f"#{one}").inner_text() for one in described)
        assert "2206" in told


def test_nothing_moves_for_those_who_asked_for_it(open_page, code):
    page = open_page(viewport=PHONE, reduced_motion="no-preference")
    begin(page, code)
    moving = (
        "Array.from(document.querySelectorAll('*')).filter((one) => {"
        " const { transitionDuration, animationName } = getComputedStyle(one);"
        " return parseFloat(transitionDuration) > 0 || animationName !== 'none'; }).length"
    )
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0


def test_in_forced_colours_a_choice_is_told_by_its_shape(open_page, small):
    page = open_page(viewport=PHONE, forced_colors="active")
    begin(page, small)
    page.locator(".answer label").first.click()
    widths = page.locator(".answer input").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).borderTopWidth)"
    )
    assert widths[0] != widths[1]
    edges = page.locator(".button, .answer label").evaluate_all(
        "all => all.map((one) => [getComputedStyle(one).borderTopColor,"
        " getComputedStyle(document.body).backgroundColor])"
    )
    quiet = page.locator(".answers-apart label").count()
    assert sum(edge == ground for edge, ground in edges) <= quiet


@pytest.mark.parametrize("language", RIGHT_TO_LEFT)
def test_a_page_from_right_to_left_is_mirrored(open_page, code, language):
    page = open_page(viewport=PHONE)
    page.goto(f"/c/{code}")
    press(page, f"button[value={language}]")
    name = page.locator("bdi", has_text=SENDER)
    expect(name.first).to_be_visible()
    press(page, "main form button.button")
    left = "(selector) => document.querySelector(selector).getBoundingClientRect().left"
    assert page.evaluate(left, ".progress li") > page.evaluate(left, ".progress li:last-child")
    assert page.evaluate(left, ".wordmark") > page.evaluate(left, ".band-button")
    assert page.evaluate(left, ".answer input") > PHONE["width"] / 2
    while not wrong_numbers(page):
        press(page, ".moves .button")
    entry = page.locator("input[inputmode=numeric]").first
    expect(entry).to_have_attribute("dir", "ltr")
    press(page, ".moves .button")
    edges = page.locator(".error-summary").evaluate(
        "one => [getComputedStyle(one).borderLeftWidth, getComputedStyle(one).borderRightWidth]"
    )
    assert edges == ["2px", "12px"]
    while not page.locator(".line").count():
        button = "button[value=skip]" if page.locator("button[value=skip]").count() else None
        press(page, button or ".moves .button")
    points = page.locator(".line .answer label").all()
    first, second = (point.bounding_box()["x"] for point in points[:2])
    assert first < second, "a line of numbers runs from left to right in every script"
    # The first sign of a sentence stands at the right edge and its end to the left of it.
    heading = page.locator("h1")
    expect(heading).to_have_css("direction", "rtl")


def test_what_falls_back_on_danish_says_so(open_page, small):
    page = open_page(viewport=PHONE)
    page.goto(f"/c/{small}")
    press(page, "button[value=ar]")
    press(page, "main form button.button")
    unmarked = page.evaluate(
        """() => {
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found = [];
          while (walker.nextNode()) {
            const one = walker.currentNode;
            const language = one.parentElement.closest("[lang]").lang;
            if (/[a-zæøå]{3}/i.test(one.data) !== (language === "da") && /\\p{L}/u.test(one.data))
              found.push(one.data.trim());
          }
          return found.filter(Boolean);
        }"""
    )
    assert page.locator("main [lang=da]").count() > 0
    assert unmarked == []
    # To be seen, too, and not only heard.
    fallen_back = page.locator("main span[lang=da]").first
    mark = fallen_back.evaluate("(one) => getComputedStyle(one, '::before').content")
    assert mark.startswith('"da')
