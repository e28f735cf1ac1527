"""A whole questionnaire as a screen reader meets it: Chromium's own accessibility tree, in order.

What a screen reader makes of the tree is not tried here; that takes one, and somebody who uses it.
"""

import pytest

from instruments import InstrumentTexts, Kind, make_form

LANGUAGES = ("da", "ar", "bs", "en", "fa", "pl", "so", "tr", "uk", "ur")
PHONE = {"viewport": {"width": 360, "height": 740}, "locale": "da-DK", "service_workers": "block"}
# Met on the way, but they are around what is said; `none` and `generic` say nothing.
SPOKEN = {"heading", "group", "radio", "checkbox", "textbox", "button", "link", "alert", "region"}


@pytest.fixture
def form():
    return make_form(["background", "trivsel"], LANGUAGES)


@pytest.fixture
def code(make, form):
    study = make.study(sender="Fonden for Gode Naboer")
    wave = make.open_wave(study, form)
    return make.invitation(wave, make.area(study))[1]


def met(page, within="main"):
    """What is met on a page from its top: (role, name), as the browser tells assistive technology."""
    session = page.context.new_cdp_session(page)
    nodes = {node["nodeId"]: node for node in session.send("Accessibility.getFullAXTree")["nodes"]}
    session.detach()
    root = next(node for node in nodes.values() if role(node) == within)
    return list(_below(nodes, root))


def _below(nodes, node):
    if not node["ignored"] and role(node) in SPOKEN:
        yield role(node), " ".join(node.get("name", {}).get("value", "").split())
    for child in node.get("childIds", ()):
        if child in nodes:
            yield from _below(nodes, nodes[child])


def role(node):
    return node.get("role", {}).get("value", "")


def expected(page, language):
    """What a page of questions should be met as, from the questionnaire's own files."""
    texts = InstrumentTexts(page.instrument, language)
    yield "heading", texts.heading(page.page).text
    for item in page.page.items:
        options, reasons = list(item.responses.codes), list(item.responses.apart)
        question = texts.question(item).text
        if item.kind in {Kind.NUMBER, Kind.YEAR, Kind.TEXT}:
            if reasons:
                yield "group", question
            yield "textbox", question
            options = []
        else:
            yield "group", question
        box = item.kind is Kind.MULTIPLE or not (options or item.kind is Kind.RATING)
        one = "checkbox" if box else "radio"
        if item.kind is Kind.RATING:
            lowest, highest = texts.ends(item.responses)
            points = range(item.responses.lowest, item.responses.highest + 1)
            ends = {points[0]: f", {lowest.text}", points[-1]: f", {highest.text}"}
            for point in points:
                yield "radio", f"{point}{ends.get(point, '')}"
        for code in (*options, *reasons):
            yield one, texts.answer(item.responses, code).text


def without_numbers(heard, t, of):
    """The same, without the "2 of 5" that stands before a question where there are several."""
    numbers = [t.plain("question.number", n=n, of=of) for n in range(1, of + 1)]
    for kind, name in heard:
        if kind in {"group", "textbox"}:
            number = next((one for one in numbers if name.startswith(one)), "")
            yield kind, name.removeprefix(number).strip()
        else:
            # A comma that is only heard stands apart from the figure before it.
            yield kind, name.replace(" ,", ",")


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).last.click()


@pytest.mark.parametrize("language", ["da", "ar"])
def test_a_whole_questionnaire_is_met_in_order(open_browser, app, code, form, language):
    t = app.extensions["beboerpuls"].languages.words(language)
    page = open_browser(**PHONE)
    page.goto(f"/c/{code}")
    press(page, t.language.name)
    assert met(page)[0] == ("heading", t.plain("about.title"))
    press(page, t.plain("about.go"))
    walked = 0
    for _ in form.pages():
        asked = form.pages()[int(page.url.rsplit("/", 1)[1]) - 1]
        heard = met(page)
        last = ("button", t.plain("page.send")) in heard
        forward = t.plain("page.send" if last else "page.next")
        questions = heard[: heard.index(("button", forward))]
        # What a route has closed is not met; the first page has all, and so have most.
        shown = page.locator(".question").count()
        if shown == len(asked.page.items):
            walked += 1
            assert list(without_numbers(questions, t, shown)) == list(expected(asked, language))
        assert [kind for kind, name in questions if not name] == []
        first = next((name for kind, name in questions if kind == "radio"), None)
        if first:
            page.get_by_role("radio", name=first, exact=True).first.check(force=True)
        press(page, forward)
        if last:
            break
    assert walked >= len(form.pages()) - 2
    assert met(page)[0] == ("heading", t.plain("done.title"))


def test_what_is_wrong_is_met_first_and_with_its_field(open_browser, code):
    page = open_browser(**PHONE)
    page.goto(f"/c/{code}")
    press(page, "Dansk")
    press(page, "Begynd")
    while not page.locator("input[inputmode=numeric]").count():
        press(page, "Næste")
    page.locator("input[inputmode=numeric]").first.fill("2206")
    press(page, "Næste")
    heard = met(page)
    assert heard[0][0] == "alert"
    assert heard[1][0] == "heading"
    assert heard[2][0] == "link"
    assert "2206" in heard[2][1]
    field = page.locator("[aria-invalid=true]").first
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    told = [
        node.get("description", {}).get("value", "")
        for node in nodes
        if role(node) in {"textbox", "group"}
    ]
    assert any("2206" in one for one in told), field


def test_every_page_has_its_landmarks_and_a_name_for_all_that_is_pressed(open_browser, code):
    page = open_browser(**PHONE)
    for path in ("/", "/privacy", "/help", "/accessibility", f"/c/{code}"):
        page.goto(path)
        everything = met(page, "RootWebArea")
        assert sum(kind == "heading" for kind, _ in everything) >= 1
        assert [kind for kind, name in everything if not name and kind != "alert"] == []
