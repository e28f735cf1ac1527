"""`beboerpuls sheets`."""

from __future__ import annotations

import click

from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, print_json, refuses
from survey.sheet_stock import add_sheets
from survey.studies import StudyError, find_wave


@click.group(cls=Group)
def sheets() -> None:
    """Add paper sheets to be keyed."""


@sheets.command(epilog='beboerpuls sheets add bopuls 1 0667-012 --number 50 --batch "Bundt 14"')
@click.argument("study")
@click.argument("wave", type=int)
@click.argument("area")
@click.option("--number", "-n", type=int, required=True, help="How many sheets.")
@click.option("--batch", required=True, help="The pile they belong to; made where it is new.")
@click.option("--language", default="da", show_default=True, help="The language printed.")
@as_json
@refuses(StudyError)
def add(
    study: str,
    wave: int,
    area: str,
    number: int,
    batch: str,
    language: str,
    as_json: bool,
) -> None:
    """Add sheets of an AREA to a batch, and print their serials."""
    with installation() as here, here.database.writing() as session:
        serials = add_sheets(
            session,
            find_wave(session, study, wave),
            area=area,
            batch=batch,
            number=number,
            language=language,
            actor=here.actor,
        )
    if as_json:
        print_json({"batch": batch, "serials": serials})
    else:
        click.echo("\n".join(serials))
