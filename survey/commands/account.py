"""`beboerpuls account`."""

from __future__ import annotations

import secrets

import click

from survey import access
from survey.access import AccountError
from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import refuses
from survey.models.people import ROLES
from survey.studies import StudyError, find_study


@click.group(cls=Group)
def account() -> None:
    """Let staff in, and out again."""


_password = click.option(
    "--make-password",
    is_flag=True,
    help="Make a password and print it once, instead of asking for one.",
)


@account.command(epilog="beboerpuls account add bodil --role fieldworker:bopuls --make-password")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    metavar="ROLE:STUDY",
    multiple=True,
    help=f"What they may do in a study; as often as needed. Roles: {', '.join(ROLES)}.",
)
@_password
@refuses(AccountError, StudyError)
def add(name: str, roles: tuple[str, ...], make_password: bool) -> None:
    """Add somebody who may sign in as NAME."""
    named = [_role(role) for role in roles]
    with installation() as here:
        password = _new_password(name, make_password)
        with here.database.writing() as session:
            granted = [(find_study(session, study), role) for role, study in named]
            access.add_account(session, name, password, granted, actor=here.actor)
    _tell(name, "may sign in", password, make_password)


@account.command(epilog="beboerpuls account disable bodil")
@click.argument("name")
@refuses(AccountError)
def disable(name: str) -> None:
    """Let NAME in no more, from their next click on. What they did stays."""
    with installation() as here, here.database.writing() as session:
        access.disable_account(session, name, actor=here.actor)
    click.echo(f"{name} can no longer sign in.")


@account.command(epilog="beboerpuls account password bodil --make-password")
@click.argument("name")
@_password
@refuses(AccountError)
def password(name: str, make_password: bool) -> None:
    """Give NAME a new password."""
    with installation() as here:
        with here.database.reading() as session:
            access.find_account(session, name)
        new = _new_password(name, make_password)
        with here.database.writing() as session:
            access.set_password(session, name, new, actor=here.actor)
    _tell(name, "has a new password", new, make_password)


def _role(text: str) -> tuple[str, str]:
    role, colon, study = text.partition(":")
    if not colon:
        raise click.BadParameter(f"{text!r} must be a role and a study, as fieldworker:bopuls.")
    return role, study


def _new_password(name: str, make: bool) -> str:
    if make:
        # A short name may stand in any row of letters by chance, and would be refused there.
        while name.casefold() in (made := secrets.token_urlsafe(12)).casefold():
            pass
        return made
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _tell(name: str, what: str, password: str, made: bool) -> None:
    click.echo(f"{name} {what}.")
    if made:
        click.echo(f"Password: {password}\nIt is shown only now.")
