"""`beboerpuls letters`."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from survey import audit
from survey.commands.examples import Group
from survey.commands.installation import Installation, installation, today
from survey.commands.printing import (
    as_json,
    counted,
    print_json,
    print_table,
    refusal,
    refuses,
)
from survey.forms import Forms, NoFormError
from survey.languages import Languages
from survey.letters.mail import MailServerError
from survey.letters.mailing import Pace, send_mails, send_uncertain_again, standing
from survey.letters.merge_files import FORMATS, merge_file, write_merge_file
from survey.letters.orders import Written, written
from survey.letters.printing import listed, set_letters
from survey.letters.rounds import draw_round, find_round, rounds_of, sizes
from survey.secrets import NotOpenedError
from survey.settings import ADDRESS
from survey.studies import StudyError, find_wave, told

P = ParamSpec("P")
R = TypeVar("R")

_FILES = {"print-house": "letter_file", "sms": "sms_file", "e-mail": "mail_file"}


def _who(command: Callable[P, R]) -> Callable[P, R]:
    """The options that say who is written to."""
    for option in (
        click.argument("wave", type=int),
        click.argument("study"),
        click.option("--new", "kind", flag_value="invitation", help="Those never written to."),
        click.option(
            "--remind", "kind", flag_value="reminder", help="Those who have not answered."
        ),
        click.option("--round", "number", type=int, help="Those of a round drawn before."),
        click.option("--area", help="Of a new round: only this area."),
        click.option("--address", help=f"Where the site is reached (default: {ADDRESS})."),
    ):
        command = option(command)
    return command


@click.group(cls=Group)
def letters() -> None:
    """Write to people: letters, files for print houses and text messages, e-mails, reminders."""


@letters.command(
    "print",
    epilog=(
        "beboerpuls letters print bopuls 1 --new --out letters\n"
        "beboerpuls letters print bopuls 1 --remind --area 0667-012 --out reminders"
    ),
)
@_who
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new folder for the PDFs."
)
@as_json
@refuses(StudyError, NoFormError, NotOpenedError)
def print_(out: Path, as_json: bool, **who: Any) -> None:
    """Set a letter for each dwelling, as PDF, in its languages, with code and QR.

    Who is in a round is decided once; made again with --round, it has the same people.
    """
    with installation() as here:
        found = _written(here, "letters", **who)
        _new_folder(out, found)
        made = []
        try:
            for letter in set_letters(found, Languages(), _tell):
                if letter.pdf:
                    (out / letter.file).write_bytes(letter.pdf)
                made.append(replace(letter, pdf=b""))
            (out / "letters.csv").write_bytes(listed(made))
        except OSError as failure:
            shutil.rmtree(out, ignore_errors=True)
            raise refusal(
                f"{out}: {failure.strerror}. The round is kept; make room, and print it again "
                f"with --round {found.number}"
            ) from None
    without = len(found.recipients) - len(made)
    lacking = [letter.recipient.reference for letter in made if letter.lacks]
    printed = len(made) - len(lacking)
    if as_json:
        counts = {"letters": printed, "without_address": without, "unprintable": lacking}
        print_json({"round": found.number} | counts)
        return
    click.echo(f"Round {found.number}: {counted(printed, 'letter')} in {out}.")
    if without:
        click.echo(f"{counted(without, 'invitation')} without an address.")
    if lacking:
        click.echo(f"Not printed, since no font of ours has their letters: {', '.join(lacking)}.")


@letters.command(
    "file",
    epilog="beboerpuls letters file bopuls 1 --remind --for sms --out reminders.xlsx",
)
@_who
@click.option("--for", "whom", type=click.Choice(list(_FILES)), required=True, help="Who uses it.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="A new file, .csv or .xlsx.",
)
@as_json
@refuses(StudyError, NoFormError, NotOpenedError)
def file(whom: str, out: Path, as_json: bool, **who: Any) -> None:
    """Write a file of one row a recipient, for those who print, text or mail in your name."""
    form = out.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise refusal(f"{out}: the file's name must end with .csv or .xlsx.")
    if out.exists():
        raise refusal(f"{out} is there already. Name a file that is not there yet.")
    with installation() as here:
        found = _written(here, _FILES[whom], **who)
        merged = merge_file(found, _FILES[whom], Languages())
        try:
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as target:
                write_merge_file(merged, form, target)
        except OSError as failure:
            raise refusal(
                f"{out}: {failure.strerror}. The round is kept; write it again with "
                f"--round {found.number}"
            ) from None
    rows, left_out = len(merged.rows), merged.left_out
    if as_json:
        print_json({"round": found.number, "rows": rows, "left_out": left_out})
    else:
        click.echo(f"Round {found.number}: {counted(rows, 'row')} in {out}; {left_out} left out.")


@letters.command("send", epilog="beboerpuls letters send bopuls 1 --remind")
@_who
@click.option("--uncertain", is_flag=True, help="Also those that may have been sent before.")
@as_json
@refuses(StudyError, NoFormError, NotOpenedError)
def send(uncertain: bool, as_json: bool, **who: Any) -> None:
    """Send e-mails through the mail server of the settings, at its rate.

    Broken off, it is begun again with --round: who was written to is not written to twice.
    """
    with installation() as here:
        mail = here.settings.mail
        if mail is None:
            raise refusal("No mail server is set up. Name one in BEBOERPULS_SMTP_HOST.")
        found = _written(here, "mailing", **who)
        if uncertain:
            with here.database.writing() as session:
                send_uncertain_again(session, found.round_id)
        pace = Pace(time.sleep, _tell)
        try:
            states = send_mails(here.database, here.settings.keys, found, mail, Languages(), pace)
        except MailServerError as failure:
            raise refusal(
                f"The mail server did not take it: {failure}. What is sent is not sent again. "
                "Go on with: beboerpuls letters send "
                f"{who['study']} {who['wave']} --round {found.number}"
            ) from None
    if as_json:
        print_json({"round": found.number, **states})
    else:
        told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        click.echo(f"Round {found.number}: {told or 'nobody has an e-mail address'}.")


@letters.command("rounds", epilog="beboerpuls letters rounds bopuls 1")
@click.argument("study")
@click.argument("wave", type=int)
@as_json
@refuses(StudyError)
def rounds(study: str, wave: int, as_json: bool) -> None:
    """Show who was written to when: rounds, how many in each, and where their e-mails stand."""
    with installation() as here, here.database.reading() as session:
        found = rounds_of(session, find_wave(session, study, wave))
        counts = sizes(session, found)
        rows = [
            {
                "round": one.number,
                "kind": one.kind,
                "drawn": one.drawn.isoformat(),
                "by": one.actor,
                "people": counts.get(one.id, 0),
                "mails": dict(standing(session, one.id)),
            }
            for one in found
        ]
    if as_json:
        print_json(rows)
    else:
        columns = ["Round", "Kind", "Drawn", "By", "People", "E-mails"]
        shown = [[*list(row.values())[:-1], _listed(row["mails"])] for row in rows]
        print_table(columns, shown)


def _written(
    here: Installation,
    made: str,
    *,
    study: str,
    wave: int,
    kind: str | None,
    number: int | None,
    area: str | None,
    address: str | None,
) -> Written:
    if (kind is None) == (number is None):
        raise refusal("Say who is written to, in one way: --new, --remind, or --round NUMBER.")
    if number is not None and area:
        raise refusal("Who is in a round was decided when it was drawn; leave --area out.")
    site = (address or here.settings.address).rstrip("/")
    if not site.startswith(("http://", "https://")):
        raise refusal(
            f"Letters say where one answers. Name the site with --address or {ADDRESS}, as "
            "https://svar.example.dk"
        )
    with here.database.writing() as session:
        asked = find_wave(session, study, wave)
        if number is not None:
            drawn = find_round(session, asked, number)
        else:
            drawn = draw_round(
                session, asked, str(kind), area=area, today=today(), actor=here.actor
            )
        # A list of who has not answered is noted each time that one is made, not only when drawn.
        audit.note(
            session, here.actor, "round written out", told(asked), round=drawn.number, made=made
        )
        forms = Forms(here.settings.library)
        return written(session, here.settings.keys, forms, drawn.id, address=site)


def _new_folder(out: Path, found: Written) -> None:
    try:
        # It says who lives where, with codes: nobody else on the machine reads it.
        out.mkdir(mode=0o700, parents=True)
    except OSError as failure:
        raise refusal(
            f"{out}: {failure.strerror}. Round {found.number} is kept; name a new folder, and "
            f"print it with --round {found.number}"
        ) from None


def _listed(mails: object) -> str:
    states: dict[str, int] = dict(mails) if isinstance(mails, dict) else {}
    return ", ".join(f"{number} {state}" for state, number in sorted(states.items()))


def _tell(done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {of}", err=True, nl=done == of)
