"""Keying without a line, at the server: what a device is given, and what comes back from it, once."""

import json
import re
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from paper import ON_PAPER
from sqlalchemy import func, select
from staff import PASSWORD

from survey import sealed_answers
from survey.batches import draw, hand_out
from survey.fieldwork.away import ELSEWHERE, INVALID, OTHER_KEYER, UNOPENED
from survey.fieldwork.keying import FAILURES
from survey.kept_pages import kept_version
from survey.languages import Languages
from survey.models import Batch, Keying, Response, Sheet
from survey.receiving import take_out
from survey.sealed_box import public_key, seal_box
from survey.web import parts

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


@pytest.fixture
def batch(paper_wave):
    return paper_wave.batch()


@pytest.fixture
def sheet(paper_wave, batch):
    return paper_wave.sheets(batch, 1)[0]


class Tablet:
    """A device on which somebody is signed in; seals as static/keyings.js does."""

    def __init__(self, client, account, key):
        self.client, self.account, self.key = client, account, key

    def keyed(self, sheet, values=None, **other):
        now = time.time()
        return {
            "format": 1,
            "kind": "keying",
            "keyer": self.account.id,
            "serial": sheet.serial,
            "id": str(uuid.uuid4()),
            "values": values or ON_PAPER,
            "languages": {"mini_comment": "da"},
            "started": now - 90.5,
            "finished": now - 30.5,
        } | other

    def sealed(self, content):
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        box = seal_box(self.key, text)
        return {"id": str(uuid.uuid4()), "wave": self.key.wave_id, "key": self.key.id, "box": box}

    def send(self, *packs, now=None, **other):
        line = self.client.get("/keying/line").get_json()
        answer = self.client.post(
            "/keying/deliver",
            json={"packs": list(packs), "now": now or time.time(), **other},
            headers={"X-CSRFToken": line["token"]},
        )
        assert answer.status_code == 200, answer.text
        return [one["became"] for one in answer.get_json()["packs"]]


@pytest.fixture
def tablet(employ, paper_wave, signed_in, keys):
    """A function that gives somebody a tablet: `tablet("Karen")`."""
    key = public_key(keys, paper_wave.wave.id)

    def tablet(name):
        account = employ(name, (paper_wave.study, "fieldworker"))
        return Tablet(signed_in(name), account, key)

    return tablet


@pytest.fixture
def karen(tablet):
    return tablet("Karen")


def count(database, table):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_batch_taken_along_is_all_that_keying_needs_and_nothing_that_was_keyed(
    karen, tablet, paper_wave
):
    pile = paper_wave.batch("To gange", second_keying_share=1)
    first, second = paper_wave.sheets(pile, 2)
    paper_wave.key(second, tablet("Bo").account)
    answer = karen.client.get(f"/keying/batches/{pile.id}/along")
    along = answer.get_json()
    assert [(one["serial"], one["number"]) for one in along["sheets"]] == [
        (first.serial, 1),
        (second.serial, 2),
    ]
    assert along["batch"]["point"] == karen.key.text
    assert [one["column"] for one in along["form"]["fields"]] == list(ON_PAPER)
    assert "Mere lys" not in answer.text
    other = paper_wave.make.study()
    with paper_wave.database.writing() as session:
        wave = paper_wave.make.open_wave(other, paper_wave.form)
        foreign = Batch(wave_id=wave.id, name="Andres")
        session.add(foreign)
    assert karen.client.get(f"/keying/batches/{foreign.id}/along").status_code == 404


def test_of_a_sheet_begun_that_is_not_to_be_keyed_any_more_it_is_told_why(
    karen, tablet, paper_wave, batch, database
):
    still, keyed, moved, void = paper_wave.sheets(batch, 4)
    paper_wave.key(keyed, tablet("Bo").account)
    other = paper_wave.batch("Et andet")
    with database.writing() as session:
        session.get_one(Sheet, moved.id).batch_id = other.id
        session.get_one(Sheet, void.id).state = "void"
    begun = [one.serial for one in (still, keyed, moved, void)]
    answer = karen.client.get(f"/keying/batches/{batch.id}/along", query_string={"begun": begun})
    told = ["keyed_by_others", "elsewhere", "void"]
    assert answer.get_json()["gone"] == dict(zip(begun[1:], told, strict=True))


def test_the_page_that_a_device_keeps_names_nobody(karen):
    page = karen.client.get("/keying/away").get_data(as_text=True)
    assert "Karen" not in page
    assert "csrf_token" not in page
    assert len(re.findall(r"/static/[\w.-]+\?v=\w+", page)) == 3
    assert karen.client.get("/keying/worker.js").mimetype == "text/javascript"


def test_a_word_that_is_changed_has_devices_fetch_their_pages_anew(app, monkeypatch):
    with app.test_request_context():
        before = kept_version()
        danish = parts().languages.words("da").language.messages
        monkeypatch.setitem(danish, "away.unlock", "Åbn")
        monkeypatch.delitem(app.config, "KEPT_PAGES_VERSION")  # as when it is started anew
        assert kept_version() != before


def test_a_lock_is_made_with_ones_own_password_alone(karen, token):
    page = karen.client.get("/keying/")
    for password, right in ((PASSWORD, True), ("en anden adgangskode", False)):
        sent = {"csrf_token": token(page), "password": password}
        assert karen.client.post("/keying/lock", data=sent).get_json() == {"right": right}


def test_a_keying_is_stored_once_however_often_it_comes(karen, sheet, database, keys):
    pack = karen.sealed(karen.keyed(sheet))
    again = karen.sealed(karen.keyed(sheet))
    assert karen.send(pack, pack) == ["stored", "stored"]
    assert karen.send(pack, again) == ["stored", "keyed_by_you"]
    # The same keying, gone on with after it was stored: not told as stored, so that it is not let go.
    keyed = karen.keyed(sheet, ON_PAPER | {"mini_home": 1})
    with database.reading() as session:
        keyed["id"] = str(session.scalars(select(Keying.id)).one())
    assert karen.send(karen.sealed(keyed)) == ["keyed_by_you"]
    with database.reading() as session:
        (keying,) = session.scalars(select(Keying)).all()
        (response,) = session.scalars(select(Response)).all()
        assert sealed_answers.read(keys, response).answers == ON_PAPER
        # By the device's own clock a minute, half a minute ago; whatever that clock shows.
        assert (keying.finished - keying.started).total_seconds() == pytest.approx(60)


def test_a_sheet_that_others_keyed_waits_for_the_sample_to_be_drawn(karen, tablet, paper_wave):
    pile = paper_wave.batch("Stikprøve", second_keying_share=0.9)
    (sheet,) = paper_wave.sheets(pile, 1)
    paper_wave.key(sheet, tablet("Bo").account)
    assert karen.client.get(f"/keying/batches/{pile.id}/along").get_json()["sheets"] == []
    pack = karen.sealed(karen.keyed(sheet))
    assert karen.send(pack) == ["not_drawn"]
    paper_wave.do(draw, pile, actor="Bodil")
    assert karen.send(pack) == ["stored"]


def test_a_devices_clock_that_is_years_off_tells_no_wrong_day(karen, paper_wave, batch, database):
    early, never, unknown = paper_wave.sheets(batch, 3)
    off = time.time() - 10**8
    kept = {"started": off - 120, "finished": off - 60}
    assert karen.send(karen.sealed(karen.keyed(early, **kept)), now=off) == ["stored"]
    # Put right between keying and sending: how long ago it was, nobody knows.
    assert karen.send(karen.sealed(karen.keyed(never, **kept))) == ["stored"]
    with database.reading() as session:
        for keying in session.scalars(select(Keying)):
            assert abs(keying.finished.timestamp() - time.time()) < 120
            assert (keying.finished - keying.started).total_seconds() == pytest.approx(60)
    # Begun by another clock than it was ended by: no time rather than a wrong one.
    assert karen.send(karen.sealed(karen.keyed(unknown, started=None))) == ["stored"]
    with database.reading() as session:
        assert [
            one.sheet_id for one in session.scalars(select(Keying).filter_by(started=None))
        ] == [unknown.id]


def test_two_tabs_that_send_at_once_store_one(karen, signed_in, sheet, database):
    pack = karen.sealed(karen.keyed(sheet))
    tabs = [Tablet(signed_in("Karen"), karen.account, karen.key) for _ in range(2)]
    told, together = [], threading.Barrier(2)

    def send(tab):
        line = tab.client.get("/keying/line").get_json()
        together.wait(10)
        sent = {"packs": [pack], "now": time.time()}
        token = {"X-CSRFToken": line["token"]}
        told.extend(
            tab.client.post("/keying/deliver", json=sent, headers=token).get_json()["packs"]
        )

    threads = [threading.Thread(target=send, args=[tab]) for tab in tabs]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [one["became"] for one in told] == ["stored", "stored"]
    assert (count(database, Keying), count(database, Response)) == (1, 1)


def test_what_cannot_be_stored_says_why_and_stores_nothing(
    karen, tablet, paper_wave, batch, database
):
    bo = tablet("Bo")
    void, keyed, handed, wrong, bos = paper_wave.sheets(batch, 5)
    named = paper_wave.batch("Bos")
    (others,) = paper_wave.sheets(named, 1)
    paper_wave.do(hand_out, named, 1, [bo.account.id], actor="Bodil")
    with database.writing() as session:
        studies, at = {paper_wave.study.id}, paper_wave.a_pass().finished
        take_out(session, void.serial, studies, "vådt", actor="Bodil", at=at)
    paper_wave.key(keyed, bo.account)
    content = karen.keyed(handed)
    cases = {
        "void": karen.keyed(void),
        "keyed_by_others": karen.keyed(keyed),
        "not_handed_to_you": karen.keyed(others),
        "invalid": karen.keyed(wrong, {"mini_home": 77}),
        # What another keyed on the same device is never one's own.
        "other_keyer": bo.keyed(bos),
        "mistyped": karen.keyed(handed) | {"serial": "12"},
        "unopened": b"no keying",
    }
    damaged = karen.sealed(content) | {"box": "AAAA"}
    packs = [karen.sealed(one) for one in cases.values()]
    assert karen.send(*packs, damaged) == [*cases, "unopened"]
    assert count(database, Keying) == 1
    assert bo.send(packs[4]) == ["stored"]


def test_nobody_who_is_signed_out_sends_or_is_told_anything(karen, sheet, app, database):
    stranger = app.test_client()
    assert stranger.get("/keying/line").status_code == 401
    pack = karen.sealed(karen.keyed(sheet))
    body = {"packs": [pack], "now": time.time()}
    assert stranger.post("/keying/deliver", json=body).status_code == 400
    # Without the token that only our own pages are told, a page elsewhere sends nothing.
    assert karen.client.post("/keying/deliver", json=body).status_code == 400
    assert count(database, Keying) == 0
    token = {"X-CSRFToken": karen.client.get("/keying/line").get_json()["token"]}
    for damaged in ({}, {"packs": 1, "now": 2}, {"packs": [{}], "now": 1}, {"packs": []}):
        answer = karen.client.post("/keying/deliver", json=damaged, headers=token)
        assert (answer.status_code, "Send JSON" in answer.get_json()["problem"]) == (400, True)


def test_every_reason_that_a_sheet_is_not_taken_is_told_in_words_of_its_own():
    reasons = {name for name, _ in FAILURES.values()} | {INVALID, OTHER_KEYER, UNOPENED, ELSEWHERE}
    said = Languages().words("da").language.messages
    assert {f"away.js.refused_{name}" for name in reasons} <= said.keys()
    # What can be gone on with, should the coordinator say so, is not told as to be sent.
    gone = {name for name in said if name.startswith("away.js.gone_")}
    assert gone == {"away.js.gone_other_study", "away.js.gone_not_handed_to_you"}
