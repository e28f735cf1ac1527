"""`beboerpuls invitations`."""

from __future__ import annotations

from pathlib import Path

import click

from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, counted, print_json, refuses
from survey.contacts import ask_no_reminder, delete_contacts, mark_bounces, read_bounces
from survey.csv_files import CsvFileError
from survey.invitations import REPORTED, read_outcomes, report_outcomes, revoke_codes
from survey.studies import StudyError, find_wave


@click.group(cls=Group)
def invitations() -> None:
    """Report what became of invitations, and of e-mails; take a code out of use."""


@invitations.command(
    epilog="""
beboerpuls invitations outcome bopuls 1 R0017 moved
beboerpuls invitations outcome bopuls 1 --file outcomes.csv
"""
)
@click.argument("study")
@click.argument("wave", type=int)
@click.argument("reference", required=False)
@click.argument("outcome", required=False, type=click.Choice(REPORTED), metavar="[OUTCOME]")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A CSV file with the columns reference and outcome, for many at once.",
)
@as_json
@refuses(CsvFileError, StudyError)
def outcome(
    study: str,
    wave: int,
    reference: str | None,
    outcome: str | None,
    file: Path | None,
    as_json: bool,
) -> None:
    """Keep what fieldwork found out of somebody who did not answer.

    OUTCOME is refused, moved, unreachable, not_eligible, deceased or undeliverable.
    """
    if (file is None) == (outcome is None):
        raise click.UsageError("Give a reference and an outcome, or a --file with both.")
    outcomes = read_outcomes(file) if file else {str(reference): str(outcome)}
    with installation() as here, here.database.writing() as session:
        found = find_wave(session, study, wave)
        changed = report_outcomes(session, found, outcomes, actor=here.actor)
    if as_json:
        print_json({"rows": len(outcomes), "changed": changed})
    else:
        click.echo(f"{counted(len(outcomes), 'outcome')} told, {changed} changed.")


@invitations.command(epilog='beboerpuls invitations revoke bopuls 1 R0017 --reason "letter lost"')
@click.argument("study")
@click.argument("wave", type=int)
@click.argument("references", metavar="REFERENCE...", nargs=-1, required=True)
@click.option("--reason", default="", help="Why; it is noted beside the reference, so name nobody.")
@as_json
@refuses(StudyError)
def revoke(study: str, wave: int, references: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Let somebody's code open nothing more, as when a letter was lost or went astray.

    What was answered with it stays. Who gets a new code is invited under a new reference.
    """
    asked = tuple(dict.fromkeys(references))
    with installation() as here, here.database.writing() as session:
        found = find_wave(session, study, wave)
        revoked = revoke_codes(session, found, asked, reason=reason, actor=here.actor)
    if as_json:
        print_json({"references": len(asked), "revoked": revoked})
    else:
        click.echo(f"{counted(revoked, 'code')} revoked, {len(asked) - revoked} before.")


@invitations.command(epilog="beboerpuls invitations bounces bopuls 1 bounces.csv")
@click.argument("study")
@click.argument("wave", type=int)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
@refuses(CsvFileError, StudyError)
def bounces(study: str, wave: int, file: Path, as_json: bool) -> None:
    """Take in a list of e-mails that came back; no more are sent there, letters still are.

    FILE is CSV with the column email, or reference.
    """
    addresses, references = read_bounces(file)
    with installation() as here, here.database.writing() as session:
        found = find_wave(session, study, wave)
        keys = here.settings.keys
        marked = mark_bounces(session, keys, found, addresses, references, actor=here.actor)
    counts = {"marked": marked.marked, "before": marked.before, "unknown": marked.unknown}
    if as_json:
        print_json(counts)
    else:
        click.echo("{marked} marked, {before} marked before, {unknown} unknown.".format(**counts))


@invitations.command("no-reminder", epilog="beboerpuls invitations no-reminder bopuls 1 R0017")
@click.argument("study")
@click.argument("wave", type=int)
@click.argument("references", metavar="REFERENCE...", nargs=-1, required=True)
@as_json
@refuses(StudyError)
def no_reminder(study: str, wave: int, references: tuple[str, ...], as_json: bool) -> None:
    """Remind somebody no more, who asked for that. Their code still lets them answer."""
    with installation() as here, here.database.writing() as session:
        found = find_wave(session, study, wave)
        marked = ask_no_reminder(session, found, references, actor=here.actor)
    if as_json:
        print_json({"references": len(set(references)), "marked": marked})
    else:
        click.echo(f"{counted(marked, 'invitation')} reminded no more.")


@invitations.command(epilog="beboerpuls invitations forget bopuls 1")
@click.argument("study")
@click.argument("wave", type=int)
@click.option("--yes", is_flag=True, help="Do not ask first.")
@as_json
@refuses(StudyError)
def forget(study: str, wave: int, yes: bool, as_json: bool) -> None:
    """Delete names, addresses and codes of a wave that is closed, and who was reminded when."""
    with installation() as here:
        if not yes:
            click.confirm(f"Delete all contact data of wave {wave} of {study}?", abort=True)
        with here.database.writing() as session:
            found = find_wave(session, study, wave)
            number = delete_contacts(session, found, actor=here.actor)
    if as_json:
        print_json({"deleted": number})
    else:
        click.echo(f"Contact data of {counted(number, 'invitation')} deleted.")
