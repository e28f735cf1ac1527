"""A browser that nobody has touched is closed, and nothing that was written is lost by it."""

import time

import pytest

IDLE = 21 * 60


@pytest.fixture
def later(monkeypatch):
    """A function that lets so many seconds pass."""
    ahead = [0.0]
    now = time.time
    monkeypatch.setattr("survey.resident.visitor.time.time", lambda: now() + ahead[0])

    def pass_by(seconds):
        ahead[0] += seconds

    return pass_by


def test_whoever_comes_after_a_while_sees_no_answers(resident, code, later):
    resident.begin(code).send("next", mini_home="4")
    later(IDLE)
    assert resident.get("/page/1").path == "/left"
    assert resident.get("/page/1").path == "/"


def test_whoever_goes_on_answering_is_left_alone(resident, code, later):
    resident.begin(code)
    for _ in range(5):
        later(IDLE / 3)
        assert resident.get("/page/1").path == "/page/1"


def test_a_page_that_is_posted_late_is_stored_and_leads_to_the_way_out(
    resident, code, later, answers
):
    resident.begin(code)
    later(IDLE)
    resident.send("next", mini_home="4")
    assert resident.path == "/left"
    assert answers()["mini_home"] == 4
    assert resident.get("/page/1").path == "/"


def test_answers_that_are_sent_late_are_sent_and_thanked_for(resident, code, later, stored):
    resident.begin(code)
    resident.send("next")
    resident.send("next", mini_member="2")
    later(IDLE)
    resident.send("send", mini_comment="Godt")
    assert resident.path == "/done"
    assert stored()[0][0].status == "submitted"


def test_the_code_leads_back_to_where_one_was(resident, code, later):
    resident.begin(code).send("next", mini_home="4")
    later(IDLE)
    resident.get("/page/2")
    assert resident.enter(code).path == "/page/2"
