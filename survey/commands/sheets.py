"""`beboerpuls sheets`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, counted, print_json, print_table, refusal, refuses
from survey.forms import NoFormError
from survey.languages import Languages
from survey.printing.orders import Order
from survey.printing.runs import print_sheets, runs
from survey.printing.skips import TooManyPathsError
from survey.sheet_stock import add_sheets
from survey.studies import StudyError, find_wave


@click.group(cls=Group)
def sheets() -> None:
    """Add paper sheets to be keyed, and print them."""


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


@sheets.command(
    "print",
    epilog=(
        "beboerpuls sheets print bopuls 1 --invitations --language da --out prints/da\n"
        "beboerpuls sheets print bopuls 1 --stock 50 --area 0667-012 --language ar --out prints/ar"
    ),
)
@click.argument("study")
@click.argument("wave", type=int)
@click.option("--invitations", is_flag=True, help="A sheet for each that waits for an answer.")
@click.option("--stock", type=int, help="So many new sheets for nobody in particular.")
@click.option("--area", help="Only invitations of this area; or where stock belongs.")
@click.option("--batch", help="All of a batch that is not printed; or where new sheets go.")
@click.option("--serial", "serials", multiple=True, help="This sheet; may be given several times.")
@click.option("--language", default="da", show_default=True, help="The language printed.")
@click.option("--large", is_flag=True, help="Large print, 16 points.")
@click.option("--again", is_flag=True, help="Also sheets that have been printed before.")
@click.option("--joined", is_flag=True, help="All sheets in one PDF, each on a front page.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder: a PDF a sheet, or one of all; the list, the layout.",
)
@as_json
@refuses(StudyError, NoFormError, TooManyPathsError)
def print_(
    study: str,
    wave: int,
    out: Path,
    language: str,
    as_json: bool,
    serials: tuple[str, ...],
    **chosen: Any,
) -> None:
    """Print sheets as PDF, each with its number, ready for the printer and for scanning."""
    order = Order(language=language, serials=serials, **chosen)
    with installation() as here:
        with here.database.reading() as session:
            asked = find_wave(session, study, wave)
            if asked.form is None:
                raise refusal(
                    f"Wave {wave} of {study} has not been opened, so it has no questions yet. "
                    "Open it with: beboerpuls wave open"
                )
            form, wave_id = here.form_of(session, asked), asked.id
        printed = print_sheets(
            here.database,
            wave_id,
            form,
            Languages().words(language),
            order,
            out.absolute(),
            actor=here.actor,
            progress=_tell,
        )
    if as_json:
        print_json(
            {
                "run": printed.run,
                "folder": str(printed.folder),
                "serials": printed.serials,
                "pages": printed.pages,
                "layout": printed.layout,
            }
        )
    else:
        number = counted(len(printed.serials), "sheet")
        pages = counted(printed.pages, "page")
        click.echo(f"Printed {number} of {pages} to {out}. Run {printed.run} is noted.")


@sheets.command("printed", epilog="beboerpuls sheets printed bopuls 1")
@click.argument("study")
@click.argument("wave", type=int)
@as_json
@refuses(StudyError)
def printed(study: str, wave: int, as_json: bool) -> None:
    """Show what was printed: when, by whom, in which language, for how many invitations."""
    with installation() as here, here.database.reading() as session:
        rows = runs(session, find_wave(session, study, wave))
    if as_json:
        print_json([row.to_data() for row in rows])
    else:
        shown = [list(row.to_data().values()) for row in rows]
        print_table(
            ["Run", "Started", "Finished", "By", "Language", "Large", "Sheets", "Invitations"],
            shown,
        )


def _tell(done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {of}", err=True, nl=done == of)
