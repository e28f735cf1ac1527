"""A page that has something to be told of comes back under its own address, once, and leaves nothing."""

import datetime as dt

import pytest

from survey.resident.again import LARGEST
from survey.secrets import make_code

SAFE = {"mini_home": "4", "mini_stairs": "2", "mini_outside": "-3", "mini_afraid": "1"}


@pytest.fixture
def at_life(resident, code):
    """A resident on the second page."""
    return resident.begin(code).send("next", **SAFE)


def posted(resident, **fields):
    """What the post itself is answered with, unfollowed."""
    return resident.client.post(resident.path, data=resident.filled() | {"move": "next"} | fields)


def test_what_cannot_be_stored_leads_to_a_page_that_a_reload_asks_for_anew(at_life, answers):
    answer = posted(at_life, mini_adults="0", mini_moved_in="i fjor", mini_member="1")
    assert (answer.status_code, answer.location) == (303, "/page/2")
    told = at_life.get("/page/2")
    assert len(told.errors()) == 2
    assert (told.filled()["mini_adults"], told.filled()["mini_moved_in"]) == (["0"], ["i fjor"])
    assert told.filled()["mini_member"] == ["1"]
    # Shown once: what was rejected is then nowhere any more.
    again = at_life.get("/page/2")
    assert again.errors() == []
    assert again.filled()["mini_adults"] == [""]
    assert again.filled()["mini_member"] == ["1"]


def test_what_was_rejected_cannot_be_read_on_the_way(at_life):
    (cookie,) = (
        one
        for one in posted(at_life, mini_moved_in="hemmeligt").headers.getlist("Set-Cookie")
        if "again" in one
    )
    assert "hemmeligt" not in cookie
    for rule in ("HttpOnly", "Path=/page/2", "Max-Age=60", "SameSite=Lax"):
        assert rule in cookie


def test_nobody_else_in_the_same_browser_is_shown_what_was_rejected(at_life, make, wave, area):
    posted(at_life, mini_moved_in="hemmeligt")
    _, neighbour = make.invitation(wave, area)
    at_life.begin(neighbour).send("next", **SAFE)
    assert at_life.path == "/page/2"
    assert "hemmeligt" not in at_life.answer.text
    assert at_life.errors() == []


@pytest.mark.parametrize("damage", ["", "x", "k1.AAAA", "é.%%%"])
def test_a_damaged_cookie_says_nothing(at_life, damage):
    posted(at_life, mini_adults="0")
    at_life.client.set_cookie("beboerpuls-again-page-2", damage, path="/page/2")
    assert at_life.get("/page/2").errors() == []


def test_a_page_sent_twice_is_told_of_its_error_after_either(at_life):
    form = at_life.filled() | {"mini_adults": "0", "move": "next"}
    for _ in range(2):
        at_life.client.post("/page/2", data=form)
    assert len(at_life.get("/page/2").errors()) == 1


def test_more_than_a_cookie_holds_is_told_at_once(at_life):
    at_life.send("next", mini_moved_in="9" * LARGEST)
    assert (at_life.status, at_life.path) == (422, "/page/2")
    assert at_life.filled()["mini_moved_in"] == ["9" * LARGEST]


def test_two_answers_to_one_question_are_told_once(resident, device, code):
    resident.begin(code)
    device().enter(code).send("next", **SAFE)
    answer = posted(resident, mini_home="1")
    assert (answer.status_code, answer.location) == (303, "/page/1")
    assert "Før svarede du: Enig. Nu er gemt: Meget uenig." in resident.get("/page/1").text
    assert "Før svarede du" not in resident.get("/page/1").text


def test_a_page_after_sending_elsewhere_is_told_apart_once(at_life, device, code):
    device().enter(code).send("next").send("next").send("send")
    assert posted(at_life, mini_adults="3").status_code == 303
    assert at_life.get("/page/2").heading == "Dine svar var allerede sendt"
    assert at_life.get("/page/2").path == "/done"


def test_a_wrong_code_leads_back_to_the_front_once(resident, wave):
    resident.get("/")
    wrong = make_code()
    answer = resident.client.post("/", data=resident.filled() | {"code": wrong})
    assert (answer.status_code, answer.location) == (303, "/")
    assert wrong not in str(answer.headers)
    assert resident.get("/").filled()["code"] == [wrong]
    assert resident.errors() != []
    assert resident.get("/").filled()["code"] == [""]
    assert resident.errors() == []


def test_a_page_left_open_is_told_of_its_error_and_of_nothing_else(at_life):
    with at_life.client.session_transaction() as cookie:
        cookie["touched"] = int(dt.datetime.now(dt.UTC).timestamp()) - 24 * 3600
    at_life.send("next", mini_adults="0")
    assert at_life.path == "/page/2"
    assert len(at_life.errors()) == 1
