"""A wave's last day is kept: after it residents are told that it is over; paper may still be keyed."""

import datetime as dt
import uuid

import pytest

from survey.answering import WholeForm, submit_whole
from survey.models import Wave

TODAY = dt.datetime.now(dt.UTC).date()
SAFE = {"mini_home": "4", "mini_stairs": "2", "mini_outside": "-3", "mini_afraid": "1"}
OVER = "Vi samler ikke svar ind mere"


@pytest.fixture
def ended(change_wave):
    """A function that lets the last day go by, though nobody has closed the wave."""
    return lambda: change_wave(closes=TODAY - dt.timedelta(days=1))


def test_the_last_day_itself_is_one_to_answer_on(resident, code, change_wave):
    change_wave(closes=TODAY)
    assert resident.begin(code).send("next", **SAFE).path == "/page/2"


@pytest.mark.parametrize("way", ["typed", "link"])
def test_a_code_opens_nothing_after_the_last_day(resident, code, ended, way):
    ended()
    resident.enter(code) if way == "typed" else resident.get(f"/c/{code}")
    assert (resident.status, resident.heading) == (410, OVER)


def test_an_open_link_ends_with_the_last_day(resident, wave, change_wave, ended):
    change_wave(open_link=True)
    assert f"/open/{wave.id}" in resident.get("/").links()
    ended()
    assert f"/open/{wave.id}" not in resident.get("/").links()
    assert resident.get(f"/open/{wave.id}").status == 410


def test_nothing_is_begun_after_the_last_day(resident, code, ended, stored):
    resident.enter(code).send(language="da")
    ended()
    assert (resident.send().status, resident.heading) == (410, OVER)
    assert stored() == []


def test_a_page_after_the_last_day_is_not_stored_and_told_apart(resident, code, ended, answers):
    resident.begin(code).send("next", **SAFE)
    resident.get("/page/1")
    ended()
    resident.send("next", mini_home="1")
    assert "Meget uenig Ikke gemt" in [one.words() for one in resident.page.all("dd")]
    assert answers()["mini_home"] == 4
    assert (resident.get("/page/2").status, resident.heading) == (410, OVER)


def test_what_the_stored_answers_had_closed_is_told_apart_too(
    resident, make, study, area, kinds, database
):
    wave = make.open_wave(study, kinds, closes=TODAY)
    _, code = make.invitation(wave, area)
    # Which other language: closed by the answer that is stored, opened by the one that comes late.
    resident.begin(code).send("next", kinds_spoken="1")
    resident.get("/page/1")
    with database.writing() as session:
        session.get_one(Wave, wave.id).closes = TODAY - dt.timedelta(days=1)
    resident.send("next", kinds_spoken="9", kinds_spoken_other="Farsi")
    assert "Farsi Ikke gemt" in [one.words() for one in resident.page.all("dd")]


def test_nothing_is_sent_after_the_last_day(resident, code, ended, stored):
    resident.begin(code).send("next", **SAFE).send("next").send("next")
    ended()
    resident.send("send")
    ((response, _),) = stored()
    assert response.status == "started"


def test_paper_may_be_keyed_after_the_last_day(database, keys, mini, wave, area, ended):
    ended()
    with database.writing() as session:
        whole = WholeForm(uuid.uuid4(), {"mini_home": 4}, mode="paper", language="da", day=TODAY)
        response = submit_whole(
            session,
            keys,
            mini,
            session.get_one(Wave, wave.id),
            whole,
            invitation=None,
            area_id=area.id,
        )
        assert response.status == "submitted"
