"""A questionnaire without a network, in a real browser: nothing is lost, and nothing stored twice."""

import datetime as dt

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from survey.models import Response, Superseded, Wave
from survey.sealed_answers import read

LINE = "#sending"


@pytest.fixture
def live_server(server):
    return server.address


@pytest.fixture
def wave(make, mini):
    study = make.study(sender="Fonden for Gode Naboer")
    return make.open_wave(study, mini, closes=dt.date(2099, 12, 13))


@pytest.fixture
def code(make, wave):
    with make.database.reading() as session:
        study = session.get(type(wave), wave.id).study_id
    area = make.area(type("Study", (), {"id": study}))
    return make.invitation(wave, area)[1]


@pytest.fixture
def stored(database, keys):
    """A function that returns every response's status and answers."""

    def all_of_them():
        with database.reading() as session:
            found = session.scalars(select(Response)).all()
            return [(one.status, read(keys, one).answers) for one in found]

    return all_of_them


@pytest.fixture
def the_only(stored):
    def one():
        (response,) = stored()
        return response

    return one


def begin(page, code, language="da"):
    page.goto(f"/c/{code}")
    page.locator(f"button[value={language}]").click()
    page.locator("main form button.button").click()
    page.wait_for_url("**/page/1")
    kept(page)


def kept(page):
    """Wait until the phone holds the questionnaire."""
    holds = """async () => navigator.serviceWorker.controller !== null &&
        (await (await caches.open('beboerpuls')).keys())
          .some(({ url }) => url.includes('/offline/'))"""
    eventually(page, lambda: page.evaluate(holds))
    page.wait_for_timeout(100)  # and has noted where


def waiting(page):
    """How many packs wait on this phone."""
    return page.evaluate(
        """() => new Promise((resolve, reject) => {
          const opened = indexedDB.open('beboerpuls');
          opened.onerror = reject;
          opened.onsuccess = () => {
            const all = opened.result.transaction('waiting').objectStore('waiting').getAll();
            all.onsuccess = () => { opened.result.close(); resolve(all.result.length); };
          };
        })"""
    )


def eventually(page, holds):
    """Wait for what happens at the server."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    assert holds()


def page_one(page, answer="Enig"):
    for question in page.locator("[data-part='1'], main").last.get_by_role("group").all():
        question.get_by_text(answer, exact=True).click()


def page_two(page, member="Nej", year="2014"):
    page.get_by_label("Hvilket år flyttede du ind?").fill(year)
    page.get_by_role("group", name="Hvor mange voksne").get_by_text("Ønsker ikke").click()
    page.get_by_label("7", exact=True).check()
    page.get_by_role("group", name="forening").get_by_text(member, exact=True).click()


def forward(page):
    page.locator("main .moves .button:visible").first.click()


GIVEN = {
    "mini_home": 4,
    "mini_stairs": 4,
    "mini_outside": 4,
    "mini_afraid": 4,
    "mini_moved_in": 2014,
    "mini_adults": -5,
    "mini_life": 7,
    "mini_member": 2,
    "mini_comment": "Her er rart.\nMest om sommeren.",
}


def given(answers):
    return {name: answer for name, answer in answers.items() if answer != -8}


def to_the_end(page):
    """The rest of the questionnaire from page 2, without a line."""
    expect(page.get_by_label("Hvilket år flyttede du ind?")).to_be_visible()
    page_two(page)
    forward(page)
    page.get_by_label("Vil du sige mere?").fill(GIVEN["mini_comment"])
    forward(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tak. Dine svar venter på telefonen.")


def test_a_line_lost_in_the_middle_costs_nothing(phone, code, the_only):
    begin(phone, code)
    page_one(phone)
    phone.context.set_offline(True)
    forward(phone)
    expect(phone.locator(LINE)).to_contain_text("Én side venter")
    to_the_end(phone)
    expect(phone.locator(LINE)).to_contain_text("3 sider venter")
    assert the_only()[0] == "started"
    phone.context.set_offline(False)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Tak. Dine svar er kommet frem.")
    status, answers = the_only()
    assert status == "submitted"
    assert given(answers) == GIVEN
    assert waiting(phone) == 0


def test_without_a_line_the_second_half_of_a_double_click_does_not_send(phone, code, the_only):
    begin(phone, code)
    page_one(phone)
    phone.context.set_offline(True)
    forward(phone)
    expect(phone.get_by_label("Hvilket år flyttede du ind?")).to_be_visible()
    page_two(phone)
    forward(phone)
    expect(phone.get_by_label("Vil du sige mere?")).to_be_visible()
    send = phone.locator("main .moves .button:visible").first
    send.scroll_into_view_if_needed()
    box = send.bounding_box()
    phone.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    # As a browser reports it when the page came between the two halves.
    phone.mouse.down(click_count=2)
    phone.mouse.up(click_count=2)
    phone.get_by_label("Vil du sige mere?").fill(GIVEN["mini_comment"])
    forward(phone)
    phone.context.set_offline(False)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Tak. Dine svar er kommet frem.")
    assert given(the_only()[1]) == GIVEN


def test_the_line_comes_back_in_the_middle_and_the_next_page_comes_from_the_server(
    phone, code, the_only
):
    begin(phone, code)
    page_one(phone)
    phone.context.set_offline(True)
    forward(phone)
    expect(phone.get_by_label("Hvilket år flyttede du ind?")).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.locator(LINE)).to_contain_text("nu sendt")
    page_two(phone)
    forward(phone)
    phone.wait_for_url("**/page/4")
    expect(phone.locator("#offline")).to_have_count(0)
    phone.get_by_label("Vil du sige mere?").fill(GIVEN["mini_comment"])
    forward(phone)
    expect(phone.locator(".receipt")).to_be_visible()
    assert the_only()[0] == "submitted"
    assert given(the_only()[1]) == GIVEN


def test_a_server_that_is_killed_and_started_again_loses_nothing(phone, server, code, the_only):
    begin(phone, code)
    page_one(phone)
    server.kill()
    forward(phone)
    to_the_end(phone)
    server.start()
    expect(phone.get_by_role("heading", level=1)).to_have_text(
        "Tak. Dine svar er kommet frem.", timeout=20_000
    )
    assert the_only()[0] == "submitted"
    assert given(the_only()[1]) == GIVEN


def test_an_acknowledgement_that_is_lost_stores_nothing_twice(phone, code, the_only):
    begin(phone, code)
    page_one(phone)

    def swallow(route):
        route.fetch(max_redirects=0)
        route.abort()

    phone.route(
        "**/page/1",
        lambda route: swallow(route) if route.request.method == "POST" else route.continue_(),
    )
    forward(phone)
    phone.wait_for_url("**/page/2")
    assert given(the_only()[1]) == dict.fromkeys(list(GIVEN)[:4], 4)
    page_two(phone)
    forward(phone)
    phone.get_by_label("Vil du sige mere?").fill("Godt")
    forward(phone)
    expect(phone.locator(".receipt")).to_be_visible()
    status, answers = the_only()
    assert (status, answers["mini_comment"]) == ("submitted", "Godt")


def test_an_answer_taken_back_without_a_line_is_taken_back(phone, code, the_only):
    begin(phone, code)
    page_one(phone)
    phone.context.set_offline(True)
    forward(phone)
    page_two(phone)
    phone.get_by_role("button", name="Tilbage").locator("visible=true").click()
    first = phone.locator("[data-part='1']")
    expect(first.locator("#mini_home_4")).to_be_checked()
    first.get_by_role("group").nth(1).get_by_text("Uenig", exact=True).click()
    forward(phone)
    expect(phone.get_by_label("Hvilket år flyttede du ind?")).to_have_value("2014")
    phone.get_by_label("Hvilket år flyttede du ind?").fill("")
    forward(phone)
    phone.context.set_offline(False)
    eventually(phone, lambda: the_only()[1].get("mini_moved_in") == -8)
    answers = the_only()[1]
    assert (answers["mini_home"], answers["mini_stairs"]) == (4, 2)
    assert answers["mini_moved_in"] == -8


def test_routing_goes_the_same_way_without_a_line(phone, code, the_only):
    begin(phone, code)
    phone.context.set_offline(True)
    forward(phone)
    page_two(phone, member="Ja")
    forward(phone)
    expect(phone.locator("[data-part='3']")).to_be_visible()
    expect(phone.locator("[data-part='3'] .progress-words")).to_have_text("Side 3 af 4")
    phone.go_back()
    page_two(phone, member="Nej")
    forward(phone)
    expect(phone.locator("[data-part='4'] .progress-words")).to_have_text("Side 3 af 3")


def test_what_cannot_be_an_answer_is_told_without_a_line_too(phone, code):
    begin(phone, code)
    phone.context.set_offline(True)
    forward(phone)
    phone.get_by_label("Hvilket år flyttede du ind?").fill("2206")
    forward(phone)
    alert = phone.get_by_role("alert").locator("visible=true")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("Du skrev »2206«. Året skal ligge mellem 1930")
    alert.get_by_role("link").click()
    expect(phone.get_by_label("Hvilket år flyttede du ind?")).to_be_focused()
    phone.get_by_role("button", name="Fortsæt uden at rette").locator("visible=true").click()
    expect(phone.locator("[data-part='3']")).to_be_visible()


def test_two_phones_with_the_same_code_store_one_response(open_browser, code, the_only, database):
    first = open_browser(locale="da-DK")
    second = open_browser(locale="da-DK")
    begin(first, code)
    page_one(first)
    first.context.set_offline(True)
    forward(first)
    to_the_end(first)
    second.goto(f"/c/{code}")
    second.locator("main form button.button").click()
    second.wait_for_url("**/page/1")
    page_one(second, "Uenig")
    forward(second)
    page_two(second)
    forward(second)
    second.wait_for_url("**/page/4")
    forward(second)
    expect(second.locator(".receipt")).to_be_visible()
    first.context.set_offline(False)
    expect(first.locator(LINE)).to_contain_text("De svar gælder")
    assert the_only()[0] == "submitted"
    assert the_only()[1]["mini_home"] == 2
    with database.reading() as session:
        (later,) = session.scalars(select(Superseded)).all()
    assert later.reason == "already_submitted"


def test_an_update_in_between_changes_nothing_for_whoever_has_begun(
    phone, server, code, the_only, tmp_path
):
    begin(phone, code)
    page_one(phone)
    server.kill()
    forward(phone)
    scripts = server.update(tmp_path / "later")
    for name in ("resident.js", "offline.js", "worker.js", "pocket.js"):
        (scripts / name).write_text((scripts / name).read_text() + "void 'a later version';\n")
    with (scripts / "survey.css").open("a") as style:
        style.write(".later { color: inherit; }\n")
    page_two(phone)
    forward(phone)
    server.start()
    phone.get_by_label("Vil du sige mere?").fill(GIVEN["mini_comment"])
    expect(phone.locator(LINE)).to_contain_text("nu sendt", timeout=20_000)
    forward(phone)
    eventually(phone, lambda: the_only()[0] == "submitted")
    assert given(the_only()[1]) == GIVEN


def test_a_wave_that_closed_meanwhile_is_told_kindly(phone, code, wave, the_only, database):
    begin(phone, code)
    page_one(phone)
    phone.context.set_offline(True)
    forward(phone)
    to_the_end(phone)
    with database.writing() as session:
        session.get(Wave, wave.id).status = "closed"
    phone.context.set_offline(False)
    expect(phone.locator(LINE)).to_contain_text("kom for sent")
    expect(phone.get_by_role("heading", level=1)).to_have_text(
        "Tak. Dine svar venter på telefonen."
    )
    assert the_only()[0] == "started"
    assert waiting(phone) == 0


# The first pack that waits names no wave: the server can take no delivery that holds it.
NAMES_NO_WAVE = """() => new Promise((done) => {
    const opened = indexedDB.open('beboerpuls');
    opened.onsuccess = () => {
        const packs = opened.result.transaction('waiting', 'readwrite').objectStore('waiting');
        packs.openCursor().onsuccess = ({ target: { result } }) =>
            (result.update({ ...result.value, wave: 'x' }).onsuccess = done);
    };
})"""


def test_what_the_server_never_takes_is_told_and_holds_back_nothing(phone, code, the_only):
    begin(phone, code)
    phone.context.set_offline(True)
    page_one(phone)
    forward(phone)
    to_the_end(phone)
    phone.evaluate(NAMES_NO_WAVE)
    phone.context.set_offline(False)
    expect(phone.locator(LINE)).to_contain_text("kan vi ikke tage imod")
    eventually(phone, lambda: the_only()[0] == "submitted")
    # The last page's whole told the rest; and nobody is thanked for all.
    expect(phone.get_by_role("heading", level=1)).to_have_text(
        "Tak. Dine svar venter på telefonen."
    )
    assert waiting(phone) == 1


NO_STORE = "delete window.indexedDB; Object.defineProperty(window, 'indexedDB', {value: undefined})"
NO_WORKER = "Object.defineProperty(navigator, 'serviceWorker', {value: undefined})"
NO_CRYPTO = "Object.defineProperty(crypto, 'subtle', {value: undefined})"


@pytest.mark.parametrize("missing", [NO_STORE, NO_WORKER, NO_CRYPTO])
def test_where_the_phone_keeps_nothing_the_page_stays_and_tries_again(
    phone, code, the_only, missing
):
    phone.add_init_script(missing)
    phone.goto(f"/c/{code}")
    phone.locator("button[value=da]").click()
    phone.locator("main form button.button").click()
    phone.wait_for_url("**/page/1")
    page_one(phone)
    phone.context.set_offline(True)
    forward(phone)
    expect(phone.locator(LINE)).to_contain_text("Bliv på siden")
    expect(phone.locator("#mini_home_4")).to_be_checked()
    phone.context.set_offline(False)
    phone.wait_for_url("**/page/2", timeout=20_000)
    assert given(the_only()[1]) == dict.fromkeys(list(GIVEN)[:4], 4)


def test_a_phone_that_is_full_claims_nothing_and_loses_nothing(phone, code, the_only):
    begin(phone, code)
    page_one(phone)
    phone.context.set_offline(True)
    forward(phone)
    page_two(phone)
    phone.evaluate(
        """() => { IDBObjectStore.prototype.put = () => {
             throw new DOMException('full', 'QuotaExceededError'); } }"""
    )
    forward(phone)
    expect(phone.locator(LINE)).to_contain_text("Telefonen kan ikke gemme mere")
    expect(phone.get_by_label("Hvilket år flyttede du ind?")).to_have_value("2014")
    phone.context.set_offline(False)
    expect(phone.locator(LINE)).to_contain_text("nu sendt")
    forward(phone)
    phone.wait_for_url("**/page/4")
    assert the_only()[1]["mini_moved_in"] == 2014


def test_whoever_leaves_without_a_line_leaves_nothing_to_read(phone, code, the_only):
    begin(phone, code)
    page_one(phone)
    phone.context.set_offline(True)
    forward(phone)
    page_two(phone)
    phone.get_by_role("button", name="Luk mine svar her").locator("visible=true").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Her kan ingen se dine svar")
    assert phone.evaluate("sessionStorage.length") == 0
    phone.goto("/page/2")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Der er ikke forbindelse lige nu")
    assert phone.locator("#mini_moved_in").input_value() == ""
    assert phone.locator("input:checked").count() == 0
    phone.context.set_offline(False)
    expect(phone.locator(LINE)).to_contain_text("nu sendt")
    phone.goto("/page/2")
    assert phone.url.endswith("/")
    assert the_only()[0] == "started"
    assert the_only()[1]["mini_moved_in"] == 2014


@pytest.mark.parametrize("offline", [False, True])
def test_a_phone_that_nobody_touches_forgets_and_loses_nothing(phone, code, the_only, offline):
    phone.clock.install()
    begin(phone, code)
    if offline:
        phone.context.set_offline(True)
        forward(phone)
        phone.get_by_label("Hvilket år flyttede du ind?").fill("2014")
    else:
        page_one(phone)
    phone.clock.run_for(21 * 60 * 1000)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Her kan ingen se dine svar")
    phone.context.set_offline(False)
    phone.goto("/page/1")
    assert phone.locator("#mini_home_4").count() == 0
    name, answer = ("mini_moved_in", 2014) if offline else ("mini_home", 4)
    eventually(phone, lambda: the_only()[1].get(name) == answer)
