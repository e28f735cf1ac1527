"""An interview: a fieldworker's tablet is the resident's, and then the desk's again."""

import datetime as dt
import json
import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from staff import PASSWORD

from processing import MODES
from survey.freezing import freeze
from survey.models import AuditEntry, Wave
from survey.secrets import make_code

# What is told and refused here is the same on any database.
pytestmark = pytest.mark.sqlite_file

SAFE = {"mini_home": "4", "mini_stairs": "2", "mini_outside": "-3", "mini_afraid": "1"}
LIFE = {"mini_moved_in": "2014", "mini_adults": "2", "mini_life": "7", "mini_member": "2"}


@pytest.fixture
def fieldworker(employ, study):
    return employ("Karen", (study, "fieldworker"))


@pytest.fixture
def tablet(device, fieldworker):
    """A browser in which the fieldworker is signed in."""
    tablet = device()
    tablet.get("/staff/sign-in")
    tablet.send(name="Karen", password=PASSWORD)
    return tablet


def ask(tablet, **said):
    """Begin an interview at the desk."""
    tablet.get("/interview/")
    return tablet.post("/interview/", {"csrf_token": tablet.filled()["csrf_token"], **said})


def answer_all(tablet):
    tablet.send(language="da").send()
    tablet.send("next", **SAFE)
    tablet.send("next", **LIFE)
    return tablet.send("send", mini_comment="Hemmeligt", helper="present")


def test_an_interview_runs_on_the_residents_pages_and_is_kept_as_one(tablet, code, stored):
    ask(tablet, how="code", code=code)
    assert tablet.path == "/language"
    assert "Interview:" in tablet.text
    answer_all(tablet)
    assert tablet.path == "/done"
    ((response, content),) = stored()
    assert (response.mode, response.helper, response.status) == (
        "interview",
        "present",
        "submitted",
    )
    assert content.answers["mini_home"] == 4


def test_the_tablet_forgets_and_goes_back_to_the_desk_without_the_answers(tablet, code):
    answer_all(ask(tablet, how="code", code=code))
    assert "/interview/" in tablet.links()
    assert "/mine" not in tablet.links()
    # Covered until somebody uncovers it.
    assert re.search(r"<details[^>]*>\s*<summary", tablet.answer.text)
    for address in ("/page/1", "/page/3", "/send"):
        assert tablet.get(address).path == "/"
        assert "Hemmeligt" not in tablet.answer.text
    tablet.get("/interview/")
    assert tablet.heading == "Hvem skal svare?"
    assert "Hemmeligt" not in tablet.answer.text
    # The code is used, and says no more than that.
    ask(tablet, how="code", code=code)
    assert (tablet.status, "Hemmeligt" in tablet.answer.text) == (409, False)


def test_the_desk_keeps_its_language_whatever_the_resident_chose(tablet, code):
    ask(tablet, how="code", code=code).send(language="ar")
    assert tablet.page.all("html")[0].attributes["lang"] == "ar"
    tablet.get("/interview/")
    assert tablet.page.all("html")[0].attributes["lang"] == "da"


def test_what_the_tablet_keeps_for_a_lost_line_is_what_every_phone_keeps(
    app, device, fieldworker, make, wave, area, code
):
    # Pages that nobody inspects: the document is the whole form in one, with a heading each.
    tablet, phone = (type(device())(FlaskClient(app, app.response_class)) for _ in range(2))
    tablet.get("/staff/sign-in")
    tablet.send(name="Karen", password=PASSWORD)
    ask(tablet, how="code", code=code).send(language="da").send()
    carried = json.loads(unescape(re.search(r"data-carried='([^']*)'", tablet.answer.text)[1]))
    assert carried["door"] is True
    at_the_door = tablet.client.get(carried["document"]).text
    phone.begin(make.invitation(wave, area)[1])
    on_a_phone = phone.client.get(carried["document"]).text
    assert at_the_door == on_a_phone
    assert re.findall(r"<[^>]*at-the-door[^>]*>", on_a_phone) == [
        '<p class="notice at-the-door" id="at-the-door" hidden>'
    ]


def test_what_follows_an_interview_is_none(tablet, device, make, wave, area, code, stored):
    answer_all(ask(tablet, how="code", code=code))
    _, other = make.invitation(wave, area)
    tablet.begin(other)
    assert "Interview:" not in tablet.text
    assert sorted(response.mode for response, _ in stored()) == ["interview", "web"]


def test_answers_begun_on_a_phone_and_ended_at_the_door_are_an_interview(
    tablet, device, code, stored
):
    device().begin(code).send("next", **SAFE)
    ask(tablet, how="code", code=code)
    assert tablet.path == "/page/2"
    ((response, _),) = stored()
    assert response.mode == "interview"


def test_a_reference_asks_where_nobody_has_begun(tablet, make, wave, area, stored):
    invitation, _ = make.invitation(wave, area)
    ask(tablet, how="reference", wave=wave.id, reference=invitation.reference)
    assert tablet.path == "/language"
    answer_all(tablet)
    ((response, _),) = stored()
    assert response.invitation_id == invitation.id


def test_a_reference_shows_nothing_of_what_a_resident_has_begun(tablet, device, make, wave, area):
    invitation, code = make.invitation(wave, area)
    device().begin(code).send("next", **SAFE)
    ask(tablet, how="reference", wave=wave.id, reference=invitation.reference)
    assert tablet.status == 409
    assert "koden i deres brev" in tablet.errors()[0]
    assert tablet.get("/page/1").path == "/"


def test_an_open_wave_is_asked_without_a_code_and_flagged(tablet, wave, change_wave, stored):
    change_wave(open_link=True)
    answer_all(ask(tablet, how="open", wave=wave.id))
    ((response, _),) = stored()
    assert (response.mode, response.open_link) == ("interview", True)


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"how": "code", "code": "ABCD"}, 422, "slåfejl"),
        ({"how": "code", "code": make_code()}, 422, "kender vi ikke"),
        ({"how": "reference", "reference": "R-none"}, 422, "kender vi ikke"),
        ({"how": "reference", "reference": ""}, 422, "kender vi ikke"),
        ({"how": "reference", "reference": "R\0001"}, 422, "kender vi ikke"),
        ({"how": "open", "wave": "9" * 30}, 403, "undersøgelse"),
        ({"how": "open"}, 422, "kender vi ikke"),  # the wave has no open link
    ],
)
def test_who_cannot_be_asked_is_told_apart(tablet, wave, said, status, words):
    ask(tablet, **{"wave": wave.id} | said)
    assert tablet.status == status
    assert words in tablet.text
    assert tablet.get("/door").path == "/"


def test_a_code_of_another_study_and_a_closed_wave_are_refused(
    tablet, make, mini, code, change_wave
):
    other = make.study()
    _, foreign = make.invitation(make.open_wave(other, mini), make.area(other))
    assert ask(tablet, how="code", code=foreign).status == 403
    change_wave(status="closed")
    assert ask(tablet, how="code", code=code).status == 409
    assert "samler ikke svar ind" in tablet.text


@pytest.mark.parametrize("role", ["researcher", "coordinator"])
def test_only_fieldworkers_interview(device, employ, study, role):
    employ("Ole", (study, role))
    browser = device()
    browser.get("/staff/sign-in")
    browser.send(name="Ole", password=PASSWORD)
    assert browser.get("/interview/").status == 403
    stranger = device()
    assert stranger.get("/interview/").path == "/staff/sign-in"
    assert stranger.get("/door").path == "/"


def test_the_audit_knows_who_interviewed_by_the_day_and_nothing_of_whom(
    tablet, code, make, wave, area, database
):
    answer_all(ask(tablet, how="code", code=code))
    answer_all(ask(tablet, how="code", code=make.invitation(wave, area)[1]))
    with database.reading() as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.act == "interviewed")).all()
    [entry] = noted
    assert (entry.actor, entry.detail) == ("Karen", {})
    assert entry.at.time() == dt.time()


def test_the_dataset_names_the_mode(
    tablet, code, database, keys, mini, wave, settings, change_wave
):
    answer_all(ask(tablet, how="code", code=code))
    change_wave(status="closed")
    with database.writing() as session:
        found = session.get_one(Wave, wave.id)
        rows = freeze(session, keys, mini, found, settings.data, actor="x").dataset.responses()
    assert list(rows["mode"]) == [MODES["interview"]]
    assert list(rows["helper"]) == [1]


def test_who_leaves_in_the_middle_is_led_to_the_desk(tablet, code):
    ask(tablet, how="code", code=code).send(language="da").send()
    tablet.send("leave", **SAFE)
    assert tablet.path == "/left"
    assert "/staff/" in tablet.links()
    assert tablet.get("/page/1").path == "/"
