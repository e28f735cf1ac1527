"""Keying at a kitchen table: without a network, through kills of the browser, and sent once."""

import json
import re

import pytest
from playwright.sync_api import expect
from profiles import found_on_disk, kill
from sqlalchemy import select
from staff import PASSWORD

from survey import sealed_answers
from survey.batches import hand_out
from survey.models import Account, Keying, Response, Sheet
from survey.serials import could_be_serial, normalise_serial

PAD = {"/": "Divide", "*": "Multiply", "-": "Subtract", "+": "Add", ",": "Decimal", "\n": "Enter"}
WRITTEN = "Rundkirsebærtærtens hemmelighed"


@pytest.fixture
def live_server(server):
    return server.address


@pytest.fixture
def sheets(make, study, wave):
    area = make.area(study)
    first = make.sheet(wave, area)
    batch = type("Batch", (), {"id": first.batch_id})
    return [first, *(make.sheet(wave, area, batch) for _ in range(2))]


@pytest.fixture
def along(employ, study, sheets, signs_in):
    """A function that signs somebody in on a page, and has them take the batch along."""

    def along(page, name="Karen"):
        employ(name, (study, "fieldworker"))
        signs_in(page, name)
        page.get_by_role("button", name=re.compile("^Tag med")).click()
        page.fill("#lock-password", "ikke min adgangskode")
        page.keyboard.press("Enter")
        expect(page.locator("#lock-problem")).to_contain_text("Det er ikke adgangskoden")
        page.fill("#lock-password", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#along-told")).to_contain_text("Bundtet er taget med")
        page.wait_for_function("navigator.serviceWorker.controller !== null")

    return along


@pytest.fixture
def stored(database, keys):
    """A function that returns the answers of every response; each has its one keying."""

    def stored():
        with database.reading() as session:
            keyings = session.scalars(select(Keying)).all()
            found = session.scalars(select(Response)).all()
            assert len(keyings) == len(found)
            return [sealed_answers.read(keys, one).answers for one in found]

    return stored


# The id under which a sheet that was keyed waits.
PACK_OF = """(serial) => new Promise((resolve) => {
  indexedDB.open('beboerpuls-keying').onsuccess = ({ target }) => {
    target.result.transaction('keyings').objectStore('keyings').getAll().onsuccess = (rows) => {
      target.result.close();
      resolve(rows.target.result.find((one) => one.serial === serial).id);
    };
  };
})"""


# What anybody else is told of what lies on the device.
TOLD_OTHERS = """async () => {
  const { showWaiting } = await import("/static/waiting.js");
  await showWaiting(null);
  const told = document.getElementById("waiting-others").textContent;
  await showWaiting(Number(document.querySelector("[data-keyer]").dataset.keyer));
  return told;
}"""

# The page lies here as one from before an update; whatever is dropped now is the last this device does.
KEPT_AS_OLD = """async () => {
  const { device } = await import("/static/keying-device.js");
  const cache = await caches.open("beboerpuls-keying");
  const { address } = await device.find("notes", "page");
  await cache.put("/keying/away?old", await cache.match(address));
  await cache.delete(address);
  await device.keep("notes", { name: "page", address: "/keying/away?old" });
  const drop = Cache.prototype.delete;
  Cache.prototype.delete = function (request) {
    drop.call(this, request).then(() => (document.body.dataset.dropped = ""));
    return new Promise(() => {});
  };
}"""


def key(page, signs):
    for sign in signs:
        page.keyboard.press(f"Numpad{PAD.get(sign, sign)}")


def unlock(page):
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#locked")).to_be_hidden()


def choose(page, serial):
    page.fill("#serial", serial)
    page.keyboard.press("NumpadEnter")


def begin(page, sheet):
    choose(page, sheet.serial)
    expect(page.locator("#field")).to_be_visible()


def only_look_at(page, sheet):
    """And so have begun nothing."""
    begin(page, sheet)
    key(page, ",0")
    expect(page.locator("#begun")).to_be_hidden()


def hand_to(database, sheet, name):
    """Let nobody but this keyer make the first pass of a sheet's batch."""
    with database.writing() as session:
        keyer = session.scalars(select(Account.id).where(Account.name == name)).one()
        hand_out(session, session.get_one(Sheet, sheet.id).batch, 1, [keyer], actor="Bodil")


def name_no_sheet(page):
    """What went well before is no news any more."""
    choose(page, "12")
    expect(page.locator("#serial-problem")).to_be_visible()
    expect(page.locator("#saved")).to_be_empty()


def at(page, number):
    expect(page.locator("#field-number")).to_have_text(f"Felt {number}")


def finish(page):
    """From the first field left to a sheet put down, with something written."""
    key(page, ",+11\n")
    page.keyboard.type(WRITTEN)
    key(page, "\n")
    page.click("#save")
    expect(page.locator("#saved")).to_contain_text("er lagt på enheden")


def lay_aside(page):
    """Something written in the last field, and back to the third."""
    key(page, ",+11\n")
    page.keyboard.type(WRITTEN)
    key(page, "\n,+3\n,0")
    expect(page.locator("#begun-sheets")).to_contain_text("nået til felt 3")


def send_and_hear_nothing(page, signs_in):
    """The server stores what waits, and its answer is lost."""
    page.context.route("**/keying/deliver", lambda route: (route.fetch(), route.abort()))
    signs_in(page, "Karen")
    expect(page.locator("#line")).to_contain_text("Uden net")


def test_a_batch_is_keyed_without_a_network_through_kills_of_the_browser_and_sent_once(
    open_phone, profile, server, along, sheets, stored, signs_in
):
    page = open_phone()
    along(page)
    server.kill()
    page.goto("/keying/")
    expect(page.locator("#line")).to_contain_text("Uden net")
    unlock(page)
    choose(page, "12")
    expect(page.locator("#serial-problem")).to_contain_text("Der er en slåfejl")
    begin(page, sheets[0])
    # As with a line: the same keys, and what is odd is doubted.
    key(page, "4444")
    expect(page.locator("#notice")).to_contain_text("Fjerde 4 i træk")
    key(page, "\n")
    expect(page.locator("#away[data-writing]")).to_have_count(0)
    page.reload()
    unlock(page)
    at(page, 5)
    finish(page)
    choose(page, sheets[0].serial)
    expect(page.locator("#serial-problem")).to_contain_text("venter på at blive sendt")
    begin(page, sheets[1])
    lay_aside(page)
    kill(profile)
    page = open_phone()
    page.goto("/keying/")
    unlock(page)
    expect(page.locator("#waiting-own")).to_contain_text(f"1 ({sheets[0].serial})")
    page.get_by_role("button", name=f"Ark {sheets[1].serial}, nået til felt 3").click()
    at(page, 3)
    key(page, ",+11\n\n")
    page.click("#save")
    expect(page.locator("#waiting-own")).to_contain_text("sendt: 2")
    begin(page, sheets[2])
    lay_aside(page)
    kill(profile)
    # Neither what was keyed to its end nor what was begun can be read on the disk.
    assert found_on_disk(profile, "Vil du sige mere?")
    assert found_on_disk(profile, WRITTEN, "Rundkirseb", PASSWORD, '"mini_home":4') == []
    server.start()
    page = open_phone()
    assert stored() == []
    send_and_hear_nothing(page, signs_in)
    kill(profile)
    assert len(stored()) == 2
    page = open_phone()
    signs_in(page, "Karen")
    expect(page.locator("#line")).to_contain_text("Ark sendt: 2")
    expect(page.locator("#waiting")).to_be_hidden()
    expect(page.locator("#along-told")).to_contain_text(sheets[2].serial)
    first, second = sorted(stored(), key=lambda one: -one["mini_home"])
    assert (first["mini_home"], first["mini_afraid"], first["mini_comment"]) == (4, 4, WRITTEN)
    assert (second["mini_home"], second["mini_comment"]) == (-8, WRITTEN)


def test_a_line_lost_while_saving_loses_and_doubles_nothing(desk, along, sheets, stored):
    along(desk)
    begin(desk, sheets[0])
    key(desk, "3,+11\n\n")
    sealed = "async () => (await (await import('/static/sealed-drafts.js')).sealedOf(1)).length"
    keyer = json.loads(desk.locator("#keying").get_attribute("data-sheet"))["keyer"]
    sealed = sealed.replace("1", str(keyer))
    expect(desk.locator("#keying[data-writing]")).to_have_count(0)
    assert desk.evaluate(sealed) == 1

    def swallow(route):
        route.fetch(max_redirects=0)  # the server stores it, and nobody hears so
        route.abort()

    saved_at = f"**/keying/{sheets[0].serial}"
    desk.context.route(
        saved_at, lambda route: swallow(route) if route.request.method == "POST" else route.abort()
    )
    desk.click("#save")
    unlock(desk)
    at(desk, 11)
    assert [one["mini_home"] for one in stored()] == [3]
    key(desk, "\n")
    expect(desk.locator("#away[data-writing]")).to_have_count(0)
    assert desk.evaluate(sealed) == 0  # it goes on here alone
    desk.click("#save")
    expect(desk.locator("#line")).to_contain_text("Ark sendt: 1")
    assert [one["mini_home"] for one in stored()] == [3]


def test_what_the_server_fails_at_is_told_kept_and_holds_back_no_other(
    desk, along, sheets, stored, database
):
    along(desk)
    desk.context.set_offline(True)
    desk.goto("/keying/")
    unlock(desk)
    for sheet, answer in zip(sheets, "345", strict=True):
        begin(desk, sheet)
        # Somebody puts the device's clock right while a sheet is keyed.
        desk.evaluate("now => (Date.now = () => now + 3600000)", desk.evaluate("Date.now()"))
        key(desk, f"{answer},+11\n\n")
        desk.click("#save")
        expect(desk.locator("#saved")).to_contain_text(sheet.serial)
    taken = desk.evaluate(PACK_OF, sheets[1].serial)
    asks, fails = "**/keying/line", lambda route: route.fulfill(status=500, body="Internal error")
    desk.context.route(asks, fails)
    desk.context.set_offline(False)
    expect(desk.locator("#line")).to_contain_text("serveren kan ikke tage imod lige nu (fejl 500)")
    desk.context.route(
        "**/keying/deliver",
        lambda route: fails(route) if taken in route.request.post_data else route.continue_(),
    )
    desk.context.unroute(asks)
    desk.get_by_role("button", name="Send nu").click()
    refused = desk.locator("#refused li")
    expect(refused).to_contain_text(["kunne ikke gemme det (fejl 500)"])
    expect(refused).to_contain_text([sheets[1].serial])
    expect(desk.locator("#line")).to_contain_text("Ark sendt: 2")
    assert sorted(one["mini_home"] for one in stored()) == [3, 5]
    desk.context.unroute("**/keying/deliver")
    desk.reload()  # tried again without being asked to
    expect(desk.locator("#line")).to_contain_text("Ark sendt: 1")
    expect(desk.locator("#waiting")).to_be_hidden()
    assert sorted(one["mini_home"] for one in stored()) == [3, 4, 5]
    with database.reading() as session:
        for one in session.scalars(select(Keying)):
            assert 0 < (one.finished - one.started).total_seconds() < 60


def test_a_refused_keying_stays_is_told_and_is_nobody_elses(
    desk, along, sheets, database, stored, signs_in, judge
):
    along(desk)
    judge.look(desk, "start with batches")
    desk.context.set_offline(True)
    desk.goto("/keying/")
    judge.look(desk, "away, locked")
    unlock(desk)
    only_look_at(desk, sheets[2])
    begin(desk, sheets[1])
    key(desk, "4,0")
    begin(desk, sheets[0])
    finish(desk)
    judge.look(desk, "away, one waits")
    name_no_sheet(desk)
    desk.get_by_role("button", name="Send nu").click()
    expect(desk.locator("#line")).to_contain_text("Der er ikke net endnu")
    with database.writing() as session:
        session.get_one(Sheet, sheets[0].id).state = "void"
    desk.context.clear_cookies()
    desk.context.set_offline(False)
    # Bo signs in where Karen keyed: he is told that something waits, and it is not sent as his.
    along(desk, "Bo")
    expect(desk.locator("#waiting-others")).to_contain_text("Ark tastet af Karen, der venter: 1")
    expect(desk.locator("#waiting-own")).to_be_empty()
    desk.get_by_role("button", name=re.compile("Log ud")).click()
    expect(desk.locator("h1")).to_have_text("Du er logget ud")
    signs_in(desk, "Karen")
    refused = desk.locator("#refused")
    expect(refused).to_contain_text(
        re.compile(f"Ark {sheets[0].serial} blev ikke modtaget.*Arket er taget ud")
    )
    expect(desk.locator("#waiting-note")).to_be_hidden()  # nothing is about to be sent
    judge.look(desk, "one was refused")
    assert desk.evaluate(TOLD_OTHERS).endswith("1. Karen skal selv logge ind her og se hvorfor.")
    with database.writing() as session:
        session.get_one(Sheet, sheets[0].id).state = "returned"
    desk.get_by_role("button", name="Prøv at sende igen").click()
    expect(desk.locator("#line")).to_contain_text("Ark sendt: 1")
    expect(desk.locator("#own-told")).to_contain_text(sheets[0].serial)
    assert [one["mini_comment"] for one in stored()] == [WRITTEN]
    hand_to(database, sheets[1], "Bo")
    # Begun, and handed to others meanwhile: told as the batch is fetched again, kept until she deletes it.
    desk.get_by_role("button", name=re.compile("^Hent igen")).click()
    expect(desk.locator("#along-told")).to_contain_text(
        f"kan ikke tastes nu: ark {sheets[1].serial}"
    )
    desk.get_by_role("link", name="Tast uden net").click()
    unlock(desk)
    gone = desk.locator("#begun-sheets")
    told = f"Ark {sheets[1].serial}, nået til felt 2, kan ikke tastes nu.*Får du det igen, så vælg Hent"
    expect(gone).to_contain_text(re.compile(told))
    judge.look(desk, "away, one begun is gone")
    desk.once("dialog", lambda asked: asked.accept())
    gone.get_by_role("button", name=f"Slet fra enheden Ark {sheets[1].serial}").click()
    expect(gone).to_be_hidden()
    expect(desk.locator("#serial")).to_be_focused()


def test_a_device_that_goes_off_while_its_page_is_renewed_opens_without_a_network(desk, along):
    along(desk)
    desk.evaluate(KEPT_AS_OLD)
    desk.get_by_role("button", name=re.compile("^Hent igen")).click()
    expect(desk.locator("body[data-dropped]")).to_be_attached()
    desk.context.set_offline(True)
    desk.goto("/keying/")
    unlock(desk)


def test_the_device_checks_numbers_as_the_server_does(desk, along):
    along(desk)
    numbers = [str(number).zfill(digits) for number in range(10, 1000, 7) for digits in (4, 7)]
    told, meant = desk.evaluate(
        """async (numbers) => {
            const { couldBeSerial, normaliseSerial, slipOf } = await import("/static/serials.js");
            const slips = ["469", "0000496", "000469", "00004691", "0000569", "", "469 x", "0000470"];
            const meant = slips.filter((slip) => slipOf(slip, "0000469"));
            return [numbers.map((one) => [couldBeSerial(one), normaliseSerial(one)]), meant];
        }""",
        numbers,
    )
    assert meant == ["469", "0000496", "000469", "00004691", "0000569"]
    assert told == [[could_be_serial(one), normalise_serial(one)] for one in numbers]
    assert 10 < sum(could for could, _ in told) < len(told) / 2
