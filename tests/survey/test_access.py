import datetime as dt

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from survey import access
from survey.access import WRONG_TRIES_AT_A_NAME, AccountError
from survey.guessing import WRONG_TRIES_AN_HOUR, TooManyTriesError, note_wrong_try
from survey.models import Account, AuditEntry, Study

PASSWORD = "fire ord uden mening"
NOON = dt.datetime(2026, 11, 2, 12, 30, tzinfo=dt.UTC)


@pytest.fixture
def bodil(database, make):
    """A keyer who may key in one study."""
    study = make.study(key="puls")
    with database.writing() as session:
        return access.add_account(
            session, "Bodil", PASSWORD, [(study, "fieldworker")], actor="operator"
        )


def sign_in(database, name="Bodil", password=PASSWORD, address="203.0.113.7", now=NOON):
    return access.sign_in(database, name, password, address=address, now=now)


def all_but_one(database, who, tries=WRONG_TRIES_AN_HOUR):
    """Use up all wrong tries of an hour but the last, without checking passwords for it."""
    with database.writing() as session:
        for _ in range(tries - 1):
            note_wrong_try(session, who, NOON)


def test_the_right_password_signs_in_and_brings_the_roles(database, bodil):
    account = sign_in(database)
    assert account.id == bodil.id
    assert access.roles_of(account) == {"fieldworker"}
    assert access.studies_as(account, "fieldworker") == {1}
    assert access.studies_as(account, "researcher") == frozenset()


@pytest.mark.parametrize("name", ["bodil", " BODIL "])
def test_case_and_blanks_around_a_name_do_not_matter(database, bodil, name):
    assert sign_in(database, name=name).id == bodil.id


@pytest.mark.parametrize("name", ["ÅSE ØRSTED", "åse ørsted", "A\u030ase \u00d8rsted"])
def test_danish_letters_in_any_case_sign_in_as_others_do(database, name):
    with database.writing() as session:
        added = access.add_account(session, "Åse Ørsted", PASSWORD, actor="operator")
        with pytest.raises(AccountError, match="There is an account"):
            access.add_account(session, name, PASSWORD, actor="operator")
    assert sign_in(database, name=name).id == added.id
    assert sign_in(database, name=name).name == "Åse Ørsted"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Bodil", "fire ord uden menin"),
        ("Bodil", ""),
        ("Birgit", PASSWORD),
        ("", ""),
        ("Bodil", "x" * 1_000_000),
        ("Bod\0il", PASSWORD.upper()),
    ],
)
def test_anything_else_does_not_sign_in(database, bodil, name, password):
    assert sign_in(database, name=name, password=password) is None


def test_a_disabled_account_is_let_in_no_more(database, bodil):
    with database.writing() as session:
        access.disable_account(session, "bodil", actor="operator")
    assert sign_in(database) is None
    with database.reading() as session:
        assert access.account_of(session, bodil.id) is None


def test_an_account_is_found_again_with_its_roles_by_its_id(database, bodil):
    with database.reading() as session:
        account = access.account_of(session, bodil.id)
    assert access.roles_of(account) == {"fieldworker"}
    with database.reading() as session:
        assert access.account_of(session, 4711) is None


def test_guessing_at_one_name_is_slowed_where_it_comes_from(database, bodil):
    all_but_one(database, "account bodil from 203.0.113.7", WRONG_TRIES_AT_A_NAME)
    assert sign_in(database, password="forkert") is None
    with pytest.raises(TooManyTriesError):
        sign_in(database, name="BODIL")
    assert sign_in(database, name="Jens") is None
    assert sign_in(database, now=NOON + dt.timedelta(hours=1)).id == bodil.id


def test_nobody_can_keep_somebody_out_by_guessing_at_their_name(database, bodil):
    for number in range(WRONG_TRIES_AN_HOUR + 1):
        assert sign_in(database, password="forkert", address=f"203.0.113.{number}") is None
    assert sign_in(database, address="198.51.100.1").id == bodil.id


def test_guessing_from_one_address_at_many_names_is_slowed(database, bodil):
    all_but_one(database, "address 203.0.113.7")
    assert sign_in(database, name="Jens") is None
    with pytest.raises(TooManyTriesError):
        sign_in(database)
    assert sign_in(database, address="198.51.100.1").id == bodil.id


def test_a_password_is_kept_as_argon2id_and_made_anew_when_settings_rise(database, bodil):
    weaker = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with database.writing() as session:
        assert session.get_one(Account, bodil.id).password.startswith("$argon2id$")
        session.get_one(Account, bodil.id).password = weaker
    assert sign_in(database).id == bodil.id
    with database.reading() as session:
        assert "m=19456" in session.get_one(Account, bodil.id).password


def test_a_new_password_takes_the_place_of_the_old(database, bodil):
    with database.writing() as session:
        access.set_password(session, "Bodil", "helt andre ord nu", actor="operator")
    assert sign_in(database) is None
    assert sign_in(database, password="helt andre ord nu").id == bodil.id


@pytest.mark.parametrize(
    ("name", "password", "role", "said"),
    [
        ("", PASSWORD, "fieldworker", "must have 1 to 60 signs"),
        ("Bo\ndil", PASSWORD, "fieldworker", "must have 1 to 60 signs"),
        ("bodil", PASSWORD, "fieldworker", "There is an account 'bodil' already."),
        ("Jens", "kort", "fieldworker", "The password has 4 signs; it must have 12 to 200."),
        ("Jens", "jens jens jens", "fieldworker", "holds the account's name"),
        ("Jens", "aaaaaaaaaaaaaa", "fieldworker", "fewer than four signs"),
        ("Jens", PASSWORD, "king", "'king' is not a role. Roles are: coordinator,"),
    ],
)
def test_an_account_that_cannot_be_made_says_why(database, bodil, name, password, role, said):
    with database.reading() as session:
        granted = [(session.get_one(Study, 1), role)]
    with database.writing() as session, pytest.raises(AccountError) as caught:
        access.add_account(session, name, password, granted, actor="operator")
    assert said in str(caught.value)
    with database.reading() as session:
        assert session.scalars(select(Account.name)).all() == ["Bodil"]


def test_all_reasons_are_told_at_once(database):
    with database.writing() as session, pytest.raises(AccountError) as caught:
        access.add_account(session, "", "kort", actor="operator")
    assert len(str(caught.value).splitlines()) == 2


def test_what_is_done_to_accounts_is_noted_but_no_password(database, bodil):
    with database.writing() as session:
        access.set_password(session, "Bodil", "helt andre ord nu", actor="operator")
        access.disable_account(session, "Bodil", actor="operator")
        access.disable_account(session, "Bodil", actor="operator")
    with database.reading() as session:
        noted = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [entry.act for entry in noted] == ["account added", "password set", "account disabled"]
    assert noted[0].detail == {"roles": ["fieldworker in puls"]}
    assert "ord" not in str([entry.detail for entry in noted])


def test_an_account_that_is_not_there_is_told_with_those_that_are(database, bodil):
    with database.writing() as session, pytest.raises(AccountError, match="Accounts are: Bodil"):
        access.disable_account(session, "Jens", actor="operator")
