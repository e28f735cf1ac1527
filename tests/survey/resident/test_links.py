"""Links, which anybody can send to anybody: what they open, and how often."""

import datetime as dt

import pytest
from sqlalchemy import update

from survey.guessing import BEGUN_A_WAVE, BEGUN_BY_ONE, count_beginning
from survey.models import Attempt

SAFE = {"mini_home": "4", "mini_stairs": "2", "mini_outside": "-3", "mini_afraid": "1"}


@pytest.fixture
def open_link(wave, change_wave):
    change_wave(open_link=True)
    return f"/open/{wave.id}"


@pytest.fixture
def used(database, wave):
    """A function that has an open link begun so and so often within this hour, by some name."""

    def begin(who, times):
        with database.writing() as session:
            count_beginning(session, who, dt.datetime.now(dt.UTC), most=1)
            session.execute(update(Attempt).values(count=times))

    return begin


def test_a_link_into_begun_answers_says_who_asks_before_any_question(resident, device, code):
    """Somebody could send a link into answers of their own, and read later what is written there."""
    resident.begin(code).send("next", **SAFE)
    other = device().get(f"/c/{code}")
    assert other.path == "/about"
    assert "Fonden for Gode Naboer" in other.text
    assert other.send().path == "/page/2"


def test_so_does_a_link_that_was_let_in_after_a_question(resident, device, code, make, wave, area):
    _, neighbour = make.invitation(wave, area)
    device().begin(neighbour).send("next", **SAFE)
    resident.begin(code).get(f"/c/{neighbour}")
    assert resident.path == "/another"
    assert resident.send().path == "/about"


def test_a_code_typed_by_hand_leads_on_at_once(resident, device, code):
    resident.begin(code).send("next", **SAFE)
    assert device().enter(code).path == "/page/2"


def test_begin_on_a_page_that_a_link_has_overtaken_begins_nobody(
    resident, code, make, wave, area, stored
):
    _, neighbour = make.invitation(wave, area)
    resident.enter(code).send(language="da")
    before = resident.filled()
    resident.get(f"/c/{neighbour}")
    fresh = resident.get("/about").filled()["csrf_token"]
    resident.post("/about", before | {"csrf_token": fresh})
    assert resident.path == "/about"
    assert stored() == []


@pytest.mark.parametrize(("who", "most"), [("address", BEGUN_BY_ONE), ("wave", BEGUN_A_WAVE)])
def test_an_open_link_begins_no_more_than_people_do(
    resident, device, wave, open_link, used, stored, who, most
):
    """Counted in the database, where all worker processes look."""
    used({"address": "begun 127.0.0.1", "wave": f"wave {wave.id}"}[who], most - 1)
    assert resident.get(open_link).send(language="da").send().path == "/page/1"
    late = device().get(open_link).send(language="da").send()
    assert (late.status, late.heading) == (429, "Mange svarer lige nu")
    assert late.answer.headers["Retry-After"] == "3600"
    assert len(stored()) == 1


def test_a_code_begins_whatever_the_open_link_has_used(resident, code, open_link, used):
    used("begun 127.0.0.1", BEGUN_BY_ONE)
    assert resident.begin(code).path == "/page/1"
