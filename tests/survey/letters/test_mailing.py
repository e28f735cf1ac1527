import dataclasses
import datetime as dt
import os
import signal
import subprocess
import sys
import threading

import pytest
from sqlalchemy import select, update

from survey.contacts import mark_bounces
from survey.languages import Languages
from survey.letters.mail import MailServerError
from survey.letters.mailing import Pace, as_told, send_mails, send_uncertain_again
from survey.letters.rounds import REST
from survey.models import Addressee, Contact, Wave
from survey.settings import DATA_FOLDER, DATABASE, KEY_FILE

# What is told and refused here is the same on any database.
pytestmark = pytest.mark.sqlite_file

CODE = "AB12CD34EF56"
DAY = dt.date(2026, 11, 10)  # on which rounds are drawn


@pytest.fixture
def invited(correspondence):
    """Five people with e-mail addresses, in a round."""
    people = [correspondence.invite(email=f"r{number}@example.dk") for number in range(1, 6)]
    return people, correspondence.draw()


@pytest.fixture
def send(correspondence, mail, shop):
    """A function that sends a round's e-mails; returns how many stand where."""

    def send(round_id, pause=lambda _seconds: None):
        pace = Pace(pause, lambda _done, _of: None, between_passes=0)
        written = correspondence.written(round_id)
        return dict(send_mails(shop.database, shop.keys, written, mail, Languages(), pace))

    return send


def test_everybody_gets_one_with_their_own_code(correspondence, send, mail_server):
    correspondence.invite(email="aase@example.dk", code=CODE, languages=("en",), name="Aase Holm")
    assert send(correspondence.draw()) == {"sent": 1}
    [(address, message)] = mail_server.taken
    assert address == "aase@example.dk"
    assert message["To"] == "Aase Holm <aase@example.dk>"
    assert message["From"] == "Boligfonden <puls@example.dk>"
    assert message["Subject"] == "Boligfonden: Hvordan er det at bo hos jer?"
    assert message["Message-ID"].endswith("@example.dk>")
    plain = message.get_body(("plain",)).get_content()
    page = message.get_body(("html",)).get_content()
    for said in (
        f"https://svar.example.dk/c/{CODE}",
        "AB12 CD34 EF56",
        "fortrolige",
        "next birthday",
    ):
        assert said in plain
        assert said in page
    assert "anonym" not in plain


def test_sent_again_nobody_gets_a_second(invited, send, mail_server):
    _, round_id = invited
    assert send(round_id) == {"sent": 5}
    assert send(round_id) == {"sent": 5}
    assert len(mail_server.taken) == 5


def test_an_address_that_the_server_refuses_is_marked_and_the_others_get_theirs(
    invited, send, mail_server, database
):
    people, round_id = invited
    mail_server.refused.add("r2@example.dk")
    assert send(round_id) == {"sent": 4, "refused": 1}
    with database.reading() as session:
        assert session.scalars(select(Contact.invitation_id).where(Contact.mail_bounced)).all() == [
            people[1].id
        ]
    # A letter still reaches them.
    assert people[1].outcome is None


@pytest.mark.parametrize(
    "words",
    [
        "554 5.7.1 relay access denied",
        "550 5.7.1 you look like spam",
        "451 4.7.1 greylisted",
    ],
)
def test_a_server_that_takes_nothing_from_us_says_nothing_of_addresses(
    correspondence, send, mail_server, database, words
):
    for number in range(12):
        correspondence.invite(email=f"r{number}@example.dk")
    round_id = correspondence.draw()
    mail_server.to_everybody = words
    with pytest.raises(MailServerError, match=words):
        send(round_id)
    with database.reading() as session:
        assert not any(session.scalars(select(Contact.mail_bounced)))
    mail_server.to_everybody = None
    assert send(round_id) == {"sent": 12}


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("550 5.1.1 no such user", "refused"),
        ("552 5.2.2 mailbox full", "refused"),
        ("553 no such mailbox", "refused"),
        ("550 5.7.26 not authenticated", "waiting"),
        ("554 no", "waiting"),
    ],
)
def test_an_address_is_marked_only_where_the_refusal_is_about_it(
    correspondence, send, mail_server, database, words, state
):
    correspondence.invite(email="aase@example.dk")
    mail_server.to_everybody = words
    assert send(correspondence.draw()) == {state: 1}
    with database.reading() as session:
        assert session.scalars(select(Contact.mail_bounced)).one() == (state == "refused")


def test_whoever_is_deferred_is_tried_again_and_then_waits(invited, send, mail_server):
    _, round_id = invited
    mail_server.deferred |= {"r1@example.dk": 1, "r3@example.dk": 99}
    assert send(round_id) == {"sent": 4, "waiting": 1}
    assert sorted(mail_server.addresses()) == [f"r{n}@example.dk" for n in (1, 2, 4, 5)]
    mail_server.deferred.clear()
    assert send(round_id) == {"sent": 5}


def test_a_line_that_breaks_before_the_servers_word_leaves_one_in_doubt(
    invited, send, mail_server, database
):
    _, round_id = invited
    mail_server.silent_at = 3

    def cut():
        assert mail_server.silent.wait(20)
        mail_server.cut()

    cutting = threading.Thread(target=cut)
    cutting.start()
    with pytest.raises(MailServerError):
        send(round_id)
    cutting.join()
    mail_server.silent_at = None
    assert send(round_id) == {"sent": 4, "uncertain": 1}
    assert len(mail_server.taken) == 5
    # Sent once more when the coordinator says so, and only then.
    with database.writing() as session:
        assert send_uncertain_again(session, round_id) == 1
    assert send(round_id) == {"sent": 5}


def test_a_process_killed_in_the_middle_sends_nothing_twice(
    invited, send, mail_server, correspondence, settings, key_file
):
    _, round_id = invited
    mail_server.silent_at = 3
    number = str(correspondence.number_of(round_id))
    command = ["letters", "send", "puls", "1", "--round", number, "--address", "https://a.dk"]
    environ = {
        DATABASE: settings.database,
        KEY_FILE: str(key_file),
        DATA_FOLDER: str(settings.data),
        "BEBOERPULS_SMTP_HOST": "127.0.0.1",
        "BEBOERPULS_SMTP_PORT": str(mail_server.port),
        "BEBOERPULS_SMTP_TLS": "none",
        "BEBOERPULS_SMTP_SENDER": "puls@example.dk",
        "BEBOERPULS_SMTP_RATE": "10000",
    }
    program = "from survey.cli import beboerpuls; beboerpuls()"
    started = subprocess.Popen([sys.executable, "-c", program, *command], env=os.environ | environ)
    assert mail_server.silent.wait(60)
    started.send_signal(signal.SIGKILL)
    started.wait()
    mail_server.silent_at = None
    assert send(round_id) == {"sent": 4, "uncertain": 1}
    assert sorted(mail_server.addresses()) == [f"r{n}@example.dk" for n in range(1, 6)]


def test_two_workers_at_once_send_each_once(invited, send, mail_server):
    _, round_id = invited
    threads = [threading.Thread(target=send, args=[round_id]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(mail_server.addresses()) == [f"r{n}@example.dk" for n in range(1, 6)]


def test_whoever_answered_or_said_no_meanwhile_is_passed_over(
    correspondence, invited, send, mail_server
):
    people, round_id = invited
    send(round_id)
    mail_server.taken.clear()
    reminders = correspondence.draw("reminder", DAY + REST)
    correspondence.answer(people[0])
    correspondence.change(people[1], outcome="refused")
    correspondence.change(people[2], no_reminder=True)
    sent = send(reminders)
    assert sent["sent"] == 2
    assert mail_server.addresses() == ["r4@example.dk", "r5@example.dk"]
    assert mail_server.taken[0][1]["Subject"] == "Boligfonden: Vi vil stadig gerne høre fra dig"


def test_no_mail_goes_to_an_address_that_bounced(
    correspondence, invited, send, mail_server, database, keys
):
    people, round_id = invited
    with database.writing() as session:
        wave = session.get_one(Wave, correspondence.wave.id)
        found = mark_bounces(
            session, keys, wave, {"r1@example.dk", "nobody@example.dk"}, {"R002"}, actor="Karen"
        )
    assert (found.marked, found.before, found.unknown) == (2, 0, 1)
    assert send(round_id) == {"sent": 3}
    assert people[0].reference not in mail_server.addresses()


def test_mails_go_at_the_rate_of_the_settings(invited, send):
    pauses = []
    send(invited[1], pause=pauses.append)
    assert pauses == [60 / 10_000] * 5


def test_a_server_that_is_not_there_is_told_and_everything_waits(
    invited, send, mail_server, database
):
    _, round_id = invited
    mail_server.server_close()
    mail_server.shutdown()
    with pytest.raises(MailServerError, match="refused"):
        send(round_id)
    with database.reading() as session:
        assert set(session.scalars(select(Addressee.mail))) == {"waiting"}


def test_a_wrong_password_is_told_in_the_servers_words(
    correspondence, invited, mail_server, shop, mail
):
    mail_server.password = "hemmelig"
    wrong = type(mail)(mail.host, mail.port, "none", mail.sender, mail.rate, "puls", "forkert")
    written = correspondence.written(invited[1])
    pace = Pace(lambda _seconds: None, lambda _done, _of: None)
    with pytest.raises(MailServerError, match="535 wrong password"):
        send_mails(shop.database, shop.keys, written, wrong, Languages(), pace)


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(
    correspondence, invited, over_tls, certificate, shop, mail, monkeypatch
):
    careful = dataclasses.replace(mail, tls="starttls")
    written = correspondence.written(invited[1])
    pace = Pace(lambda _seconds: None, lambda _done, _of: None)

    def send():
        return send_mails(shop.database, shop.keys, written, careful, Languages(), pace)

    with pytest.raises(MailServerError, match="CERTIFICATE_VERIFY_FAILED"):
        send()
    assert over_tls.taken == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert send() == {"sent": 5}
    over_tls.tls = None
    with pytest.raises(MailServerError, match="STARTTLS"):
        send()


def test_a_name_that_would_add_a_header_reaches_no_server(
    correspondence, send, mail_server, database, keys
):
    # No file brings such a name in; here it comes from a row that was tampered with.
    someone = correspondence.invite(email="aase@example.dk")
    bad = {"name": "Aase\r\nBcc: all@example.dk", "email": "aase@example.dk", "code": CODE}
    key_id, sealed = keys.seal(bad, someone.id, table="contact")
    round_id = correspondence.draw()
    with database.writing() as session:
        session.execute(update(Contact).values(key_id=key_id, sealed=sealed))
    assert send(round_id) == {"refused": 1}
    assert mail_server.taken == []


def test_the_job_tells_how_many_were_sent(
    invited, order, do_jobs, job, settings, asked, correspondence, mail, shop, mail_server
):
    mail_server.refused.add("r2@example.dk")
    shop.settings = type(settings)(**vars(settings) | {"mail": mail})
    wanted = {"round": invited[1], "address": "https://svar.example.dk"}
    number = order(asked, "mailing", wave=correspondence.wave, **wanted)
    do_jobs()
    done = job(number)
    assert (done.state, done.done, done.total) == ("done", 5, 5)
    assert done.counts == {"mail_done": 4, "mail_refused": 1, "without_mail": 0}
    assert done.sealed_key is None


def test_a_coordinator_is_not_told_how_many_were_passed_over():
    assert as_told({"sent": 2, "skipped": 1, "refused": 1}) == {"done": 3, "refused": 1}
    assert as_told({"waiting": 3}) == {"waiting": 3}


def test_without_a_mail_server_the_job_says_whom_to_tell(
    invited, order, do_jobs, job, asked, correspondence
):
    number = order(
        asked, "mailing", wave=correspondence.wave, round=invited[1], address="https://a.dk"
    )
    do_jobs()
    assert job(number).error["key"] == "job.error.no_mail"
