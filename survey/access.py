"""Accounts of staff: who they are, how they sign in, and what they may do in which study."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.orm import Session, selectinload

from survey import audit
from survey.database import Database
from survey.guessing import WRONG_TRIES_AN_HOUR, note_wrong_try, refuse_if_guessing
from survey.models import Account, Grant, Study
from survey.models.people import ROLES, folded

SHORTEST_PASSWORD = 12
# A longer one only costs the server time.
LONGEST_PASSWORD = 200
LONGEST_NAME = 60
# From one address; fewer than an address has in all, so that an office's others can go on.
WRONG_TRIES_AT_A_NAME = 10

# argon2id by OWASP's recommendation of least cost: a small server that many keyers sign in to at
# eight o'clock has no 64 MiB for each. Raised here, each password is hashed anew at its sign-in.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class AccountError(Exception):
    """An account cannot be made or changed; carries every reason, a line each."""


def add_account(
    session: Session,
    name: str,
    password: str,
    roles: Iterable[tuple[Study, str]] = (),
    *,
    actor: str,
) -> Account:
    """Add somebody who may sign in, with roles in studies. Raises AccountError."""
    name = _told(name)
    problems = [*_name_problems(session, name), *_password_problems(name, password)]
    granted = list(dict.fromkeys(roles))
    problems += [
        f"{role!r} is not a role. Roles are: {', '.join(ROLES)}."
        for _, role in granted
        if role not in ROLES
    ]
    if problems:
        raise AccountError("\n".join(problems))
    account = Account(name=name, password=_HASHER.hash(password))
    account.grants = [Grant(study_id=study.id, role=role) for study, role in granted]
    session.add(account)
    session.flush()
    given = [f"{role} in {study.key}" for study, role in granted]
    audit.note(session, actor, "account added", name, roles=given)
    return account


def disable_account(session: Session, name: str, *, actor: str) -> Account:
    """Let somebody in no more, from their next click on. Raises AccountError."""
    account = find_account(session, name)
    if not account.disabled:
        account.disabled = True
        account.generation += 1
        audit.note(session, actor, "account disabled", account.name)
    return account


def set_password(session: Session, name: str, password: str, *, actor: str) -> Account:
    """Give somebody a new password. Raises AccountError."""
    account = find_account(session, name)
    problems = _password_problems(account.name, password)
    if problems:
        raise AccountError("\n".join(problems))
    account.password = _HASHER.hash(password)
    account.generation += 1
    audit.note(session, actor, "password set", account.name)
    return account


def find_account(session: Session, name: str) -> Account:
    """The account of that name, however its letters are cased. Raises AccountError."""
    account = _by_name(session, _told(name))
    if account is None:
        known = ", ".join(session.scalars(select(Account.name).order_by(Account.name)))
        raise AccountError(f"There is no account {name!r}. Accounts are: {known or 'none yet'}.")
    return account


def sign_in(
    database: Database, name: str, password: str, *, address: str, now: dt.datetime
) -> Account | None:
    """The account, its grants loaded, or None when name and password do not belong together.

    Takes the database, not a session: a password costs tens of milliseconds to check, and no
    writer should wait for that. Raises TooManyTriesError.
    """
    name = _told(name)
    # None for a name alone: anybody could use it up, and keep its owner out. A password that is
    # guessed from many addresses at once is what the rules for passwords are against.
    tried = {
        f"address {address}": WRONG_TRIES_AN_HOUR,
        f"account {folded(name)} from {address}": WRONG_TRIES_AT_A_NAME,
    }
    with database.reading() as session:
        for who, most in tried.items():
            refuse_if_guessing(session, who, now, most=most)
        account = _by_name(session, name)
    known = account is not None and not account.disabled
    right = _matches(account.password if account and known else _nobodys(), password)
    if account is None or not (known and right):
        with database.writing() as session:
            for who in tried:
                note_wrong_try(session, who, now)
        return None
    if _HASHER.check_needs_rehash(account.password):
        with database.writing() as session:
            session.get_one(Account, account.id).password = _HASHER.hash(password)
    return account


def sign_out(session: Session, account_id: int) -> None:
    """End every session of an account, also those that a copied cookie could go on with."""
    session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(generation=Account.generation + 1)
        .execution_options(synchronize_session=False)
    )


def account_of(session: Session, account_id: int) -> Account | None:
    """Somebody who signed in before, their grants loaded; None once they are disabled."""
    account = session.get(Account, account_id, options=[selectinload(Account.grants)])
    return None if account is None or account.disabled else account


def studies_as(account: Account, role: str) -> frozenset[int]:
    """The ids of the studies in which somebody has a role."""
    return frozenset(grant.study_id for grant in account.grants if grant.role == role)


def roles_of(account: Account) -> frozenset[str]:
    """Every role that somebody has in some study."""
    return frozenset(grant.role for grant in account.grants)


def _by_name(session: Session, name: str) -> Account | None:
    if not name.isprintable():
        return None  # no account is named so, and PostgreSQL takes no NUL
    return session.scalars(
        select(Account).where(Account.folded == folded(name)).options(selectinload(Account.grants))
    ).first()


def _told(name: str) -> str:
    """A name as it is kept: the same letters, however the keyboard composed them."""
    return unicodedata.normalize("NFC", name).strip()


def _name_problems(session: Session, name: str) -> Iterable[str]:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        yield f"The name is {name!r}; it must have 1 to {LONGEST_NAME} signs that can be seen."
    elif _by_name(session, name) is not None:
        yield f"There is an account {name!r} already. Choose another name."


def _password_problems(name: str, password: str) -> list[str]:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        allowed = f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD}"
        advice = "Four words that do not belong together are easy to remember."
        return [f"The password has {len(password)} signs; it must have {allowed}. {advice}"]
    if name and name.casefold() in password.casefold():
        return ["The password holds the account's name. Choose one that cannot be guessed from it."]
    if len(set(password)) < 4:
        return ["The password repeats fewer than four signs. Choose one that is harder to guess."]
    return []


def _matches(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password[: LONGEST_PASSWORD + 1])
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """What is checked when there is no such account, so that the answer takes as long."""
    return _HASHER.hash("nobody has this password")
