import csv
import datetime as dt

import pytest
from sqlalchemy import select, update

from survey.models import AuditEntry, Round, Wave

# What is shown and told here is the same on any database.
pytestmark = pytest.mark.sqlite_file

SITE = ("--address", "https://svar.example.dk")


@pytest.fixture
def invited(correspondence):
    correspondence.invite(name="Aase Holm", email="aase@example.dk")
    correspondence.invite(address="", postcode="", city="", phone="4512345678")
    return correspondence


def test_letters_are_printed_into_a_new_folder_that_only_its_owner_reads(
    commands, invited, database, tmp_path
):
    out = tmp_path / "letters"
    said = commands.json("letters", "print", "puls", 1, "--new", "--out", out, *SITE)
    assert said == {"round": 1, "letters": 1, "without_address": 1, "unprintable": []}
    assert sorted(path.name for path in out.iterdir()) == ["00001-R001.pdf", "letters.csv"]
    assert out.stat().st_mode & 0o077 == 0
    # The same people again, by the round's number, and into no folder that is there.
    again = ("letters", "print", "puls", 1, "--round", 1, *SITE)
    assert "--round 1" in commands.refused(*again, "--out", out)
    assert "1 letter in" in commands.works(*again, "--out", tmp_path / "again")
    with database.reading() as session:
        acts = session.scalars(select(AuditEntry.act).order_by(AuditEntry.number)).all()
    assert acts == ["round drawn", *["round written out"] * 3]


def test_a_file_is_written_for_those_who_text(commands, invited, tmp_path):
    out = tmp_path / "sms.csv"
    said = commands.json("letters", "file", "puls", 1, "--new", "--for", "sms", "--out", out, *SITE)
    assert said == {"round": 1, "rows": 1, "left_out": 1}
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert [row["phone"] for row in csv.DictReader(file, delimiter=";")] == ["4512345678"]
    assert out.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--out", "x.csv", *SITE), "in one way: --new, --remind, or --round"),
        (("--new", "--round", "1", "--out", "x.csv", *SITE), "in one way"),
        (("--new", "--out", "x.doc", *SITE), "must end with .csv or .xlsx"),
        (("--new", "--out", "x.csv"), "BEBOERPULS_ADDRESS"),
        (("--round", "7", "--out", "x.csv", *SITE), "Wave 1 has no round 7"),
        (("--new", "--area", "nowhere", "--out", "x.csv", *SITE), "no area 'nowhere'"),
        (("--remind", "--out", "x.csv", *SITE), "not written to yet"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(commands, invited, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    assert told in commands.refused("letters", "file", "puls", 1, "--for", "sms", *words)
    assert list(tmp_path.glob("x.*")) == []


def test_mails_are_sent_and_told_by_round(commands, invited, mail_server):
    commands.environ |= {
        "BEBOERPULS_SMTP_HOST": "127.0.0.1",
        "BEBOERPULS_SMTP_PORT": str(mail_server.port),
        "BEBOERPULS_SMTP_TLS": "none",
        "BEBOERPULS_SMTP_SENDER": "puls@example.dk",
        "BEBOERPULS_SMTP_RATE": "10000",
        "BEBOERPULS_ADDRESS": "https://svar.example.dk/",
    }
    assert "1 sent" in commands.works("letters", "send", "puls", 1, "--new")
    assert mail_server.addresses() == ["aase@example.dk"]
    [row] = commands.json("letters", "rounds", "puls", 1)
    assert (row["kind"], row["people"], row["mails"]) == ("invitation", 2, {"sent": 1})
    assert "1 sent" in commands.works("letters", "rounds", "puls", 1)


def test_without_a_mail_server_none_are_sent(commands, invited):
    refused = commands.refused("letters", "send", "puls", 1, "--new", *SITE)
    assert "BEBOERPULS_SMTP_HOST" in refused


def test_bounces_reminders_and_contacts_are_kept_by_command(commands, invited, database, tmp_path):
    bounces = tmp_path / "bounces.csv"
    bounces.write_text("email\naase@example.dk\n", encoding="utf-8")
    told = commands.json("invitations", "bounces", "puls", 1, bounces)
    assert told == {"marked": 1, "before": 0, "unknown": 0}
    told = commands.json("invitations", "no-reminder", "puls", 1, "R002")
    assert told == {"references": 1, "marked": 1}
    commands.works("letters", "print", "puls", 1, "--new", "--out", tmp_path / "a", *SITE)
    with database.writing() as session:
        session.execute(update(Round).values(drawn=dt.date(2026, 1, 1)))
    commands.works("letters", "print", "puls", 1, "--remind", "--out", tmp_path / "b", *SITE)
    assert [path.name for path in (tmp_path / "b").glob("*.pdf")] == ["00001-R001.pdf"]
    assert "Close it first" in commands.refused("invitations", "forget", "puls", 1, "--yes")
    with database.writing() as session:
        session.execute(update(Wave).values(status="closed"))
    assert commands.json("invitations", "forget", "puls", 1, "--yes") == {"deleted": 2}


def test_jobs_are_done_and_listed_by_command(commands, correspondence, order, asked):
    correspondence.invite()
    wanted = {"round": correspondence.draw(), "address": "https://svar.example.dk"}
    order(asked, "letters", wave=correspondence.wave, **wanted)
    assert commands.json("jobs", "list")[0]["state"] == "queued"
    assert "1 job done." in commands.works("jobs", "work", "--until-idle")
    [row] = commands.json("jobs", "list")
    assert (row["kind"], row["study"], row["state"], row["done"]) == ("letters", "puls", "done", 1)
    assert "letters" in commands.works("jobs", "list")
