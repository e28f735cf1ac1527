"""SQLite has one writer at a time: a freeze, or a withdrawal, holds up everybody else's pages."""

import sqlite3
import threading

import pytest
from sqlalchemy import event

from survey.freezing import freeze
from survey.models import Wave
from survey.secrets import make_code

pytestmark = pytest.mark.sqlite_file


@pytest.fixture
def impatient(app):
    """The product, waiting for other writers a moment instead of twenty seconds."""
    engine = app.extensions["beboerpuls"].database.engine
    engine.dispose()
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 50"))


@pytest.fixture
def holder(database_url):
    """Another writer, who takes the database and lets go of it."""
    path = database_url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def test_a_page_waits_for_a_freeze_and_is_stored(
    database, keys, make, mini, study, tmp_path, resident, code, answers
):
    resident.begin(code)
    closed = make.open_wave(study, mini, status="closed")
    sent = threading.Thread(target=lambda: resident.send("next", mini_home="4"))
    with database.writing() as session:
        wave = session.get_one(Wave, closed.id)
        freeze(session, keys, mini, wave, tmp_path / "data", actor="somebody")
        sent.start()
        sent.join(0.3)
        assert sent.is_alive()
    sent.join(10)
    assert resident.path == "/page/2"
    assert answers()["mini_home"] == 4


def test_held_too_long_to_begin_one_presses_again(impatient, holder, resident, code, stored):
    resident.enter(code).send(language="da")
    holder.execute("BEGIN IMMEDIATE")
    page = resident.filled()
    resident.send()
    assert resident.status == 503
    assert "Prøv igen om lidt" in resident.text
    assert resident.answer.headers["Retry-After"] == "60"
    holder.execute("COMMIT")
    assert resident.post("/about", page).path == "/page/1"
    assert len(stored()) == 1


def test_held_too_long_to_save_the_words_are_shown_and_sent_again_stored_once(
    impatient, holder, resident, code, stored
):
    resident.begin(code)
    holder.execute("BEGIN IMMEDIATE")
    resident.send("next", mini_home="4")
    assert resident.status == 503
    assert "Dine svar er ikke gemt endnu" in resident.text
    holder.execute("COMMIT")
    resident.send("next")
    ((response, content),) = stored()
    assert content.answers["mini_home"] == 4
    assert response.revision == 1


def test_held_too_long_to_count_a_wrong_code_nobody_is_let_in(
    impatient, holder, resident, code, stored
):
    holder.execute("BEGIN IMMEDIATE")
    resident.enter(make_code())
    assert resident.status == 503
    holder.execute("COMMIT")
    assert stored() == []
