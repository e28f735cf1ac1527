"""`beboerpuls invitations`."""

from __future__ import annotations

from pathlib import Path

import click

from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, counted, print_json, refuses
from survey.csv_files import CsvFileError
from survey.invitations import REPORTED, read_outcomes, report_outcomes, revoke_codes
from survey.studies import StudyError, find_wave


@click.group(cls=Group)
def invitations() -> None:
    """Report what became of invitations; take a code out of use."""


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

    OUTCOME is refused, moved, unreachable or one of the others that a wrong word is told of.
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
