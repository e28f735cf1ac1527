"""Codes that let nobody in: a kind page for each, and a limit on guessing."""

import datetime as dt

import pytest
from sqlalchemy import func, select

import survey
from survey.guessing import WRONG_TRIES_AN_HOUR
from survey.models import Attempt
from survey.secrets import ALPHABET, make_code
from survey.web import client_address


@pytest.fixture
def counted(database):
    """A function that returns how many wrong tries were counted."""

    def count():
        with database.reading() as session:
            return session.scalar(select(func.sum(Attempt.count))) or 0

    return count


def mistype(code):
    """The code with its last sign changed."""
    return code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % len(ALPHABET)]


def test_a_slip_of_the_finger_is_told_and_not_counted_as_a_guess(resident, code, counted):
    typed = mistype(code)
    resident.enter(typed)
    assert resident.status == 200
    assert resident.errors() == [
        f"Du skrev »{typed}«. Der er en slåfejl i koden. Kig bogstaverne og tallene efter, ét for ét."
    ]
    assert resident.filled()["code"] == [typed]
    assert counted() == 0


def test_a_code_that_is_too_short_is_told_so(resident, code):
    assert "Koden har 12 tegn" in resident.enter(code[:7]).errors()[0]


def test_a_blank_code_is_told_so(resident, code):
    assert resident.enter("  ").errors() == ["Skriv koden fra dit brev."]


def test_an_unknown_code_is_told_so_and_counted(resident, code, counted):
    resident.enter(make_code())
    assert resident.status == 200
    assert "Den kode kender vi ikke" in resident.errors()[0]
    assert counted() == 1


@pytest.mark.parametrize(
    "typed",
    ["<script>alert(1)</script>", "'; DROP TABLE invitation; --", "\x00\u202e", "é" * 5000],
    ids=["script", "sql", "signs that cannot be seen", "long"],
)
def test_a_hostile_code_is_a_mistyped_one(resident, code, typed):
    resident.enter(typed)
    assert resident.status == 200
    assert "<script>" not in resident.answer.text


def test_a_used_code_gets_a_kind_page(resident, device, code):
    resident.begin(code)
    while resident.path != "/done":
        resident.send("send" if resident.path == "/page/4" else "next")
    late = device().enter(code)
    assert (late.status, late.heading) == (410, "Koden er brugt")


@pytest.mark.parametrize("way", ["typed", "link"])
def test_a_revoked_code_gets_a_kind_page(make, wave, area, resident, way):
    _, code = make.invitation(wave, area, revoked=True)
    resident.enter(code) if way == "typed" else resident.get(f"/c/{code}")
    assert (resident.status, resident.heading) == (410, "Koden gælder ikke længere")


def test_a_code_that_is_revoked_before_begin_begins_nothing(
    make, database, wave, area, resident, stored
):
    invitation, code = make.invitation(wave, area)
    resident.enter(code).send(language="da")
    with database.writing() as session:
        session.merge(invitation).revoked = True
    assert resident.send().status == 410
    assert stored() == []


def test_a_wave_that_has_not_begun_says_when_it_will(resident, code, change_wave):
    change_wave(status="planned", opens=dt.date(2026, 12, 1))
    assert "tirsdag den 1. december 2026" in resident.enter(code).text
    assert "tirsdag den 1. december 2026" in resident.get(f"/c/{code}").text


@pytest.mark.parametrize("status", ["closed", "frozen"])
def test_a_wave_that_is_over_says_so(resident, code, change_wave, status):
    change_wave(status=status)
    resident.enter(code)
    assert (resident.status, resident.heading) == (410, "Vi samler ikke svar ind mere")


@pytest.mark.parametrize("bad", ["ABCD", make_code()], ids=["mistyped", "unknown"])
def test_a_bad_link_leads_to_a_page_without_the_code_in_its_address(client, wave, bad):
    answer = client.get(f"/c/{bad}")
    assert answer.status_code == 303
    assert bad not in answer.headers["Location"]
    assert client.get(answer.headers["Location"]).status_code == 404


def test_guessing_is_slowed_for_all_processes_together(resident, device, code, settings):
    for _ in range(WRONG_TRIES_AN_HOUR):
        assert resident.enter(make_code()).status == 200
    other_process = survey.create_app(settings)
    answer = other_process.test_client().get(f"/c/{code}", follow_redirects=True)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 3600
    other_process.extensions["beboerpuls"].database.engine.dispose()
    resident.enter(code)
    assert (resident.status, resident.heading) == (429, "Vent lidt, før du prøver igen")
    assert "Prøv igen om" in resident.text


def test_a_guesser_does_not_slow_others(settings, keys, code, wave):
    # One proxy in front is trusted to say who asks; what the client claims itself is not.
    app = survey.create_app(type(settings)(**vars(settings) | {"proxies": 1}))
    client = app.test_client()
    for _ in range(WRONG_TRIES_AN_HOUR + 1):
        answer = client.get(
            f"/c/{make_code()}", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
        )
    assert answer.headers["Location"] == "/sorry/guessing"
    free = client.get(f"/c/{code}", headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"})
    assert free.headers["Location"] == "/language"
    app.extensions["beboerpuls"].database.engine.dispose()


def test_the_addresses_of_one_ipv6_subscriber_are_one(app):
    for address, expected in (
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("203.0.113.9", "203.0.113.9"),
        # As a server that listens for both kinds writes it; no two of these may become one.
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", "unknown"),
    ):
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            assert client_address() == expected
