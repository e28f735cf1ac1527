import datetime as dt

import pytest
from sqlalchemy import func, select, update

from survey import invitations
from survey.contacts import Reached, read_contact
from survey.csv_files import CsvFileError
from survey.models import AuditEntry, Contact, Invitation, Wave
from survey.secrets import could_be_code
from survey.studies import StudyError, find_wave

FILE = (
    "reference,area,stratum,base_weight,person,name,address\n"
    "R1,0667-001,A,2,p1,Bodil Æbelø,Rugvænget 1\n"
    "R2,0667-001,,,,,\n"
)


@pytest.fixture
def invite(database, keys, make, tmp_path):
    """A function that invites to a planned wave from a file's text."""
    study = make.study(key="puls")
    make.area(study, key="0667-001")
    make.wave(study, number=1)

    def invite_text(content):
        path = tmp_path / "invitations.csv"
        path.write_text(content, encoding="utf-8")
        with database.writing() as session:
            wave = find_wave(session, "puls", 1)
            return invitations.invite(session, keys, wave, path, actor="operator")

    return invite_text


@pytest.fixture
def invited(database, invite):
    """A database with two invitations."""
    invite(FILE)
    return database


def report(database, outcomes):
    with database.writing() as session:
        wave = find_wave(session, "puls", 1)
        return invitations.report_outcomes(session, wave, outcomes, actor="operator")


def test_each_invitation_gets_a_code_of_which_only_the_hash_is_kept(database, keys, invite):
    first, second = invite(FILE)
    assert (first.reference, first.area) == ("R1", "0667-001")
    assert could_be_code(first.code)
    assert first.code != second.code
    with database.reading() as session:
        rows = session.scalars(select(Invitation).order_by(Invitation.reference)).all()
    assert [row.code_hash for row in rows] == [keys.code_hash(one.code) for one in (first, second)]
    assert [(row.stratum, row.base_weight) for row in rows] == [("A", 2.0), ("", 1.0)]
    assert rows[0].pseudonym == keys.pseudonym("puls", "p1")
    assert rows[1].pseudonym is None


def test_contact_data_are_sealed_apart_with_the_code_for_reminders(database, keys, invite):
    first, _ = invite(FILE)
    with database.reading() as session:
        contact = session.scalars(select(Contact)).one()
    assert b"Bodil" not in contact.sealed
    assert read_contact(keys, contact) == Reached(
        code=first.code, name="Bodil Æbelø", address="Rugvænget 1"
    )


def test_neither_codes_nor_contacts_are_noted(database, invite):
    codes = [one.code for one in invite(FILE)]
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert entry.detail == {"invitations": 2}
    assert not any(code in str(entry.detail) for code in codes)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "reference,area\nR1,0667-001\nR1,0667-001\n",
            "row 3, column reference: 'R1' stands in row 2 already",
        ),
        ("reference,area\nR9,0667-009\n", "row 2, column area: '0667-009' is not in the study."),
        (
            "reference,area,base_weight\nR9,0667-001,0\n",
            "row 2, column base_weight: '0' must be a number above 0",
        ),
        (
            "reference,area,person\nR8,0667-001,p7\nR9,0667-001,p7\n",
            "row 3, column person: 'p7' stands in row 2 already; a person is invited once a wave.",
        ),
        (
            "reference,area,cpr\nR9,0667-001,0101801234\n",
            "'cpr' is not a column of this file.",
        ),
        # The codes' file is opened in a spreadsheet, to be merged into letters.
        (
            "reference,area\n=R9,0667-001\n",
            "row 2, column reference: '=R9' begins with =, as a formula",
        ),
    ],
)
def test_a_file_with_a_problem_invites_nobody(database, invite, content, problem):
    with pytest.raises(CsvFileError) as caught:
        invite(content)
    assert problem in str(caught.value)
    with database.reading() as session:
        assert session.scalar(select(func.count(Invitation.id))) == 0


@pytest.mark.parametrize("number", ["010180-1234", "0101801234"])
def test_a_cpr_number_is_refused_wherever_it_stands_and_not_repeated(invite, number):
    with pytest.raises(CsvFileError) as caught:
        invite(f"reference,area,person\n{number},0667-001,{number}\n")
    assert str(caught.value).count("looks like a CPR number") == 2
    assert number not in str(caught.value)


def test_nobody_is_invited_twice_to_a_wave(invited, invite):
    with pytest.raises(CsvFileError, match="'R2' was invited to this wave before"):
        invite("reference,area\nR2,0667-001\nR3,0667-001\n")


def test_a_closed_wave_invites_nobody(database, invite):
    with database.writing() as session:
        session.execute(update(Wave).values(status="closed", opens=dt.date(2026, 11, 1)))
    with pytest.raises(StudyError, match="Wave 1 is closed"):
        invite(FILE)


def test_what_became_of_invitations_is_kept_and_noted(invited):
    assert report(invited, {"R1": "moved", "R2": "refused"}) == 2
    assert report(invited, {"R1": "moved", "R2": "unreachable"}) == 1
    with invited.reading() as session:
        found = session.execute(select(Invitation.reference, Invitation.outcome)).all()
    assert dict(found) == {"R1": "moved", "R2": "unreachable"}


def test_outcomes_that_cannot_be_are_all_told_and_none_is_kept(invited):
    with invited.writing() as session:
        session.scalars(
            select(Invitation).where(Invitation.reference == "R2")
        ).one().outcome = "withdrawn"
    with pytest.raises(StudyError) as caught:
        report(invited, {"R1": "asleep", "R2": "moved", "R7": "moved"})
    assert str(caught.value).splitlines() == [
        (
            "There is no invitation 'R7' in wave 1 of puls. "
            "Give the reference that stood in the file of invitations."
        ),
        (
            "'asleep' is not an outcome. Outcomes are: refused, moved, unreachable, not_eligible, "
            "deceased, undeliverable."
        ),
        "The answers of 'R2' were withdrawn; that stands.",
    ]
    with invited.reading() as session:
        assert session.scalars(select(Invitation.outcome)).first() is None


def test_outcomes_are_read_from_a_file(tmp_path):
    path = tmp_path / "outcomes.csv"
    path.write_text("reference;outcome\nR1;moved\nR2;refused\n", encoding="utf-8")
    assert invitations.read_outcomes(path) == {"R1": "moved", "R2": "refused"}


def test_a_frozen_waves_outcomes_are_counted(invited):
    with invited.writing() as session:
        session.execute(update(Wave).values(status="frozen", opens=dt.date(2026, 11, 1)))
    with pytest.raises(StudyError, match="frozen"):
        report(invited, {"R1": "moved"})
